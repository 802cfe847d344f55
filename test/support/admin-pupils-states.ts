import type { GuardiansPage, Results, Row } from '../../src/admin/guardians/pages.ts';
import type { AdminFrame } from '../../src/admin/pages.ts';
import type { PupilAccountPage, TooManyPupilsPage } from '../../src/admin/pupils/pages.ts';
import { DIAGNOSIS } from './admin-families-states.ts';
import { helpLinks } from './admin-frame.ts';
import { oneOf, type PageState, state } from './page-state.ts';

/** The pupils of a collège: their list and accounts, for who administers and for who troubleshoots. */

const AT = '/admin/etablissements/0319950D';
const HELP = '/admin/depannage/etablissements/0319950D';
const school = '0319950D CLG-JEANNE BARRET-ac-TOULOUSE VALMONT';
const administers: AdminFrame = {
  module: 'administration',
  homeHref: '/admin',
  user: 'Jeanne PRINCIPALE',
  school,
  tabs: [
    { key: 'home', href: '/admin', current: false },
    { key: 'guardians', href: `${AT}/responsables`, current: false },
    { key: 'pupils', href: `${AT}/eleves`, current: true },
    { key: 'statistics', href: `${AT}/statistiques`, current: false },
  ],
  signOut: { action: '/admin/deconnexion', csrf: 'jeton' },
};
const helps: AdminFrame = {
  ...administers,
  module: 'troubleshooting',
  homeHref: '/admin/depannage',
  user: 'Simon DÉLÉGUÉ',
  tabs: [
    { key: 'home', href: '/admin/depannage', current: false },
    { key: 'pupils', href: `${HELP}/eleves`, current: true },
  ],
};
const LONG = 'ŁODZIŃSKA-VANDENBROUCKEDELAGRANGE Marie-Anastasia';
const day = new Date('2026-09-07T08:00:00Z');

const row = (pupil: string, identifier: string, more: Partial<Row> = {}): Row => ({
  publicId: identifier.padEnd(22, 'x').replace(/\W/g, '_'),
  href: `${AT}/eleves/comptes/x`,
  noAccount: null,
  pupil,
  className: '6B',
  mef: '6EME BILANGUE',
  guardian: pupil,
  identifier,
  hasEmail: false,
  origin: 'none',
  state: 'not_notified',
  distributedAt: null,
  lastLoginAt: null,
  selectable: true,
  selected: false,
  ...more,
});
const distributed = { origin: 'school', distributedAt: day } as const;
const none = { href: null, publicId: '', identifier: '', guardian: '', selectable: false } as const;
const rows: Row[] = [
  row('AIXTHASI Alice', 'a.aixthasi'),
  row('AMEJDOBU Lucie', 'l.amejdobu', { ...distributed, state: 'notified' }),
  row('EDUALIBL Paul', 'p.edualibl', {
    ...distributed,
    state: 'activated',
    lastLoginAt: day,
    hasEmail: true,
  }),
  row('SANSINE Jules', '', { ...none, noAccount: 'no-ine' }),
  row('NOUVEAU Zoé', '', { ...none, noAccount: 'not-yet' }),
  row('PARTI Luc', '', { ...none, noAccount: 'closed' }),
  row(LONG, 'm.lodzinskavandenbrouckedelagrange12', {
    ...distributed,
    state: 'activated',
    mef: '5EME LANGUE ET CULTURE EUROPEENNE',
    className: 'Classe 5 - Mme VANDENBROUCKEDELAGRANGE Marie-Emmanuelle',
  }),
];

const results: Results = {
  csrf: 'jeton',
  selects: true,
  confirmHref: `${AT}/eleves/confirmer`,
  pdfHref: `${AT}/eleves/liste.pdf`,
  csvHref: `${AT}/eleves/liste.csv`,
  handOutHref: `${AT}/eleves/liste-par-classe.pdf`,
  hidden: [{ name: 'q', value: '' }],
  columns: (
    ['pupil', 'class', 'mef', 'identifier', 'email', 'state', 'origin', 'distributed', 'login'] as const
  ).map((key) => ({
    key,
    href: `${AT}/eleves?q=&sort=${key}`,
    sorted: key === 'pupil' ? 'ascending' : null,
  })),
  rows,
  accounts: 4,
  selectable: 4,
  selected: 0,
  range: { from: 1, to: 6, total: 6 },
  pageHrefs: [{ number: 1, href: '?', current: true }],
  previousHref: null,
  nextHref: null,
  selectPageHref: '?q=&select=page',
};
const list: GuardiansPage = {
  frame: administers,
  people: 'pupils',
  degree: 2,
  listHref: `${AT}/eleves`,
  batchesHref: `${AT}/eleves/distributions`,
  expiresHref: `${AT}/eleves?q=&expires=15`,
  helpLinks: helpLinks().filter(({ key }) => key === 'quality' || key === 'journal'),
  criteria: {
    text: '',
    mefs: ['6EME BILANGUE', '5EME LANGUE ET CULTURE EUROPEENNE'].map((label) => ({
      value: label,
      label,
      chosen: false,
    })),
    classes: ['6B', '5A'].map((label, index) => ({ value: String(index + 1), label, chosen: false })),
    states: (['not_notified', 'notified', 'activating', 'activated'] as const).map((value) => ({
      value,
      chosen: false,
    })),
    email: null,
    origins: (['school', 'guardian', 'franceconnect', 'none'] as const).map((value) => ({
      value,
      chosen: false,
    })),
    expires: false,
  },
  results,
  errors: [],
};

const account: PupilAccountPage = {
  frame: administers,
  listHref: `${AT}/eleves?q=`,
  name: 'AMEJDOBU Lucie',
  identifier: 'l.amejdobu',
  password: {
    kind: 'provisional',
    plain: 'GVKJVPPE42',
    until: new Date('2026-12-06T08:00:00Z'),
    expired: false,
  },
  email: null,
  emailConfirmed: false,
  emailRefused: false,
  origin: 'school',
  state: 'notified',
  distributedAt: day,
  lastLoginAt: null,
  frozenAt: null,
  pupil: {
    givenName: 'Lucie',
    familyName: 'AMEJDOBU',
    birthDate: '2014-03-09',
    className: '6B',
    mef: '6EME BILANGUE',
    hasIne: true,
  },
  showsBirthDate: true,
  guardians: [
    { name: 'ZOUMN Guillaume', identifier: 'g.zoumn', state: 'activated', href: `${AT}/comptes/x` },
    { name: LONG, identifier: 'm.lodzinska', state: 'not_notified', href: `${AT}/comptes/y` },
  ],
  data: { base: 'SIECLE', exportedOn: '2026-09-06', takenAt: day },
  diagnosis: {
    ways: DIAGNOSIS.ways.filter(({ way }) => way === 'school'),
    checks: DIAGNOSIS.checks.filter(({ way }) => way === 'school'),
    journalHref: `${AT}/journal?compte=x`,
    attachmentsHref: null,
  },
  actions: {
    csrf: 'jeton',
    notifyHref: `${AT}/eleves/comptes/x/notifier`,
    resetHref: `${AT}/eleves/comptes/x/reinitialiser`,
    noPassword: false,
    activationHref: null,
  },
};

export const ADMIN_PUPILS_STATES: PageState[] = [
  state<GuardiansPage>('admin-pupils-found', 'admin/guardians/list', list),
  ...oneOf([
    state<GuardiansPage>('admin-pupils', 'admin/guardians/list', { ...list, results: null }),
    state<GuardiansPage>('admin-pupils-none', 'admin/guardians/list', {
      ...list,
      results: { ...results, rows: [], accounts: 0, range: { from: 0, to: 0, total: 0 } },
    }),
    state<GuardiansPage>('admin-pupils-nothing-selected', 'admin/guardians/list', {
      ...list,
      errors: [{ field: 'all', reason: 'none' }],
    }),
  ]),
  state<GuardiansPage>('admin-troubleshooting-found', 'admin/guardians/list', {
    ...list,
    frame: helps,
    listHref: `${HELP}/eleves`,
    batchesHref: null,
    expiresHref: null,
    helpLinks: [],
    results: {
      ...results,
      selects: false,
      rows: rows.map((one) => ({ ...one, selectable: false })),
    },
  }),
  state<PupilAccountPage>('admin-pupil-account', 'admin/pupils/account', account),
  state<PupilAccountPage>('admin-pupil-account-long', 'admin/pupils/account', {
    ...account,
    name: LONG,
    password: { kind: 'personal' },
    state: 'activated',
    email: `${'prenom.tres.long.compose'.repeat(4)}@sous-domaine.academie-inventee.example.org`,
    emailRefused: true,
    frozenAt: day,
    guardians: [],
    pupil: { ...account.pupil, birthDate: null, className: null, mef: null, hasIne: false },
    data: { base: 'SIECLE', exportedOn: null, takenAt: null },
  }),
  state<PupilAccountPage>('admin-troubleshooting-account', 'admin/pupils/account', {
    ...account,
    frame: helps,
    pupil: { ...account.pupil, birthDate: null },
    showsBirthDate: false,
    guardians: null,
    diagnosis: { ...account.diagnosis, journalHref: null },
  }),
  ...oneOf([
    state<PupilAccountPage>('admin-pupil-account-hidden', 'admin/pupils/account', {
      ...account,
      password: { kind: 'hidden' },
      origin: 'none',
      state: 'not_notified',
      distributedAt: null,
      actions: { ...account.actions, resetHref: null },
    }),
    state<PupilAccountPage>('admin-pupil-account-expired', 'admin/pupils/account', {
      ...account,
      password: { kind: 'provisional', plain: 'GVKJVPPE42', until: day, expired: true },
    }),
    state<PupilAccountPage>('admin-pupil-account-none', 'admin/pupils/account', {
      ...account,
      password: { kind: 'none' },
    }),
  ]),
  state<TooManyPupilsPage>('admin-troubleshooting-too-many', 'admin/pupils/too-many', {
    frame: helps,
    limit: 60,
    until: day,
    listHref: `${HELP}/eleves`,
  }),
];
