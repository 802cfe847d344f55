import type { RecoverRefusal } from '../enrolment/recovered-password.ts';
import type { RecoveryGoal } from '../enrolment/recovery-code.ts';
import type { FieldError, FormPage, PageFrame } from '../http/pages.ts';
import type { NewPasswordError } from './pages.ts';

/** What the pages of recovery, of « Ce n'est pas moi » and of « Je n'ai rien reçu » are given. */

/** The ways in that are open to an account that was never activated; the letter of the school always is. */
export type OtherWays = { franceConnect: boolean; registrationHref: string | null; loginHref: string };

export type RecoveryField = 'email' | 'identifier' | 'family_name' | 'given_name' | 'mobile';
export type RecoveryStartError = FieldError<RecoveryField, 'missing' | 'too-long' | 'invalid'>;

/** Said of what was typed, whether anybody has it or not. `suspended`: no SMS to such a number, or none today. */
export type RecoveryProblem = 'too-many-mails' | 'too-soon' | 'too-many' | 'suspended';

/**
 * `mire/recovery`: the fields by goal and channel: `email`; `identifier`; `family_name`, `given_name`, `mobile`;
 * `identifier`, `mobile`.
 */
export type RecoveryPage = FormPage & {
  goal: RecoveryGoal;
  channel: 'mail' | 'sms';
  /** As typed. */
  values: Record<RecoveryField, string>;
  errors: RecoveryStartError[];
  problem: RecoveryProblem | null;
  /** From then on it may be tried again. */
  retryAt: Date | null;
  /** The same by the other channel; null: there is none. */
  otherChannelHref: string | null;
  /** The other thing that may have been forgotten. */
  otherGoalHref: string;
  ways: OtherWays;
};

/** `mire/recovery-sent`: the same for everybody (decision 5). */
export type RecoverySentPage = PageFrame & { goal: RecoveryGoal; againHref: string; ways: OtherWays };

export type RecoveryCodeError = FieldError<'code', 'missing' | 'malformed' | 'wrong' | 'expired' | 'used-up'>;

/** `mire/recovery-code`: field `code`; a second form sends another code. */
export type RecoveryCodePage = FormPage & {
  goal: RecoveryGoal;
  /** Null: there is none that could fit; another must be asked for. */
  code: { expiresAt: Date; left: number; resendAt: Date | null } | null;
  errors: RecoveryCodeError[];
  notice: 'resent' | 'too-soon' | 'too-many' | 'suspended' | null;
  resendAction: string;
  startHref: string;
  nothingHref: string;
};

/** `mire/recovered-identifiers` */
export type RecoveredIdentifiersPage = PageFrame & {
  identifiers: string[];
  loginHref: string;
  passwordHref: string;
};

/** `mire/recovered-password`: fields `new_password`, `confirmation`; after the code, or behind the mail's link. */
export type RecoveredPasswordPage = FormPage & {
  identifier: string;
  rules: { min: number; max: number };
  errors: NewPasswordError[];
};

/** `recovery/refused`: goes with a 400. */
export type RecoverRefusedPage = PageFrame & { reason: RecoverRefusal; loginHref: string };

/** `recovery/done`: `restart`: where a sign-in to the service begins. */
export type RecoverDonePage = PageFrame & {
  restart: { name: string; href: string } | null;
  loginHref: string;
};

/** `not-me/confirm`: only its POST does anything. */
export type NotMePage = FormPage;

/** `not-me/done`, and `not-me/refused` with a 400. */
export type NotMeDonePage = PageFrame;
export type NotMeRefusedPage = PageFrame & { reason: 'expired' | 'used' | 'replaced' | 'unknown' };

/** `mire/nothing-received`: the causes of R-052; the same for everybody. */
export type NothingReceivedPage = PageFrame & {
  backHref: string;
  startHref: string;
  recovery: { identifierHref: string; passwordHref: string };
  ways: OtherWays;
};
