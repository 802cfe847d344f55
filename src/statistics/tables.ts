import { shownDay } from './moment.ts';
import { byLabel, byLevel } from './order.ts';
import { percent } from './percent.ts';
import {
  type AccountsOf,
  accountsIn,
  added,
  byState,
  type Group,
  type KindCounts,
  ORIGINS,
  type SchoolCounts,
  STATES,
  type StateCounts,
  type Week,
} from './types.ts';
import {
  ACCOUNTS_PERCENT,
  countColumns,
  LABEL_COLUMNS,
  NOT_SAID,
  noteOnTotals,
  ORIGIN_LABELS,
  PUPILS_PERCENT,
  type TableKey,
  TOTAL,
  tableTitle,
} from './words.ts';

export type Row = {
  /** As shown, one for each column. */
  cells: string[];
  states: StateCounts;
  /** What « + » unfolds: a MEF by origin. */
  details: Row[];
};

export type Table = {
  key: TableKey;
  title: string;
  columns: string[];
  /** How many columns come before the numbers. */
  labels: number;
  rows: Row[];
  /** The row « Total »; null where the guides have none. */
  total: Row | null;
};

/**
 * The tables of a school's statistics in the order in which they are shown; by level and by MEF only where the
 * directory tells them.
 */
export function statisticsTables(counts: SchoolCounts, of: AccountsOf = 'guardians'): Table[] {
  const kind = counts[of];
  if (kind === null) return [];
  const told = (groups: readonly Group[]) => groups.some(({ label }) => label !== null);
  const mefs = told(kind.mefs) ? [mefTable(kind.mefs, of)] : [];
  const levels = told(kind.levels) ? [groupTable('level', [...kind.levels].sort(byLevel), of)] : [];
  return [
    structureTable(counts, kind, of),
    ...mefs,
    groupTable('class', [...kind.classes].sort(byLabel), of),
    ...levels,
    originTable(kind, counts.degree, of),
  ];
}

/** accounts counted once. */
function structureTable({ inSchool, covered }: SchoolCounts, kind: KindCounts, of: AccountsOf): Table {
  const row = countRow([], byState(kind.structure), true);
  const columns = [...countColumns(of), ACCOUNTS_PERCENT[of]];
  if (of === 'guardians') {
    columns.push(PUPILS_PERCENT);
    row.cells.push(percent(covered, inSchool));
  }
  return { ...frame('structure', of), columns, rows: [row], total: null };
}

/** the total is that of the rows, which counts who is in two of them twice. */
function groupTable(key: 'class' | 'level', groups: readonly Group[], of: AccountsOf): Table {
  const rows = groups.map(({ label, counts }) => countRow([label ?? NOT_SAID], byState(counts), true));
  const sum = rows.reduce((total, { states }) => added(total, states), byState({}));
  return { ...frame(key, of), columns: withPercent(key, of), rows, total: countRow([TOTAL], sum, true) };
}

/** */
function mefTable(groups: readonly Group[], of: AccountsOf): Table {
  const rows = [...groups].sort(byLabel).map(({ label, counts }) => ({
    ...countRow([label ?? NOT_SAID, ''], byState(counts), false),
    details: originsOf(counts, 2).map(([origin, states]) =>
      countRow([label ?? NOT_SAID, origin], states, false),
    ),
  }));
  return { ...frame('mef', of), columns: [...LABEL_COLUMNS.mef, ...countColumns(of)], rows, total: null };
}

function originTable(kind: KindCounts, degree: 1 | 2, of: AccountsOf): Table {
  const rows = originsOf(kind.structure, degree).map(([label, states]) => countRow([label], states, true));
  const total = countRow([TOTAL], byState(kind.structure), true);
  return { ...frame('origin', of), columns: withPercent('origin', of), rows, total };
}

/** why the totals of the tables differ; null where there is nothing to explain. */
export function totalsNote(counts: SchoolCounts, of: AccountsOf = 'guardians'): string | null {
  const kind = counts[of];
  if (of === 'pupils' || kind === null) return null;
  const totals = statisticsTables(counts, of).flatMap(({ key, total }) =>
    total && (key === 'class' || key === 'level') ? [{ key, accounts: accountsIn(total.states) }] : [],
  );
  return noteOnTotals(accountsIn(byState(kind.structure)), totals);
}

/** How the accounts stood each week: the numbers of the picture of progress. */
export function progressTable(weeks: readonly Week[], of: AccountsOf = 'guardians'): Table {
  const rows = weeks.map((week) => countRow([shownDay(week.week)], week[of], true));
  return { ...frame('progress', of), columns: withPercent('progress', of), rows, total: null };
}

/** The origins that have accounts. */
function originsOf(counts: Group['counts'], degree: 1 | 2): [string, StateCounts][] {
  return ORIGINS.flatMap((origin) => {
    const states = byState({ [origin]: counts[origin] ?? {} });
    return accountsIn(states) === 0 ? [] : [[ORIGIN_LABELS[origin][degree], states]];
  });
}

function frame(key: TableKey, of: AccountsOf): Pick<Table, 'key' | 'title' | 'labels'> {
  return { key, title: tableTitle(key, of), labels: LABEL_COLUMNS[key].length };
}

function withPercent(key: TableKey, of: AccountsOf): string[] {
  return [...LABEL_COLUMNS[key], ...countColumns(of), ACCOUNTS_PERCENT[of]];
}

function countRow(labels: readonly string[], states: StateCounts, share: boolean): Row {
  const accounts = accountsIn(states);
  const numbers = [accounts, ...STATES.map((state) => states[state])].map(String);
  const cells = [...labels, ...numbers, ...(share ? [percent(states.activated, accounts)] : [])];
  return { cells, states, details: [] };
}
