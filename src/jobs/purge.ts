import { forgetAuditMonths } from '../audit/forget-months.ts';
import { forgetForcedChanges } from '../credentials/forced-store.ts';
import { type ExpiryRule, forgetExpired } from '../db/expiry.ts';
import type { Deps } from '../deps.ts';
import { forgetDeadRuns } from '../imports/leftovers-store.ts';
import type { JobResult } from './types.ts';

const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;
const MONTH_MS = 30 * DAY_MS;
const YEAR_MS = 366 * DAY_MS;

type Kept = Pick<Deps['config'], 'AUDIT_MONTHS' | 'FAILED_CHECK_DAYS' | 'MESSAGE_DAYS'>;

/** Months of 30.5 days: twelve are a leap year. */
const monthsMs = (months: number) => months * 30.5 * DAY_MS;

/** What the rooms leave behind. */
const roomRows = ({ AUDIT_MONTHS, FAILED_CHECK_DAYS, MESSAGE_DAYS }: Kept): readonly ExpiryRule[] => [
  { table: 'first_connections', key: 'interaction_hash', column: 'expires_at', keptMs: 0 },
  // Kept a while, so that whoever was overtaken is told so; their references go with them.
  { table: 'enrolments', key: 'interaction_hash', column: 'expires_at', keptMs: HOUR_MS },
  // Kept for a month, so that an old mail still says that its link is over instead of « unknown ».
  { table: 'mail_links', key: 'id', column: 'expires_at', keptMs: MONTH_MS },
  { table: 'recoveries', key: 'interaction_hash', column: 'expires_at', keptMs: 0 },
  { table: 'failed_checks', key: 'id', column: 'at', keptMs: FAILED_CHECK_DAYS * DAY_MS },
  // The ID token waits there until the first connection that follows is through.
  { table: 'franceconnect_requests', key: 'id', column: 'expires_at', keptMs: 2 * HOUR_MS },
  { table: 'franceconnect_logouts', key: 'state_hash', column: 'expires_at', keptMs: 0 },
  { table: 'regroup_proofs', key: 'session_uid', column: 'expires_at', keptMs: 0 },
  // Support takes a regrouping back within thirty days (security.md 1.5).
  { table: 'regroupings', key: 'merged_account_id', column: 'regrouped_at', keptMs: MONTH_MS },
  // They are counted by the day.
  { table: 'child_passwords', key: 'form_key', column: 'created_at', keptMs: 2 * DAY_MS },
  { table: 'staff_sessions', key: 'id_hash', column: 'expires_at', keptMs: 0 },
  // As long as the lines of the trail that name them, which go by whole months.
  { table: 'staff_delegations', key: 'id', column: 'until_day', keptMs: monthsMs(AUDIT_MONTHS + 1) },
  // A code that is over is told so for as long as its sign-in lives.
  { table: 'one_time_codes', key: 'id', column: 'expires_at', keptMs: DAY_MS },
  { table: 'passkey_challenges', key: 'challenge_hash', column: 'expires_at', keptMs: 0 },
  { table: 'code_requests', key: 'request_key', column: 'expires_at', keptMs: 0 },
  // Locks may outlast the window by minutes.
  { table: 'throttles', key: 'throttle_key', column: 'window_ends_at', keptMs: DAY_MS },
  {
    table: 'outbox_messages',
    key: 'id',
    // Of a message that has left or was given up: the end of the last attempt.
    column: 'due_at',
    keptMs: MESSAGE_DAYS * DAY_MS,
    only: { channel: ['email', 'sms'], state: ['sent', 'failed', 'unsure'] },
  },
  // Sealed letters: what is printed later is made again (G04).
  { table: 'letter_parts', key: 'id', column: 'made_at', keptMs: DAY_MS },
  { table: 'job_runs', key: 'id', column: 'started_at', keptMs: MONTH_MS },
  // Their reports; which export was the last is known elsewhere.
  {
    table: 'import_runs',
    key: 'id',
    column: 'started_at',
    keptMs: YEAR_MS,
    only: { state: ['done', 'refused', 'failed', 'abandoned'] },
  },
  { table: 'staff_names', key: 'actor', column: 'seen_at', keptMs: monthsMs(AUDIT_MONTHS + 1) },
  { table: 'retention_runs', key: 'id', column: 'found_at', keptMs: YEAR_MS },
];

/**
 * Forgets what is dead, in small batches, so that requests never wait for it.
 * @param protocolRows the provider's, whose tables this door does not know
 */
export async function purge(
  deps: Pick<Deps, 'jobsDb' | 'config'>,
  protocolRows: readonly ExpiryRule[],
  { now, signal }: { now: Date; signal: AbortSignal },
): Promise<JobResult> {
  const rules = [...protocolRows, ...roomRows(deps.config)];
  const rows = await forgetExpired(deps.jobsDb, rules, { now, signal });
  const audit_events = await forgetAuditMonths(deps, { now, signal });
  const named = new Date(now.getTime() - monthsMs(deps.config.AUDIT_MONTHS + 1));
  const forced_changes = await forgetForcedChanges(deps.jobsDb, named, signal);
  const staged = await forgetDeadRuns(deps.jobsDb, { now, signal });
  signal.throwIfAborted();
  const some = Object.entries({ ...rows, audit_events, forced_changes, staged }).filter(
    ([, count]) => count > 0,
  );
  return { outcome: 'done', details: Object.fromEntries(some) };
}
