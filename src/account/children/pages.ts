import type { AccountFrame } from '../pages.ts';

/**
 * `account/children/report`: « Je ne suis pas le représentant légal de cet élève ». `reported`: it has been said, and
 * can be taken back while the school has not looked at it; `decided`: it has.
 */
export type ReportPage = {
  frame: AccountFrame;
  action: string;
  withdrawAction: string;
  child: string;
  school: string;
  state: 'child' | 'reported' | 'decided';
  reportedAt: Date | null;
};

/**
 * `account/children/password`: « Mot de passe oublié » of a child. `first-codes`: the school has not given him any yet;
 * `shown`: this form's password was shown.
 */
export type ChildPasswordPage = {
  frame: AccountFrame;
  action: string;
  child: string;
  school: string;
  problem: 'first-codes' | 'frozen' | 'too-many' | 'shown' | null;
  formKey: string;
  againHref: string;
  most: number;
};

/** `account/children/new-password`: the one time that it is told. */
export type NewChildPasswordPage = {
  frame: AccountFrame;
  child: string;
  school: string;
  identifier: string;
  password: string;
  validUntil: Date;
};
