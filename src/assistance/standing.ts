import { isProvisionalOver } from '../credentials/provisional.ts';
import type { Standing } from './school-store.ts';
import type { Settings } from './types.ts';

/**
 * Whether some way is open to a guardian, by the few facts that are read of all of a school: the same rule as
 * `canGetIn` of the diagnosis, which says why (a test holds them together). Pure.
 */
export function isStuck(one: Standing, { now, config, offers }: Omit<Settings, 'schoolId'>): boolean {
  if (one.frozenAt !== null || !one.child) return true;
  if (one.linked && offers.sms && offers.franceConnect) return false;
  if (offers.sms && one.provable) return false;
  if (one.passwordKind === 'none') return true;
  if (isProvisionalOver(config, one, now)) return true;
  return one.state === 'notified' && !one.dated;
}

/** Whether a check has failed and he has not got in since. */
export function hasFailed({ lastFailedAt, activatedAt, lastLoginAt }: Standing): boolean {
  if (lastFailedAt === null) return false;
  return ![activatedAt, lastLoginAt].some((date) => date !== null && date > lastFailedAt);
}
