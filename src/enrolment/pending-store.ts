import type { Transaction } from '../deps.ts';

/**
 * Forgets every way in that is under way for these accounts: first connections, enrolments that lead to them or to
 * one of their references, recoveries. Their codes go with them, since the page of a code needs its row.
 */
export async function deletePending(trx: Transaction, accountIds: readonly number[]): Promise<void> {
  const ids = [...accountIds];
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
}

/** @returns false when FranceConnect was not linked */
export async function deleteFranceConnectLink(trx: Transaction, accountId: number): Promise<boolean> {
  return (await trx('account_franceconnect').where({ account_id: accountId }).delete()) > 0;
}

/**
 * The account that a regrouping left in the place of this one; itself when it was not regrouped. Each is locked on
 * the way, so that none is regrouped while one looks.
 */
export async function lockSurvivor(trx: Transaction, accountId: number): Promise<number> {
  let id = accountId;
  // Regrouped accounts may be regrouped again, a few times in a life.
  for (let hops = 0; hops < 10; hops += 1) {
    const row: { into: number | null } | undefined = await trx('accounts')
      .select({ into: 'merged_into' })
      .where({ id })
      .forUpdate()
      .first();
    if (!row || row.into === null) return id;
    id = row.into;
  }
  return id;
}
