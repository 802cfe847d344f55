import type { GuardianColumns, PupilColumns, StaffColumns } from './check.ts';
import type { Degree } from './types.ts';

type StagedKey = {
  academy_code: string;
  degree: Degree;
  source_id: string;
  file_no: number;
  deleted?: 0 | 1;
  /** Hexadecimal; of a record that can be known again. */
  record_digest?: string | undefined;
};
/** A refused record is kept by its key alone: who is in the feed has not left, even when his record is no use. */
type StagedPupilRow = StagedKey & {
  school_no: number | null;
  refused: 0 | 1;
  public_id: string | null;
  /** JSON of `Link[]` */
  guardians: string | null;
  /** Of school and guardians together. */
  links_digest?: string;
  columns?: PupilColumns;
};
type StagedGuardianRow = StagedKey & {
  refused: 0 | 1;
  public_id: string | null;
  columns?: GuardianColumns;
};
type StagedStaffRow = StagedKey & {
  refused: 0 | 1;
  /** JSON of `StaffFunction[]` */
  functions: string | null;
  columns?: StaffColumns;
};
export type StagedRows = {
  staged_pupils: StagedPupilRow;
  staged_guardians: StagedGuardianRow;
  staged_staff: StagedStaffRow;
};
type StagedRow = StagedRows[keyof StagedRows];

export const PUPIL_COLUMNS = [
  'ine',
  'given_name',
  'family_name',
  'search_name',
  'birth_date',
  'level_code',
  'level_label',
  'cycle',
  'mef_code',
  'mef_label',
  'siecle_id',
  'digest',
  'links_digest',
  'record_digest',
] as const;
export const GUARDIAN_COLUMNS = [
  'title',
  'given_name',
  'family_name',
  'birth_name',
  'search_name',
  'mobile',
  'mobile_raw',
  'sms_consent',
  'email',
  'address',
  'postal_code',
  'town',
  'country',
  'digest',
  'record_digest',
] as const;
const STAFF_COLUMNS = ['title', 'given_name', 'family_name', 'email', 'digest'] as const;
const KEY = ['academy_code', 'degree', 'source_id', 'file_no', 'refused'] as const;
/** Columns of the row, and those that its checked record has. */
const TABLES = {
  staged_pupils: {
    own: [...KEY, 'public_id', 'school_no', 'guardians', 'links_digest'],
    checked: [
      'class_code',
      'class_label',
      ...PUPIL_COLUMNS.filter((column) => !/^(links|record)_/.test(column)),
    ],
  },
  staged_guardians: {
    own: [...KEY, 'public_id'],
    checked: GUARDIAN_COLUMNS.filter((column) => column !== 'record_digest'),
  },
  staged_staff: { own: [...KEY, 'functions'], checked: STAFF_COLUMNS },
} as const satisfies Record<string, { own: readonly string[]; checked: readonly string[] }>;
export type StagedTable = keyof typeof TABLES;
export const STAGED_TABLES = Object.keys(TABLES) as StagedTable[];

/** What makes two records of one id say the same. */
const SAME: Record<StagedTable, readonly string[]> = {
  staged_pupils: ['digest', 'guardians', 'school_no'],
  staged_guardians: ['digest'],
  staged_staff: ['digest'],
};

type Values = Partial<Record<string, string | number | null>>;
const NOTHING: Values = {};

/** The row as it stands in a statement. Rows wait as text: objects by the thousand would keep the collector busy. */
export function tupleOf(table: StagedTable, runId: number, row: StagedRow): string {
  const { own, checked } = TABLES[table];
  const cells: string[] = [String(runId), row.deleted === 1 ? '1' : '0'];
  if (table !== 'staged_staff')
    cells.push(row.record_digest === undefined ? 'NULL' : `X'${row.record_digest}'`);
  const values = row as unknown as Values;
  for (const column of own) cells.push(literal(values[column]));
  const columns = (row.columns ?? NOTHING) as Values;
  for (const column of checked) cells.push(literal(columns[column]));
  return `(${cells.join(',')})`;
}

/**
 * One statement that writes a batch of rows: an id that is already there keeps its first record and counts the
 * others, unless they say the same, which happens between files. The driver's own expansion of rows costs twice as
 * much, and readers hand on nothing but the text.
 */
export function insertStatement(table: StagedTable, tuples: readonly string[]): string {
  const { own, checked } = TABLES[table];
  const first = ['run_id', 'deleted', ...(table === 'staged_staff' ? [] : ['record_digest'])];
  const same = SAME[table].map((column) => `${column} <=> VALUES(${column})`).join(' AND ');
  return `INSERT INTO ${table} (${[...first, ...own, ...checked].join(', ')}) VALUES ${tuples.join(',')}
    ON DUPLICATE KEY UPDATE repeats = repeats + IF(${same}, 0, 1),
      repeat_file = IF(${same}, repeat_file, VALUES(file_no))`;
}

/** All that ends or bends a string literal: sessions have no NO_BACKSLASH_ESCAPES, and utf8mb4 on both sides. */
const SPECIAL = /['\\]/;

function literal(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  return SPECIAL.test(value) ? `'${value.replace(/['\\]/g, '\\$&')}'` : `'${value}'`;
}
