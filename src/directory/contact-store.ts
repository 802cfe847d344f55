import { chunksOf } from '../db/batch.ts';
import type { Database } from '../deps.ts';

const MOST = 5;

/** The mobiles (E.164) at which the school knows the account's holder today, at most five. */
export async function knownMobiles(db: Database, accountId: number): Promise<string[]> {
  return db('guardian_references')
    .where({ account_id: accountId })
    .whereNull('left_at')
    .whereNotNull('mobile')
    .distinct('mobile')
    .orderBy('mobile')
    .limit(MOST)
    .pluck('mobile');
}

/** The address that the school knows of each account's holder, as `knownEmail` chooses it; those without have none. */
export async function knownEmails(db: Database, accountIds: readonly number[]): Promise<Map<number, string>> {
  const known = new Map<number, string>();
  for (const ids of chunksOf(accountIds)) {
    const rows: { accountId: number; email: string }[] = await db('guardian_references')
      .select({ accountId: 'account_id', email: 'email' })
      .whereIn('account_id', ids)
      .whereNull('left_at')
      .whereNotNull('email')
      .orderBy([{ column: 'account_id' }, { column: 'updated_at', order: 'desc' }, { column: 'id' }]);
    for (const { accountId, email } of rows) if (!known.has(accountId)) known.set(accountId, email);
  }
  return known;
}

/** Whether the school knows the account's holder by this address today. */
export async function isKnownEmail(db: Database, accountId: number, email: string): Promise<boolean> {
  const known: string[] = await db('guardian_references')
    .where({ account_id: accountId })
    .whereNull('left_at')
    .whereNotNull('email')
    .distinct('email')
    .pluck('email');
  return known.some((address) => address.toLowerCase() === email.toLowerCase());
}
