import { chunksOf } from '../db/batch.ts';
import type { Database, Transaction } from '../deps.ts';

/**
 * Ends every way in that is under way for these accounts: first connections, enrolments that lead to them or to one of
 * their references, recoveries, with their codes, since the page of a code needs its row; and the links that were
 * mailed. « Ce n'est pas moi » lives on: whoever has taken an account over must not be able to kill it.
 */
export async function endWaysIn(trx: Transaction, accountIds: readonly number[], now: Date): Promise<void> {
  for (const ids of chunksOf(accountIds)) {
    await trx('first_connections').whereIn('account_id', ids).delete();
    const reached: string[] = await trx('enrolment_references as r')
      .join('guardian_references as g', 'g.id', 'r.guardian_reference_id')
      .whereIn('g.account_id', ids)
      .pluck('r.interaction_hash');
    await trx('enrolments').whereIn('account_id', ids).orWhereIn('interaction_hash', reached).delete();
    const sought: string[] = await trx('recovery_accounts')
      .whereIn('account_id', ids)
      .pluck('interaction_hash');
    if (sought.length > 0) await trx('recoveries').whereIn('interaction_hash', sought).delete();
    await trx('mail_links')
      .whereIn('account_id', ids)
      .whereIn('purpose', ['activate', 'recover', 'address'])
      .whereNull('consumed_at')
      .whereNull('revoked_at')
      .update({ revoked_at: now });
  }
}

/**
 * The passkeys of these accounts are no more: a reset by the school and « Ce n'est pas moi » leave nothing to somebody
 * who may have added one. A change of password by the holder leaves them.
 * @returns how many there were
 */
export async function removePasskeys(db: Database, accountIds: readonly number[]): Promise<number> {
  let removed = 0;
  for (const ids of chunksOf(accountIds)) removed += await db('passkeys').whereIn('account_id', ids).delete();
  return removed;
}

/** Regrouped accounts: their keys open the survivor from now on. */
export async function movePasskeys(
  trx: Transaction,
  fromIds: readonly number[],
  survivorId: number,
): Promise<void> {
  await trx('passkeys').whereIn('account_id', fromIds).update({ account_id: survivorId });
}

/** Since when FranceConnect opens an account; null: it does not. */
export async function findFranceConnectLinkedAt(db: Database, accountId: number): Promise<Date | null> {
  const row: { at: Date } | undefined = await db('account_franceconnect')
    .where({ account_id: accountId })
    .select({ at: 'linked_at' })
    .first();
  return row?.at ?? null;
}
