import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { monthOf } from './chain.ts';
import { deleteChainsBefore, deleteLinesBefore } from './chain-store.ts';

/** Few enough that nobody waits for the locks. */
const BATCH = 500;

/**
 * From when on the trail is kept: a month goes as a whole, with its chain, when all of it is more than AUDIT_MONTHS ago
 * (decision 11).
 */
export function keptFrom({ AUDIT_MONTHS }: Pick<Deps['config'], 'AUDIT_MONTHS'>, now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - AUDIT_MONTHS, 1));
}

/** @returns how many lines went */
export async function forgetAuditMonths(
  deps: Pick<Deps, 'jobsDb' | 'config'>,
  { now, signal }: { now: Date; signal: AbortSignal },
): Promise<number> {
  const from = keptFrom(deps.config, now);
  let gone = 0;
  for (let deleted = BATCH; deleted === BATCH && !signal.aborted; gone += deleted)
    deleted = await deleteLinesBefore(deps.jobsDb, from, BATCH);
  if (!signal.aborted) await inTransaction(deps.jobsDb, (trx) => deleteChainsBefore(trx, monthOf(from)));
  return gone;
}
