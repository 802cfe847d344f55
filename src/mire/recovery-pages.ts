import type { RecoverRefusal } from '../enrolment/recovered-password.ts';
import type { RecoveryGoal } from '../enrolment/recovery-code.ts';
import type { FieldError, FormPage, PageFrame } from '../http/pages.ts';
import type { CodeProblem } from './enrolment-pages.ts';
import type { NewPasswordError } from './pages.ts';

/** What the pages of recovery, of « Ce n'est pas moi » and of « Je n'ai rien reçu » are given. */

/** The ways in that are open to an account that was never activated; the letter of the school always is. */
export type OtherWays = { franceConnect: boolean; registrationHref: string | null; loginHref: string };

export type RecoveryField = 'email' | 'identifier' | 'family_name' | 'given_name' | 'mobile';
export type RecoveryStartError = FieldError<RecoveryField, 'missing' | 'too-long' | 'invalid'>;

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
  /** Too many mails were asked for, whether anybody has the address or not. */
  tooManyMails: boolean;
  /** The same of codes. */
  problem: CodeProblem | null;
  /** The page of the code that was asked for before; null: none was. */
  codeHref: string | null;
  /** The same by the other channel; null: there is none. */
  otherChannelHref: string | null;
  /** The other thing that may have been forgotten. */
  otherGoalHref: string;
  ways: OtherWays;
};

/** `mire/recovery-sent`: the same for everybody (decision 5). */
export type RecoverySentPage = PageFrame & { goal: RecoveryGoal; againHref: string; ways: OtherWays };

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

/** `mire/nothing-received`: the causes of R-052; the same for everybody who comes from the same way. */
export type NothingReceivedPage = PageFrame & {
  /** A way in without the school, or what was forgotten. */
  from: 'sms' | 'franceconnect' | 'identifier' | 'password';
  backHref: string;
  startHref: string;
  recovery: { identifierHref: string; passwordHref: string };
  ways: OtherWays;
};
