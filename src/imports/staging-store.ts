import { insertBatch } from '../db/batch.ts';
import { isDuplicate } from '../db/transaction.ts';
import type { Database } from '../deps.ts';
import type { GuardianColumns, PupilColumns, StaffColumns } from './check.ts';
import type { Degree } from './types.ts';

type StagedKey = {
  academy_code: string;
  degree: Degree;
  source_id: string;
  file_no: number;
  deleted?: 0 | 1;
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
type Row = StagedPupilRow | StagedGuardianRow | StagedStaffRow;

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

/** A staged person (s) is the known one (p). */
export const SAME_PERSON = `p.academy_code = s.academy_code AND p.degree = s.degree AND p.source_id = s.source_id`;
/** A staged pupil (s) to whom something happened since he was written (p). */
export const TOUCHED = `(p.id IS NULL OR p.left_at IS NOT NULL
  OR NOT (p.digest <=> s.digest) OR NOT (p.links_digest <=> s.links_digest))`;

/**
 * Writes a batch of records. An id that is already there keeps its first record.
 * @returns the rows left out: `same` when they say the same as the first, which happens between files
 */
export async function insertStaged(
  db: Database,
  table: StagedTable,
  runId: number,
  rows: readonly Row[],
): Promise<{ row: Row; same: boolean }[]> {
  if (rows.length === 0) return [];
  const { fresh, repeated } = withoutRepeats(rows);
  try {
    await insertRows(db, table, runId, fresh);
    return repeated;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
  const present = await presentRows(db, table, runId, fresh);
  const isNew = (row: Row) => !present.has(keyOf(row));
  await insertRows(db, table, runId, fresh.filter(isNew));
  const known = fresh.filter((row) => !isNew(row));
  return [...repeated, ...known.map((row) => ({ row, same: sameRecord(row, present.get(keyOf(row))) }))];
}

type Identity = { columns?: { digest: string | null }; guardians?: string | null; school_no?: number | null };

function sameRecord(row: Identity, other: Identity | undefined): boolean {
  return (
    other !== undefined &&
    (row.columns?.digest ?? null) === (other.columns?.digest ?? null) &&
    (row.guardians ?? null) === (other.guardians ?? null) &&
    (row.school_no ?? null) === (other.school_no ?? null)
  );
}

function withoutRepeats(rows: readonly Row[]): { fresh: Row[]; repeated: { row: Row; same: boolean }[] } {
  const first = new Map<string, Row>();
  const repeated: { row: Row; same: boolean }[] = [];
  for (const row of rows) {
    const before = first.get(keyOf(row));
    if (before) repeated.push({ row, same: sameRecord(row, before) });
    else first.set(keyOf(row), row);
  }
  return { fresh: [...first.values()], repeated };
}

type Values = Partial<Record<string, string | number | null>>;
const NOTHING: Values = {};

async function insertRows(db: Database, table: StagedTable, runId: number, rows: readonly Row[]) {
  const columns = TABLES[table];
  const values = rows.map((row) => {
    const value = row as unknown as Values;
    const checked = (row.columns ?? NOTHING) as Values;
    return [
      runId,
      ...columns.map((column) => value[column] ?? checked[column] ?? (column === 'deleted' ? 0 : null)),
    ];
  });
  await insertBatch(db, `INSERT INTO ${table} (run_id, ${columns.join(', ')})`, values);
}

async function presentRows(db: Database, table: StagedTable, runId: number, rows: readonly Row[]) {
  const found = new Map<string, Identity>();
  const extra = table === 'staged_pupils' ? ['guardians', 'school_no'] : [];
  const keys = ['academy_code', 'degree', 'source_id'];
  // A batch comes from one file, hence one académie and degree nearly always: one statement.
  const groups = new Map(rows.map((row) => [`${row.academy_code}|${row.degree}`, row]));
  for (const { academy_code, degree } of groups.values()) {
    const present: (StagedKey & Identity & { digest: string | null })[] = await db(table)
      .select(...keys, 'digest', ...extra)
      .where({ run_id: runId, academy_code, degree })
      .whereIn(
        'source_id',
        rows.map((row) => row.source_id),
      );
    for (const { digest, ...row } of present) found.set(keyOf(row), { ...row, columns: { digest } });
  }
  return found;
}

function keyOf(row: { academy_code: string; degree: number; source_id: string }): string {
  return `${row.academy_code}|${row.degree}|${row.source_id}`;
}

/** Empties the staging tables, of this run and of any that died; only the holder of the lease calls it. */
export async function clearStaging(db: Database): Promise<void> {
  for (const table of Object.keys(TABLES)) await db.raw(`TRUNCATE TABLE ${table}`);
}
