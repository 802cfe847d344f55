import type { AccountOrigin, AccountState } from '../../accounts/types.ts';
import type { DataDates } from '../../assistance/types.ts';
import type { ShownDiagnosis } from '../families/pages.ts';
import type { AccountActions, ShownPassword } from '../guardians/pages.ts';
import type { AdminPage } from '../pages.ts';

/** `admin/pupils/too-many`: so many pupils have been seen to in an hour. */
export type TooManyPupilsPage = AdminPage & { limit: number; until: Date; listHref: string };

/** `admin/pupils/account`: the account of a pupil, in both modules. */
export type PupilAccountPage = AdminPage & {
  /** Back to the list, with its search. */
  listHref: string;
  name: string;
  identifier: string;
  password: ShownPassword;
  /** Null: none, or not shown because nobody has confirmed it. */
  email: string | null;
  emailConfirmed: boolean;
  emailRefused: boolean;
  origin: AccountOrigin;
  state: AccountState;
  distributedAt: Date | null;
  lastLoginAt: Date | null;
  frozenAt: Date | null;
  pupil: {
    givenName: string;
    familyName: string;
    /** YYYY-MM-DD; with it and the sheet anybody is the pupil: the troubleshooting does not have it. */
    birthDate: string | null;
    className: string | null;
    mef: string | null;
    hasIne: boolean;
  };
  showsBirthDate: boolean;
  /** His guardians with their accounts, to look at; null: not shown in the troubleshooting. */
  guardians: { name: string; identifier: string; state: AccountState; href: string }[] | null;
  data: DataDates;
  diagnosis: ShownDiagnosis;
  actions: AccountActions;
};
