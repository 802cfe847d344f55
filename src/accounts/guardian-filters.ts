import type { AccountKind, AccountOrigin, AccountState } from './types.ts';

/** The criteria of a school's list of guardians, or of pupils; what is empty or null leaves nobody out. */
export type GuardianFilters = {
  /** Words in the names of a pupil or of a guardian, as they were typed; in a list of pupils in theirs alone. */
  text: string;
  classIds: readonly number[];
  /** Of the 2nd degree. */
  mefCodes: readonly string[];
  states: readonly AccountState[];
  /** A mail of the school would find an address: see `HAS_EMAIL` of each store. */
  email: 'with' | 'without' | null;
  origins: readonly AccountOrigin[];
  /** A provisional password that was made and distributed before this: it ends soon, or has ended. */
  providedBefore: Date | null;
  /** Leaves out, in the 2nd degree, who came by FranceConnect or by SMS: nothing may be done to them (X14, strict). */
  withoutSettled: boolean;
};

/** Came by FranceConnect or by SMS: nothing needs to be done for him. */
export const isSettled = (origin: AccountOrigin) => origin === 'franceconnect' || origin === 'guardian';

/** Accounts that were ticked, or all those that a search finds. */
export type Selection =
  | { publicIds: readonly string[]; withoutSettled?: boolean }
  | { filters: GuardianFilters };

/** Whose accounts of a school are meant: those of the guardians of its pupils, or the pupils' own. */
export type SchoolScope = { id: number; degree: 1 | 2; of: AccountKind };

export type GuardianSort =
  | 'pupil'
  | 'class'
  | 'mef'
  | 'guardian'
  | 'identifier'
  | 'email'
  | 'origin'
  | 'state'
  | 'distributed'
  | 'login';

export type ListPage = { sort: GuardianSort; descending: boolean; offset: number; limit: number };

export type ListedPupil = {
  pupilId: number;
  pupilFamilyName: string;
  pupilGivenName: string;
  classLabel: string | null;
  mefLabel: string | null;
};

export type ListedAccount = {
  accountId: number;
  publicId: string;
  familyName: string;
  givenName: string;
  identifier: string;
  hasEmail: boolean;
  origin: AccountOrigin;
  state: AccountState;
  distributedAt: Date | null;
  lastLoginAt: Date | null;
};

/** One row of the guardians' list: a pupil with one of his guardians (R-099). */
export type GuardianRow = ListedPupil & ListedAccount;

/**
 * Why a pupil has no account that could be looked at: no INE, the next import makes it, or it was closed.
 */
export type NoAccount = 'no-ine' | 'not-yet' | 'closed';

/** One row of either list. */
export type ListedRow = ListedPupil &
  ({ account: ListedAccount; noAccount: null } | { account: null; noAccount: NoAccount });
