import { setTimeout as pause } from 'node:timers/promises';
import type { Knex } from 'knex';

const DEADLOCK = 1213;
const LOCK_WAIT_TIMEOUT = 1205;
const ATTEMPTS = 3;
const PAUSE_MS = 15;

/**
 * Runs `work` in one transaction and retries it, at most three times in all, when the server chose it as the
 * victim of a deadlock (1213) or a lock was not had in time (1205). This is the only place that retries; `work`
 * must therefore do nothing but database work. Given a transaction it joins it: the outermost caller retries.
 */
export async function inTransaction<T>(
  db: Knex | Knex.Transaction,
  work: (trx: Knex.Transaction) => Promise<T>,
): Promise<T> {
  if ('isTransaction' in db && db.isTransaction) return work(db as Knex.Transaction);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction(work);
    } catch (error) {
      if (attempt >= ATTEMPTS || !isLockConflict(error)) throw error;
      // Whoever won needs a moment to finish.
      await pause(PAUSE_MS * attempt);
    }
  }
}

/** True for a deadlock or a lock wait that ran out. */
export function isLockConflict(error: unknown): boolean {
  const errno = (error as { errno?: number } | null)?.errno;
  return errno === DEADLOCK || errno === LOCK_WAIT_TIMEOUT;
}

/** True when a unique key refused the row (ER_DUP_ENTRY). */
export function isDuplicate(error: unknown): boolean {
  return (error as { errno?: number } | null)?.errno === 1062;
}
