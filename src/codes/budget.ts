import { tokenHash } from '../crypto/digests.ts';
import { countHit, readWindow } from '../db/counters.ts';
import type { Clock, Database, Deps } from '../deps.ts';

/** Longer than any day; the key names the day. */
const KEPT_MS = 30 * 3_600_000;
const DAY = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Paris', dateStyle: 'short' });

const keyOf = (now: Date) => tokenHash(`sms-budget|${DAY.format(now)}`);

/** Codes sent today (a day of Paris) by all processes together. */
export async function budgetUsed(deps: {
  db: Database;
  clock: Clock;
  config: Pick<Deps['config'], 'SMS_DAILY_BUDGET'>;
}) {
  const window = await readWindow(deps.db, keyOf(deps.clock.now()), deps.clock.now());
  return Math.min(window?.hits ?? 0, deps.config.SMS_DAILY_BUDGET);
}

/**
 * Takes one SMS of the day's budget, atomically (D04). With the last one a line is logged: nothing more is sent until
 * midnight, FranceConnect and the school's letters go on.
 * @param sends false: nothing leaves. It is counted apart, since a write less would take less time and tell that
 *   nobody was found (E01).
 * @returns false: there is none left
 */
export async function takeFromBudget(
  deps: { db: Database; log: Pick<Deps['log'], 'error'>; config: Pick<Deps['config'], 'SMS_DAILY_BUDGET'> },
  now: Date,
  sends: boolean,
): Promise<boolean> {
  const { SMS_DAILY_BUDGET: budget } = deps.config;
  if (!sends) {
    await countHit(deps.db, tokenHash(`sms-unsent|${DAY.format(now)}`), KEPT_MS, now);
    return true;
  }
  const hits = await countHit(deps.db, keyOf(now), KEPT_MS, now);
  if (hits === budget) deps.log.error({ budget }, 'the SMS budget of the day is used up');
  return hits <= budget;
}
