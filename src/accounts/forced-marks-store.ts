import { chunksOf, insertBatch } from '../db/batch.ts';
import type { Database, Transaction } from '../deps.ts';

/** The accounts of a forced change, each with what became of its mark. */

/** What became of a password that had to be changed. */
export type MarkEnd = 'changed' | 'reset' | 'removed' | 'lifted';

/** Marks end with the password that they are about; most accounts have none. */
export async function endMarks(
  db: Database,
  accountIds: readonly number[],
  how: MarkEnd,
  now: Date,
): Promise<void> {
  for (const ids of chunksOf(accountIds))
    await db('forced_marks').whereIn('account_id', ids).whereNull('ended_at').update({ ended_at: now, how });
}

/** The next password leads to the choice of another one, and what was opened with it is dead. */
export async function markAccounts(
  trx: Transaction,
  changeId: number,
  accountIds: readonly number[],
  now: Date,
): Promise<void> {
  if (accountIds.length === 0) return;
  await trx('accounts')
    .whereIn('id', accountIds)
    .update({
      must_change_since: now,
      credentials_version: trx.raw('credentials_version + 1'),
      updated_at: now,
    });
  const rows = accountIds.map((id) => [changeId, id, now]);
  await insertBatch(trx, 'INSERT INTO forced_marks (change_id, account_id, marked_at)', rows);
}

export type MarkCount = { changeId: number; how: MarkEnd | null; hour: string | null; count: number };

/**
 * What became of the marks of changes, by the hour (UTC, `YYYY-MM-DD HH`); `how` null: still to be changed. An
 * account that has been closed since has nothing to change.
 */
export async function countMarks(db: Database, changeIds: readonly number[]): Promise<MarkCount[]> {
  const rows: (Omit<MarkCount, 'how' | 'count'> & { fate: MarkEnd | null; count: unknown })[] = await db(
    'forced_marks as m',
  )
    .join('accounts as a', 'a.id', 'm.account_id')
    .whereIn('m.change_id', [...changeIds])
    .groupByRaw('m.change_id, fate, hour')
    .orderBy('hour')
    .select(
      { changeId: 'm.change_id' },
      db.raw("IF(m.ended_at IS NULL AND a.closed_at IS NOT NULL, 'removed', m.how) AS fate"),
      db.raw("DATE_FORMAT(m.ended_at, '%Y-%m-%d %H') AS hour"),
    )
    .count({ count: '*' });
  return rows.map(({ fate, count, ...row }) => ({ ...row, how: fate, count: Number(count) }));
}

/** The accounts that a change has marked, after one of them, in the order of their ids. */
export async function findMarked(
  db: Database,
  changeId: number,
  { after, limit }: { after: number; limit: number },
): Promise<number[]> {
  return db('forced_marks')
    .where({ change_id: changeId })
    .where('account_id', '>', after)
    .orderBy('account_id')
    .limit(limit)
    .pluck('account_id');
}

/** Those whose mark is still there, after one of them, in the order of their ids, not locked. */
export async function openMarks(
  db: Database,
  changeId: number,
  { after, limit }: { after: number; limit: number },
): Promise<number[]> {
  return db('forced_marks')
    .where({ change_id: changeId })
    .whereNull('ended_at')
    .where('account_id', '>', after)
    .orderBy('account_id')
    .limit(limit)
    .pluck('account_id');
}

/**
 * Takes the marks of these accounts away; their passwords stay.
 * @param accountIds locked
 * @returns those that still had one
 */
export async function liftMarks(
  trx: Transaction,
  changeId: number,
  accountIds: readonly number[],
  now: Date,
): Promise<number[]> {
  if (accountIds.length === 0) return [];
  const open = () =>
    trx('forced_marks')
      .where({ change_id: changeId })
      .whereIn('account_id', [...accountIds])
      .whereNull('ended_at');
  const ids: number[] = await open().orderBy('account_id').forUpdate().pluck('account_id');
  if (ids.length === 0) return [];
  await open().update({ ended_at: now, how: 'lifted' satisfies MarkEnd });
  await trx('accounts').whereIn('id', ids).update({ must_change_since: null, updated_at: now });
  return ids;
}
