import type { Span } from './types.ts';

export type FontName = 'regular' | 'bold' | 'fallback' | 'fallback-bold';

/** What the layout must know of the fonts; the drawing side gives it. */
export type Ruler = {
  /** Width in points of `text` set in `font` at `size` points. */
  width(text: string, font: FontName, size: number): number;
  /** True when the font draws this character. */
  has(font: FontName, codePoint: number): boolean;
};

export type Run = { text: string; font: FontName };
/** A run that knows its place on its line, in points from the line's left end. */
export type PlacedRun = Run & { x: number; width: number };
export type Line = { runs: PlacedRun[]; width: number };

const graphemes = new Intl.Segmenter('fr', { granularity: 'grapheme' });

/** Splits text so that each part is set in a font that has all its signs; the main font wins where it can. */
export function splitRuns(spans: readonly Span[], ruler: Ruler): Run[] {
  return spans.flatMap((span) => splitSpan(span, ruler));
}

function splitSpan({ text, bold }: Span, ruler: Ruler): Run[] {
  const main: FontName = bold ? 'bold' : 'regular';
  const other: FontName = bold ? 'fallback-bold' : 'fallback';
  if (covers(main, text, ruler)) return [{ text, font: main }];
  let runs: Run[] = [];
  for (const { segment } of graphemes.segment(text)) {
    const font = covers(main, segment, ruler) || !covers(other, segment, ruler) ? main : other;
    runs = extend(runs, segment, font);
  }
  return runs;
}

function covers(font: FontName, text: string, ruler: Ruler): boolean {
  for (const sign of text) if (!ruler.has(font, sign.codePointAt(0) ?? 0)) return false;
  return true;
}

/**
 * Breaks runs into lines no wider than `width` points. Lines break at plain spaces, never before French double
 * punctuation; a word that is wider than a line is cut where it must be.
 */
export function breakLines(runs: readonly Run[], width: number, size: number, ruler: Ruler): Line[] {
  const lines: Line[] = [];
  let line: Line = { runs: [], width: 0 };
  const endLine = () => {
    lines.push(line);
    line = { runs: [], width: 0 };
  };
  for (const word of words(runs)) {
    const shown = measure(trimEnd(word), size, ruler);
    if (line.runs.length > 0 && line.width + shown > width) endLine();
    for (const piece of shown > width ? cut(word, width, size, ruler) : [word]) {
      if (line.runs.length > 0 && line.width + measure(trimEnd(piece), size, ruler) > width) endLine();
      append(line, piece, size, ruler);
    }
  }
  if (line.runs.length > 0) endLine();
  return lines;
}

/** Width of a line without the space at its end. */
export function visibleWidth(line: Line, size: number, ruler: Ruler): number {
  return measure(trimEnd(line.runs), size, ruler);
}

/** Words with the spaces that follow them; a word may change its font midway. */
function words(runs: readonly Run[]): Run[][] {
  const whole = runs.map((run) => run.text).join('');
  const ends = [...whole.matchAll(/ +(?![ :;!?»])/g)].map((match) => match.index + match[0].length);
  const result: Run[][] = [[]];
  let at = 0;
  for (const run of runs) {
    let start = 0;
    for (const end of ends.filter((position) => position > at && position <= at + run.text.length)) {
      result.at(-1)?.push({ ...run, text: run.text.slice(start, end - at) });
      result.push([]);
      start = end - at;
    }
    if (start < run.text.length) result.at(-1)?.push({ ...run, text: run.text.slice(start) });
    at += run.text.length;
  }
  return result.filter((word) => word.length > 0);
}

function cut(word: readonly Run[], width: number, size: number, ruler: Ruler): Run[][] {
  const pieces: Run[][] = [[]];
  let estimate = 0;
  for (const run of word) {
    for (const { segment } of graphemes.segment(run.text)) {
      const longer = extend(pieces.at(-1) ?? [], segment, run.font);
      estimate += ruler.width(segment, run.font, size);
      // Signs side by side are wider or narrower than their sum: measured only where it may matter.
      if (longer.length > 0 && estimate > width * 0.8 && measure(longer, size, ruler) > width) {
        pieces.push([{ text: segment, font: run.font }]);
        estimate = 0;
      } else {
        pieces[pieces.length - 1] = longer;
      }
    }
  }
  return pieces.filter((piece) => piece.length > 0);
}

function extend(piece: readonly Run[], text: string, font: FontName): Run[] {
  const last = piece.at(-1);
  if (last?.font !== font) return [...piece, { text, font }];
  return [...piece.slice(0, -1), { text: last.text + text, font }];
}

function append(line: Line, word: readonly Run[], size: number, ruler: Ruler): void {
  for (const run of word) {
    const last = line.runs.at(-1);
    if (last?.font === run.font) {
      last.text += run.text;
      line.width -= last.width;
      last.width = ruler.width(last.text, last.font, size);
      line.width += last.width;
    } else {
      const width = ruler.width(run.text, run.font, size);
      line.runs.push({ ...run, x: line.width, width });
      line.width += width;
    }
  }
}

function trimEnd(runs: readonly Run[]): Run[] {
  return runs.map((run, index) =>
    index === runs.length - 1 ? { ...run, text: run.text.replace(/ +$/, '') } : { ...run },
  );
}

function measure(runs: readonly Run[], size: number, ruler: Ruler): number {
  return runs.reduce((sum, run) => sum + ruler.width(run.text, run.font, size), 0);
}
