import type { Account } from '../accounts/types.ts';
import type { PasswordFault } from '../credentials/policy.ts';

/** Where a visitor stands in the first connection with the school's credentials. */
export type Progress =
  /**
   * `first`: three steps follow; `reset`: the password only; `forced`: the same, the old one being a personal
   * password that must be changed.
   */
  | { step: 'new-password'; after: 'first' | 'reset' | 'forced'; account: Account }
  /** `email`: typed before in this connection, else what the school knows, else null. */
  | { step: 'address'; account: Account; email: string | null }
  /** `pupil`: the child whose birth date is asked; null: the account has no child any more. */
  | { step: 'birth-date'; account: Account; pupil: { givenName: string; familyName: string } | null }
  | { step: 'activation'; account: Account; email: string }
  /** Everything is proved: the login can be handed over. `since`: when the credentials were given. */
  | { step: 'done'; account: Account; since: Date };

export type StepName = Progress['step'];

/** The visitor is at another step than the form he sent (two tabs, back button): show the page of `progress`. */
export type Elsewhere = { ok: false; reason: 'elsewhere' };

export type NewPasswordResult =
  | { ok: true }
  | Elsewhere
  | { ok: false; reason: 'refused'; faults: PasswordFault[] };
export type AddressResult = { ok: true } | Elsewhere | { ok: false; reason: 'invalid' };
export type BirthDateResult =
  | { ok: true }
  | Elsewhere
  /** `fields`: which of the three are not those of a date. */
  | { ok: false; reason: 'invalid'; fields: ('day' | 'month' | 'year')[] }
  | { ok: false; reason: 'wrong'; left: number }
  /** `suspendedUntil` tells until when. */
  | { ok: false; reason: 'locked' };
export type ResendResult =
  | { ok: true; email: string }
  | Elsewhere
  | { ok: false; reason: 'invalid' | 'too-many' };

/** The two ways in that need no school: self-registration by SMS, first connection by FranceConnect. */
export type EnrolmentWay = 'sms' | 'franceconnect';

/** Where a visitor stands on one of them, the steps in their order. */
export type Enrolment = { way: EnrolmentWay } & (
  | /** FranceConnect only: SMS begins with a form of its own. */ { step: 'mobile' }
  /** `mobile`: E.164, as he typed it himself; whether anybody has it is not told. */
  | { step: 'code'; mobile: string }
  /** FranceConnect only: several people have this mobile, and its identity does not tell them apart (X1). */
  | { step: 'names' }
  | { step: 'children' }
  /** SMS only. `account`: the one that will be his, whose identifier is shown. */
  | { step: 'credentials'; account: Account }
  /** Everything is proved: the login can be handed over. `since`: when the last proof was given. */
  | { step: 'done'; account: Account; since: Date }
);

export type EnrolmentStep = Enrolment['step'];

/** No code can be sent now, or not to such a number: `retryAt` null, nor later today. */
export type CodeRefusal = {
  ok: false;
  reason: 'too-soon' | 'too-many' | 'suspended';
  retryAt: Date | null;
};

/** A child of the children's step. */
export type ChildAsked = {
  /** Stands for the child in the form: nothing of the directory, the same as long as he is the same. */
  key: string;
  givenName: string;
  familyName: string;
};

/** What was typed for a child: a date, or « Je ne suis pas le représentant légal de cet élève ». */
export type ChildAnswer = { key: string; date: string } | { key: string; notMine: true };

export type ChildrenResult =
  | { ok: true }
  | Elsewhere
  /** The children are not those of the form any more (an import), or some were left out: ask again. */
  | { ok: false; reason: 'changed' }
  /** Every child is said not to be his: nothing would be proved. */
  | { ok: false; reason: 'none-left' }
  /** One answer for whichever date it was, or several (D06). */
  | { ok: false; reason: 'wrong'; left: number }
  | { ok: false; reason: 'locked'; until: Date | null };
