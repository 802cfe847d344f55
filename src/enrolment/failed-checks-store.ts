import type { Database } from '../deps.ts';

export type FailedWay = 'sms' | 'franceconnect' | 'school' | 'recovery';
/** `delivery`: the carrier could not deliver the code. */
export type FailedWhat = 'name' | 'mobile' | 'birth-date' | 'code' | 'delivery';
export type FailedCheck = { way: FailedWay; failed: FailedWhat; at: Date };

/** @returns how many each account has since then; an account without any is left out */
export async function countRecentChecks(
  db: Database,
  accountIds: readonly number[],
  since: Date,
): Promise<Map<number, number>> {
  const rows: { id: number; count: number }[] = await db('failed_checks')
    .select({ id: 'account_id' })
    .count({ count: '*' })
    .whereIn('account_id', [...accountIds])
    .where('at', '>', since)
    .groupBy('account_id');
  return new Map(rows.map(({ id, count }) => [id, Number(count)]));
}

export async function insertFailedChecks(
  db: Database,
  checks: readonly (FailedCheck & { accountId: number })[],
): Promise<void> {
  if (checks.length === 0) return;
  await db('failed_checks').insert(
    checks.map(({ accountId, way, failed, at }) => ({ account_id: accountId, way, failed, at })),
  );
}
