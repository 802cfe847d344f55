import type { Locale } from '../languages/locales.ts';

/** The four states of R-069: « Non notifié », « Notifié et non activé », « En cours d'activation », « Activé ». */
export type AccountState = 'not_notified' | 'notified' | 'activating' | 'activated';

/** « Non renseigné », « Établissement », « Responsable », « FranceConnect ». */
export type AccountOrigin = 'none' | 'school' | 'guardian' | 'franceconnect';

export type AccountKind = 'guardian' | 'pupil';

/** none (never distributed, or FranceConnect only), given by the school, or chosen by the person. */
export type PasswordKind = 'none' | 'provisional' | 'personal';

export type Account = {
  id: number;
  /** The only account id that leaves the store (the OIDC accountId); never reused. */
  publicId: string;
  kind: AccountKind;
  identifier: string;
  state: AccountState;
  origin: AccountOrigin;
  givenName: string;
  familyName: string;
  email: string | null;
  emailVerifiedAt: Date | null;
  /** The address that a school gave last; the account may have had another since. */
  schoolEmail: string | null;
  passwordKind: PasswordKind;
  passwordHash: string | null;
  passwordChangedAt: Date | null;
  provisionalSealed: string | null;
  provisionalCreatedAt: Date | null;
  distributedAt: Date | null;
  activatedAt: Date | null;
  lastLoginAt: Date | null;
  /** Rises with each change of password, reset or freeze: sessions and grants made before are dead. */
  credentialsVersion: number;
  closedAt: Date | null;
  /** Its holder said « Ce n'est pas moi »: nobody gets in until the school has given a new password. */
  frozenAt: Date | null;
  /** The address that a mail server refused for good; another one is not bad. */
  bouncedEmail: string | null;
  emailBouncedAt: Date | null;
  /** What the person chose to read in; null: never chosen. */
  language: Locale | null;
  /** Its holder wants to be forgotten: on this date it is erased, unless he signs in before. */
  forgetAt: Date | null;
  /** Since when its password must be changed at the next login; goes with the password (`mustChange`). */
  mustChangeSince: Date | null;
};

/** What an import creates: state « Non notifié », origin « Non renseigné ». */
export type NewAccount = Pick<Account, 'publicId' | 'kind' | 'identifier' | 'givenName' | 'familyName'>;

/** The columns that a verb may change beside state and origin. */
export type AccountChanges = Partial<
  Pick<
    Account,
    | 'email'
    | 'emailVerifiedAt'
    | 'schoolEmail'
    | 'passwordKind'
    | 'passwordHash'
    | 'passwordChangedAt'
    | 'provisionalSealed'
    | 'provisionalCreatedAt'
    | 'distributedAt'
    | 'lastLoginAt'
    | 'closedAt'
    | 'frozenAt'
    | 'bouncedEmail'
    | 'emailBouncedAt'
    | 'language'
    | 'forgetAt'
  >
>;
