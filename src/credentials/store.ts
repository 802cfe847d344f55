import type { Database } from '../deps.ts';

export type AttemptResult = {
  /** False while the key is locked: the password must not be looked at. */
  admitted: boolean;
  /** This attempt has shut the key for a while. */
  locks: boolean;
};

/** What `admitAttempt` answers through LAST_INSERT_ID when the key is locked; no honest counter gets there. */
const BLOCKED = 4_000_000_000;

const DECAY_HOURS = 12;

export type AttemptRule = {
  /** Attempts before the first lock. */
  free: number;
  /** Locks double from one minute up to this. */
  longestLockMinutes: number;
};

/**
 * Counts an attempt in one atomic statement: so many are free, then one after each lock. Attempts made while locked
 * neither count nor lengthen the lock. The count decays after 12 hours without an attempt.
 */
export async function admitAttempt(
  db: Database,
  key: string,
  rule: AttemptRule,
  now: Date,
): Promise<AttemptResult> {
  const decaysAt = new Date(now.getTime() + DECAY_HOURS * 3_600_000);
  const [result] = (await db.raw(
    `INSERT INTO throttles (throttle_key, hits, window_ends_at, locked_until)
     VALUES (?, LAST_INSERT_ID(1), ?, NULL)
     ON DUPLICATE KEY UPDATE
       hits = IF(locked_until > ?, hits + 0 * LAST_INSERT_ID(${BLOCKED}),
                 LAST_INSERT_ID(IF(window_ends_at <= ?, 1, hits + 1))),
       window_ends_at = IF(locked_until > ?, window_ends_at, VALUES(window_ends_at)),
       locked_until = IF(locked_until > ?, locked_until,
                         IF(hits >= ${rule.free},
                            DATE_ADD(?, INTERVAL LEAST(${rule.longestLockMinutes}, POW(2, LEAST(hits - ${rule.free}, 10))) MINUTE),
                            NULL))`,
    [key, decaysAt, now, now, now, now, now],
  )) as [{ insertId: number }];
  const hits = Number(result.insertId);
  const admitted = hits !== BLOCKED;
  return { admitted, locks: admitted && hits >= rule.free };
}

/**
 * A right password: these counts start again. The rows stay and are taken in the order in which attempts are counted:
 * deleting them, or taking them the other way round, ends in deadlocks when a form is sent several times at once.
 */
export async function clearAttempts(db: Database, keys: { narrow: string; wide: string }): Promise<void> {
  for (const key of [keys.narrow, keys.wide]) {
    await db('throttles').where({ throttle_key: key }).update({ hits: 0, locked_until: null });
  }
}
