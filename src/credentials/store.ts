import type { Database } from '../deps.ts';

export type AttemptResult = {
  /** False while the key is locked: the password must not be looked at. */
  admitted: boolean;
};

/** What `admitAttempt` answers through LAST_INSERT_ID when the key is locked; no honest counter gets there. */
const BLOCKED = 4_000_000_000;

/** Attempts before the first lock, and the longest lock in minutes (security.md 1.1). */
const FREE_ATTEMPTS = 5;
const LONGEST_LOCK_MINUTES = 15;
const DECAY_HOURS = 12;

/**
 * Counts an attempt on an account before its password is looked at, in one atomic statement: five are free, then
 * one after 1, 2, 4, 8, 15, 15... minutes. Attempts made while locked neither count nor lengthen the lock, so that
 * a stranger cannot lock a parent out for good. The count decays after 12 hours without an attempt.
 */
export async function admitAttempt(db: Database, key: string, now: Date): Promise<AttemptResult> {
  const decaysAt = new Date(now.getTime() + DECAY_HOURS * 3_600_000);
  const [result] = (await db.raw(
    `INSERT INTO throttles (throttle_key, hits, window_ends_at, locked_until)
     VALUES (?, LAST_INSERT_ID(1), ?, NULL)
     ON DUPLICATE KEY UPDATE
       hits = IF(locked_until > ?, hits + 0 * LAST_INSERT_ID(${BLOCKED}),
                 LAST_INSERT_ID(IF(window_ends_at <= ?, 1, hits + 1))),
       window_ends_at = IF(locked_until > ?, window_ends_at, VALUES(window_ends_at)),
       locked_until = IF(locked_until > ?, locked_until,
                         IF(hits >= ${FREE_ATTEMPTS},
                            DATE_ADD(?, INTERVAL LEAST(${LONGEST_LOCK_MINUTES}, POW(2, LEAST(hits, 20) - ${FREE_ATTEMPTS})) MINUTE),
                            NULL))`,
    [key, decaysAt, now, now, now, now, now],
  )) as [{ insertId: number }];
  return { admitted: Number(result.insertId) !== BLOCKED };
}

/** A right password: the account's count starts again. */
export async function clearAttempts(db: Database, key: string): Promise<void> {
  await db('throttles').where({ throttle_key: key }).delete();
}
