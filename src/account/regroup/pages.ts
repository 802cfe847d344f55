import type { FieldError } from '../../http/pages.ts';
import type { AccountFrame } from '../pages.ts';

export type AttachError = FieldError<'identifier' | 'password', 'missing' | 'too-long'>;

/**
 * `wrong`: unknown, locked, or not the right password; `over`: the proof of the second account was too old, or it has
 * changed since; `names`: proved, and another person's.
 */
export type AttachProblem =
  | 'wrong'
  | 'wrong-profile'
  | 'expired'
  | 'frozen'
  | 'own'
  | 'names'
  | 'over'
  | 'busy';

/** `account/regroup/form`: « Rattacher un enfant », what it does and the second account. */
export type AttachPage = {
  frame: AccountFrame;
  action: string;
  /** Of the account that is signed in, which stays. */
  ownIdentifier: string;
  identifier: string;
  errors: AttachError[];
  problem: AttachProblem | null;
  provisionalMonths: number;
};

/** `account/regroup/confirm`: who comes, before anything is done. */
export type AttachConfirmPage = {
  frame: AccountFrame;
  action: string;
  proof: string;
  ownIdentifier: string;
  identifier: string;
  name: string;
  children: { name: string; school: string }[];
  againHref: string;
};

/** `account/regroup/done` */
export type AttachDonePage = { frame: AccountFrame; identifier: string; ownIdentifier: string };
