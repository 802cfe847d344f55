import { keyedDigest, tokenHash } from '../crypto/digests.ts';
import { countHit, readWindow, readWindows } from '../db/counters.ts';
import type { Database, Deps } from '../deps.ts';

export type Throttle = {
  /** What is limited and for whom, e.g. `mail|<account>`; only its hash is stored. */
  key: string;
  limit: number;
  windowMs: number;
  now: Date;
};

/**
 * The key of what is limited for a phone number, a mail address or a network: there are so few of them that a plain
 * hash is found by trying them all (decision 11). Whoever has the database has not `SEALING_KEYS`; when its first key
 * changes, counting begins anew.
 */
export function personalKey(
  config: Pick<Deps['config'], 'SEALING_KEYS'>,
  purpose: string,
  whose: string,
): string {
  return keyedDigest(config.SEALING_KEYS[0] ?? '', 'throttle', purpose, whose);
}

/**
 * Counts an attempt before the work is done; atomic under any parallelism, kept in the database, so that it holds
 * across processes and restarts (security.md decision 10, K05). Passing a transaction would hold the counter's row
 * until its end: pass the pool, unless the attempt must not count when the transaction fails.
 */
export async function takeAttempt(
  db: Database,
  { key, limit, windowMs, now }: Throttle,
): Promise<{ allowed: boolean; left: number; retryAt: Date | null }> {
  const stored = tokenHash(key);
  const hits = await countHit(db, stored, windowMs, now);
  if (hits <= limit) return { allowed: true, left: limit - hits, retryAt: null };
  return { allowed: false, left: 0, retryAt: (await readWindow(db, stored, now))?.endsAt ?? null };
}

/** Until when no attempt is allowed any more for one of these keys; null while there are some left. Counts nothing. */
export async function exhaustedUntil(
  db: Database,
  { keys, limit, now }: { keys: readonly string[] } & Pick<Throttle, 'limit' | 'now'>,
): Promise<Date | null> {
  const windows = await readWindows(db, keys.map(tokenHash), now);
  const ends = windows.filter(({ hits }) => hits >= limit).map(({ endsAt }) => endsAt.getTime());
  return ends.length > 0 ? new Date(Math.max(...ends)) : null;
}
