import type { AccountPage, GuardiansPage, Results, Row } from '../../src/admin/guardians/pages.ts';
import { DIAGNOSIS } from './admin-families-states.ts';
import { adminFrame, helpLinks } from './admin-frame.ts';
import { type PageState, state } from './page-state.ts';

/** The list of guardians and the page of an account as they may be met: the guide's screens, a collège's. */

const AT = '/admin/etablissements/0311478N';
const frame = adminFrame('guardians');
const LONG = 'ŁODZIŃSKA-VANDENBROUCKEDELAGRANGE Marie-Anastasia';
const day = new Date('2018-07-09T08:00:00Z');

const criteria: GuardiansPage['criteria'] = {
  text: '',
  mefs: null,
  classes: ['CE1D', 'CM1 NEW', 'Classe 5 -CE1/2 - Mme VANDENBROUCKEDELAGRANGE Marie-Emmanuelle'].map(
    (label, index) => ({ value: String(index + 1), label, chosen: false }),
  ),
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
};

const row = (
  pupil: string,
  className: string,
  guardian: string,
  identifier: string,
  more: Partial<Row> = {},
): Row => ({
  publicId: identifier.padEnd(22, 'x').replace(/\W/g, '_'),
  href: `${AT}/comptes/x`,
  noAccount: null,
  pupil,
  className,
  mef: '',
  guardian,
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
const notified = { origin: 'school', state: 'notified', distributedAt: day } as const;

const rows: Row[] = [
  row('AIXTHASI Alice', 'CM1 NEW', 'REABU Guillaume', 'g.reabu5'),
  row('AMEJDOBU Lucie', 'CM1 NEW', 'ZOUMN Guillaume', 'g.zoumn', {
    ...notified,
    state: 'activated',
    lastLoginAt: day,
    hasEmail: true,
  }),
  row('EDUALIBL Paul', 'CE1D', 'ZOUMN Guillaume', 'g.zoumn', {
    ...notified,
    state: 'activated',
    lastLoginAt: day,
  }),
  row('HCEIZODU Guillaume', 'CPB', 'NIORE Vincent', 'v.niorb'),
  row('ILUCMRTI Élise', 'PSMS', 'AVISAD Guillaume', 'g.avisad6', notified),
  row('TUOUHN Camille', 'GS', 'EHCAMA Guillaume', 'g.ehcam', { ...notified, state: 'activating' }),
  row(
    LONG,
    'Classe 5 -CE1/2 - Mme VANDENBROUCKEDELAGRANGE Marie-Emmanuelle',
    LONG,
    'm.lodzinskavandenbrouckedelagrange12',
    {
      origin: 'franceconnect',
      state: 'activated',
      lastLoginAt: day,
    },
  ),
];

const columns = (keys: readonly Results['columns'][number]['key'][]): Results['columns'] =>
  keys.map((key) => ({
    key,
    href: `${AT}/responsables?q=&sort=${key}`,
    sorted: key === 'pupil' ? 'ascending' : null,
  }));

const results: Results = {
  csrf: 'jeton',
  selects: true,
  confirmHref: `${AT}/responsables/confirmer`,
  pdfHref: `${AT}/responsables/liste.pdf`,
  csvHref: `${AT}/responsables/liste.csv`,
  handOutHref: `${AT}/responsables/liste-par-classe.pdf`,
  hidden: [{ name: 'q', value: '' }],
  columns: columns([
    'pupil',
    'class',
    'guardian',
    'identifier',
    'email',
    'origin',
    'state',
    'distributed',
    'login',
  ]),
  rows,
  accounts: 6,
  selectable: 6,
  selected: 0,
  range: { from: 1, to: 7, total: 7 },
  pageHrefs: [{ number: 1, href: '?', current: true }],
  previousHref: null,
  nextHref: null,
  selectPageHref: '?q=&select=page',
};

const list: GuardiansPage = {
  frame,
  people: 'guardians',
  batchesHref: `${AT}/distributions`,
  expiresHref: null,
  degree: 1,
  helpLinks: helpLinks(),
  listHref: `${AT}/responsables`,
  criteria,
  results: null,
  errors: [],
};
const college: GuardiansPage = {
  ...list,
  degree: 2,
  criteria: {
    ...criteria,
    text: 'zoumn',
    mefs: ['3EME', '5EME LANGUE ET CULTURE EUROPEENNE'].map((label) => ({
      value: label,
      label,
      chosen: true,
    })),
    states: criteria.states.map((one) => ({ ...one, chosen: one.value !== 'activated' })),
    email: 'without',
    expires: true,
  },
  results: {
    ...results,
    columns: columns([
      'pupil',
      'class',
      'mef',
      'guardian',
      'identifier',
      'email',
      'state',
      'origin',
      'distributed',
      'login',
    ]),
    rows: rows.map((one) => ({
      ...one,
      selectable: one.origin !== 'franceconnect',
      className: '5B',
      mef: '5EME LANGUE ET CULTURE EUROPEENNE',
    })),
    range: { from: 101, to: 107, total: 1310 },
    pageHrefs: [1, 2, 3, 4, 5, 27].map((number) => ({ number, href: '?', current: number === 3 })),
    previousHref: '?page=2',
    nextHref: '?page=4',
  },
};

const actions: NonNullable<AccountPage['actions']> = {
  csrf: 'jeton',
  notifyHref: `${AT}/comptes/x/notifier`,
  resetHref: `${AT}/comptes/x/reinitialiser`,
  noPassword: false,
  activationHref: null,
};
const account: AccountPage = {
  frame,
  degree: 1,
  diagnosis: DIAGNOSIS,
  listHref: `${AT}/responsables?q=`,
  name: 'TENOBN Vincent',
  identifier: 'v.tenobn5',
  password: {
    kind: 'provisional',
    plain: 'GVKJVPPE42',
    until: new Date('2018-10-07T08:00:00Z'),
    expired: false,
  },
  email: null,
  emailRefused: false,
  directoryEmail: null,
  mailsToDirectory: false,
  mobiles: [],
  origin: 'school',
  state: 'notified',
  distributedAt: day,
  lastLoginAt: null,
  linkedAt: null,
  frozenAt: null,
  here: [
    {
      givenName: 'Oscar',
      familyName: 'AEJDNRGA',
      birthDate: '2006-11-14',
      className: 'CM1 NEW',
      school: '',
      signalled: false,
    },
  ],
  elsewhere: [
    {
      givenName: 'Auguste',
      familyName: 'OTNACOD',
      birthDate: '2005-02-06',
      className: null,
      school: '0312151V - E.E.PU-ALFRED DE MUSSET-ac-TOULOUSE',
      signalled: false,
    },
  ],
  data: { base: 'ONDE', exportedOn: '2018-07-08', takenAt: day },
  actions,
};

export const ADMIN_GUARDIANS_STATES: PageState[] = [
  state<GuardiansPage>('admin-guardians', 'admin/guardians/list', list),
  state<GuardiansPage>('admin-guardians-found', 'admin/guardians/list', { ...list, results }),
  state<GuardiansPage>('admin-guardians-college', 'admin/guardians/list', college),
  state<GuardiansPage>('admin-guardians-none', 'admin/guardians/list', {
    ...list,
    results: { ...results, rows: [], accounts: 0, range: { from: 0, to: 0, total: 0 } },
  }),
  state<GuardiansPage>('admin-guardians-nothing-selected', 'admin/guardians/list', {
    ...list,
    results,
    errors: [{ field: 'all', reason: 'none' }],
  }),
  state<AccountPage>('admin-account', 'admin/guardians/account', account),
  state<AccountPage>('admin-account-college-long', 'admin/guardians/account', {
    ...account,
    degree: 2,
    name: LONG,
    password: { kind: 'personal' },
    email: `${'prenom.tres.long.compose'.repeat(4)}@sous-domaine.academie-inventee.example.org`,
    emailRefused: true,
    directoryEmail: `${'autre.adresse'.repeat(4)}@sous-domaine.academie-inventee.example.org`,
    mailsToDirectory: true,
    mobiles: ['06 39 98 00 01', '06 39 98 00 02'],
    origin: 'franceconnect',
    state: 'activating',
    lastLoginAt: day,
    linkedAt: day,
    frozenAt: day,
    here: account.here.map((pupil) => ({ ...pupil, signalled: true, birthDate: null })),
    elsewhere: [],
    data: { base: 'SIECLE', exportedOn: null, takenAt: null },
    actions: { ...actions, activationHref: `${AT}/comptes/x/activation` },
  }),
  state<AccountPage>('admin-account-strict', 'admin/guardians/account', {
    ...account,
    degree: 2,
    password: { kind: 'personal' },
    origin: 'guardian',
    state: 'activated',
    actions: null,
  }),
  state<AccountPage>('admin-account-franceconnect', 'admin/guardians/account', {
    ...account,
    password: { kind: 'none' },
    origin: 'franceconnect',
    state: 'activated',
    linkedAt: day,
    actions: { ...actions, resetHref: null, noPassword: true },
  }),
];
