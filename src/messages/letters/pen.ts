import { directionOf, type Locale } from '../../languages/locales.ts';
import { arrangeLine } from './bidi.ts';
import { breakLines, type Line, type Ruler, splitRuns, visibleWidth } from './runs.ts';
import type { LetterBlock, Span } from './types.ts';

/** A4 in points. */
export const PAGE = { width: 595.28, height: 841.89 };
export const MARGIN = { side: 58, top: 50, bottom: 34 };
export const WIDTH = PAGE.width - 2 * MARGIN.side;

/** The palette of the theme (assets/theme); all pairs reach 4.5 to 1 and stay apart in black and white. */
export const COLOURS = {
  ink: '#14323b',
  soft: '#48636b',
  brand: '#0b5563',
  tint: '#eef6f7',
  line: '#c9dfe2',
  accent: '#e8963a',
  white: '#ffffff',
};

export type TextLine = Line & { x: number; baseline: number; size: number; colour: string };
/** `lines` in reading order; `bullet` is drawn beside the first one. */
export type TextPiece = {
  kind: 'text';
  tag: 'H1' | 'H2' | 'P';
  lines: TextLine[];
  lang?: Locale | undefined;
  bullet?: { x: number; y: number; radius: number } | undefined;
};
export type Piece =
  | TextPiece
  | { kind: 'list'; items: TextPiece[] }
  | {
      kind: 'frame';
      x: number;
      y: number;
      width: number;
      height: number;
      radius: number;
      fill: string;
      stroke?: string;
    }
  | { kind: 'qr'; x: number; y: number; size: number; url: string; alt: string }
  | { kind: 'mark'; x: number; y: number; size: number };
export type LaidOut = { pieces: Piece[]; scale: number; bottom: number };

export type Style = {
  size: number;
  colour?: string;
  bold?: boolean;
  leading?: number;
  align?: 'left' | 'right' | 'centre';
  tag?: TextPiece['tag'];
  /** Of a text that is not French. */
  lang?: Locale | undefined;
};
export type Box = { x: number; y: number; width: number };
export type TextBlock = Extract<LetterBlock, { spans: Span[] }>;
/** Lines set before: most paragraphs are the same in every letter. */
export type Memo = Map<string, readonly Line[]>;
const MEMO_SIZE = 3000;
export type Tools = { ruler: Ruler; memo: Memo };
export type Pen = Tools & { scale: number; y: number; pieces: Piece[] };

/** Sets a text in a box from its top downwards. */
export function text(
  pen: Pen,
  spans: readonly Span[],
  style: Style,
  box: Box,
): { piece: TextPiece; height: number } {
  const size = style.size * pen.scale;
  const leading = size * (style.leading ?? 1.4);
  const all = style.bold ? spans.map((span) => ({ ...span, bold: true })) : spans;
  const lines = linesOf(pen, all, box.width, size);
  const direction = directionOf(style.lang ?? 'fr');
  const start = direction === 'rtl' ? 'right' : 'left';
  const align = style.align ?? start;
  const placed = lines.map((logical, index): TextLine => {
    const line = arrangeLine(logical, direction, size, pen.ruler);
    const free = align === 'left' ? 0 : box.width - visibleWidth(line, size, pen.ruler);
    return {
      ...line,
      x: box.x + (align === 'centre' ? free / 2 : free),
      // The font's ascent is 0.984 and its descent 0.316 of its size: the line box is centred around both.
      baseline: box.y + index * leading + (leading - 1.3 * size) / 2 + 0.984 * size,
      size,
      colour: style.colour ?? COLOURS.ink,
    };
  });
  return {
    piece: { kind: 'text', tag: style.tag ?? 'P', lines: placed, lang: style.lang },
    height: lines.length * leading,
  };
}

/** The lines of a text, remembered: most paragraphs are the same in every letter. They must not be changed. */
export function linesOf(pen: Pen, spans: readonly Span[], width: number, size: number): readonly Line[] {
  const key = `${size} ${width} ${JSON.stringify(spans)}`;
  let lines = pen.memo.get(key);
  if (lines === undefined) {
    lines = breakLines(splitRuns(spans, pen.ruler), width, size, pen.ruler);
    if (pen.memo.size >= MEMO_SIZE) pen.memo.clear();
    pen.memo.set(key, lines);
  }
  return lines;
}
