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
