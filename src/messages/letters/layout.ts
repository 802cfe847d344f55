import { breakLines, type Line, type Ruler, splitRuns, visibleWidth } from './runs.ts';
import type { LetterBlock, Span } from './types.ts';

/** A4 in points. */
export const PAGE = { width: 595.28, height: 841.89 };
const MARGIN = { side: 58, top: 50, bottom: 34 };
const WIDTH = PAGE.width - 2 * MARGIN.side;

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

type Style = {
  size: number;
  colour?: string;
  bold?: boolean;
  leading?: number;
  align?: 'left' | 'right' | 'centre';
  tag?: TextPiece['tag'];
};
type Box = { x: number; y: number; width: number };
type TextBlock = Extract<LetterBlock, { spans: Span[] }>;
type Pen = { ruler: Ruler; scale: number; y: number; pieces: Piece[] };

const STYLES: Record<
  'attention' | 'reference' | 'h1' | 'h2' | 'p' | 'note' | 'small' | 'signature',
  Style & { before: number; after: number }
> = {
  attention: { size: 12.5, bold: true, before: 24, after: 2 },
  reference: { size: 9.5, colour: COLOURS.soft, before: 0, after: 0 },
  h1: { size: 18.5, bold: true, colour: COLOURS.brand, leading: 1.24, tag: 'H1', before: 20, after: 13 },
  h2: { size: 13, bold: true, colour: COLOURS.brand, tag: 'H2', before: 0, after: 5 },
  p: { size: 10.8, before: 0, after: 8 },
  note: { size: 10, before: 0, after: 6 },
  small: { size: 9.6, colour: COLOURS.soft, before: 2, after: 6 },
  signature: { size: 11, bold: true, align: 'right', before: 4, after: 12 },
};

/** How much smaller the letter gets from one attempt to the next. */
const STEP = 0.96;
/** Gaps may grow by this much on a page with room. */
const LOOSEST = 1.35;

/**
 * Sets a letter on one page, whatever it holds: everything shrinks step by step until it fits (R-120, one page an
 * account). Pure: the same blocks and the same ruler give the same page.
 */
export function layoutLetter(blocks: readonly LetterBlock[], ruler: Ruler): LaidOut {
  for (let scale = 1; ; scale *= STEP) {
    const page = attempt(blocks, ruler, scale, 1);
    if (page.bottom > page.limit) continue;
    return page.bottom < page.limit - 12 ? loosen(blocks, ruler, scale, page) : page;
  }
}

type Attempt = LaidOut & { limit: number; gaps: number };

/** Spreads what room is left over the gaps, so that a short letter does not hang from the top of its page. */
function loosen(blocks: readonly LetterBlock[], ruler: Ruler, scale: number, tight: Attempt): Attempt {
  const looseness = Math.min(LOOSEST, 1 + (tight.limit - tight.bottom - 12) / tight.gaps);
  const page = attempt(blocks, ruler, scale, looseness);
  return page.bottom <= page.limit ? page : tight;
}

function attempt(blocks: readonly LetterBlock[], ruler: Ruler, scale: number, looseness: number): Attempt {
  const pen: Pen = { ruler, scale, y: MARGIN.top, pieces: [] };
  let gaps = 0;
  const gap = (points: number) => {
    gaps += points * scale;
    pen.y += points * scale * looseness;
  };
  header(pen, blocks);
  for (const block of blocks) {
    switch (block.kind) {
      case 'sender':
      case 'footer':
        break;
      case 'rule':
        gap(4);
        pen.pieces.push(frame({ x: MARGIN.side, y: pen.y, width: WIDTH }, 0.8, 0, COLOURS.line));
        gap(16);
        break;
      case 'list':
        children(pen, block.items);
        gap(10);
        break;
      case 'steps':
        steps(pen, block.items);
        gap(4);
        break;
      case 'credentials':
        gap(2);
        credentials(pen, block);
        gap(14);
        break;
      default: {
        const style = STYLES[block.kind];
        gap(style.before);
        paragraph(pen, block.spans, style);
        gap(style.after);
      }
    }
  }
  const limit = footer(pen, blocks);
  return { pieces: pen.pieces, scale, bottom: pen.y, limit, gaps };
}

/** The mark at the left, the school at the right. */
function header(pen: Pen, blocks: readonly LetterBlock[]): void {
  const top = pen.y;
  const size = 38;
  pen.pieces.push({ kind: 'mark', x: MARGIN.side, y: top, size });
  const name = text(
    pen,
    [{ text: 'EduConnect', bold: true }],
    { size: 20, colour: COLOURS.brand },
    { x: MARGIN.side + size + 10, y: top + 3, width: 160 },
  );
  pen.pieces.push(name.piece);
  let y = top;
  const senders = blocks.filter((block): block is TextBlock => block.kind === 'sender');
  for (const [index, sender] of senders.entries()) {
    const style: Style =
      index === 0 ? { size: 11, align: 'right' } : { size: 9.5, align: 'right', colour: COLOURS.soft };
    const line = text(pen, sender.spans, style, { x: MARGIN.side + 190, y, width: WIDTH - 190 });
    pen.pieces.push(line.piece);
    y += line.height;
  }
  pen.y = Math.max(top + size, y);
}

/** The address for help stays at the foot of the page. @returns where the letter must end */
function footer(pen: Pen, blocks: readonly LetterBlock[]): number {
  const block = blocks.find((candidate) => candidate.kind === 'footer');
  if (block?.kind !== 'footer') return PAGE.height - MARGIN.bottom;
  const style: Style = { size: 9.6, align: 'centre' };
  const height = text(pen, block.spans, style, { x: MARGIN.side + 12, y: 0, width: WIDTH - 24 }).height + 16;
  const y = PAGE.height - MARGIN.bottom - height;
  pen.pieces.push(frame({ x: MARGIN.side, y, width: WIDTH }, height, 6, COLOURS.tint));
  pen.pieces.push(text(pen, block.spans, style, { x: MARGIN.side + 12, y: y + 8, width: WIDTH - 24 }).piece);
  return y - 4;
}

function paragraph(pen: Pen, spans: readonly Span[], style: Style): void {
  const { piece, height } = text(pen, spans, style, { x: MARGIN.side, y: pen.y, width: WIDTH });
  pen.pieces.push(piece);
  pen.y += height;
}

/** The children, one a line; in two columns from five on when the names are short enough. */
function children(pen: Pen, items: readonly Span[][]): void {
  const style: Style = { size: 11.2, bold: true };
  const size = style.size * pen.scale;
  const indent = 16;
  const half = WIDTH / 2;
  const widest = Math.max(
    0,
    ...items.map(
      (item) =>
        breakLines(
          splitRuns(
            item.map((span) => ({ ...span, bold: true })),
            pen.ruler,
          ),
          1e6,
          size,
          pen.ruler,
        )[0]?.width ?? 0,
    ),
  );
  const columns = items.length > 4 && widest < half - indent - 8 ? 2 : 1;
  const perColumn = Math.ceil(items.length / columns);
  const pieces: TextPiece[] = [];
  const top = pen.y;
  let bottom = top;
  for (let column = 0; column < columns; column += 1) {
    let y = top;
    for (const item of items.slice(column * perColumn, (column + 1) * perColumn)) {
      const left = MARGIN.side + column * half;
      const { piece, height } = text(pen, item, style, {
        x: left + indent,
        y,
        width: WIDTH / columns - indent,
      });
      const middle = (piece.lines[0]?.baseline ?? y) - size * 0.33;
      pieces.push({ ...piece, bullet: { x: left + 7, y: middle, radius: size * 0.19 } });
      y += height + 2 * pen.scale;
    }
    bottom = Math.max(bottom, y);
  }
  pen.pieces.push({ kind: 'list', items: pieces });
  pen.y = bottom;
}

function steps(pen: Pen, items: readonly Span[][]): void {
  const pieces: TextPiece[] = [];
  for (const item of items) {
    const { piece, height } = text(
      pen,
      item,
      { size: 10.8 },
      { x: MARGIN.side + 14, y: pen.y, width: WIDTH - 14 },
    );
    pen.pieces.push(frame({ x: MARGIN.side, y: pen.y + 2, width: 3 }, height - 4, 1.5, COLOURS.accent));
    pieces.push(piece);
    pen.y += height + 7 * pen.scale;
  }
  pen.pieces.push({ kind: 'list', items: pieces });
}

type Credentials = Extract<LetterBlock, { kind: 'credentials' }>;

/** Identifier and password in a frame of their own, the code to scan beside them. */
function credentials(pen: Pen, block: Credentials): void {
  const pad = 18 * pen.scale;
  const code = 92 * Math.max(pen.scale, 0.8);
  const side = code + 34;
  const inner: Box = { x: MARGIN.side + pad, y: 0, width: WIDTH - side - 2 * pad };
  const right = MARGIN.side + WIDTH - side - pad / 2;
  const told = secrets(pen, block, inner).height;
  const captionStyle: Style = { size: 8.4, colour: COLOURS.soft, align: 'centre', leading: 1.25 };
  const caption = (y: number) =>
    text(pen, [{ text: block.qr.caption, bold: false }], captionStyle, { x: right, y, width: side });
  const drawn = code + 18 + caption(0).height;
  const height = Math.max(told, drawn) + 2 * pad;
  const codeTop = pen.y + (height - drawn) / 2;
  const codeLeft = right + (side - code - 12) / 2;
  pen.pieces.push(
    frame({ x: MARGIN.side, y: pen.y, width: WIDTH }, height, 10, COLOURS.tint, COLOURS.brand),
    ...secrets(pen, block, { ...inner, y: pen.y + (height - told) / 2 }).pieces,
    frame({ x: codeLeft, y: codeTop, width: code + 12 }, code + 12, 6, COLOURS.white),
    { kind: 'qr', x: codeLeft + 6, y: codeTop + 6, size: code, url: block.qr.url, alt: block.qr.alt },
    caption(codeTop + code + 18).piece,
  );
  pen.y += height;
}

function secrets(pen: Pen, block: Credentials, box: Box): { pieces: Piece[]; height: number } {
  const pieces: Piece[] = [];
  const gap = 6 * pen.scale;
  let y = box.y;
  for (const field of block.fields) {
    const label = text(
      pen,
      [{ text: field.label, bold: false }],
      { size: 10.5, colour: COLOURS.soft },
      { ...box, y },
    );
    const style: Style = { size: valueSize(pen, field.value, box.width), leading: 1.3 };
    const value = text(pen, [{ text: field.value, bold: true }], style, { ...box, y: y + label.height });
    pieces.push({ ...label.piece, lines: [...label.piece.lines, ...value.piece.lines] });
    y += label.height + value.height + gap;
  }
  for (const note of block.notes) {
    const { piece, height } = text(pen, note, { size: 9.8 }, { ...box, y });
    pieces.push(piece);
    y += height + gap / 2;
  }
  return { pieces, height: y - box.y - gap / 2 };
}

function frame(box: Box, height: number, radius: number, fill: string, stroke?: string): Piece {
  return { kind: 'frame', ...box, height, radius, fill, ...(stroke === undefined ? {} : { stroke }) };
}

/** A long identifier gets smaller before it is cut over two lines. */
function valueSize(pen: Pen, value: string, width: number): number {
  for (let size = 21; size > 11; size -= 1) {
    const [line, second] = breakLines(
      splitRuns([{ text: value, bold: true }], pen.ruler),
      width,
      size * pen.scale,
      pen.ruler,
    );
    if (line && !second && line.width <= width) return size;
  }
  return 11;
}

function text(
  pen: Pen,
  spans: readonly Span[],
  style: Style,
  box: Box,
): { piece: TextPiece; height: number } {
  const size = style.size * pen.scale;
  const leading = size * (style.leading ?? 1.4);
  const all = style.bold ? spans.map((span) => ({ ...span, bold: true })) : spans;
  const lines = breakLines(splitRuns(all, pen.ruler), box.width, size, pen.ruler);
  const placed = lines.map((line, index): TextLine => {
    const free =
      style.align === undefined || style.align === 'left'
        ? 0
        : box.width - visibleWidth(line, size, pen.ruler);
    return {
      ...line,
      x: box.x + (style.align === 'centre' ? free / 2 : free),
      // The font's ascent is 0.984 and its descent 0.316 of its size: the line box is centred around both.
      baseline: box.y + index * leading + (leading - 1.3 * size) / 2 + 0.984 * size,
      size,
      colour: style.colour ?? COLOURS.ink,
    };
  });
  return { piece: { kind: 'text', tag: style.tag ?? 'P', lines: placed }, height: lines.length * leading };
}
