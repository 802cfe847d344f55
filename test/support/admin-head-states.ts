import type { DelegationsPage } from '../../src/admin/delegations/pages.ts';
import type { ForcedPage, ForcedProgressPage } from '../../src/admin/forced/pages.ts';
import { adminFrame } from './admin-frame.ts';
import { type PageState, state } from './page-state.ts';

/** What only heads may do, as it may be met: delegations, passwords that must be changed. */

const at = '/admin/etablissements/0319950D';
const moment = new Date('2026-11-22T08:00:00Z');

const delegations: DelegationsPage = {
  frame: adminFrame('home'),
  homeHref: at,
  degree: 2,
  news: null,
  csrf: 'jeton',
  action: `${at}/delegations`,
  values: { person: '', email: '', role: '', until: '2027-08-31' },
  errors: [],
  problem: null,
  roles: ['troubleshooting', 'administration'],
  days: { first: '2026-11-22', last: '2027-08-31' },
  rows: [],
};
const row = (
  key: string,
  more: Partial<DelegationsPage['rows'][number]> = {},
): DelegationsPage['rows'][number] => ({
  key,
  person: 'Nadia AMRANI',
  email: 'nadia.amrani@ac-exemple.example.org',
  role: 'troubleshooting',
  until: '2027-06-30',
  over: false,
  createdAt: moment,
  by: 'Paul DIRECTEUR',
  prolongAction: `${at}/delegations/${key}/prolonger`,
  endAction: `${at}/delegations/${key}/retirer`,
  fault: null,
  ...more,
});
const people = [
  row('a'),
  row('b', { role: 'administration', by: null }),
  row('c', {
    person: 'Marie-Anastasia ŁODZIŃSKA-VANDENBROUCKEDELAGRANGE',
    email: 'marie-anastasia.lodzinska-vandenbrouckedelagrange@region-academique.ac-exemple.example.org',
    until: '2026-11-01',
    over: true,
  }),
];

const forced: ForcedPage = {
  frame: adminFrame('home'),
  homeHref: at,
  action: `${at}/mots-de-passe-a-changer`,
  kinds: ['guardian', 'pupil'],
  kind: null,
  classes: Array.from({ length: 14 }, (_, index) => ({
    id: index + 1,
    label: `3EME ${index + 1}`,
    chosen: index === 2,
  })),
  before: '',
  errors: [],
  preview: null,
  changed: false,
  confirm: null,
  changes: [],
};
const preview = {
  concerned: 412,
  'no-password': 96,
  'not-activated': 205,
  provisional: 3,
  'changed-since': 18,
  marked: 2,
};
const change = (marking: boolean): ForcedPage['changes'][number] => ({
  href: `${at}/mots-de-passe-a-changer/x`,
  at: moment,
  by: marking ? null : 'Paul DIRECTEUR',
  marked: 412,
  changed: 100,
  left: 300,
  marking,
});
const progress: ForcedProgressPage = {
  frame: adminFrame('home'),
  backHref: `${at}/mots-de-passe-a-changer`,
  refreshHref: `${at}/mots-de-passe-a-changer/x`,
  at: moment,
  by: 'Paul DIRECTEUR',
  marking: false,
  expected: 412,
  marked: 412,
  left: 300,
  ended: { changed: 100, reset: 8, removed: 4, lifted: 3 },
  days: [
    { day: '2026-11-22', changed: 61 },
    { day: '2026-11-23', changed: 39 },
  ],
};
const alike = (one: PageState): PageState => ({ ...one, alike: true });

export const ADMIN_HEAD_STATES: PageState[] = [
  state<DelegationsPage>('admin-delegations', 'admin/delegations/list', {
    ...delegations,
    rows: people,
    news: 'named',
  }),
  state<DelegationsPage>('admin-delegations-none', 'admin/delegations/list', {
    ...delegations,
    degree: 1,
    roles: ['administration'],
  }),
  state<DelegationsPage>('admin-delegations-refused', 'admin/delegations/list', {
    ...delegations,
    rows: people,
    errors: [
      { field: 'person', reason: 'missing' },
      { field: 'email', reason: 'invalid' },
      { field: 'role', reason: 'missing' },
      { field: 'until', reason: 'too-late' },
    ],
  }),
  state<DelegationsPage>('admin-delegations-row-refused', 'admin/delegations/list', {
    ...delegations,
    rows: people.map((one, index) => (index === 1 ? { ...one, fault: 'past' } : one)),
  }),
  ...(['already', 'too-many'] as const).map((problem) =>
    alike(
      state<DelegationsPage>(`admin-delegations-${problem}`, 'admin/delegations/list', {
        ...delegations,
        problem,
      }),
    ),
  ),
  ...(['prolonged', 'ended'] as const).map((news) =>
    alike(
      state<DelegationsPage>(`admin-delegations-${news}`, 'admin/delegations/list', { ...delegations, news }),
    ),
  ),
  ...(['missing', 'own'] as const).map((reason) =>
    alike(
      state<DelegationsPage>(`admin-delegations-email-${reason}`, 'admin/delegations/list', {
        ...delegations,
        errors: [{ field: 'email', reason }],
      }),
    ),
  ),
  ...(['missing', 'invalid', 'past'] as const).map((reason) =>
    alike(
      state<DelegationsPage>(`admin-delegations-until-${reason}`, 'admin/delegations/list', {
        ...delegations,
        errors: [{ field: 'until', reason }],
      }),
    ),
  ),
  state<ForcedPage>('admin-forced', 'admin/forced/ask', {
    ...forced,
    changes: [change(true), change(false)],
  }),
  state<ForcedPage>('admin-forced-preview', 'admin/forced/ask', {
    ...forced,
    kind: 'guardian',
    before: '2026-03-26',
    preview,
    confirm: { csrf: 'jeton', hidden: [{ name: 'once', value: 'x' }] },
  }),
  state<ForcedPage>('admin-forced-nobody', 'admin/forced/ask', {
    ...forced,
    kinds: ['guardian'],
    classes: [],
    preview: { ...preview, concerned: 0 },
  }),
  alike(
    state<ForcedPage>('admin-forced-changed', 'admin/forced/ask', {
      ...forced,
      changed: true,
      preview,
      confirm: { csrf: 'jeton', hidden: [] },
    }),
  ),
  state<ForcedPage>('admin-forced-refused', 'admin/forced/ask', {
    ...forced,
    before: 'hier',
    errors: [{ field: 'before', reason: 'invalid' }],
  }),
  state<ForcedProgressPage>('admin-forced-progress', 'admin/forced/progress', progress),
  state<ForcedProgressPage>('admin-forced-marking', 'admin/forced/progress', {
    ...progress,
    by: null,
    marking: true,
    marked: 120,
    left: 120,
    ended: { changed: 0, reset: 0, removed: 0, lifted: 0 },
    days: [],
  }),
];
