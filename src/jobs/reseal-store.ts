import type { Database, Transaction } from '../deps.ts';
import type { SealedColumn } from './types.ts';

export type SealedRow = { key: string | number; sealed: string; values: string[] };

type Where = Pick<SealedColumn, 'table' | 'key' | 'column' | 'for'>;

/**
 * The next values that another key than this one has sealed, by the primary key; held until the transaction ends.
 * @param after the last key of those before; null: from the beginning
 */
export async function lockNext(
  trx: Transaction,
  { table, key, column, for: columns }: Where,
  { keyId, after, limit }: { keyId: string; after: string | number | null; limit: number },
): Promise<SealedRow[]> {
  const about = columns.map((expression, index) => `${expression} AS v${index}`).join(', ');
  const [rows] = (await trx.raw(
    `SELECT ${key} AS k, ${column} AS sealed, ${about} FROM ${table}
     WHERE ${column} NOT LIKE ? ${after === null ? '' : `AND ${key} > ?`} ORDER BY ${key} LIMIT ? FOR UPDATE`,
    [`v1.${keyId}.%`, ...(after === null ? [] : [after]), limit],
  )) as [({ k: string | number; sealed: string } & Record<string, unknown>)[]];
  return rows.map((row) => ({
    key: row.k,
    sealed: row.sealed,
    values: columns.map((_, index) => String(row[`v${index}`])),
  }));
}

/** One statement for all of them. */
export async function putSealed(
  trx: Transaction,
  { table, key, column }: Where,
  rows: readonly { key: string | number; sealed: string }[],
): Promise<void> {
  if (rows.length === 0) return;
  const cases = rows.map(() => 'WHEN ? THEN ?').join(' ');
  await trx.raw(`UPDATE ${table} SET ${column} = CASE ${key} ${cases} END WHERE ${key} IN (?)`, [
    ...rows.flatMap(({ key: of, sealed }) => [of, sealed]),
    rows.map(({ key: of }) => of) as unknown as string,
  ]);
}

/** How many values of a column have been sealed by which key. */
export async function countByKey(
  db: Database,
  { table, column }: Pick<Where, 'table' | 'column'>,
): Promise<{ keyId: string; count: number }[]> {
  const [rows] = (await db.raw(
    `SELECT SUBSTRING_INDEX(SUBSTRING_INDEX(${column}, '.', 2), '.', -1) AS keyId, COUNT(*) AS count
     FROM ${table} WHERE ${column} IS NOT NULL GROUP BY keyId`,
  )) as [{ keyId: string; count: number }[]];
  return rows.map(({ keyId, count }) => ({ keyId, count: Number(count) }));
}

/** When the last value of another key in a column that is not sealed anew is over; null: there is none. */
export async function lastUntil(
  db: Database,
  { table, column, until, keyId }: { table: string; column: string; until: string; keyId: string },
): Promise<Date | null> {
  const row = await db(table).where(column, 'not like', `v1.${keyId}.%`).max({ last: until }).first();
  return (row?.last as Date | null | undefined) ?? null;
}

/** Some of the values of a column that each key sealed, to see whether they open. */
export async function sampleSealed(
  db: Database,
  { table, key, column, for: columns }: Where,
  { keyId, limit }: { keyId: string; limit: number },
): Promise<SealedRow[]> {
  const about = columns.map((expression, index) => `${expression} AS v${index}`).join(', ');
  const [rows] = (await db.raw(
    `SELECT ${key} AS k, ${column} AS sealed, ${about} FROM ${table} WHERE ${column} LIKE ? LIMIT ?`,
    [`v1.${keyId}.%`, limit],
  )) as [({ k: string | number; sealed: string } & Record<string, unknown>)[]];
  return rows.map((row) => ({
    key: row.k,
    sealed: row.sealed,
    values: columns.map((_, index) => String(row[`v${index}`])),
  }));
}
