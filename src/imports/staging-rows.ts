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
export type StagedPupilRow = StagedKey & {
  school_no: number | null;
  refused: 0 | 1;
  public_id: string | null;
  /** JSON of `Link[]` */
  guardians: string | null;
  /** Of school and guardians together. */
  links_digest?: string;
  columns?: PupilColumns;
};
export type StagedGuardianRow = StagedKey & {
  refused: 0 | 1;
  public_id: string | null;
  columns?: GuardianColumns;
};
export type StagedStaffRow = StagedKey & {
  refused: 0 | 1;
  /** JSON of `StaffFunction[]` */
  functions: string | null;
  columns?: StaffColumns;
};
export type StagedRow = StagedPupilRow | StagedGuardianRow | StagedStaffRow;

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
export const STAFF_COLUMNS = ['title', 'given_name', 'family_name', 'email', 'digest'] as const;
const KEY = ['academy_code', 'degree', 'source_id', 'file_no', 'refused', 'deleted'] as const;
const TABLES = {
  staged_pupils: [
    ...KEY,
    'public_id',
    'school_no',
    'guardians',
    'class_code',
    'class_label',
    ...PUPIL_COLUMNS,
  ],
  staged_guardians: [...KEY, 'public_id', ...GUARDIAN_COLUMNS],
  staged_staff: [...KEY, 'functions', ...STAFF_COLUMNS],
} as const;
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

/**
 * One statement that writes a batch of records: an id that is already there keeps its first record and counts the
 * others, unless they say the same, which happens between files. The driver's own expansion of rows costs twice as
 * much, and readers hand on nothing but the text.
 */
export function insertStatement(table: StagedTable, runId: number, rows: readonly StagedRow[]): string {
  const columns = TABLES[table];
  const run = String(runId);
  const tuples = rows.map((row) => {
    const value = row as unknown as Values;
    const checked = (row.columns ?? NOTHING) as Values;
    let tuple = `(${run}`;
    for (const column of columns) {
      const given = value[column] ?? checked[column];
      if (column === 'record_digest' && given) tuple += `,X'${given}'`;
      else
        tuple +=
          given === undefined || given === null ? (column === 'deleted' ? ',0' : ',NULL') : literal(given);
    }
    return `${tuple})`;
  });
  const same = SAME[table].map((column) => `${column} <=> VALUES(${column})`).join(' AND ');
  return `INSERT INTO ${table} (run_id, ${columns.join(', ')}) VALUES ${tuples.join(',')}
    ON DUPLICATE KEY UPDATE repeats = repeats + IF(${same}, 0, 1),
      repeat_file = IF(${same}, repeat_file, VALUES(file_no))`;
}

/** All that ends or bends a string literal: sessions have no NO_BACKSLASH_ESCAPES, and utf8mb4 on both sides. */
const SPECIAL = /['\\]/;

function literal(value: string | number): string {
  if (typeof value === 'number') return `,${value}`;
  return SPECIAL.test(value) ? `,'${value.replace(/['\\]/g, '\\$&')}'` : `,'${value}'`;
}
