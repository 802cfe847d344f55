import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Deps } from '../../deps.ts';
import { drawBand, drawMark } from '../letters/pdf.ts';
import { COLOURS, type Style, type TextPiece, text } from '../letters/pen.ts';
import type { Ruler } from '../letters/runs.ts';
import { A4, artifact, drawRuns, openPdf, type Pdf, type Section } from '../print/document.ts';
import { giveWay } from '../print/give-way.ts';
import { guideContent } from './content.ts';
import { type Entry, type Frame, layoutGuide, type Placed, SHEET, WIDTH } from './layout.ts';

const TITLE = 'EduConnect - Administration des comptes - Guide complet';
const ENTRY = { 1: { size: 11.4, bold: true, gap: 7 }, 2: { size: 10.2, bold: false, gap: 1 } } as const;
const ENTRY_HEIGHT = 15.4;

/** Writes the « Guide complet »: cover, contents with their pages, chapters; tagged, with bookmarks and links. */
export async function writeGuidePdf(
  deps: Pick<Deps, 'render' | 'config' | 'clock'>,
  sink: Writable,
): Promise<void> {
  const { stream: document, ruler, root } = openPdf({ title: TITLE, writtenAt: deps.clock.now() });
  const done = pipeline(document, sink);
  // Awaited below; a reader who leaves meanwhile must not be an unhandled rejection.
  done.catch(() => {});
  const { pages, entries } = layoutGuide(guideContent(deps), ruler);
  const contents = cutContents(entries);
  // The cover has no number, and is counted.
  const first = 2 + contents.length;
  const page = (draw: (section: Section) => void) => {
    document.addPage();
    const section = document.struct('Sect');
    root.add(section);
    draw(section);
    section.end();
  };
  page((section) => drawCover(document, ruler, section));
  for (const [index, part] of contents.entries())
    page((section) => {
      drawContents(document, ruler, section, { part, first, begins: index === 0 });
      drawFoot(document, ruler, 2 + index);
    });
  let chapter: Pdf['outline'] = document.outline;
  for (const [index, one] of pages.entries()) {
    page((section) => {
      for (const placed of one.placed) {
        draw(document, section, placed);
        if (placed.kind === 'heading') chapter = mark(document, chapter, entries, placed.entry);
      }
      drawFoot(document, ruler, first + index);
    });
    await giveWay(document, sink, done);
  }
  root.end();
  document.end();
  await done;
}

/** Where the contents and the bookmarks lead. */
function mark(
  document: Pdf,
  chapter: Pdf['outline'],
  entries: readonly Entry[],
  number: number,
): Pdf['outline'] {
  const entry = entries[number];
  if (entry === undefined) return chapter;
  document.addNamedDestination(`t${number}`, 'XYZ', 0, A4.height - entry.y + 14, null as unknown as number);
  if (entry.level === 1) return document.outline.addItem(entry.text);
  chapter.addItem(entry.text);
  return chapter;
}

type Part = { entry: Entry; number: number; y: number };

function cutContents(entries: readonly Entry[]): Part[][] {
  const parts: Part[][] = [[]];
  let y = SHEET.top + 48;
  for (const [number, entry] of entries.entries()) {
    const { gap } = ENTRY[entry.level];
    if (y + gap + ENTRY_HEIGHT > A4.height - SHEET.bottom) {
      parts.push([]);
      y = SHEET.top;
    }
    y += gap;
    parts.at(-1)?.push({ entry, number, y });
    y += ENTRY_HEIGHT;
  }
  return parts;
}

function drawContents(
  document: Pdf,
  ruler: Ruler,
  section: Section,
  { part, first, begins }: { part: readonly Part[]; first: number; begins: boolean },
): void {
  if (begins) {
    const title = set(
      ruler,
      'Sommaire',
      { size: 20, bold: true, colour: COLOURS.brand },
      SHEET.side,
      SHEET.top,
    );
    section.add(document.struct('H1', {}, [() => drawText(document, title)]));
  }
  const toc = document.struct('TOC');
  section.add(toc);
  for (const { entry, number, y } of part) {
    const { size, bold } = ENTRY[entry.level];
    const x = SHEET.side + (entry.level === 2 ? 16 : 0);
    const words = set(ruler, entry.text, { size, bold }, x, y);
    const page = String(first + entry.page);
    const right = SHEET.side + WIDTH;
    const width = ruler.width(page, bold ? 'bold' : 'regular', size);
    const told = set(ruler, page, { size, bold }, right - width, y);
    const item = document.struct('TOCI', {}, [
      () => {
        drawText(document, words);
        drawText(document, told);
      },
    ]);
    toc.add(item);
    const from = x + (words.lines[0]?.width ?? 0) + 6;
    const baseline = words.lines[0]?.baseline ?? y;
    artifact(document, () =>
      document
        .lineWidth(0.6)
        .dash(1, { space: 3 })
        .moveTo(from, baseline)
        .lineTo(right - width - 6, baseline)
        .stroke(COLOURS.line)
        .undash(),
    );
    document.goTo(SHEET.side, y, WIDTH, ENTRY_HEIGHT, `t${number}`);
  }
  toc.end();
}

function drawCover(document: Pdf, ruler: Ruler, section: Section): void {
  artifact(document, () => {
    document.rect(0, 0, A4.width, 400).fill(COLOURS.brand);
    document.rect(0, 400, A4.width, 5).fill(COLOURS.accent);
    document.roundedRect(SHEET.side - 8, 102, 88, 88, 24).fill(COLOURS.white);
  });
  artifact(document, () => drawMark(document, { x: SHEET.side, y: 110, size: 72 }));
  const line = (tag: 'H1' | 'P', words: string, style: Style, y: number) => {
    const piece = set(ruler, words, style, SHEET.side, y);
    section.add(document.struct(tag, {}, [() => drawText(document, piece)]));
  };
  line('P', 'EduConnect', { size: 40, bold: true, colour: COLOURS.white }, 222);
  line('P', 'Administration des comptes', { size: 22, colour: COLOURS.white }, 286);
  line('H1', 'Guide complet', { size: 32, bold: true, colour: COLOURS.brand }, 450);
  line('P', "Pour les directeurs d'école, les chefs d'établissement et leurs délégués", { size: 13 }, 506);
  line('P', '1er et 2d degrés', { size: 13, colour: COLOURS.soft }, 530);
}

/** One text of one box, set on its own. */
function set(ruler: Ruler, words: string, style: Style, x: number, y: number): TextPiece {
  const pen = { ruler, memo: new Map(), scale: 1, y, pieces: [] };
  return text(pen, [{ text: words, bold: style.bold === true }], style, { x, y, width: A4.width - x - 20 })
    .piece;
}

function draw(document: Pdf, section: Section, placed: Placed): void {
  switch (placed.kind) {
    case 'heading':
      section.add(document.struct(placed.tag, {}, [() => drawText(document, placed.piece)]));
      return;
    case 'text':
      drawFrames(document, placed.frames);
      section.add(document.struct(placed.tag, {}, [() => drawText(document, placed.piece)]));
      return;
    case 'list':
      drawList(document, section, placed);
      return;
    case 'table':
      drawTable(document, section, placed);
      return;
  }
}

function drawList(document: Pdf, section: Section, { items }: Extract<Placed, { kind: 'list' }>): void {
  const list = document.struct('L');
  section.add(list);
  for (const { mark: number, bullet, body } of items) {
    if (bullet) artifact(document, () => document.circle(bullet.x, bullet.y, 2).fill(COLOURS.accent));
    const parts = [document.struct('LBody', {}, [() => drawText(document, body)])];
    if (number) parts.unshift(document.struct('Lbl', {}, [() => drawText(document, number)]));
    list.add(document.struct('LI', {}, parts));
  }
  list.end();
}

function drawTable(document: Pdf, section: Section, { rows }: Extract<Placed, { kind: 'table' }>): void {
  const table = document.struct('Table');
  section.add(table);
  for (const { cells, heading, frames } of rows) {
    drawFrames(document, frames);
    const tag = heading ? 'TH' : 'TD';
    const options = (heading ? { scope: 'Column' } : {}) as object;
    const told = cells.map((cell) => document.struct(tag, options, [() => drawText(document, cell)]));
    table.add(document.struct('TR', {}, told));
  }
  table.end();
}

function drawFrames(document: Pdf, frames: readonly Frame[]): void {
  for (const { x, y, width, height, fill, radius } of frames)
    artifact(document, () => document.roundedRect(x, y, width, height, radius).fill(fill));
}

function drawText(document: Pdf, { lines }: TextPiece): void {
  for (const line of lines) drawRuns(document, line, line);
}

function drawFoot(document: Pdf, ruler: Ruler, number: number): void {
  drawBand(document);
  const style: Style = { size: 8.6, colour: COLOURS.soft };
  const y = A4.height - 44;
  const page = `Page ${number}`;
  const width = ruler.width(page, 'regular', 8.6);
  artifact(document, () => {
    drawText(
      document,
      set(ruler, 'EduConnect - Administration des comptes - Guide complet', style, SHEET.side, y),
    );
    drawText(document, set(ruler, page, style, SHEET.side + WIDTH - width, y));
  });
}
