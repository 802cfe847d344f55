import { chunksOf, insertBatch } from '../db/batch.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Database } from '../deps.ts';

/**
 * Takes as many consecutive numbers of each series as wanted.
 * Series are locked in the order of their names, so that two callers wait for one another and do not deadlock.
 * @returns the first number taken of each series; 1 for a name that nobody had
 */
export async function reserveNumbers(
  db: Database,
  wanted: ReadonlyMap<string, number>,
): Promise<Map<string, number>> {
  const series = [...wanted].sort(([a], [b]) => (a < b ? -1 : 1));
  return inTransaction(db, async (trx) => {
    const first = new Map<string, number>();
    for (const part of chunksOf(series, 1000)) {
      // A new series begins after the numbers taken now; an old one moves on by as many.
      await insertBatch(
        trx,
        'INSERT INTO identifier_series (base, next_number)',
        part.map(([base, count]) => [base, count + 1]),
        'ON DUPLICATE KEY UPDATE next_number = next_number + VALUES(next_number) - 1',
      );
      const rows: { base: string; next_number: number }[] = await trx('identifier_series')
        .select('base', 'next_number')
        .whereIn(
          'base',
          part.map(([base]) => base),
        );
      for (const row of rows) first.set(row.base, row.next_number - (wanted.get(row.base) ?? 0));
    }
    return first;
  });
}
