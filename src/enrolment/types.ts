import type { Account } from '../accounts/types.ts';
import type { PasswordFault } from '../credentials/policy.ts';

/** Where a visitor stands in the first connection with the school's credentials. */
export type Progress =
  /** `first`: three steps follow; `reset`: the password only. */
  | { step: 'new-password'; after: 'first' | 'reset'; account: Account }
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
