import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import PDFDocument from 'pdfkit';
import type { FontName, Line, Ruler } from '../letters/runs.ts';

const FONT_FILES: Record<FontName, string> = {
  regular: '@expo-google-fonts/atkinson-hyperlegible-next/400Regular/AtkinsonHyperlegibleNext_400Regular.ttf',
  bold: '@expo-google-fonts/atkinson-hyperlegible-next/700Bold/AtkinsonHyperlegibleNext_700Bold.ttf',
  // Signs that the first lacks (narrow no-break space, ligatures, Greek, Cyrillic...).
  fallback: 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf',
  'fallback-bold': 'dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf',
};

/** A4 in points. */
export const A4 = { width: 595.28, height: 841.89 };

export type Pdf = InstanceType<typeof PDFDocument>;
export type Section = ReturnType<Pdf['struct']>;

/**
 * A tagged PDF 1.7 in French with embedded fonts, without a page yet; read its stream, or its pages pile up.
 * @param root what all that is told belongs to; end it before the stream
 */
export function openPdf({ title, writtenAt }: { title: string; writtenAt: Date }): {
  stream: Pdf;
  ruler: Ruler;
  root: Section;
} {
  const stream = new PDFDocument({
    size: [A4.width, A4.height],
    margin: 0,
    pdfVersion: '1.7',
    tagged: true,
    lang: 'fr-FR',
    displayTitle: true,
    autoFirstPage: false,
    info: {
      Title: title,
      Author: 'EduConnect',
      Creator: 'EduConnect',
      CreationDate: writtenAt,
    },
  });
  forgetWritten(stream);
  const require = createRequire(import.meta.url);
  for (const [name, file] of Object.entries(FONT_FILES)) {
    stream.registerFont(name, readFileSync(require.resolve(file)) as unknown as string);
  }
  const root = stream.struct('Document');
  stream.addStructure(root);
  return { stream, ruler: rulerOf(stream), root };
}

/**
 * What an object of the file consists of is of no use once it is written, and the library keeps it to the end: of a
 * document of a thousand pages that is most of the memory. Only its number is still asked for.
 */
function forgetWritten(document: Pdf): void {
  const inside = document as unknown as { _refEnd(written: { data: Record<string, unknown> }): void };
  const note = inside._refEnd.bind(document);
  // Elements ask those below them whether they have a parent.
  const nothing = { P: true };
  inside._refEnd = (written) => {
    note(written);
    // Pages, and the elements of the structure: the others are few, and some are read once more at the end.
    const { S: element, Type: type } = written.data;
    if (element !== undefined || type === 'Page') written.data = nothing;
  };
}

/** Measures with the fonts of the document itself. */
function rulerOf(document: Pdf): Ruler {
  const known: Record<FontName, Map<number, boolean>> = {
    regular: new Map(),
    bold: new Map(),
    fallback: new Map(),
    'fallback-bold': new Map(),
  };
  return {
    width: (text, font, size) => document.font(font).fontSize(size).widthOfString(text),
    has(font, codePoint) {
      let answer = known[font].get(codePoint);
      if (answer === undefined) {
        document.font(font);
        // The typings leave out the font that is set; fontkit tells which signs it has.
        const { _font } = document as unknown as {
          _font: { font: { hasGlyphForCodePoint(point: number): boolean } };
        };
        answer = _font.font.hasGlyphForCodePoint(codePoint);
        known[font].set(codePoint, answer);
      }
      return answer;
    },
  };
}

/** Decoration: told to no one who listens to the page. */
export function artifact(document: Pdf, work: () => void): void {
  document.markContent('Artifact', { type: 'Layout' });
  work();
  document.endMarkedContent();
}

/**
 * Forgets the words that were set: the library keeps every one, and of a long document most are names that come once.
 * What comes often is soon known again.
 */
export function forgetWords(document: Pdf): void {
  for (const font of Object.values((document as unknown as Inside)._fontFamilies))
    if (font.layoutCache) font.layoutCache = Object.create(null);
  SHOWN.delete(document);
}

/** What the typings of the library leave out. */
type Inside = {
  _fontFamilies: Record<string, { layoutCache?: object }>;
  _font: {
    id: string;
    ref(): unknown;
    encode(
      text: string,
    ): [string[], { xAdvance: number; advanceWidth: number; xOffset: number; yOffset: number }[]];
  };
  page: { fonts: Record<string, unknown> };
  addContent(operators: string): void;
};

/** The operator that shows a run, by document, font and text; null: its signs are moved one by one. */
const SHOWN = new WeakMap<Pdf, Map<string, string | null>>();
const SHOWN_MOST = 5000;

/** A line of text at its place. @param place `x` of its left end */
export function drawRuns(
  document: Pdf,
  line: Pick<Line, 'runs'>,
  { x, baseline, size, colour }: { x: number; baseline: number; size: number; colour: string },
): void {
  document.fillColor(colour).fontSize(size);
  for (const run of line.runs) {
    document.font(run.font);
    const shown = shownRun(document, run);
    if (shown === null)
      document.text(run.text, x + run.x, baseline, { lineBreak: false, baseline: 'alphabetic' });
    else placeRun(document, shown, { x: x + run.x, baseline, size });
  }
}

/** As the library writes a line of text, in one piece: most of what letters say they all say. */
function placeRun(
  document: Pdf,
  shown: string,
  { x, baseline, size }: { x: number; baseline: number; size: number },
): void {
  const inside = document as unknown as Inside;
  const { _font: font, page } = inside;
  page.fonts[font.id] ??= font.ref();
  // Pages count from the top; letters stand upright all the same.
  const at = `${rounded(x)} ${rounded(baseline)}`;
  inside.addContent(`BT 1 0 0 -1 ${at} Tm /${font.id} ${rounded(size)} Tf ${shown} TJ ET`);
}

/** Fills black bars, one unit high, of a drawing whose unit and corner are given: in one piece, for there are hundreds. */
export function fillBars(
  document: Pdf,
  bars: readonly { x: number; y: number; width: number }[],
  { x, y, unit }: { x: number; y: number; unit: number },
): void {
  document.save().translate(x, y).scale(unit).fillColor('#000000');
  const drawn = bars.map((bar) => `${bar.x} ${bar.y} ${bar.width} 1 re`).join(' ');
  (document as unknown as Inside).addContent(`${drawn} f`);
  document.restore();
}

const rounded = (value: number) => Math.round(value * 1e4) / 1e4;

function shownRun(document: Pdf, { font, text }: { font: FontName; text: string }): string | null {
  const known = SHOWN.get(document) ?? new Map<string, string | null>();
  SHOWN.set(document, known);
  const key = `${font} ${text}`;
  let shown = known.get(key);
  if (shown === undefined) {
    if (known.size >= SHOWN_MOST) known.clear();
    shown = encodeRun(document, text);
    known.set(key, shown);
  }
  return shown;
}

/** Signs and, between them, how far each moves beside its own width (ISO 32000-1, 9.4.3). */
function encodeRun(document: Pdf, text: string): string | null {
  const [signs, places] = (document as unknown as Inside)._font.encode(text);
  if (places.some(({ xOffset, yOffset }) => xOffset || yOffset)) return null;
  let shown = '';
  let open = '';
  for (const [index, { xAdvance, advanceWidth }] of places.entries()) {
    open += signs[index] ?? '';
    if (xAdvance === advanceWidth) continue;
    shown += `<${open}> ${rounded(advanceWidth - xAdvance)} `;
    open = '';
  }
  return `[${shown}${open === '' ? '' : `<${open}>`}]`;
}
