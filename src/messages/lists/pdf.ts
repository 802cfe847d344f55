import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import type { Deps } from '../../deps.ts';
import { COLOURS } from '../letters/pen.ts';
import type { Line, Ruler } from '../letters/runs.ts';
import { artifact, drawRuns, openPdf, type Pdf, type Section } from '../print/document.ts';
import { giveWay } from '../print/give-way.ts';
import {
  CELL,
  type Column,
  columnsOf,
  createSetter,
  heightOfLines,
  paginate,
  SHEETS,
  type Sheet,
  type SheetPage,
} from './sheet.ts';
import type { List, ListKind } from './types.ts';
import { creationDay, listTitle, passwordNote, shownPassword } from './words.ts';

type Tools = {
  document: Pdf;
  ruler: Ruler;
  list: List;
  columns: readonly Column[];
  set: ReturnType<typeof createSetter>;
  kind: Exclude<ListKind, 'csv'>;
  sheet: Sheet;
};

const HEADING = { pdf: 62, 'hand-out': 66 };

/**
 * Writes the list as a tagged PDF, page by page as it is read: the titles of the columns on each page, page
 * numbers, long names on several lines. `hand-out`: a class a page, with a box to tick and no password.
 */
export async function writeListPdf(
  deps: Pick<Deps, 'sealer'>,
  list: List,
  kind: Exclude<ListKind, 'csv'>,
  sink: Writable,
): Promise<void> {
  const { school, writtenAt } = list;
  const title = `${listTitle(list.of)} - ${school.name} (${school.uai})`;
  const { stream: document, ruler, root } = openPdf({ title, writtenAt });
  const done = pipeline(document, sink);
  // Awaited below; a reader who leaves while a page is being set must not be an unhandled rejection.
  done.catch(() => {});
  const columns = columnsOf(list.of, kind, (row) => shownPassword(deps, row));
  const tools: Tools = {
    document,
    ruler,
    list,
    columns,
    set: createSetter(ruler),
    kind,
    sheet: SHEETS[kind],
  };
  const pages = await pagesOf(tools);
  for (const [index, page] of pages.entries()) {
    document.addPage({ size: [tools.sheet.width, tools.sheet.height], margin: 0 });
    const section = document.struct('Sect');
    root.add(section);
    const y = page.heading ? drawHeading(tools, section, page) : tools.sheet.top;
    drawTable(tools, section, page, y);
    drawFoot(tools, section, page, `Page ${index + 1} sur ${pages.length}`);
    section.end();
    await giveWay(document, sink, done);
  }
  root.end();
  document.end();
  await done;
}

/** How many rows are measured before others have their turn. */
const MEASURED_AT_ONCE = 50;

async function pagesOf({ list, columns, set, kind, sheet }: Tools): Promise<SheetPage[]> {
  const heights: number[] = [];
  for (const [index, row] of list.rows.entries()) {
    const lines = columns.map(
      (column) => cellLines(set, column, (column.measured ?? column.text)(row)).length,
    );
    heights.push(heightOfLines(Math.max(...lines)));
    if (index % MEASURED_AT_ONCE === 0) await setImmediate();
  }
  const room = sheet.height - sheet.top - sheet.foot - heightOfLines(1);
  const sizes = { heights, headingHeight: HEADING[kind], room };
  return paginate(list, kind === 'hand-out', sizes);
}

const cellLines = (set: Tools['set'], { width, bold }: Column, text: string): readonly Line[] =>
  set(text, width - 2 * CELL.padX, bold);

/** @returns where the table begins */
function drawHeading({ document, list, set, kind, sheet }: Tools, section: Section, page: SheetPage): number {
  const { school, rows, writtenAt } = list;
  const told = rows.slice(page.first, page.end);
  const created = `Date de création : ${creationDay(writtenAt)}`;
  const place = `${school.degree === 1 ? 'Ecole' : 'Établissement'} : ${school.uai} - ${school.name}`;
  const classLabel = told[0]?.classLabel ?? 'sans classe';
  const name = kind === 'pdf' ? `${listTitle(list.of)} :` : `${listTitle(list.of)} : ${classLabel}`;
  let y = sheet.top;
  const line = (tag: 'P' | 'H1', text: string, size: number, bold: boolean) => {
    const lines = set(text, (sheet.width - 2 * sheet.side) * (CELL.size / size), bold);
    const [first] = lines;
    const style = {
      x: sheet.side,
      baseline: y + size,
      size,
      colour: tag === 'H1' ? COLOURS.brand : COLOURS.ink,
    };
    if (first) section.add(document.struct(tag, {}, [() => drawRuns(document, scaled(first, size), style)]));
    y += size * 1.45;
  };
  line('P', created, 10, false);
  line('P', place, 10, true);
  y += 4;
  line('H1', name, 14, true);
  return sheet.top + HEADING[kind];
}

/** Lines are set at the size of the cells; their runs stand further apart where they are drawn larger. */
const scaled = (line: Line, size: number): Pick<Line, 'runs'> => ({
  runs: line.runs.map((run) => ({ ...run, x: (run.x * size) / CELL.size })),
});

function drawTable(tools: Tools, section: Section, page: SheetPage, top: number): void {
  const { document, list, columns, set, sheet } = tools;
  const table = document.struct('Table');
  section.add(table);
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  const titles = heightOfLines(1);
  artifact(document, () => document.rect(sheet.side, top, width, titles).fill(COLOURS.tint));
  const head = document.struct('TR');
  table.add(head);
  drawCells(tools, head, 'TH', top, (column) => set(column.title, column.width - 2 * CELL.padX, true));
  head.end();
  let y = top + titles;
  for (const row of list.rows.slice(page.first, page.end)) {
    const cells = new Map(columns.map((column) => [column, cellLines(set, column, column.text(row))]));
    const height = heightOfLines(Math.max(...[...cells.values()].map((lines) => lines.length)));
    const line = document.struct('TR');
    table.add(line);
    drawCells(tools, line, 'TD', y, (column) => cells.get(column) ?? []);
    line.end();
    y += height;
    const end = y;
    artifact(document, () =>
      document
        .lineWidth(0.5)
        .moveTo(sheet.side, end)
        .lineTo(sheet.side + width, end)
        .stroke(COLOURS.line),
    );
  }
  table.end();
}

function drawCells(
  { document, columns, sheet }: Tools,
  row: Section,
  tag: 'TH' | 'TD',
  y: number,
  linesOf: (column: Column) => readonly Line[],
): void {
  let x = sheet.side;
  for (const column of columns) {
    const left = x + CELL.padX;
    const lines = linesOf(column);
    const draw = () => {
      for (const [index, line] of lines.entries()) {
        const baseline = y + CELL.padY + index * CELL.leading + CELL.size * 0.95;
        drawRuns(document, line, { x: left, baseline, size: CELL.size, colour: COLOURS.ink });
      }
    };
    if (column.box && tag === 'TD')
      artifact(document, () =>
        document
          .lineWidth(0.8)
          .rect(left + 14, y + CELL.padY, 11, 11)
          .stroke(COLOURS.soft),
      );
    row.add(
      document.struct(
        tag,
        tag === 'TH' ? ({ scope: 'Column' } as object) : {},
        lines.length > 0 ? [draw] : [],
      ),
    );
    x += column.width;
  }
}

/** The note on passwords, or the class that the page is of; the school and the page's number. */
function drawFoot(
  { document, ruler, list, set, kind, sheet }: Tools,
  section: Section,
  page: SheetPage,
  number: string,
): void {
  const baseline = sheet.height - 22;
  const size = 8;
  const write = (text: string, x: number) => {
    for (const line of set(text, 1e4))
      drawRuns(document, scaled(line, size), { x, baseline, size, colour: COLOURS.soft });
  };
  if (kind === 'pdf')
    section.add(document.struct('Note', {}, [() => write(passwordNote(list.of), sheet.side)]));
  else artifact(document, () => write(list.rows[page.first]?.classLabel ?? '', sheet.side));
  const right = `${list.school.uai} - ${number}`;
  const width = ruler.width(right, 'regular', size);
  artifact(document, () => write(right, sheet.width - sheet.side - width));
}
