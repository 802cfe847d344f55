import type { GuardianSort, NoAccount } from '../../accounts/guardian-filters.ts';
import type { AccountOrigin, AccountState } from '../../accounts/types.ts';
import type { DataDates } from '../../assistance/types.ts';
import type { ShownDiagnosis } from '../families/pages.ts';
import type { AdminPage, HelpLink } from '../pages.ts';
import type { People } from '../visit.ts';
import type { SearchField } from './search.ts';

/** What the pages of `views/admin/guardians/` are given. Labels follow the degree (X11); the list is also the pupils'. */

export type Choice = { value: string; label: string; chosen: boolean };

/** The search form, as it was filled in. */
export type Criteria = {
  text: string;
  /** Null: of the 1st degree. */
  mefs: Choice[] | null;
  classes: Choice[];
  states: { value: AccountState; chosen: boolean }[];
  email: 'with' | 'without' | null;
  origins: { value: AccountOrigin; chosen: boolean }[];
  expires: boolean;
};

export type Row = {
  publicId: string;
  /** Null: there is no account to look at. */
  href: string | null;
  /** Of a pupil why there is none. */
  noAccount: NoAccount | null;
  pupil: string;
  className: string;
  mef: string;
  guardian: string;
  identifier: string;
  hasEmail: boolean;
  origin: AccountOrigin;
  state: AccountState;
  distributedAt: Date | null;
  lastLoginAt: Date | null;
  /** False: nothing may be done to the account (X14, strict). */
  selectable: boolean;
  /** « Sélectionner la page » without script. */
  selected: boolean;
};

export type Column = {
  key: GuardianSort;
  href: string;
  sorted: 'ascending' | 'descending' | null;
};

export type Results = {
  csrf: string;
  /** False: accounts are opened one by one. */
  selects: boolean;
  confirmHref: string;
  pdfHref: string;
  csvHref: string;
  /** By class, for those who hand out the sheets. */
  handOutHref: string;
  /** The search, for the form around the rows. */
  hidden: SearchField[];
  columns: Column[];
  rows: Row[];
  /** Distinct accounts of the whole search; rows are (pupil, guardian) pairs (X21). */
  accounts: number;
  /** Of them those that may be selected. */
  selectable: number;
  selected: number;
  range: { from: number; to: number; total: number };
  pageHrefs: { number: number; href: string; current: boolean }[];
  previousHref: string | null;
  nextHref: string | null;
  selectPageHref: string;
};

/** `admin/guardians/list` */
export type GuardiansPage = AdminPage & {
  people: People;
  degree: 1 | 2;
  listHref: string;
  /** Past distributions; null: in the troubleshooting. */
  batchesHref: string | null;
  /** Pupils whose provisional password ends soon; of guardians « Relance » has them. */
  expiresHref: string | null;
  helpLinks: HelpLink[];
  criteria: Criteria;
  /** Null: nothing was searched. */
  results: Results | null;
  errors: { field: 'all'; reason: 'none' }[];
};

/** `hidden`: « Non notifié »; `none`: the account knows FranceConnect alone. */
export type ShownPassword =
  | { kind: 'hidden' | 'personal' | 'none' }
  | { kind: 'provisional'; plain: string; until: Date; expired: boolean };

type PupilShown = {
  givenName: string;
  familyName: string;
  /** YYYY-MM-DD */
  birthDate: string | null;
  className: string | null;
  school: string;
  /** The guardian says not to be his. */
  signalled: boolean;
};

export type AccountActions = {
  csrf: string;
  notifyHref: string;
  /** Null: there is no password to reset. */
  resetHref: string | null;
  noPassword: boolean;
  /** Null: no activation is under way. */
  activationHref: string | null;
};

/** `admin/guardians/account` */
export type AccountPage = AdminPage & {
  degree: 1 | 2;
  /** Back to the list, with its search. */
  listHref: string;
  name: string;
  identifier: string;
  password: ShownPassword;
  email: string | null;
  /** Mail servers refuse it, or it is no address. */
  emailRefused: boolean;
  /** Where it is another than the account's. */
  directoryEmail: string | null;
  /** The account's own is not confirmed: mails of the school go there. */
  mailsToDirectory: boolean;
  mobiles: string[];
  origin: AccountOrigin;
  state: AccountState;
  distributedAt: Date | null;
  lastLoginAt: Date | null;
  linkedAt: Date | null;
  /** Said « Ce n'est pas moi ». */
  frozenAt: Date | null;
  here: PupilShown[];
  elsewhere: PupilShown[];
  /** Of when the data are, and where the school corrects them (X9). */
  data: DataDates;
  /** Why he does not get in; null: the account has just been closed. */
  diagnosis: ShownDiagnosis | null;
  /** Null: none may be taken (X14, strict). */
  actions: AccountActions | null;
};
