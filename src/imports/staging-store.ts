import { changeText } from '../db/statement.ts';
import type { Database } from '../deps.ts';
import { STAGED_TABLES, type StagedTable } from './staging-rows.ts';

/** Repeated ids that are told; a report keeps no more. */
const TOLD = 1000;

/** A staged person (s) is the known one (p). */
export const SAME_PERSON = `p.academy_code = s.academy_code AND p.degree = s.degree AND p.source_id = s.source_id`;
/** A staged pupil (s) to whom something happened since he was written (p). */
export const TOUCHED = `(p.id IS NULL OR p.left_at IS NOT NULL
  OR NOT (p.digest <=> s.digest) OR NOT (p.links_digest <=> s.links_digest))`;

/** @param statement of `insertStatement` @returns whether a record says something else than one of the same id */
export async function insertStaged(db: Database, statement: string, rows: number): Promise<boolean> {
  // One for each row that is new or as it was, two for each that counted another.
  return (await changeText(db, statement)) !== rows;
}

export type RepeatedIds = {
  /** The first ones. */
  ids: { sourceId: string; fileNo: number; repeats: number }[];
  total: number;
};

/** Ids of which there is another record that says something else, as often as there is one. */
export async function repeatedIds(db: Database, table: StagedTable, runId: number): Promise<RepeatedIds> {
  const repeated = db(table).where({ run_id: runId }).where('repeats', '>', 0);
  const ids: RepeatedIds['ids'] = await repeated
    .clone()
    .select({ sourceId: 'source_id', fileNo: 'repeat_file', repeats: 'repeats' })
    .orderBy(['academy_code', 'degree', 'source_id'])
    .limit(TOLD);
  const sum = await repeated.clone().sum({ total: 'repeats' }).first();
  return { ids, total: Number(sum?.total ?? 0) };
}

/** Empties the staging tables, of this run and of any that died; only the holder of the lease calls it. */
export async function clearStaging(db: Database): Promise<void> {
  for (const table of [...STAGED_TABLES, 'staged_unchanged']) await db.raw(`TRUNCATE TABLE ${table}`);
}
