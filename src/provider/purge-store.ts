import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';

/** Table -> key. Sessions and grants take what hangs on them along. */
const EXPIRING = {
  oidc_interactions: 'id_hash',
  oidc_pushed_requests: 'id_hash',
  oidc_replays: 'id_hash',
  oidc_tokens: 'id_hash',
  oidc_sessions: 'uid',
  oidc_grants: 'id',
} as const;

const BATCH = 500;

/**
 * Forgets what has expired, at most 500 rows of each table. Rows that a request holds are left for the next time, so
 * that neither ever waits for the other.
 * @returns rows deleted by table
 */
export async function purgeExpired(db: Deps['db'], now: Date): Promise<Record<string, number>> {
  const done: Record<string, number> = {};
  for (const [table, key] of Object.entries(EXPIRING)) {
    done[table] = await inTransaction(db, async (trx) => {
      const rows = trx(table).where('expires_at', '<', now).orderBy('expires_at').limit(BATCH);
      const ids: string[] = await rows.forUpdate().skipLocked().pluck(key);
      return ids.length === 0 ? 0 : trx(table).whereIn(key, ids).delete();
    });
  }
  return done;
}
