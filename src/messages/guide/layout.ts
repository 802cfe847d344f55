import { COLOURS, type Pen, type Style, type TextPiece, text } from '../letters/pen.ts';
import type { Ruler } from '../letters/runs.ts';
import type { Span } from '../letters/types.ts';
import { A4 } from '../print/document.ts';
import type { GuideBlock } from './content.ts';

/** Where everything of the guide stands on its pages. Pure: the same blocks and ruler give the same pages. */

export const SHEET = { side: 62, top: 62, bottom: 70 };
export const WIDTH = A4.width - 2 * SHEET.side;
const END = A4.height - SHEET.bottom;

/** A frame or a rule: seen, and told to no one. */
export type Frame = { x: number; y: number; width: number; height: number; fill: string; radius: number };
export type Item = { mark: TextPiece | null; bullet: { x: number; y: number } | null; body: TextPiece };
export type Placed =
  | { kind: 'heading'; tag: 'H1' | 'H2'; piece: TextPiece; entry: number }
  | { kind: 'text'; tag: 'P' | 'Note'; piece: TextPiece; frames: Frame[] }
  | { kind: 'list'; items: Item[] }
  | { kind: 'table'; rows: { cells: TextPiece[]; heading: boolean; frames: Frame[] }[] };
export type GuidePage = { placed: Placed[] };
/** A line of the contents. `page`: from 0, of the body. */
export type Entry = { text: string; level: 1 | 2; page: number; y: number };

const CHAPTER: Style = { size: 20, bold: true, colour: COLOURS.brand, leading: 1.25 };
const SECTION: Style = { size: 13.5, bold: true, colour: COLOURS.brand, leading: 1.3 };
const BODY: Style = { size: 10.8, leading: 1.5 };
const CELL: Style = { size: 9.8, leading: 1.4 };
/** A heading is not left alone at the foot of a page. */
const KEPT = 90;

type Writer = { pen: Pen; pages: GuidePage[]; entries: Entry[] };

export function layoutGuide(
  blocks: readonly GuideBlock[],
  ruler: Ruler,
): { pages: GuidePage[]; entries: Entry[] } {
  const pen: Pen = { ruler, memo: new Map(), scale: 1, y: SHEET.top, pieces: [] };
  const writer: Writer = { pen, pages: [{ placed: [] }], entries: [] };
  for (const block of blocks) {
    switch (block.kind) {
      case 'chapter':
      case 'section':
        heading(writer, block.kind, block.text);
        break;
      case 'p':
        paragraph(writer, block.spans);
        break;
      case 'note':
        note(writer, block.spans);
        break;
      case 'list':
      case 'steps':
        list(writer, block.items, block.kind === 'steps');
        break;
      case 'table':
        table(writer, block.widths, block.rows);
        break;
    }
  }
  return { pages: writer.pages, entries: writer.entries };
}

const pageOf = (writer: Writer): GuidePage => writer.pages.at(-1) as GuidePage;
const isFresh = (writer: Writer) => pageOf(writer).placed.length === 0;

function newPage(writer: Writer): void {
  writer.pages.push({ placed: [] });
  writer.pen.y = SHEET.top;
}

/** Begins a page when so much does not fit any more. */
function need(writer: Writer, height: number): void {
  if (writer.pen.y + height > END && !isFresh(writer)) newPage(writer);
}

const at = (pen: Pen, spans: readonly Span[], style: Style, x = SHEET.side, width = WIDTH) =>
  text(pen, spans, style, { x, y: pen.y, width });

function heading(writer: Writer, kind: 'chapter' | 'section', words: string): void {
  const { pen } = writer;
  const chapter = kind === 'chapter';
  const before = chapter ? 30 : 12;
  // A chapter goes on where there is room for some of it.
  need(writer, before + (chapter ? A4.height / 3 : KEPT));
  if (!isFresh(writer)) pen.y += before;
  writer.entries.push({ text: words, level: chapter ? 1 : 2, page: writer.pages.length - 1, y: pen.y });
  const { piece, height } = at(pen, [{ text: words, bold: true }], chapter ? CHAPTER : SECTION);
  const entry = writer.entries.length - 1;
  pageOf(writer).placed.push({ kind: 'heading', tag: chapter ? 'H1' : 'H2', piece, entry });
  pen.y += height + (chapter ? 12 : 5);
}

function paragraph(writer: Writer, spans: readonly Span[]): void {
  const { pen } = writer;
  need(writer, at(pen, spans, BODY).height);
  const { piece, height } = at(pen, spans, BODY);
  pageOf(writer).placed.push({ kind: 'text', tag: 'P', piece, frames: [] });
  pen.y += height + 8;
}

function note(writer: Writer, spans: readonly Span[]): void {
  const { pen } = writer;
  const pad = 12;
  const inner = (): ReturnType<typeof at> => at(pen, spans, BODY, SHEET.side + pad + 4, WIDTH - 2 * pad - 4);
  const height = inner().height + 2 * pad;
  need(writer, height);
  const box = { x: SHEET.side, y: pen.y, width: WIDTH, height };
  pen.y += pad;
  const frames = [
    { ...box, fill: COLOURS.tint, radius: 6 },
    { ...box, width: 4, fill: COLOURS.accent, radius: 2 },
  ];
  pageOf(writer).placed.push({ kind: 'text', tag: 'Note', piece: inner().piece, frames });
  pen.y += height - pad + 10;
}

function list(writer: Writer, items: readonly Span[][], numbered: boolean): void {
  const { pen } = writer;
  const indent = 20;
  let current: Extract<Placed, { kind: 'list' }> | null = null;
  for (const [index, spans] of items.entries()) {
    const body = () => at(pen, spans, BODY, SHEET.side + indent, WIDTH - indent);
    const pages = writer.pages.length;
    need(writer, body().height);
    if (current === null || writer.pages.length > pages) {
      current = { kind: 'list', items: [] };
      pageOf(writer).placed.push(current);
    }
    const { piece, height } = body();
    const mark = numbered
      ? at(pen, [{ text: `${index + 1}.`, bold: true }], { ...BODY, colour: COLOURS.brand }).piece
      : null;
    const middle = (piece.lines[0]?.baseline ?? pen.y) - BODY.size * 0.33;
    current.items.push({ mark, bullet: numbered ? null : { x: SHEET.side + 8, y: middle }, body: piece });
    pen.y += height + 4;
  }
  pen.y += 6;
}

function table(writer: Writer, widths: readonly number[], rows: readonly Span[][][]): void {
  const { pen } = writer;
  const all = widths.reduce((sum, width) => sum + width, 0);
  const pad = { x: 7, y: 5 };
  let current: Extract<Placed, { kind: 'table' }> | null = null;
  const set = (cells: readonly Span[][], bold: boolean) => {
    let x = SHEET.side;
    return cells.map((spans, index) => {
      const width = (WIDTH * (widths[index] ?? 1)) / all;
      const box = { x: x + pad.x, y: pen.y + pad.y, width: width - 2 * pad.x };
      x += width;
      return text(pen, spans, { ...CELL, bold }, box);
    });
  };
  const place = (cells: readonly Span[][], isHeading: boolean) => {
    const found = set(cells, isHeading);
    const height = Math.max(...found.map((cell) => cell.height)) + 2 * pad.y;
    const rule = { x: SHEET.side, y: pen.y + height - 0.6, width: WIDTH, height: 0.6 };
    const ground = { x: SHEET.side, y: pen.y, width: WIDTH, height, fill: COLOURS.tint, radius: 0 };
    const frames = isHeading ? [ground] : [{ ...rule, fill: COLOURS.line, radius: 0 }];
    current?.rows.push({ cells: found.map((cell) => cell.piece), heading: isHeading, frames });
    pen.y += height;
  };
  const [head = [], ...body] = rows;
  for (const cells of body) {
    const height = Math.max(...set(cells, false).map((cell) => cell.height)) + 2 * pad.y;
    const pages = writer.pages.length;
    need(writer, height + (current === null ? 30 : 0));
    if (current === null || writer.pages.length > pages) {
      current = { kind: 'table', rows: [] };
      pageOf(writer).placed.push(current);
      place(head, true);
    }
    place(cells, false);
  }
  pen.y += 14;
}
