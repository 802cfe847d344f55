import { describe, expect, test } from '@jest/globals';
import { letterContent } from '../../src/messages/letters/content.ts';
import { layoutLetter } from '../../src/messages/letters/layout.ts';
import { loginUrl } from '../../src/messages/letters/login-url.ts';
import { MARGIN, PAGE, type Piece, type TextLine, WIDTH } from '../../src/messages/letters/pen.ts';
import { breakLines, type Ruler, splitRuns } from '../../src/messages/letters/runs.ts';
import type { Letter } from '../../src/messages/letters/types.ts';
import { testDeps } from '../support/deps.ts';

/** Every sign is half as wide as it is high; only the fallback knows Cyrillic. */
const ruler: Ruler = {
  width: (text, _font, size) => text.length * size * 0.5,
  has: (font, codePoint) => font.startsWith('fallback') || codePoint < 0x400,
};
const LETTER: Letter = {
  kind: 'C01',
  of: 'guardian',
  school: { uai: '0319901A', name: 'E.E.PU LES TILLEULS', town: null, degree: 1 },
  holder: { givenName: 'Gaëlle', familyName: 'Réabu' },
  children: [{ givenName: 'Léa', familyName: 'Réabu' }],
  handOut: { classLabel: null, givenName: 'Léa', familyName: 'Réabu' },
  identifier: 'g.reabu5',
  password: 'GVKJ7PPE2M',
  hasPassword: true,
  validUntil: new Date('2027-02-20T10:00:00Z'),
  writtenOn: new Date('2026-11-22T10:00:00Z'),
};
const deps = testDeps({ db: undefined as never, url: 'mysql://nobody@localhost/none' });
const lay = (letter: Letter) => layoutLetter(letterContent(deps, letter), ruler);

function linesOf(pieces: readonly Piece[]): TextLine[] {
  return pieces.flatMap((piece) => {
    if (piece.kind === 'text') return piece.lines;
    return piece.kind === 'list' ? piece.items.flatMap((item) => item.lines) : [];
  });
}
const textOf = (line: TextLine) => line.runs.map((run) => run.text).join('');

describe('the page', () => {
  const long = 'Bartholoméa '.repeat(9);
  test.each([
    ['one child', {}],
    ['twelve children', { children: Array(12).fill({ givenName: 'Léa', familyName: 'Réabu' }) }],
    [
      'sixty children with names of 215 signs',
      { children: Array(60).fill({ givenName: long, familyName: long }) },
    ],
    ['names without a space', { holder: { givenName: 'a'.repeat(120), familyName: 'b'.repeat(120) } }],
    ['an identifier of 90 signs', { identifier: 'm'.repeat(90) }],
    ['a school of 200 signs', { school: { ...LETTER.school, name: 'École '.repeat(33) } }],
  ])('holds %s: all lines lie within it and above its foot', (_what, change) => {
    const { pieces, bottom, scale } = lay({ ...LETTER, ...change });
    for (const line of linesOf(pieces)) {
      expect(line.x).toBeGreaterThanOrEqual(MARGIN.side - 0.01);
      const shown = textOf(line).trimEnd().length * line.size * 0.5;
      expect(line.x + shown).toBeLessThanOrEqual(MARGIN.side + WIDTH + 0.01);
      expect(line.baseline).toBeLessThanOrEqual(PAGE.height - MARGIN.bottom);
    }
    const foot = pieces.filter((piece) => piece.kind === 'frame').at(-1);
    expect(foot?.kind === 'frame' && foot.y).toBeGreaterThan(bottom);
    expect(scale).toBeGreaterThan(0.2);
  });

  test('keeps its size for an ordinary family', () => {
    expect(lay({ ...LETTER, kind: 'C03', password: null, validUntil: null }).scale).toBe(1);
    expect(lay(LETTER).scale).toBeGreaterThan(0.8);
  });

  test('is the same for the same letter', () => {
    expect(lay(LETTER)).toEqual(lay(LETTER));
  });
});

describe('the words', () => {
  const words = (letter: Letter) => linesOf(lay(letter).pieces).map(textOf).join(' ').replace(/\s+/g, ' ');

  test('H02: names arrive as they are, whatever is in them', () => {
    const holder = { givenName: 'A&B "C" {{ 7 * 7 }}', familyName: "d'<b>É\u0301\u0007{% raw %}" };
    expect(words({ ...LETTER, holder })).toContain(
      `A l'attention de A&B "C" {{ 7 * 7 }} D'<B>É\u0301 {% RAW %}.`.normalize('NFC'),
    );
  });

  test('an account without a password (X14) reads nothing about one', () => {
    const text = words({ ...LETTER, kind: 'C03', password: null, hasPassword: false, validUntil: null });
    expect(text).toContain('Rappel de votre identifiant : g.reabu5');
    expect(text).not.toMatch(/mot de passe/i);
  });

  test('a class whose label says so is not called a class twice', () => {
    const handOut = { ...LETTER.handOut, classLabel: 'Classe 5 - MS' };
    expect(words({ ...LETTER, handOut })).toContain('Classe 5 - MS - Élève : Léa RÉABU');
    expect(words({ ...LETTER, handOut })).not.toContain('Classe : Classe');
  });

  test('the address of the code carries the identifier only, escaped', () => {
    expect(loginUrl('https://x.example', 'a.b&c')).toBe('https://x.example/connexion?identifiant=a.b%26c');
  });
});

describe('lines', () => {
  const lines = (text: string, width: number) =>
    breakLines(splitRuns([{ text, bold: false }], ruler), width, 10, ruler).map((line) =>
      line.runs.map((run) => run.text).join(''),
    );

  test('break at spaces, not before double punctuation nor at unbreakable spaces', () => {
    expect(lines('un deux trois', 40)).toEqual(['un deux ', 'trois']);
    expect(lines('abcd efgh : ij', 40)).toEqual(['abcd ', 'efgh : ', 'ij']);
    expect(lines('ab cd\u00a0ef gh', 30)).toEqual(['ab ', 'cd\u00a0ef ', 'gh']);
  });

  test('cut a word that is wider than a line, losing nothing', () => {
    const cut = lines(`x ${'abcdefghij'.repeat(3)} y`, 50);
    expect(cut.join('')).toBe(`x ${'abcdefghij'.repeat(3)} y`);
    expect(cut.every((line) => line.trimEnd().length <= 10)).toBe(true);
  });

  test('use another font for the signs that the first lacks, with their accents', () => {
    expect(splitRuns([{ text: 'Jean Жук', bold: true }], ruler)).toEqual([
      { text: 'Jean ', font: 'bold' },
      { text: 'Жук', font: 'fallback-bold' },
    ]);
    expect(splitRuns([{ text: 'И\u0306x', bold: false }], ruler)).toEqual([
      { text: 'И\u0306', font: 'fallback' },
      { text: 'x', font: 'regular' },
    ]);
  });
});
