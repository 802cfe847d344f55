import { directionOf, type Locale } from '../../languages/locales.ts';
import {
  type Box,
  COLOURS,
  linesOf,
  MARGIN,
  PAGE,
  type Pen,
  type Piece,
  type Style,
  type TextBlock,
  type TextPiece,
  text,
  WIDTH,
} from './pen.ts';
import type { LetterBlock, Span } from './types.ts';

/** The mark at the left, the school at the right. */
export function header(pen: Pen, blocks: readonly LetterBlock[]): void {
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
export function footer(pen: Pen, blocks: readonly LetterBlock[]): number {
  const block = blocks.find((candidate) => candidate.kind === 'footer');
  if (block?.kind !== 'footer') return PAGE.height - MARGIN.bottom;
  const style: Style = { size: 9.2, align: 'centre' };
  const height = text(pen, block.spans, style, { x: MARGIN.side + 12, y: 0, width: WIDTH - 24 }).height + 16;
  const y = PAGE.height - MARGIN.bottom - height;
  pen.pieces.push(frame({ x: MARGIN.side, y, width: WIDTH }, height, 6, COLOURS.tint));
  pen.pieces.push(text(pen, block.spans, style, { x: MARGIN.side + 12, y: y + 8, width: WIDTH - 24 }).piece);
  return y - 4;
}

export function paragraph(pen: Pen, spans: readonly Span[], style: Style): void {
  const { piece, height } = text(pen, spans, style, { x: MARGIN.side, y: pen.y, width: WIDTH });
  pen.pieces.push(piece);
  pen.y += height;
}

/** The children, one a line; in two columns from five on when the names are short enough. */
export function children(pen: Pen, items: readonly Span[][]): void {
  const style: Style = { size: 11.2, bold: true };
  const size = style.size * pen.scale;
  const indent = 16;
  const half = WIDTH / 2;
  const bold = (item: readonly Span[]) => item.map((span) => ({ ...span, bold: true }));
  const widest = Math.max(0, ...items.map((item) => linesOf(pen, bold(item), 1e6, size)[0]?.width ?? 0));
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

export function steps(pen: Pen, items: readonly Span[][], lang?: Locale): void {
  const pieces: TextPiece[] = [];
  const isRtl = directionOf(lang ?? 'fr') === 'rtl';
  for (const item of items) {
    const { piece, height } = text(
      pen,
      item,
      { size: 10.8, lang },
      { x: MARGIN.side + (isRtl ? 0 : 14), y: pen.y, width: WIDTH - 14 },
    );
    const bar = MARGIN.side + (isRtl ? WIDTH - 3 : 0);
    pen.pieces.push(frame({ x: bar, y: pen.y + 2, width: 3 }, height - 4, 1.5, COLOURS.accent));
    pieces.push(piece);
    pen.y += height + 7 * pen.scale;
  }
  pen.pieces.push({ kind: 'list', items: pieces });
}

type Credentials = Extract<LetterBlock, { kind: 'credentials' }>;

/** Identifier and password in a frame of their own, the code to scan beside them. */
export function credentials(pen: Pen, block: Credentials): void {
  const pad = 16 * pen.scale;
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

export function frame(box: Box, height: number, radius: number, fill: string, stroke?: string): Piece {
  return { kind: 'frame', ...box, height, radius, fill, ...(stroke === undefined ? {} : { stroke }) };
}

/** A long identifier gets smaller before it is cut over two lines. */
function valueSize(pen: Pen, value: string, width: number): number {
  for (let size = 21; size > 11; size -= 1) {
    const [line, second] = linesOf(pen, [{ text: value, bold: true }], width, size * pen.scale);
    if (line && !second && line.width <= width) return size;
  }
  return 11;
}
