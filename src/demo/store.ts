import type { Database } from '../deps.ts';

/** The few questions that only the demo asks. */

/** A record of a directory: its number means something within its académie and degree only. */
type DirectoryRecord = { academyCode: string; degree: 1 | 2; sourceId: string };

/** The account that the import made of a guardian's record; null: none, or not yet. */
export const accountIdOfReference = (db: Database, record: DirectoryRecord) =>
  accountIdIn(db, 'guardian_references', record);

/** The account that the import made of a pupil's record; null: none, or not yet. */
export const accountIdOfPupil = (db: Database, record: DirectoryRecord) => accountIdIn(db, 'pupils', record);

async function accountIdIn(
  db: Database,
  table: 'guardian_references' | 'pupils',
  { academyCode, degree, sourceId }: DirectoryRecord,
): Promise<number | null> {
  const row: { account_id: number | null } | undefined = await db(table)
    .select('account_id')
    .where({ academy_code: academyCode, degree, source_id: sourceId })
    .first();
  return row?.account_id ?? null;
}

/** How many schools there are, and how many of them are none of these. */
export async function countSchools(
  db: Database,
  samples: readonly string[],
): Promise<{ all: number; foreign: number }> {
  const rows: { uai: string }[] = await db('schools').select('uai');
  return { all: rows.length, foreign: rows.filter((row) => !samples.includes(row.uai)).length };
}

/** Removes every table of the database: `--fresh` on a server that is not the demo's own. */
export async function dropTables(db: Database): Promise<void> {
  const rows: { name: string }[] = await db('information_schema.tables')
    .select({ name: 'table_name' })
    .whereRaw('table_schema = DATABASE()');
  await db.transaction(async (trx) => {
    await trx.raw('SET FOREIGN_KEY_CHECKS = 0');
    for (const { name } of rows) await trx.schema.dropTableIfExists(name);
    await trx.raw('SET FOREIGN_KEY_CHECKS = 1');
  });
}
