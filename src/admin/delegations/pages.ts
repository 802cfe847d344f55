import type { DelegatedRole, DelegationFault } from '../../staff/delegations.ts';
import type { AdminPage } from '../pages.ts';

/** What the page of `views/admin/delegations/` is given. */

export type ShownDelegation = {
  key: string;
  person: string;
  email: string;
  role: DelegatedRole;
  /** `YYYY-MM-DD`; as it was typed, where that was refused. */
  until: string;
  over: boolean;
  createdAt: Date;
  /** « Paul DIRECTEUR »; null: he is not known any more. */
  by: string | null;
  prolongAction: string;
  endAction: string;
  /** Why another day was refused. */
  fault: Extract<DelegationFault, { field: 'until' }>['reason'] | null;
};

/** `admin/delegations/list` */
export type DelegationsPage = AdminPage & {
  homeHref: string;
  degree: 1 | 2;
  news: 'named' | 'prolonged' | 'ended' | null;
  csrf: string;
  action: string;
  values: { person: string; email: string; role: string; until: string };
  errors: DelegationFault[];
  /** This person has this module already; or no more can be named. */
  problem: 'already' | 'too-many' | null;
  /** The modules to choose from; one alone is not asked for. */
  roles: DelegatedRole[];
  /** `YYYY-MM-DD` */
  days: { first: string; last: string };
  rows: ShownDelegation[];
};
