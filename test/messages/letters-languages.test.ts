import { describe, expect, test } from '@jest/globals';
import type { Locale } from '../../src/languages/locales.ts';
import { arrangeLine } from '../../src/messages/letters/bidi.ts';
import { letterContent } from '../../src/messages/letters/content.ts';
import { layoutLetter } from '../../src/messages/letters/layout.ts';
import { loginUrl } from '../../src/messages/letters/login-url.ts';
import { openLettersDocument } from '../../src/messages/letters/pdf.ts';
import { MARGIN, PAGE, type Piece, WIDTH } from '../../src/messages/letters/pen.ts';
import { breakLines, type Ruler, splitRuns } from '../../src/messages/letters/runs.ts';
import type { Letter, LetterBlock } from '../../src/messages/letters/types.ts';
import { testDeps } from '../support/deps.ts';

/** Every sign is half as wide as it is high; only the fallback knows what is not Latin. */
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

const wordsOf = (blocks: readonly LetterBlock[]) =>
  blocks
    .flatMap((block) => {
      if ('spans' in block) return block.spans;
      return 'items' in block ? block.items.flat() : [];
    })
    .map(({ text }) => text)
    .join(' ')
    .replace(/\s+/g, ' ');
const qrOf = (blocks: readonly LetterBlock[]) =>
  blocks.flatMap((block) => (block.kind === 'credentials' ? [block.qr.url] : []))[0];

describe('the sheet of a family', () => {
  const said: [Letter['kind'], Locale, string][] = [
    ['C01', 'en', 'How to activate your account'],
    ['C01', 'ar', 'كيف تفعّل حسابك'],
    ['C01', 'tr', 'Hesabınızı 2 adımda'],
    ['C03', 'ar', 'حسابك ما زال صالحاً'],
    ['C05', 'tr', 'Yeni şifreniz'],
  ];
  test.each(said)(
    '%s in %s: French first, then what to do, and the code leads there',
    (kind, language, words) => {
      const blocks = letterContent(deps, { ...LETTER, kind, language });
      const french = letterContent(deps, { ...LETTER, kind, language: 'fr' });
      expect(wordsOf(french)).not.toContain(words);
      expect(blocks.slice(0, french.length - 1).map(({ kind }) => kind)).toEqual(
        french.slice(0, -1).map(({ kind }) => kind),
      );
      expect(wordsOf(blocks)).toContain(words);
      expect(qrOf(blocks)).toMatch(new RegExp(`identifiant=g.reabu5&lang=${language}$`));
    },
  );

  test('whose language is not known: a line in each, and no more', () => {
    const text = wordsOf(letterContent(deps, { ...LETTER, language: null }));
    expect(text).toContain('In English: scan the code - بالعربية: امسح الرمز - Türkçe: kodu okutun');
    expect(text).not.toContain('How to activate');
    expect(qrOf(letterContent(deps, { ...LETTER, language: null }))).not.toContain('lang=');
  });

  test('who has chosen French: French alone', () => {
    const text = wordsOf(letterContent(deps, { ...LETTER, language: 'fr' }));
    expect(text).not.toMatch(/scan the code|okutun/);
    expect(loginUrl('https://x.example', 'a', 'guardian', 'fr')).not.toContain('lang');
  });

  test.each(['en', 'ar', 'tr'] as const)('is one page in %s, all lines within it', (language) => {
    const children = Array(12).fill({ givenName: 'Marie-Anastasia', familyName: 'Vandenbrouckedelagrange' });
    for (const family of [LETTER.children, children]) {
      const blocks = letterContent(deps, { ...LETTER, children: family, language });
      const { pieces, scale } = layoutLetter(blocks, ruler);
      const lines = pieces.flatMap((piece: Piece) => {
        if (piece.kind === 'text') return piece.lines;
        return piece.kind === 'list' ? piece.items.flatMap((item) => item.lines) : [];
      });
      for (const line of lines) {
        expect(line.x).toBeGreaterThanOrEqual(MARGIN.side - 0.01);
        expect(
          line.x +
            line.runs
              .map(({ text }) => text)
              .join('')
              .trimEnd().length *
              line.size *
              0.5,
        ).toBeLessThanOrEqual(MARGIN.side + WIDTH + 0.01);
        expect(line.baseline).toBeLessThanOrEqual(PAGE.height - MARGIN.bottom);
      }
      expect(scale).toBeGreaterThan(0.4);
    }
  });

  test('the file has one page a letter, with letters that are drawn and not boxes', async () => {
    const document = openLettersDocument({ title: 'Courriers', writtenAt: LETTER.writtenOn });
    const read = (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of document.stream) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    })();
    for (const language of ['ar', null, 'tr'] as const)
      document.addLetter(letterContent(deps, { ...LETTER, language }), 'x');
    document.end();
    const { getDocument } = await import('pdfjs-dist/legacy/build/pdf.mjs');
    const pdf = await getDocument({ data: new Uint8Array(await read), verbosity: 0 }).promise;
    expect(pdf.numPages).toBe(3);
    const { items } = await (await pdf.getPage(1)).getTextContent();
    const text = items.map((item) => ('str' in item ? item.str : '')).join('');
    expect(text).not.toContain('\u0000');
    // What is drawn is the joined forms of these letters, told as the letters themselves.
    expect(text).toMatch(/[\u0600-\u06ff]{3}/);
  });
});

describe('the order in which the eye meets a line', () => {
  const seen = (text: string, base: 'ltr' | 'rtl') => {
    const [line] = breakLines(splitRuns([{ text, bold: false }], ruler), 10_000, 10, ruler);
    return arrangeLine(line ?? { runs: [], width: 0 }, base, 10, ruler).runs.map((run) => run.text);
  };

  test('a line of Latin letters is left alone', () => {
    expect(seen('un deux', 'ltr')).toEqual(['un deux']);
  });

  test('words of Arabic go from right to left, numbers and Latin words within them from left to right', () => {
    expect(seen('افتح https://x.example الآن 12 يوم', 'rtl').join('|')).toMatch(
      /^يوم\|.*12.*\|.*الآن.*https:\/\/x\.example.*افتح/s,
    );
  });

  test('brackets look the other way, and the stop stands at the left end', () => {
    expect(seen('نعم (لا).', 'rtl')[0]).toMatch(/^\.?\(?/);
    expect(seen('(spam).', 'rtl').join('')).toBe('.(spam)');
  });

  test('marks of direction are not drawn', () => {
    expect(seen('باسم \u2068p.martin2\u2069 هنا', 'rtl').join('')).not.toMatch(/[\u2066-\u2069]/);
  });
});
