import type { AccountKind } from '../../accounts/types.ts';
import type { ForcedStanding } from '../../credentials/forced-change.ts';
import type { FieldError } from '../../http/pages.ts';
import type { AdminPage } from '../pages.ts';

/** What the pages of `views/admin/forced/` are given. */

export type ShownChange = {
  href: string;
  at: Date;
  by: string | null;
  marked: number;
  changed: number;
  left: number;
  marking: boolean;
};

/** `admin/forced/ask`: what is asked for, its preview, what was asked before. */
export type ForcedPage = AdminPage & {
  homeHref: string;
  action: string;
  /** Whose accounts: asked where pupils have some. */
  kinds: AccountKind[];
  kind: AccountKind | null;
  classes: { id: number; label: string; chosen: boolean }[];
  /** As typed. */
  before: string;
  errors: FieldError<'before', 'invalid'>[];
  /** Null: not asked for yet. */
  preview: Record<ForcedStanding, number> | null;
  /** The number has changed since it was shown. */
  changed: boolean;
  /** Null: nobody would be marked, or nothing is asked for yet. */
  confirm: { csrf: string; hidden: { name: string; value: string }[] } | null;
  changes: ShownChange[];
};

/** `admin/forced/progress` */
export type ForcedProgressPage = AdminPage & {
  backHref: string;
  refreshHref: string;
  at: Date;
  by: string | null;
  /** Accounts are still being marked. */
  marking: boolean;
  expected: number;
  marked: number;
  left: number;
  ended: { changed: number; reset: number; removed: number; lifted: number };
  days: { day: string; changed: number }[];
};
