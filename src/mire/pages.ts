import type { PasswordFault } from '../credentials/policy.ts';
import type { FieldError, FormPage, PageFrame } from '../http/pages.ts';

export type { PageFrame } from '../http/pages.ts';

/** What each page of `views/` is given. Templates turn reasons into French; doors never write a sentence. */

/** `mire/profile`: the buttons send `profil=eleve` or `profil=responsable` by GET to `action`. */
export type ProfilePage = PageFrame & {
  action: string;
  notice: OvertakenNotice;
  passkey: PasskeyForm;
  /** Why a key was refused on this page. */
  problem: 'passkey' | 'frozen' | null;
};

/** Signs in with a passkey; `options` is where the script asks what the browser is to be asked for. */
export type PasskeyForm = { action: string; options: string; csrf: string };

/** `elsewhere`: another tab has finished the first connection; the new password counts from now on. */
export type OvertakenNotice = 'elsewhere' | null;

export type LoginError = FieldError<'identifier' | 'password', 'missing' | 'too-long'>;

/**
 * Why a whole sign-in was refused. `wrong` is said for a wrong password, an unknown identifier and a locked account
 * alike (security.md, decision 5); `wrong-profile`, `expired` and `frozen` only once the password was right; `busy`
 * goes with a 503. `passkey` and `passkey-profile`: the same of a key.
 */
export type LoginProblem =
  | 'wrong'
  | 'wrong-profile'
  | 'expired'
  | 'frozen'
  | 'busy'
  | 'passkey'
  | 'passkey-profile';

type LoginPage = FormPage & {
  /** As typed, to be corrected; empty at first, or filled in by the QR code of the letter. */
  identifier: string;
  errors: LoginError[];
  problem: LoginProblem | null;
  /** Life of provisional credentials, months. */
  provisionalMonths: number;
  profileHref: string;
  /** `password-changed`: by the link of « Mot de passe oublié ». */
  notice: 'password-changed' | null;
  recovery: { available: boolean; identifierHref: string; passwordHref: string };
  passkey: PasskeyForm;
};

/** `mire/login-guardian`: fields `identifier`, `password`. FranceConnect is a POST with `_csrf` to its action. */
export type LoginGuardianPage = LoginPage & {
  franceConnect: { available: boolean; action: string };
  registration: { available: boolean; href: string };
};

/** `mire/login-pupil`: fields `identifier`, `password`. */
export type LoginPupilPage = LoginPage;

/** `mire/proof`: the login page of somebody who is signed in and proves again who he is. A pupil has no FranceConnect. */
export type ProofPage = LoginGuardianPage & { kind: 'guardian' | 'pupil'; cancelHref: string };

/** `mire/proof-refused`: another person has signed in. */
export type ProofRefusedPage = PageFrame & { againHref: string; homeHref: string };

/** `mire/switch-person`: the buttons send `choice=continue` or `choice=switch`. */
export type SwitchPersonPage = FormPage & {
  /** Name of who is connected. */
  name: string;
  notice: OvertakenNotice;
};

/** « Étape 1 sur 4 »; null on a page that is not part of a first connection. */
export type Steps = { current: number; total: number } | null;

/** Faults of `credentials/policy.ts`, and a field left empty; `different`: the second is not the first. */
export type NewPasswordError =
  | FieldError<'new_password', 'missing' | Exclude<PasswordFault, 'different'>>
  | FieldError<'confirmation', 'missing' | 'different'>;

/** A form of one account: `account`, its identifier, comes back with it. */
type AccountFormPage = FormPage & { account: string };

/** `mire/new-password`: fields `new_password`, `confirmation`. Without `steps` it is the page after a reset. */
export type NewPasswordPage = AccountFormPage & {
  steps: Steps;
  /** The old password is his own and must be changed. */
  forced: boolean;
  rules: { min: number; max: number };
  errors: NewPasswordError[];
};

export type EmailError = FieldError<'email', 'missing' | 'invalid' | 'too-long'>;

/** `mire/address`: field `email`. */
export type AddressPage = AccountFormPage & {
  steps: Steps;
  /** As typed, or as the directory knows it; empty when unknown. */
  email: string;
  /** True when the address shown comes from the directory. */
  known: boolean;
  errors: EmailError[];
};

export type BirthDateError =
  | FieldError<'birth_date', 'missing' | 'incomplete' | 'invalid' | 'wrong'>
  | FieldError<'email', 'invalid'>;

/** `mire/birth-date`: fields `day`, `month`, `year`; of a pupil also `email`, which may stay empty. */
export type BirthDatePage = AccountFormPage & {
  steps: Steps;
  /** The child whose date is asked, as shown; null when a pupil gives his own. */
  child: { givenName: string; familyName: string } | null;
  /** As typed. */
  values: { day: string; month: string; year: string; email: string };
  errors: BirthDateError[];
  /** The fields that are marked with the error: those at fault. */
  marked: ('day' | 'month' | 'year')[];
  /** Shown under a wrong date; null when not to be told. */
  attemptsLeft: number | null;
};

/**
 * `mire/suspended`, in the place of each of the steps. `tries`: too many wrong dates, until `until`; `no-child`:
 * there is no child any more whose birth date could be asked.
 */
export type SuspendedPage = PageFrame & {
  reason: 'tries' | 'no-child';
  /** A pupil gives his own date. */
  self: boolean;
  /** From then on dates are looked at again, and whether that is tomorrow; null when it is not a matter of time. */
  until: { at: Date; tomorrow: boolean } | null;
};

export type WaitingNotice = 'resent' | 'address-changed' | 'not-yet' | 'too-soon';

/**
 * `mire/activation-waiting`: three forms, `continueAction` (« Continuer »), `resendAction` (« Renvoyer le message »)
 * and `changeAction` (field `email`, « Modifier mon adresse »). The script asks `statusUrl` for JSON
 * `{status: string}` and goes to `nextUrl` by GET as soon as it is not `status`.
 */
export type ActivationWaitingPage = PageFrame & {
  csrf: string;
  steps: Steps;
  /** Where the message went. */
  email: string;
  /** The message whose link is good; null: there is none (any more). */
  sent: { at: Date; validUntil: Date } | null;
  /** It could not leave yet: the mail server is away. */
  heldUp: boolean;
  continueAction: string;
  resendAction: string;
  changeAction: string;
  statusUrl: string;
  status: string;
  nextUrl: string;
  notice: WaitingNotice | null;
  /** As typed in the form that corrects the address. */
  newEmail: string;
  errors: EmailError[];
};

/**
 * `mire/activation-over`: the sign-in of a page that waited went on in another tab, and the account is activated.
 * `restart`: where a sign-in to the service begins.
 */
export type ActivationOverPage = PageFrame & { restart: { name: string; href: string } | null };

/** `mire/unavailable-way`: says plainly that a way in is not open yet, and what to do. */
export type UnavailableWayPage = PageFrame & {
  way: 'franceconnect' | 'registration' | 'recovery-pupil';
  backHref: string;
};

/**
 * `mire/franceconnect`: the visit to FranceConnect brought nobody. `pending`: another request of this browser still
 * asks there; `againHref` looks once more. `action` goes to FranceConnect again. Null: registration is not open.
 */
export type FranceConnectPage = FormPage & {
  reason: 'cancelled' | 'refused' | 'unreachable' | 'late' | 'pending';
  againHref: string;
  loginHref: string;
  registrationHref: string | null;
};

/** `activation/confirm`: the page of the mail's link; only its POST consumes the link. */
export type ActivationConfirmPage = FormPage & {
  /** Masked, such as `m•••@example.org`. */
  email: string;
  identifier: string | null;
};

/**
 * `activation/done`: `next` when the sign-in goes on in this browser, otherwise `restart` when the service has
 * registered where a sign-in begins (security.md, decision 12).
 */
export type ActivationDonePage = PageFrame & {
  next: { href: string } | null;
  restart: { name: string; href: string } | null;
};

/** `activation/refused`: goes with a 400. */
export type ActivationRefusedPage = PageFrame & {
  reason: 'expired' | 'used' | 'replaced' | 'unknown';
  loginHref: string;
};

/** Whom to ask for help (configuration). */
export type Assistance = { text: string; url: string | null };

/** `legal/accessibilite`, `legal/mentions-legales`, `legal/donnees-personnelles`, `legal/aide`, `legal/aide-connexion` */
export type LegalPage = { assistance: Assistance; provisionalMonths: number; activationDays: number };
