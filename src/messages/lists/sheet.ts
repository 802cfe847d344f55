import type { AccountKind } from '../../accounts/types.ts';
import { breakLines, type Line, type Ruler, splitRuns } from '../letters/runs.ts';
import { A4 } from '../print/document.ts';
import { printableText } from '../print/markup.ts';
import type { List, ListKind, ListRow } from './types.ts';
import { longLevel } from './words.ts';

/** Where everything of a list stands on its pages. Pure: the same list and the same ruler give the same pages. */

/** The list lies on its side; that of a class stands, so that most classes have one page. */
export const SHEETS = {
  pdf: { width: A4.height, height: A4.width, side: 34, top: 34, foot: 50 },
  'hand-out': { width: A4.width, height: A4.height, side: 32, top: 34, foot: 46 },
};
export type Sheet = (typeof SHEETS)['pdf'];
export const CELL = { size: 9, leading: 11.6, padX: 4, padY: 3.8 };

/** A column; `box`: an empty one to tick; `measured`: what its height is reckoned by, where that is not its text. */
export type Column = {
  title: string;
  width: number;
  bold?: boolean;
  box?: true;
  text(row: ListRow): string;
  measured?(row: ListRow): string;
};

const pupil: Column[] = [
  { title: 'Nom élève', width: 104, text: (row) => row.pupilFamilyName },
  { title: 'Prénom élève', width: 84, text: (row) => row.pupilGivenName },
  { title: 'Niveau', width: 98, text: longLevel },
];
const guardian: Column[] = [
  { title: 'Nom', width: 104, text: (row) => row.familyName },
  { title: 'Prénom', width: 84, text: (row) => row.givenName },
  { title: 'Identifiant', width: 100, bold: true, text: (row) => row.identifier },
];

/**
 * R-137; the class has a heading of its own where each begins a page.
 * @param password asked for while a row is drawn, unless it is no secret: a secret takes one line
 */
export function columnsOf(
  of: AccountKind,
  kind: Exclude<ListKind, 'csv'>,
  password: (row: ListRow) => string,
): Column[] {
  const measured = (row: ListRow) => (row.passwordKind === 'provisional' ? '' : password(row));
  if (of === 'pupil') return pupilColumns(kind, { text: password, measured });
  if (kind === 'pdf')
    return [
      ...pupil,
      { title: 'Classe', width: 117, text: (row) => row.classLabel ?? '' },
      ...guardian,
      { title: 'Mot de passe *', width: 82.8, bold: true, text: password, measured },
    ];
  const narrow = (columns: Column[], widths: number[]) =>
    columns.map((column, index) => ({ ...column, width: widths[index] ?? column.width }));
  return [
    ...narrow(pupil.slice(0, 2), [98, 84]),
    // As short as the directory has it: its reader knows what it means.
    { title: 'Niveau', width: 48, text: (row) => row.level ?? '' },
    ...narrow(guardian, [98, 84, 78]),
    { title: 'Remise', width: 41.2, box: true, text: () => '' },
  ];
}

/** The list of pupils: there is nobody beside them, and the MEF in the place of the level. */
function pupilColumns(kind: Exclude<ListKind, 'csv'>, password: Pick<Column, 'text' | 'measured'>): Column[] {
  const mef = (width: number): Column => ({ title: 'MEF', width, text: (row) => row.mef ?? '' });
  const identifier = (width: number): Column => ({
    title: 'Identifiant',
    width,
    bold: true,
    text: (row) => row.identifier,
  });
  const [family, given] = pupil;
  const named = (widths: [number, number]) =>
    [family, given].flatMap((column, index) => (column ? [{ ...column, width: widths[index] ?? 100 }] : []));
  if (kind === 'pdf')
    return [
      ...named([150, 120]),
      mef(170),
      { title: 'Classe', width: 110, text: (row) => row.classLabel ?? '' },
      identifier(132),
      { title: 'Mot de passe *', width: 91.8, bold: true, ...password },
    ];
  return [
    ...named([140, 110]),
    mef(130),
    identifier(110),
    { title: 'Remise', width: 41.2, box: true, text: () => '' },
  ];
}

/** `first` and `end`: which rows of the list; `heading` where the page begins a list or a class. */
export type SheetPage = { first: number; end: number; heading: boolean };

/**
 * Cuts the rows into pages.
 * @param sizes `heights` of the rows; `headingHeight` of a page that begins a list or a class;
 *   `room` for rows and heading on a page
 */
export function paginate(
  { rows }: List,
  byClass: boolean,
  { heights, headingHeight, room }: { heights: readonly number[]; headingHeight: number; room: number },
): SheetPage[] {
  const pages: SheetPage[] = [];
  let page: SheetPage = { first: 0, end: 0, heading: true };
  let left = room - headingHeight;
  for (const [index, row] of rows.entries()) {
    const height = heights[index] ?? 0;
    const next = byClass && index > 0 && row.classId !== rows[index - 1]?.classId;
    if (next || (height > left && page.end > page.first)) {
      pages.push(page);
      page = { first: index, end: index, heading: next };
      left = room - (next ? headingHeight : 0);
    }
    page.end = index + 1;
    left -= height;
  }
  return [...pages, page];
}

/** Sets texts in columns, and remembers them: names of classes and levels come again and again. */
export function createSetter(ruler: Ruler) {
  const known = new Map<string, readonly Line[]>();
  return (text: string, width: number, bold = false): readonly Line[] => {
    const key = `${width} ${bold} ${text}`;
    let lines = known.get(key);
    if (lines === undefined) {
      lines = breakLines(splitRuns([{ text: printableText(text), bold }], ruler), width, CELL.size, ruler);
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(key, lines);
    }
    return lines;
  };
}
const MOST_KNOWN = 5000;

export const heightOfLines = (most: number) => Math.max(1, most) * CELL.leading + 2 * CELL.padY;
