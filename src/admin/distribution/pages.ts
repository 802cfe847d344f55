import type { ResetOutcome } from '../../messages/plan.ts';
import type { AdminPage } from '../pages.ts';
import type { People } from '../visit.ts';

/** What the pages of `views/admin/distribution/` are given. Templates write the sentences. */

export type Act = 'sheet' | 'email' | 'reset';

export type HiddenField = { name: string; value: string };

/** `admin/distribution/confirm` */
export type ConfirmPage = AdminPage & {
  people: People;
  act: Act;
  /** One account, from its own page: « ZOUMN Guillaume », « g.zoumn ». */
  single: { name: string; identifier: string } | null;
  withReset: boolean;
  accounts: number;
  action: string;
  csrf: string;
  hidden: HiddenField[];
  cancelHref: string;
  /** The selection is no longer what was confirmed. */
  changed: boolean;
  /** Why it cannot be done at all; then there is no « Valider ». */
  refusal: Exclude<ResetOutcome, 'done'> | null;
};

export type Person = { name: string; identifier: string; href: string };

/** The letters of a batch: to download, in the making, or to be asked for again. */
export type LettersShown =
  | { state: 'ready'; href: string; letters: number }
  | { state: 'making'; done: number; total: number }
  | { state: 'asked'; action: string; csrf: string; failed: boolean }
  | { state: 'none' };

export type MailState = 'waiting' | 'sent' | 'failed' | 'bounced' | 'replaced';

export type MailsShown = {
  counts: { state: MailState; count: number }[];
  rows: (Person & { state: MailState })[];
  total: number;
  range: { from: number; to: number };
  previousHref: string | null;
  nextHref: string | null;
  refreshHref: string;
  /** Null: none failed. */
  retry: { action: string; csrf: string } | null;
  /** Some came back. */
  bounced: boolean;
  retried: number | null;
};

/** `admin/distribution/batch`: what became of a distribution or a reset. */
export type BatchPage = AdminPage & {
  people: People;
  act: Act;
  single: boolean;
  withReset: boolean;
  at: Date;
  /** Accounts distributed, or reset. */
  done: number;
  /** Some of them were « Non notifié » and kept their password. */
  notNotified: boolean;
  noPassword: Person[];
  noAddress: Person[];
  badAddress: Person[];
  frozen: Person[];
  letters: LettersShown | null;
  mails: MailsShown | null;
  /** The password that a reset of one account gave; null: it was changed since. */
  secret: { identifier: string; password: string | null } | null;
  /** Of one account: its page. */
  accountHref: string | null;
  /**
   * Where those are asked about who are still to be notified: of many a part of the batch, `batch` its public id; of one
   * his account. Null: he is no longer here.
   */
  again: { action: string; csrf: string; batch: string | null } | null;
  listHref: string;
  /** Null: in the troubleshooting. */
  batchesHref: string | null;
};

/** `admin/distribution/batches`: the past distributions of the school. */
export type BatchesPage = AdminPage & {
  people: People;
  rows: {
    href: string;
    act: Act;
    withReset: boolean;
    at: Date;
    done: number;
    left: number;
    waiting: number;
    failed: number;
  }[];
  total: number;
  range: { from: number; to: number };
  previousHref: string | null;
  nextHref: string | null;
  listHref: string;
};

/** `admin/distribution/activation` */
export type ActivationPage = AdminPage & {
  single: { name: string; identifier: string };
  action: string;
  csrf: string;
  cancelHref: string;
  email: string;
  sent: boolean;
  /** Null: it may be sent. */
  refusal: 'not-activating' | null;
  errors: { field: 'email'; reason: 'invalid' | 'too-many' }[];
};
