import type { PasswordFault } from '../credentials/policy.ts';
import type { FieldError } from '../http/pages.ts';

/** What the pages of `views/account/` are given. Templates write the sentences. */

/** What every page of « Mon compte » below the home page is given. `again`: a form came back that has done nothing yet. */
export type AccountFrame = { csrf: string; homeHref: string; again: boolean };

/** A subject of the home page and where its page is; the link is there when the page is. */
export type SubjectKey =
  | 'password'
  | 'address'
  | 'franceconnect'
  | 'passkeys'
  | 'history'
  | 'sessions'
  | 'data'
  | 'regroup'
  | 'forget'
  | 'language';

/** What a guardian can do for a child. */
export type ChildLinks = { reportHref: string; passwordHref: string | null };

/** A key is offered on the home page, until that is answered; null: nothing is offered. */
export type PasskeyOffer = { addHref: string; action: string; csrf: string } | null;

/** `account/home`: « Mon compte ». `kind` decides between « Mes enfants » and « Ma scolarité ». */
export type HomePage = {
  kind: 'guardian' | 'pupil';
  name: string;
  services: { name: string; href: string }[];
  /** `links`: what a guardian can do for this child; null on a pupil's own page. */
  children: { name: string; school: string; class: string | null; links: ChildLinks | null }[];
  /** Children whom he says not to be his, while no school has looked at it. */
  reports: { name: string; reportedAt: Date; href: string }[];
  identifier: string;
  email: { address: string; verified: boolean } | null;
  lastLoginAt: Date | null;
  /** Where each subject's page is, for the subjects that have one. */
  links: Partial<Record<SubjectKey, string>>;
  /** The address that waits for its link to be followed. */
  pendingAddress: string | null;
  passkeyOffer: PasskeyOffer;
  signOut: { action: string; csrf: string };
};

export type PasswordError =
  | FieldError<'new_password', 'missing' | Exclude<PasswordFault, 'different'>>
  | FieldError<'confirmation', 'missing' | 'different'>;

/** `account/password`: fields `new_password`, `confirmation`; `account` and `version` come back with the form. */
export type PasswordPage = {
  frame: AccountFrame;
  action: string;
  account: string;
  /** Of the credentials that it replaces. */
  version: number;
  /** True: there is no password of his own yet. */
  first: boolean;
  rules: { min: number; max: number };
  errors: PasswordError[];
  /** The credentials have changed since the form was made. */
  overtaken: boolean;
};

/** A line of « Historique »; the words of `event` are `account.history.events.<event>`. */
export type HistoryEntry = {
  at: Date;
  event: string;
  refused: boolean;
  /** `unnamed`: by a school that the line does not name. */
  by: 'person' | 'guardian' | 'school' | 'unnamed' | 'operator' | 'system';
  school: string | null;
  /** How he signed in. */
  ways: ('pwd' | 'sms' | 'fc' | 'hwk')[];
  /** Why a sign-in was refused. */
  reason: 'wrong' | 'profile' | 'frozen' | 'expired' | 'copied' | null;
  /** Roughly from where: `192.0.x.x`. */
  network: string | null;
};

/** `account/history` */
export type HistoryPage = {
  frame: AccountFrame;
  entries: HistoryEntry[];
  page: number;
  previousHref: string | null;
  nextHref: string | null;
};

/** `over`: it had ended already. */
export type SessionsNotice = 'one' | 'others' | 'over';

/** `account/sessions`: the form of one sends `session`, that of all `which=others` or `which=all`. */
export type SessionsPage = {
  frame: AccountFrame;
  notice: SessionsNotice | null;
  /** This one first, then the last used. */
  sessions: {
    id: string;
    isThis: boolean;
    begunAt: Date | null;
    usedAt: Date;
    /** `Firefox, Android`; null: not known. */
    device: string | null;
    ways: HistoryEntry['ways'];
    services: string[];
  }[];
  version: number;
  endOneAction: string;
  endAllAction: string;
};

/** `account/data`: the form sends `format=html` or `format=json`. */
export type DataPage = { frame: AccountFrame; action: string; kind: 'guardian' | 'pupil' };

/** `account/done`: something is done; `what` has its words in the locale. */
export type DonePage = { frame: AccountFrame; what: 'password' };

/** `account/signed-out` */
export type SignedOutPage = { loginHref: string };

/** `account/other-person`: somebody else has signed in where the person was to prove who he is. */
export type OtherPersonPage = { homeHref: string };

/** `account/forget/ask` */
export type ForgetPage = {
  frame: AccountFrame;
  action: string;
  forgetAt: Date;
  /** How long the trail keeps the account's number. */
  auditMonths: number;
  errors: { field: 'agreed'; reason: 'missing' }[];
};

/** `account/forget/asked`: signed out. `forgetAt` null: the address was typed by hand. */
export type ForgetAskedPage = { forgetAt: Date | null; loginHref: string };
/** `account/language`; `kept`: a choice was made just now. */
export type LanguagePage = { frame: AccountFrame; kept: boolean };
