/** What each page of `views/` is given. Templates turn reasons into French; doors never write a sentence. */

/** One refused field; the sentence is `<group>.errors.<field>.<reason>` in `views/locales/fr.json`. */
export type FieldError<Field extends string, Reason extends string> = { field: Field; reason: Reason };

/** Data that any page may carry: the name of the service that the person is on the way to, shown in the header. */
export type PageFrame = { serviceName?: string | null };

/** A page with a POST form. */
export type FormPage = PageFrame & { action: string; csrf: string };

/** `mire/profile`: the buttons send `profil=eleve` or `profil=responsable` by GET to `action`. */
export type ProfilePage = PageFrame & { action: string };

export type LoginError = FieldError<'identifier' | 'password', 'missing' | 'too_long'>;

/**
 * Why a whole sign-in was refused. `wrong` is said for a wrong password, an unknown identifier and a locked account
 * alike (security.md, decision 5); `busy` goes with a 503.
 */
export type LoginProblem = 'wrong' | 'expired' | 'busy';

type LoginPage = FormPage & {
  /** As typed, to be corrected; empty at first, or filled in by the QR code of the letter. */
  identifier: string;
  errors: LoginError[];
  problem: LoginProblem | null;
  /** Life of provisional credentials, months. */
  provisionalMonths: number;
  profileHref: string;
  recovery: { available: boolean; identifierHref: string; passwordHref: string };
};

/** `mire/login-guardian`: fields `identifier`, `password`. FranceConnect is a POST with `_csrf` to its action. */
export type LoginGuardianPage = LoginPage & {
  franceConnect: { available: boolean; action: string };
  registration: { available: boolean; href: string };
};

/** `mire/login-pupil`: fields `identifier`, `password`. */
export type LoginPupilPage = LoginPage;
