import type { Config } from '../config.ts';
import type { AccountKind, AccountState } from './types.ts';

/** What the configuration says of how long things are kept; 0: as long as they are. */
export type RetentionSettings = Pick<
  Config,
  | 'RETENTION_NEVER_ACTIVATED_DAYS'
  | 'RETENTION_UNUSED_MONTHS'
  | 'RETENTION_CLOSED_MONTHS'
  | 'RETENTION_PUPIL_LEFT_MONTHS'
  | 'RETENTION_RECORDS_MONTHS'
>;

/**
 * `forget-asked` is a person's own wish and no rule of the configuration; `merged`: a deleted account that goes with
 * the one it was regrouped into.
 */
export type AccountRule = ConfiguredRule | 'forget-asked' | 'merged';
type ConfiguredRule = 'closed' | 'pupil-left' | 'never-activated' | 'unused';

/** What the rules look at. */
export type AccountFacts = {
  id: number;
  kind: AccountKind;
  state: AccountState;
  createdAt: Date;
  /** Last login, or the activation when none followed. */
  usedAt: Date;
  closedAt: Date | null;
  forgetAt: Date | null;
  /** The directory has a pupil in a school whom this account answers for, or who it is of. */
  living: boolean;
  /** When the last one left, or the link to him ended; null when there never was one. */
  childLeftAt: Date | null;
};

/** The moments that something must not be younger than; null: the rule is off. */
export type Cutoffs = Record<ConfiguredRule | 'records', Date | null>;

const DAY_MS = 86_400_000;

export function cutoffsOf(settings: RetentionSettings, now: Date): Cutoffs {
  const months = (count: number) => (count === 0 ? null : monthsBefore(now, count));
  const days = settings.RETENTION_NEVER_ACTIVATED_DAYS;
  return {
    closed: months(settings.RETENTION_CLOSED_MONTHS),
    'pupil-left': months(settings.RETENTION_PUPIL_LEFT_MONTHS),
    'never-activated': days === 0 ? null : new Date(now.getTime() - days * DAY_MS),
    unused: months(settings.RETENTION_UNUSED_MONTHS),
    records: months(settings.RETENTION_RECORDS_MONTHS),
  };
}

/** The same day and hour so many months before; the last of the month where it has no such day. */
export function monthsBefore(now: Date, months: number): Date {
  const date = new Date(now);
  date.setUTCMonth(date.getUTCMonth() - months);
  if (date.getUTCDate() !== now.getUTCDate()) date.setUTCDate(0);
  return date;
}

/** True when no rule of the configuration is on. */
export function allOff(cutoffs: Cutoffs): boolean {
  return Object.values(cutoffs).every((cutoff) => cutoff === null);
}

/**
 * By which rule an account is erased now; null: it stays. Nobody who has a child in a school, or who is in one, is
 * touched by a rule, whatever the class (R-005a): only his own wish does that.
 */
export function ruleOf(facts: AccountFacts, cutoffs: Cutoffs, now: Date): AccountRule | null {
  if (facts.forgetAt !== null && facts.forgetAt <= now) return 'forget-asked';
  const rule = kindOfRule(facts);
  const cutoff = rule && cutoffs[rule.name];
  return rule && cutoff && rule.since <= cutoff ? rule.name : null;
}

function kindOfRule(facts: AccountFacts): { name: ConfiguredRule; since: Date } | null {
  const { kind, state, closedAt, living, usedAt } = facts;
  if (closedAt !== null) return { name: 'closed', since: closedAt };
  if (living) return null;
  const since = facts.childLeftAt ?? facts.createdAt;
  if (kind === 'pupil') return { name: 'pupil-left', since };
  if (state !== 'activated') return { name: 'never-activated', since };
  return { name: 'unused', since: since > usedAt ? since : usedAt };
}
