import type {
  ErrorPage,
  IntegratorErrorPage,
  LoggedOutPage,
  LogoutConfirmPage,
  OtherPersonPage,
} from '../../src/http/pages.ts';
import type {
  ActivationConfirmPage,
  ActivationDonePage,
  ActivationOverPage,
  ActivationRefusedPage,
  ActivationWaitingPage,
  AddressPage,
  BirthDatePage,
  FranceConnectPage,
  LegalPage,
  LoginGuardianPage,
  LoginPupilPage,
  NewPasswordPage,
  ProfilePage,
  SuspendedPage,
  SwitchPersonPage,
  UnavailableWayPage,
} from '../../src/mire/pages.ts';
import { ACCOUNT_CHILDREN_STATES } from './account-children-states.ts';
import { ACCOUNT_PAGE_STATES } from './account-page-states.ts';
import { ADMIN_DISTRIBUTION_STATES } from './admin-distribution-states.ts';
import { ADMIN_FAMILIES_STATES } from './admin-families-states.ts';
import { ADMIN_GUARDIANS_STATES } from './admin-guardians-states.ts';
import { ADMIN_HEAD_STATES } from './admin-head-states.ts';
import { ADMIN_HELP_STATES } from './admin-help-states.ts';
import { ADMIN_PAGE_STATES } from './admin-page-states.ts';
import { ADMIN_PUPILS_STATES } from './admin-pupils-states.ts';
import { ADMIN_STATISTICS_STATES } from './admin-statistics-states.ts';
import { ENROLMENT_PAGE_STATES } from './enrolment-page-states.ts';
import { IDENTITY_PAGE_STATES } from './identity-page-states.ts';
import { oneOf, type PageState, state } from './page-state.ts';
import { RECOVERY_STATES } from './recovery-states.ts';

const serviceName = 'ENT des Tilleuls';
/** Names of people that stretch a page: no hyphen to break at, letters beyond latin-1. */
const LONG_NAME = { givenName: 'Marie-Anastasia', familyName: 'ŁODZIŃSKA-VANDENBROUCKEDELAGRANGE' };
const LONG_EMAIL = `${'prenom.tres.long.compose'.repeat(4)}@sous-domaine.academie-inventee.example.org`;
const form = { action: '/interaction/x', csrf: 'jeton', serviceName };

const passkey = { action: '/interaction/x/cle', options: '/interaction/x/cle/options', csrf: 'jeton' };
const profile: ProfilePage = {
  action: '/interaction/x/connexion',
  serviceName,
  notice: null,
  passkey,
  problem: null,
};
const guardian: LoginGuardianPage = {
  ...form,
  identifier: '',
  errors: [],
  problem: null,
  provisionalMonths: 3,
  profileHref: '/interaction/x',
  notice: null,
  recovery: {
    available: true,
    identifierHref: '/interaction/x/identifiant',
    passwordHref: '/interaction/x/passe',
  },
  passkey,
  franceConnect: { available: true, action: '/interaction/x/franceconnect' },
  registration: { available: true, href: '/interaction/x/inscription' },
};
const guardianClosedWays: LoginGuardianPage = {
  ...guardian,
  recovery: { ...guardian.recovery, available: false },
  franceConnect: { ...guardian.franceConnect, available: false },
  registration: { ...guardian.registration, available: false },
};
const pupil: LoginPupilPage = { ...guardian };
const franceConnect = (reason: FranceConnectPage['reason']): FranceConnectPage => ({
  ...form,
  reason,
  againHref: '/interaction/x/franceconnect',
  loginHref: '/interaction/x/connexion',
  registrationHref: '/interaction/x/inscription',
});
const newPassword: NewPasswordPage = {
  ...form,
  account: 'c.martin12',
  steps: { current: 1, total: 4 },
  forced: false,
  rules: { min: 8, max: 14 },
  errors: [],
};
const address: AddressPage = {
  ...form,
  account: 'c.martin12',
  steps: { current: 2, total: 4 },
  email: '',
  known: false,
  errors: [],
};
const birthDate: BirthDatePage = {
  ...form,
  account: 'c.martin12',
  steps: { current: 3, total: 4 },
  child: { givenName: 'Léa', familyName: 'MARTIN' },
  values: { day: '', month: '', year: '', email: '' },
  errors: [],
  marked: [],
  attemptsLeft: null,
};
const waiting: ActivationWaitingPage = {
  serviceName,
  csrf: 'jeton',
  email: 'claire.martin@example.org',
  steps: { current: 4, total: 4 },
  sent: { at: new Date('2026-11-22T08:05:00Z'), validUntil: new Date('2026-11-29T08:05:00Z') },
  heldUp: false,
  continueAction: '/interaction/x/continuer',
  resendAction: '/interaction/x/activation/renvoyer',
  changeAction: '/interaction/x/activation/adresse',
  statusUrl: '/etat.json',
  status: 'activation',
  nextUrl: '/interaction/x',
  notice: null,
  newEmail: 'claire.martin@example.org',
  errors: [],
};
const legal: LegalPage = {
  assistance: { text: "l'assistance de votre académie", url: 'https://assistance.example.org/' },
  provisionalMonths: 3,
  activationDays: 7,
};
const logoutForm =
  '<form id="op.logoutForm" method="post" action="/oidc/session/end/confirm"><input type="hidden" name="xsrf" value="x"/></form>';

/** Every state of every page that a parent or a pupil can see. */
export const PAGE_STATES: PageState[] = [
  ...ENROLMENT_PAGE_STATES,
  ...ADMIN_PAGE_STATES,
  ...ADMIN_GUARDIANS_STATES,
  ...ADMIN_PUPILS_STATES,
  ...ADMIN_FAMILIES_STATES,
  ...ADMIN_STATISTICS_STATES,
  ...ADMIN_HEAD_STATES,
  ...ADMIN_DISTRIBUTION_STATES,
  ...ADMIN_HELP_STATES,
  state('profile', 'mire/profile', profile),
  state<ProfilePage>('profile-no-service', 'mire/profile', { ...profile, serviceName: null }),
  state<ProfilePage>('profile-overtaken', 'mire/profile', { ...profile, notice: 'elsewhere' }),
  state('login-guardian', 'mire/login-guardian', guardian),
  state('login-guardian-closed-ways', 'mire/login-guardian', guardianClosedWays),
  state<LoginGuardianPage>('login-guardian-missing', 'mire/login-guardian', {
    ...guardian,
    errors: [
      { field: 'identifier', reason: 'missing' },
      { field: 'password', reason: 'missing' },
    ],
  }),
  state<LoginGuardianPage>('login-guardian-too-long', 'mire/login-guardian', {
    ...guardian,
    identifier: 'x'.repeat(200),
    errors: [
      { field: 'identifier', reason: 'too-long' },
      { field: 'password', reason: 'too-long' },
    ],
  }),
  state<ProfilePage>('profile-passkey', 'mire/profile', { ...profile, problem: 'passkey' }),
  ...(['wrong', 'wrong-profile', 'expired', 'frozen', 'busy', 'passkey', 'passkey-profile'] as const).flatMap(
    (problem) => [
      state<LoginGuardianPage>(`login-guardian-${problem}`, 'mire/login-guardian', {
        ...guardian,
        identifier: 'c.martin12',
        problem,
      }),
      state<LoginPupilPage>(`login-pupil-${problem}`, 'mire/login-pupil', {
        ...pupil,
        identifier: 'l.martin',
        problem,
      }),
    ],
  ),
  state<LoginGuardianPage>('login-guardian-password-changed', 'mire/login-guardian', {
    ...guardian,
    notice: 'password-changed',
  }),
  state<LoginGuardianPage>('login-guardian-expired-closed-ways', 'mire/login-guardian', {
    ...guardianClosedWays,
    problem: 'expired',
  }),
  state('login-pupil', 'mire/login-pupil', pupil),
  state<LoginPupilPage>('login-pupil-closed-ways', 'mire/login-pupil', { ...guardianClosedWays }),
  state<SwitchPersonPage>('switch-person', 'mire/switch-person', {
    ...form,
    name: 'Claire MARTIN',
    notice: null,
  }),
  state<SwitchPersonPage>('switch-person-long', 'mire/switch-person', {
    ...form,
    name: `${LONG_NAME.givenName} ${LONG_NAME.familyName}`,
    notice: 'elsewhere',
  }),
  state('new-password', 'mire/new-password', newPassword),
  state<NewPasswordPage>('new-password-forced', 'mire/new-password', {
    ...newPassword,
    steps: null,
    forced: true,
  }),
  state<NewPasswordPage>('new-password-after-reset', 'mire/new-password', { ...newPassword, steps: null }),
  ...oneOf(
    (
      [
        'missing',
        'too-short',
        'too-long',
        'no-letter',
        'no-digit',
        'common',
        'personal',
        'provisional',
        'same',
        'unreadable',
      ] as const
    ).map((reason) =>
      state<NewPasswordPage>(`new-password-${reason}`, 'mire/new-password', {
        ...newPassword,
        errors: [{ field: 'new_password', reason }],
      }),
    ),
  ),
  state<NewPasswordPage>('new-password-several', 'mire/new-password', {
    ...newPassword,
    errors: [
      { field: 'new_password', reason: 'too-short' },
      { field: 'new_password', reason: 'no-digit' },
      { field: 'confirmation', reason: 'missing' },
    ],
  }),
  state<NewPasswordPage>('new-password-different', 'mire/new-password', {
    ...newPassword,
    errors: [{ field: 'confirmation', reason: 'different' }],
  }),
  state('address', 'mire/address', address),
  state<AddressPage>('address-known', 'mire/address', { ...address, email: LONG_EMAIL, known: true }),
  ...oneOf(
    (['missing', 'invalid', 'too-long'] as const).map((reason) =>
      state<AddressPage>(`address-${reason}`, 'mire/address', {
        ...address,
        email: reason === 'missing' ? '' : LONG_EMAIL,
        errors: [{ field: 'email', reason }],
      }),
    ),
  ),
  state('birth-date', 'mire/birth-date', birthDate),
  state<BirthDatePage>('birth-date-long-name', 'mire/birth-date', { ...birthDate, child: LONG_NAME }),
  state<BirthDatePage>('birth-date-self', 'mire/birth-date', { ...birthDate, child: null }),
  state<BirthDatePage>('birth-date-self-email', 'mire/birth-date', {
    ...birthDate,
    child: null,
    values: { day: '27', month: '3', year: '2012', email: 'eleve@exemple' },
    errors: [{ field: 'email', reason: 'invalid' }],
  }),
  ...oneOf(
    (['missing', 'incomplete', 'invalid', 'wrong'] as const).map((reason) =>
      state<BirthDatePage>(`birth-date-${reason}`, 'mire/birth-date', {
        ...birthDate,
        values: { day: '27', month: '3', year: '2015', email: '' },
        errors: [{ field: 'birth_date', reason }],
        marked: reason === 'invalid' ? ['month'] : ['day', 'month', 'year'],
        attemptsLeft: reason === 'wrong' ? 2 : null,
      }),
    ),
  ),
  state<BirthDatePage>('birth-date-last-try', 'mire/birth-date', {
    ...birthDate,
    errors: [{ field: 'birth_date', reason: 'wrong' }],
    marked: ['day', 'month', 'year'],
    attemptsLeft: 1,
  }),
  ...[false, true].flatMap((self) => [
    state<SuspendedPage>(`suspended-${self}`, 'mire/suspended', {
      serviceName,
      reason: 'tries',
      self,
      until: { at: new Date('2026-11-23T08:05:00Z'), tomorrow: !self },
    }),
    state<SuspendedPage>(`suspended-no-child-${self}`, 'mire/suspended', {
      serviceName,
      reason: 'no-child',
      self,
      until: null,
    }),
  ]),
  state('activation-waiting', 'mire/activation-waiting', waiting),
  state<ActivationWaitingPage>('activation-waiting-no-link', 'mire/activation-waiting', {
    ...waiting,
    sent: null,
  }),
  state<ActivationWaitingPage>('activation-waiting-held-up', 'mire/activation-waiting', {
    ...waiting,
    heldUp: true,
  }),
  state<ActivationOverPage>('activation-over', 'mire/activation-over', {
    restart: { name: serviceName, href: 'http://localhost:3003/' },
  }),
  state<ActivationOverPage>('activation-over-no-service', 'mire/activation-over', { restart: null }),
  ...oneOf(
    (['resent', 'address-changed', 'not-yet', 'too-soon'] as const).map((notice) =>
      state<ActivationWaitingPage>(`activation-waiting-${notice}`, 'mire/activation-waiting', {
        ...waiting,
        notice,
      }),
    ),
  ),
  ...oneOf(
    (['missing', 'invalid', 'too-long'] as const).map((reason) =>
      state<ActivationWaitingPage>(`activation-waiting-address-${reason}`, 'mire/activation-waiting', {
        ...waiting,
        email: LONG_EMAIL,
        newEmail: LONG_EMAIL,
        errors: [{ field: 'email', reason }],
      }),
    ),
  ),
  ...oneOf(
    (['franceconnect', 'registration', 'recovery-pupil'] as const).map((way) =>
      state<UnavailableWayPage>(`unavailable-${way}`, 'mire/unavailable-way', {
        way,
        backHref: '/interaction/x',
        serviceName,
      }),
    ),
  ),
  ...oneOf(
    (['cancelled', 'refused', 'unreachable', 'late'] as const).map((reason) =>
      state<FranceConnectPage>(`franceconnect-${reason}`, 'mire/franceconnect', franceConnect(reason)),
    ),
  ),
  state<FranceConnectPage>('franceconnect-pending', 'mire/franceconnect', franceConnect('pending')),
  state<FranceConnectPage>('franceconnect-alone', 'mire/franceconnect', {
    ...franceConnect('cancelled'),
    registrationHref: null,
  }),
  state<ActivationConfirmPage>('activation-confirm', 'activation/confirm', {
    action: '/activation/jeton',
    csrf: 'jeton',
    email: 'c•••@example.org',
    identifier: 'c.martin12',
  }),
  state<ActivationDonePage>('activation-done-here', 'activation/done', {
    next: { href: '/interaction/x' },
    restart: null,
    serviceName,
  }),
  state<ActivationDonePage>('activation-done-elsewhere', 'activation/done', {
    next: null,
    restart: { name: serviceName, href: 'http://localhost:3003/' },
  }),
  state<ActivationDonePage>('activation-done-no-service', 'activation/done', { next: null, restart: null }),
  ...oneOf(
    (['expired', 'used', 'replaced', 'unknown'] as const).map((reason) =>
      state<ActivationRefusedPage>(`activation-${reason}`, 'activation/refused', { reason, loginHref: '/' }),
    ),
  ),
  ...oneOf(
    (
      [
        [400, 'EC-400-LOST'],
        [400, 'EC-400-REQUEST'],
        [403, 'EC-403-CSRF'],
        [404, 'EC-404-PAGE'],
        [405, 'EC-405-METHOD'],
        [413, 'EC-413-SIZE'],
        [418, 'EC-418-UNHEARD-OF'],
        [429, 'EC-429-RATE'],
        [500, 'EC-500-FAULT'],
        [503, 'EC-503-BUSY'],
        [503, 'EC-503-DB'],
      ] as const
    ).map(([status, code]) =>
      state<ErrorPage>(`error-${code}`, 'errors/error', {
        status,
        code,
        requestId: '9f6c1d2e-0b7a-4c55-8a51-2f0e3d4c5b6a',
        frame: null,
      }),
    ),
  ),
  state<ErrorPage>('error-staff', 'errors/error', {
    status: 404,
    code: 'EC-404-PAGE',
    requestId: '9f6c1d2e-0b7a-4c55-8a51-2f0e3d4c5b6a',
    frame: {
      module: 'administration',
      homeHref: '/admin',
      user: null,
      school: null,
      tabs: [],
      signOut: null,
    },
  }),
  state<LogoutConfirmPage>('logout-confirm', 'oidc/logout-confirm', { form: logoutForm, serviceName }),
  state<LogoutConfirmPage>('logout-confirm-no-service', 'oidc/logout-confirm', {
    form: logoutForm,
    serviceName: null,
  }),
  state<LoggedOutPage>('logged-out', 'oidc/logged-out', { serviceName }),
  state<LoggedOutPage>('logged-out-no-service', 'oidc/logged-out', { serviceName: null }),
  state<OtherPersonPage>('other-person', 'oidc/other-person', { form: logoutForm, name: 'Claire MARTIN' }),
  state<IntegratorErrorPage>('integrator-error', 'oidc/integrator-error', {
    code: 'EC-400-CLIENT',
    requestId: '9f6c1d2e-0b7a-4c55-8a51-2f0e3d4c5b6a',
    error: 'invalid_redirect_uri',
    description: "redirect_uri did not match any of the client's registered redirect_uris",
    clientId: 'ent-des-tilleuls',
    address: {
      kind: 'redirect',
      received: [
        { text: 'https://ent.example.org/', differs: false },
        { text: 'Callback/', differs: true },
      ],
      registered: [
        { text: 'https://ent.example.org/', differs: false },
        { text: 'callback', differs: true },
      ],
      differsAt: 25,
    },
  }),
  state<IntegratorErrorPage>('integrator-error-other-host', 'oidc/integrator-error', {
    code: 'EC-400-SERVICE',
    requestId: '9f6c1d2e-0b7a-4c55-8a51-2f0e3d4c5b6a',
    error: 'invalid_request',
    description: 'post_logout_redirect_uri not registered',
    clientId: 'ent-des-tilleuls',
    address: {
      kind: 'post-logout',
      received: [{ text: `https://ent-de-recette.example.org/${'bye/'.repeat(60)}`, differs: false }],
      registered: null,
      differsAt: null,
    },
  }),
  state<IntegratorErrorPage>('integrator-error-unknown', 'oidc/integrator-error', {
    code: 'EC-400-SERVICE',
    requestId: '9f6c1d2e-0b7a-4c55-8a51-2f0e3d4c5b6a',
    error: 'invalid_client',
    description: 'client is invalid',
    clientId: null,
    address: null,
  }),
  ...IDENTITY_PAGE_STATES,
  ...ACCOUNT_PAGE_STATES,
  ...ACCOUNT_CHILDREN_STATES,
  ...RECOVERY_STATES,
  state('aide', 'legal/aide', legal),
  state('aide-connexion', 'legal/aide-connexion', legal),
  state('accessibilite', 'legal/accessibilite', legal),
  state('mentions-legales', 'legal/mentions-legales', legal),
  state<LegalPage>('donnees-personnelles', 'legal/donnees-personnelles', {
    ...legal,
    assistance: { text: "l'assistance de votre académie", url: null },
  }),
];
