import type {
  ActivationPage,
  BatchesPage,
  BatchPage,
  ConfirmPage,
  MailsShown,
  Person,
} from '../../src/admin/distribution/pages.ts';
import type { AdminFrame } from '../../src/admin/pages.ts';
import { oneOf, type PageState } from './page-state.ts';

/** Confirmations and results of distributions, as they may be met. */

const base = '/admin/etablissements/0311478N';
const frame: AdminFrame = {
  module: 'administration',
  homeHref: '/admin',
  user: 'Paul DIRECTEUR',
  school: '0311478N E.E.PR-SAINTE-FAMILLE DES MINIMES-ac-TOULOUSE TOULOUSE',
  tabs: [
    { key: 'home', href: '/admin', current: false },
    { key: 'guardians', href: `${base}/responsables`, current: true },
    { key: 'statistics', href: `${base}/statistiques`, current: false },
  ],
  signOut: { action: '/admin/deconnexion', csrf: 'jeton' },
};
const single = {
  name: 'ŁODZIŃSKA-VANDENBROUCKEDELAGRANGE Marie-Anastasia',
  identifier: 'm.lodzinskavandenbroucke114',
};
const person = (name: string, identifier: string): Person => ({
  name,
  identifier,
  href: `${base}/comptes/x`,
});
const people = [
  person('HAFIR Ghislain', 'g.hafir'),
  person('RENZEKS Arnaud', 'a.renzeks2'),
  person(single.name, single.identifier),
];

const confirm: ConfirmPage = {
  frame,
  people: 'guardians',
  act: 'sheet',
  single: null,
  withReset: true,
  accounts: 312,
  action: `${base}/responsables/notifier`,
  csrf: 'jeton',
  hidden: [
    { name: 'all', value: '1' },
    { name: 'q', value: "d'artigues" },
    { name: 'once', value: 'x' },
  ],
  cancelHref: `${base}/responsables`,
  changed: false,
  refusal: null,
};
const batch: BatchPage = {
  frame,
  people: 'guardians',
  act: 'sheet',
  single: false,
  withReset: true,
  at: new Date('2026-09-07T08:05:00Z'),
  done: 312,
  notNotified: true,
  noPassword: people,
  noAddress: [],
  badAddress: [],
  frozen: people.slice(0, 1),
  letters: { state: 'ready', href: `${base}/distributions/x/courrier.pdf`, letters: 310 },
  mails: null,
  secret: null,
  accountHref: null,
  again: { action: `${base}/responsables/confirmer`, csrf: 'jeton', batch: 'x' },
  listHref: `${base}/responsables`,
  batchesHref: `${base}/distributions`,
};
const mails: MailsShown = {
  counts: [
    { state: 'waiting', count: 12 },
    { state: 'sent', count: 296 },
    { state: 'failed', count: 2 },
    { state: 'bounced', count: 1 },
    { state: 'replaced', count: 1 },
  ],
  rows: (['failed', 'bounced', 'replaced', 'waiting', 'sent'] as const).map((state, index) => ({
    ...(people[index % people.length] ?? person('', '')),
    state,
  })),
  total: 312,
  range: { from: 51, to: 100 },
  previousHref: `${base}/distributions/x`,
  nextHref: `${base}/distributions/x?page=3`,
  refreshHref: `${base}/distributions/x`,
  retry: { action: `${base}/distributions/x/reessayer`, csrf: 'jeton' },
  bounced: true,
  retried: 2,
};
const activation: ActivationPage = {
  frame,
  single,
  action: `${base}/comptes/x/activation`,
  csrf: 'jeton',
  cancelHref: `${base}/comptes/x`,
  email: 'marie-anastasia.lodzinska-vandenbroucke@example.org',
  sent: false,
  refusal: null,
  errors: [],
};

const state = <Page extends object>(name: string, template: string, data: Page): PageState => ({
  name: `admin-distribution-${name}`,
  template: `admin/distribution/${template}`,
  data,
});

export const ADMIN_DISTRIBUTION_STATES: PageState[] = [
  ...oneOf([
    state<ConfirmPage>('confirm', 'confirm', confirm),
    state<ConfirmPage>('confirm-email', 'confirm', { ...confirm, act: 'email', withReset: false }),
    state<ConfirmPage>('confirm-reset', 'confirm', { ...confirm, act: 'reset' }),
  ]),
  state<ConfirmPage>('confirm-changed', 'confirm', { ...confirm, changed: true }),
  state<ConfirmPage>('confirm-one', 'confirm', { ...confirm, single, refusal: 'not-notified' }),
  ...oneOf([
    state<ConfirmPage>('reset-refused', 'confirm', {
      ...confirm,
      act: 'reset',
      single,
      refusal: 'no-password',
    }),
    state<ConfirmPage>('email-one', 'confirm', { ...confirm, act: 'email', single }),
    state<ConfirmPage>('reset-one', 'confirm', { ...confirm, act: 'reset', single }),
  ]),
  state<BatchPage>('sheets', 'batch', batch),
  state<BatchPage>('making', 'batch', { ...batch, letters: { state: 'making', done: 125, total: 312 } }),
  ...oneOf([
    state<BatchPage>('asked', 'batch', {
      ...batch,
      letters: { state: 'asked', action: `${base}/distributions/x/courrier`, csrf: 'jeton', failed: false },
    }),
    state<BatchPage>('failed', 'batch', {
      ...batch,
      letters: { state: 'asked', action: `${base}/distributions/x/courrier`, csrf: 'jeton', failed: true },
    }),
    state<BatchPage>('over', 'batch', { ...batch, letters: { state: 'none' } }),
  ]),
  state<BatchPage>('mails', 'batch', {
    ...batch,
    act: 'email',
    letters: null,
    noAddress: people,
    badAddress: people.slice(1),
    mails,
  }),
  state<BatchPage>('mail-one-no-address', 'batch', {
    ...batch,
    act: 'email',
    single: true,
    done: 0,
    notNotified: false,
    letters: null,
    noPassword: [],
    frozen: [],
    noAddress: people.slice(0, 1),
    accountHref: `${base}/comptes/x`,
    again: { action: `${base}/comptes/x/notifier`, csrf: 'jeton', batch: null },
  }),
  state<BatchPage>('reset', 'batch', { ...batch, act: 'reset', letters: null, frozen: [] }),
  state<BatchPage>('reset-one-done', 'batch', {
    ...batch,
    act: 'reset',
    single: true,
    done: 1,
    notNotified: false,
    letters: null,
    noPassword: [],
    frozen: [],
    secret: { identifier: single.identifier, password: 'GVKJVPPE42' },
    accountHref: `${base}/comptes/x`,
    again: { action: `${base}/comptes/x/notifier`, csrf: 'jeton', batch: null },
  }),
  state<BatchPage>('reset-one-gone', 'batch', {
    ...batch,
    act: 'reset',
    single: true,
    done: 1,
    notNotified: false,
    letters: null,
    noPassword: [],
    frozen: [],
    secret: { identifier: single.identifier, password: null },
    accountHref: `${base}/comptes/x`,
  }),
  state<BatchesPage>('list', 'batches', {
    frame,
    people: 'guardians',
    rows: (['sheet', 'email', 'reset'] as const).map((act, index) => ({
      href: `${base}/distributions/x`,
      act,
      withReset: index > 0,
      at: batch.at,
      done: 312 - index,
      left: index,
      waiting: 3,
      failed: 1,
    })),
    total: 3,
    range: { from: 1, to: 3 },
    previousHref: null,
    nextHref: null,
    listHref: `${base}/responsables`,
  }),
  state<BatchesPage>('list-empty', 'batches', {
    frame,
    people: 'guardians',
    rows: [],
    total: 0,
    range: { from: 0, to: 0 },
    previousHref: null,
    nextHref: null,
    listHref: `${base}/responsables`,
  }),
  state<ActivationPage>('activation', 'activation', activation),
  state<ActivationPage>('activation-refused', 'activation', {
    ...activation,
    email: 'pas une adresse',
    errors: [{ field: 'email', reason: 'invalid' }],
  }),
  ...oneOf([
    state<ActivationPage>('activation-sent', 'activation', { ...activation, sent: true }),
    state<ActivationPage>('activation-too-many', 'activation', {
      ...activation,
      errors: [{ field: 'email', reason: 'too-many' }],
    }),
    state<ActivationPage>('activation-not-activating', 'activation', {
      ...activation,
      refusal: 'not-activating',
    }),
  ]),
];
