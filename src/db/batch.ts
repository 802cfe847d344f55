import type { Knex } from 'knex';
import type { Database } from '../deps.ts';

type Value = string | number | Date | null;

/** Parts of a long list, so that no statement grows without bound. @param size rows a statement */
export function* chunksOf<T>(items: readonly T[], size = 500): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

/**
 * `INSERT INTO ... VALUES` with many rows in one statement. knex compiles one placeholder a value for that, which
 * costs more than the statement; the driver expands a list of rows by itself.
 * @param head all before VALUES
 * @param tail what follows the rows, e.g. ON DUPLICATE KEY UPDATE
 */
export async function insertBatch(
  db: Database,
  head: string,
  rows: readonly (readonly Value[])[],
  tail = '',
): Promise<void> {
  if (rows.length === 0) return;
  // The types of knex do not know lists of lists; its MySQL dialect hands them to the driver as they are.
  await db.raw(`${head} VALUES ? ${tail}`, [rows] as unknown as Knex.RawBinding[]);
}
