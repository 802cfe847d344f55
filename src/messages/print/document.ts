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
  const require = createRequire(import.meta.url);
  for (const [name, file] of Object.entries(FONT_FILES)) {
    stream.registerFont(name, readFileSync(require.resolve(file)) as unknown as string);
  }
  const root = stream.struct('Document');
  stream.addStructure(root);
  return { stream, ruler: rulerOf(stream), root };
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

/** A line of text at its place. @param place `x` of its left end */
export function drawRuns(
  document: Pdf,
  line: Pick<Line, 'runs'>,
  { x, baseline, size, colour }: { x: number; baseline: number; size: number; colour: string },
): void {
  document.fillColor(colour).fontSize(size);
  for (const run of line.runs) {
    document.font(run.font);
    document.text(run.text, x + run.x, baseline, { lineBreak: false, baseline: 'alphabetic' });
  }
}
