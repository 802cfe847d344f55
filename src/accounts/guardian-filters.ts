import type { AccountOrigin, AccountState } from './types.ts';

/** The criteria of the list of a school's guardians; what is empty or null leaves nobody out. */
export type GuardianFilters = {
  /** Words in the names of a pupil or of a guardian, as they were typed. */
  text: string;
  classIds: readonly number[];
  /** Of the 2nd degree. */
  mefCodes: readonly string[];
  states: readonly AccountState[];
  /** An address is known, of the account or of the directory. */
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

/** The school whose guardians are meant. */
export type SchoolScope = { id: number; degree: 1 | 2 };

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

/** One row of the list: a pupil with one of his guardians. */
export type GuardianRow = {
  pupilId: number;
  pupilFamilyName: string;
  pupilGivenName: string;
  classLabel: string | null;
  mefLabel: string | null;
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
