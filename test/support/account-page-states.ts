import type {
  ChildLinks,
  DataPage,
  DonePage,
  ForgetAskedPage,
  ForgetPage,
  HistoryEntry,
  HistoryPage,
  HomePage,
  LanguagePage,
  OtherPersonPage,
  PasswordPage,
  SessionsPage,
  SignedOutPage,
} from '../../src/account/pages.ts';
import type { ProofPage, ProofRefusedPage } from '../../src/mire/pages.ts';
import { oneOf, type PageState, state } from './page-state.ts';

const LONG_NAME = { givenName: 'Marie-Anastasia', familyName: 'ŁODZIŃSKA-VANDENBROUCKEDELAGRANGE' };
const LONG_EMAIL = `${'prenom.tres.long.compose'.repeat(4)}@sous-domaine.academie-inventee.example.org`;

const childLinks: ChildLinks = { reportHref: '/compte/enfants/x/signaler', passwordHref: null };
const collegeLinks: ChildLinks = { ...childLinks, passwordHref: '/compte/enfants/y/mot-de-passe' };

const home: HomePage = {
  kind: 'guardian',
  name: 'Claire MARTIN',
  services: [
    { name: 'ENT des Tilleuls', href: 'http://localhost:3003/connexion' },
    { name: 'Livret scolaire unique', href: 'http://localhost:3004/connexion' },
  ],
  children: [
    { name: 'Léa MARTIN', school: 'École élémentaire des Tilleuls', class: 'CE2 B', links: childLinks },
    { name: 'Éloi MARTIN', school: 'Collège Simone-Exemple', class: null, links: collegeLinks },
  ],
  reports: [],
  identifier: 'c.martin12',
  email: { address: 'claire.martin@example.org', verified: true },
  lastLoginAt: new Date('2026-11-22T08:00:00Z'),
  links: {},
  pendingAddress: null,
  passkeyOffer: null,
  signOut: { action: '/compte/deconnexion', csrf: 'jeton' },
};
const links: HomePage['links'] = {
  password: '/compte/mot-de-passe',
  address: '/compte/adresse',
  franceconnect: '/compte/franceconnect',
  passkeys: '/compte/cles',
  history: '/compte/historique',
  sessions: '/compte/sessions',
  data: '/compte/donnees',
  regroup: '/compte/rattacher',
  forget: '/compte/oublier',
  language: '/compte/langue',
};

const frame = { csrf: 'jeton', homeHref: '/', again: false };
const password: PasswordPage = {
  frame,
  action: '/compte/mot-de-passe',
  account: 'c.martin12',
  version: 3,
  first: false,
  rules: { min: 8, max: 14 },
  errors: [],
  overtaken: false,
};
const entry: HistoryEntry = {
  at: new Date('2026-11-22T08:05:00Z'),
  event: 'login',
  refused: false,
  by: 'person',
  school: null,
  ways: ['pwd'],
  reason: null,
  network: '192.0.x.x',
};
const bySchool: HistoryEntry = {
  ...entry,
  ways: [],
  by: 'school',
  school: 'École élémentaire des Tilleuls',
  network: null,
};
const history: HistoryPage = {
  frame,
  entries: [
    entry,
    { ...entry, refused: true, ways: [], reason: 'wrong', network: '2001:db8:x' },
    { ...entry, event: 'change-password', ways: [] },
    { ...bySchool, event: 'show-password' },
    { ...bySchool, event: 'print-letter' },
    { ...bySchool, event: 'reset', refused: true },
    { ...entry, event: 'never-heard-of', by: 'system', ways: [], network: null },
  ],
  page: 2,
  previousHref: '/compte/historique',
  nextHref: '/compte/historique?page=3',
};
const sessions: SessionsPage = {
  frame,
  notice: null,
  sessions: [
    {
      id: 'a',
      isThis: true,
      begunAt: new Date('2026-11-22T08:05:00Z'),
      usedAt: new Date('2026-11-22T09:05:00Z'),
      device: 'Firefox, Android',
      ways: ['pwd'],
      services: ['ENT des Tilleuls', 'Livret scolaire unique'],
    },
    {
      id: 'b',
      isThis: false,
      begunAt: new Date('2026-11-22T07:05:00Z'),
      usedAt: new Date('2026-11-22T07:05:00Z'),
      device: 'Safari, iPhone',
      ways: ['fc'],
      services: [],
    },
    {
      id: 'c',
      isThis: false,
      begunAt: null,
      usedAt: new Date('2026-11-22T06:05:00Z'),
      device: null,
      ways: [],
      services: [],
    },
  ],
  version: 3,
  endOneAction: '/compte/sessions/fermer',
  endAllAction: '/compte/sessions/toutes',
};
const proof: ProofPage = {
  action: '/interaction/x/connexion?profil=responsable',
  csrf: 'jeton',
  serviceName: null,
  kind: 'guardian',
  cancelHref: '/',
  identifier: 'c.martin12',
  errors: [],
  problem: null,
  provisionalMonths: 3,
  profileHref: '/interaction/x',
  notice: null,
  recovery: {
    available: true,
    identifierHref: '/interaction/x/identifiant-oublie',
    passwordHref: '/interaction/x/mot-de-passe-oublie',
  },
  passkey: { action: '/interaction/x/cle', options: '/interaction/x/cle/options', csrf: 'jeton' },
  franceConnect: { available: true, action: '/interaction/x/franceconnect' },
  registration: { available: true, href: '/interaction/x/inscription' },
};

const forget: ForgetPage = {
  frame: { csrf: 'jeton', homeHref: '/', again: false },
  action: '/compte/oublier/confirmer',
  forgetAt: new Date('2026-11-29T08:00:00Z'),
  auditMonths: 12,
  errors: [],
};

/** The pages of « Mon compte », and the proof that some of them ask for. */
export const ACCOUNT_PAGE_STATES: PageState[] = [
  state<LanguagePage>('account-language', 'account/language', {
    frame: { csrf: 'jeton', homeHref: '/', again: false },
    kept: true,
  }),
  state<HomePage>('account-links', 'account/home', { ...home, links, pendingAddress: LONG_EMAIL }),
  state('account', 'account/home', home),
  state<HomePage>('account-offer', 'account/home', {
    ...home,
    passkeyOffer: { addHref: '/compte/cles/ajouter', action: '/compte/cles/proposition', csrf: 'jeton' },
  }),
  state<HomePage>('account-bare', 'account/home', {
    ...home,
    services: [],
    children: [],
    email: null,
    lastLoginAt: null,
  }),
  state<HomePage>('account-long', 'account/home', {
    ...home,
    name: `${LONG_NAME.givenName} ${LONG_NAME.familyName}`,
    children: [
      {
        name: `${LONG_NAME.givenName} ${LONG_NAME.familyName}`,
        school: "Regroupement pédagogique intercommunal d'Exemplevilleneuve-sur-Rivière",
        class: 'CM1-CM2 DE MME VANDENBROUCKEDELAGRANGE',
        links: collegeLinks,
      },
    ],
    reports: [
      {
        name: `${LONG_NAME.givenName} ${LONG_NAME.familyName}`,
        reportedAt: new Date('2026-11-20T08:00:00Z'),
        href: '/compte/enfants/x/signaler',
      },
    ],
    email: { address: LONG_EMAIL, verified: false },
  }),
  state<HomePage>('account-pupil', 'account/home', {
    ...home,
    kind: 'pupil',
    name: 'Léa MARTIN',
    children: home.children.slice(0, 1).map((child) => ({ ...child, links: null })),
  }),
  state<HomePage>('account-pupil-bare', 'account/home', {
    ...home,
    kind: 'pupil',
    services: [],
    children: [],
  }),
  state<SignedOutPage>('account-signed-out', 'account/signed-out', { loginHref: '/' }),
  state<OtherPersonPage>('account-other-person', 'account/other-person', { homeHref: '/' }),
  state('account-password', 'account/password', password),
  state<PasswordPage>('account-password-again', 'account/password', {
    ...password,
    frame: { ...frame, again: true },
  }),
  ...oneOf([
    state<PasswordPage>('account-password-first', 'account/password', { ...password, first: true }),
    state<PasswordPage>('account-password-refused', 'account/password', {
      ...password,
      errors: [
        { field: 'new_password', reason: 'too-short' },
        { field: 'confirmation', reason: 'missing' },
      ],
    }),
  ]),
  state<PasswordPage>('account-password-overtaken', 'account/password', { ...password, overtaken: true }),
  state('account-history', 'account/history', history),
  state<HistoryPage>('account-history-empty', 'account/history', {
    ...history,
    entries: [],
    page: 1,
    previousHref: null,
    nextHref: null,
  }),
  state('account-sessions', 'account/sessions', sessions),
  ...oneOf(
    (['one', 'others', 'over'] as const).map((notice) =>
      state<SessionsPage>(`account-sessions-${notice}`, 'account/sessions', { ...sessions, notice }),
    ),
  ),
  state<DataPage>('account-data', 'account/data', { frame, action: '/compte/donnees', kind: 'guardian' }),
  state<DonePage>('account-done-password', 'account/done', { frame, what: 'password' }),
  state('account-forget', 'account/forget/ask', forget),
  state<ForgetPage>('account-forget-refused', 'account/forget/ask', {
    ...forget,
    errors: [{ field: 'agreed', reason: 'missing' }],
  }),
  state<ForgetAskedPage>('account-forget-asked', 'account/forget/asked', {
    forgetAt: forget.forgetAt,
    loginHref: '/',
  }),
  state<ForgetAskedPage>('account-forget-asked-by-hand', 'account/forget/asked', {
    forgetAt: null,
    loginHref: '/',
  }),
  state('proof', 'mire/proof', proof),
  state<ProofPage>('proof-pupil', 'mire/proof', { ...proof, kind: 'pupil' }),
  ...oneOf(
    (['wrong', 'frozen', 'busy'] as const).map((problem) =>
      state<ProofPage>(`proof-${problem}`, 'mire/proof', { ...proof, problem }),
    ),
  ),
  state<ProofRefusedPage>('proof-refused', 'mire/proof-refused', {
    againHref: '/interaction/x',
    homeHref: '/',
  }),
];
