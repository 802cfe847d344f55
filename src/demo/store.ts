import type { Database } from '../deps.ts';

/** The few questions that only the demo asks. */

/** The account that the import made of a directory record of a guardian; null: none, or not yet. */
export async function accountIdOfReference(
  db: Database,
  record: { academyCode: string; degree: 1 | 2; sourceId: string },
): Promise<number | null> {
  const row: { account_id: number | null } | undefined = await db('guardian_references')
    .select('account_id')
    .where({ academy_code: record.academyCode, degree: record.degree, source_id: record.sourceId })
    .first();
  return row?.account_id ?? null;
}

/** The pupil of a directory record, with his account if he has one. */
export async function findPupil(
  db: Database,
  record: { academyCode: string; degree: 1 | 2; sourceId: string },
): Promise<{ id: number; accountId: number | null } | null> {
  const row = await db('pupils')
    .select({ id: 'id', accountId: 'account_id' })
    .where({ academy_code: record.academyCode, degree: record.degree, source_id: record.sourceId })
    .first();
  return row ?? null;
}

export async function giveAccount(db: Database, pupilId: number, accountId: number): Promise<void> {
  await db('pupils').where({ id: pupilId }).update({ account_id: accountId });
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
