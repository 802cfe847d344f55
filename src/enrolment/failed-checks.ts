import type { Database, Deps } from '../deps.ts';
import { countRecentChecks, type FailedCheck, insertFailedChecks } from './failed-checks-store.ts';

export type { FailedCheck, FailedWay, FailedWhat } from './failed-checks-store.ts';

/** What was typed may fit more people than the one who typed it: no more accounts than this get a trace of it. */
const ACCOUNTS = 5;
/** Beyond this a day and account nothing new is learnt; somebody else's tries must not fill the page of a family. */
const PER_DAY = 20;
const DAY_MS = 86_400_000;

/** How long a trace is kept (decision 11); the purge takes it away. */
export const FAILED_CHECK_DAYS = 30;

/**
 * Leaves a trace for the school of a check that failed (decision 5): which one, never what was typed. Two statements
 * however many accounts; with more than five nobody in particular is meant and nothing is kept.
 * @param db pass the transaction when there is one
 */
export async function recordFailedCheck(
  db: Database,
  deps: Pick<Deps, 'clock'>,
  check: { accountIds: readonly number[] } & Pick<FailedCheck, 'way' | 'failed'>,
): Promise<void> {
  const ids = [...new Set(check.accountIds)];
  if (ids.length === 0 || ids.length > ACCOUNTS) return;
  const at = deps.clock.now();
  const recent = await countRecentChecks(db, ids, new Date(at.getTime() - DAY_MS));
  const open = ids.filter((id) => (recent.get(id) ?? 0) < PER_DAY);
  await insertFailedChecks(
    db,
    open.map((accountId) => ({ accountId, way: check.way, failed: check.failed, at })),
  );
}
