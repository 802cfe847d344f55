import type { Transaction } from '../deps.ts';

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
