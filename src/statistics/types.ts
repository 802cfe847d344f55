import type { AccountOrigin, AccountState } from '../accounts/types.ts';

/** In the order of the tables' columns (R-159). */
export const STATES = ['not_notified', 'notified', 'activating', 'activated'] as const;

/** In the order in which the tables show them. */
export const ORIGINS = ['school', 'guardian', 'franceconnect', 'none'] as const;

/** How many accounts are in each state. */
export type StateCounts = Record<AccountState, number>;

/** The same by origin; what is 0 is left out. */
export type Counts = Partial<Record<AccountOrigin, Partial<StateCounts>>>;

/** A class, a level or a MEF; null: the directory says none. */
export type Group = { label: string | null; counts: Counts };

/**
 * The accounts of one kind in a school. `structure` counts each account once, a group each account that has a child
 * there, so that an account with children in two classes is in both.
 */
export type KindCounts = { structure: Counts; classes: Group[]; levels: Group[]; mefs: Group[] };

export type SchoolCounts = {
  degree: 1 | 2;
  guardians: KindCounts;
  /** Pupils' own accounts; null in the first degree, which has none (R-003). */
  pupils: KindCounts | null;
  /** Pupils of the population, and those with a guardian whose account is « Activé ». */
  inSchool: number;
  covered: number;
};

/** What the last computation found. */
export type Snapshot = { computedAt: Date; counts: SchoolCounts };

/** How the accounts stood at the end of a week; `week` is its Monday, `YYYY-MM-DD`. */
export type Week = { week: string; guardians: StateCounts; pupils: StateCounts };

export type AccountsOf = 'guardians' | 'pupils';

/** Over all origins. */
export function byState(counts: Counts): StateCounts {
  const sum = { not_notified: 0, notified: 0, activating: 0, activated: 0 };
  for (const states of Object.values(counts)) for (const state of STATES) sum[state] += states[state] ?? 0;
  return sum;
}

/** All states together. */
export function accountsIn(states: StateCounts): number {
  return STATES.reduce((sum, state) => sum + states[state], 0);
}

export function added(one: StateCounts, other: StateCounts): StateCounts {
  const sum = { ...one };
  for (const state of STATES) sum[state] += other[state];
  return sum;
}
