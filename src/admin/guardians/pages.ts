import type { GuardianSort } from '../../accounts/guardian-filters.ts';
import type { AccountOrigin, AccountState } from '../../accounts/types.ts';
import type { AdminPage } from '../pages.ts';
import type { SearchField } from './search.ts';

/** What the pages of `views/admin/guardians/` are given. Labels follow the degree (X11). */

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
  href: string;
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
  confirmHref: string;
  pdfHref: string;
  csvHref: string;
  /** The search, for the form around the rows. */
  hidden: SearchField[];
  columns: Column[];
  rows: Row[];
  /** Distinct accounts of the whole search; rows are (pupil, guardian) pairs (X21). */
  accounts: number;
  selected: number;
  range: { from: number; to: number; total: number };
  pageHrefs: { number: number; href: string; current: boolean }[];
  previousHref: string | null;
  nextHref: string | null;
  selectPageHref: string;
};

/** `admin/guardians/list` */
export type GuardiansPage = AdminPage & {
  degree: 1 | 2;
  listHref: string;
  criteria: Criteria;
  /** Null: nothing was searched. */
  results: Results | null;
  errors: { field: 'all'; reason: 'none' }[];
};
