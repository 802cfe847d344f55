import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { markForgotten, takeForgettable } from './delivery-store.ts';

const BATCH = 10;
const AGAIN_AFTER_MS = 600_000;

/**
 * Has the carrier delete the words of SMS that have come to their end (security.md, decision 11), one batch.
 * @returns how many it looked at, and how many are forgotten; the others are asked for again in ten minutes
 */
export async function forgetWords(
  deps: Pick<Deps, 'jobsDb' | 'clock' | 'sms' | 'log'>,
  signal?: AbortSignal,
): Promise<{ due: number; forgotten: number }> {
  const { sms } = deps;
  if (sms === null) return { due: 0, forgotten: 0 };
  const now = deps.clock.now();
  const again = new Date(now.getTime() + AGAIN_AFTER_MS);
  const rows = await inTransaction(deps.jobsDb, (trx) => takeForgettable(trx, { now, again, limit: BATCH }));
  let forgotten = 0;
  for (const row of rows) {
    if (signal?.aborted) break;
    if (await sms.forget(row.sid).catch(() => false)) {
      await markForgotten(deps.jobsDb, row.id);
      forgotten += 1;
    } else deps.log.warn({ message: row.id }, 'the carrier could not forget the words of an SMS yet');
  }
  return { due: rows.length, forgotten };
}
