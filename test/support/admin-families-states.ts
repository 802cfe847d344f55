import type {
  AttachmentsPage,
  FamiliesPage,
  JournalPage,
  QualityPage,
  RelaunchPage,
  ShownAct,
  ShownCheck,
  ShownDiagnosis,
  ShownFinding,
  TextParams,
} from '../../src/admin/families/pages.ts';
import { adminFrame, helpLinks } from './admin-frame.ts';
import { type PageState, state } from './page-state.ts';

/** The pages that help families as they may be met. */

const AT = '/admin/etablissements/0311478N';
const LONG = 'VANDENBROUCKEDELAGRANGE-ŁODZIŃSKA Marie-Anastasia';
const frame = adminFrame('guardians');
const params = (given: Partial<TextParams> = {}): TextParams => ({
  pupil: 'Lucie ZOUMN',
  number: '05 61 00 00 01',
  date: '20 novembre 2026',
  count: 1,
  base: 'ONDE',
  school: '0319950D - CLG-JEANNE BARRET-ac-TOULOUSE',
  ...given,
});
const data = {
  base: 'ONDE',
  exportedOn: '2026-11-26',
  takenAt: new Date('2026-11-27T03:12:00Z'),
} as const;
const finding = (
  code: ShownFinding['code'],
  remedy: string | null = 'base',
  blocks = true,
): ShownFinding => ({
  code,
  blocks,
  remedy,
  params: params(),
});
const check = (changes: Partial<ShownCheck> = {}): ShownCheck => ({
  way: 'sms',
  failed: 'mobile',
  times: 3,
  lastAt: new Date('2026-11-25T18:05:00Z'),
  outcome: 'same',
  arrivedAt: null,
  remedy: 'base',
  params: params(),
  ...changes,
});
const paging = { page: 1, pages: 1, previousHref: null, nextHref: null };
const middle = { page: 2, pages: 5, previousHref: `${AT}/familles`, nextHref: `${AT}/familles?page=3` };
const person = (name: string, identifier: string) => ({
  name,
  identifier,
  href: `${AT}/comptes/${identifier}`,
});

/** « Diagnostic » of the account page. */
export const DIAGNOSIS: ShownDiagnosis = {
  ways: [
    {
      way: 'franceconnect',
      status: 'blocked',
      findings: [finding('not-a-mobile'), finding('no-ine', 'otherSchool', false)],
    },
    { way: 'sms', status: 'blocked', findings: [finding('not-a-mobile')] },
    { way: 'school', status: 'open', findings: [finding('provisional-expires', null, false)] },
  ],
  checks: [
    check(),
    check({ failed: 'birth-date', way: 'school', outcome: 'arrived', arrivedAt: new Date() }),
  ],
  journalHref: `${AT}/journal?compte=zoumn`,
  attachmentsHref: `${AT}/rattachements`,
};

const families: FamiliesPage = {
  frame,
  links: helpLinks('families'),
  base: 'ONDE',
  data,
  filters: [
    { key: 'all', href: `${AT}/familles`, count: 12, current: true },
    { key: 'failed', href: `${AT}/familles?motif=echec`, count: 4, current: false },
    { key: 'stuck', href: `${AT}/familles?motif=bloque`, count: 9, current: false },
  ],
  rows: [
    {
      ...person('ZOUMN Guillaume', 'g.zoumn'),
      pupils: ['ZOUMN Lucie', 'ZOUMN Paul'],
      checks: [
        check(),
        check({ way: 'franceconnect', outcome: 'retry', failed: 'code', times: 1, remedy: null }),
      ],
      findings: [],
    },
    {
      ...person('TENOB Valérie', 'v.tenob'),
      pupils: ['TENOB Éloi'],
      checks: [check({ failed: 'birth-date', outcome: 'arrived', way: 'school', arrivedAt: new Date() })],
      findings: [],
    },
    {
      ...person(LONG, 'm.vandenbrouckedelagrange-lodzinska'),
      pupils: [LONG],
      checks: [check({ way: 'recovery', failed: 'delivery' })],
      findings: [
        finding('not-a-mobile'),
        finding('no-ine', 'otherSchool'),
        finding('not-notified', 'notify'),
      ],
    },
  ],
  paging: middle,
};

const guardianRow = {
  ...person('ZOUMN Guillaume', 'g.zoumn'),
  className: null,
  number: '05 61 00 00 01',
  pupils: ['ZOUMN Lucie', 'ZOUMN Paul'],
  why: 'not-a-mobile' as string | null,
  others: [] as string[],
  elsewhere: 0,
};
const count = (key: QualityPage['pupilLists'][number]['key'], number: number, current = false) => ({
  key,
  href: `${AT}/qualite?liste=${key}`,
  count: number,
  current,
});
const quality: QualityPage = {
  frame,
  links: helpLinks('quality'),
  base: 'ONDE',
  data,
  degree: 1,
  total: { pupils: 315, guardians: 238 },
  pupilLists: [count('no-ine', 3), count('no-class', 2), count('no-birth-date', 0), count('no-guardian', 1)],
  guardianLists: [
    count('no-mobile', 27),
    count('bad-mobile', 4),
    count('shared-mobile', 8),
    count('no-email', 51),
    count('several', 2),
  ],
  list: null,
};
const list = {
  key: 'bad-mobile',
  of: 'guardians',
  count: 2,
  csvHref: `${AT}/qualite.csv?liste=bad-mobile`,
  rows: [
    guardianRow,
    {
      ...guardianRow,
      name: LONG,
      identifier: null,
      href: null,
      why: 'foreign',
      pupils: [LONG],
      number: '+34 600 000 000',
    },
  ],
  paging: middle,
} as const satisfies NonNullable<QualityPage['list']>;

const relaunchRow = {
  ...person('ZOUMN Guillaume', 'g.zoumn'),
  publicId: 'zoumn',
  pupils: ['ZOUMN Lucie'],
  hasEmail: true,
  distributedAt: new Date('2026-09-04T08:00:00Z'),
  expiresAt: new Date('2026-12-03T08:00:00Z') as Date | null,
  link: null as { sentAt: Date; works: boolean } | null,
  activationHref: null as string | null,
};
const relaunch: RelaunchPage = {
  frame,
  links: helpLinks('relaunch'),
  base: 'ONDE',
  kinds: [
    { key: 'expiring', href: `${AT}/relance`, count: 64, current: true },
    { key: 'expired', href: `${AT}/relance?groupe=expires`, count: 2, current: false },
    { key: 'activating', href: `${AT}/relance?groupe=activation`, count: 1, current: false },
  ],
  kind: 'expiring',
  count: 64,
  form: {
    action: `${AT}/responsables/confirmer`,
    csrf: 'jeton',
    all: [
      { name: 'all', value: '1' },
      { name: 'state', value: 'notified' },
    ],
  },
  listHref: `${AT}/responsables?state=notified&expires=15`,
  rows: [
    relaunchRow,
    {
      ...relaunchRow,
      ...person(LONG, 'm.vandenbrouckedelagrange-lodzinska'),
      publicId: 'long',
      pupils: [LONG],
      hasEmail: false,
    },
  ],
  paging: middle,
};

const attachments: AttachmentsPage = {
  frame,
  links: helpLinks('attachments'),
  base: 'ONDE',
  states: [
    { key: 'open', href: `${AT}/rattachements`, count: 2, current: true },
    { key: 'closed', href: `${AT}/rattachements?etat=clos`, count: 1, current: false },
  ],
  state: 'open',
  news: null,
  form: { action: `${AT}/rattachements`, csrf: 'jeton' },
  rows: [
    {
      key: '1-2',
      pupil: 'ZOUMN Lucie',
      guardian: 'COSAMS Abdelkader',
      identifier: 'a.cosams',
      href: `${AT}/comptes/cosams`,
      linked: true,
      reportedAt: new Date('2026-11-20T10:00:00Z'),
      closed: null,
    },
    {
      key: '3-4',
      pupil: LONG,
      guardian: LONG,
      identifier: null,
      href: null,
      linked: false,
      reportedAt: new Date('2026-11-19T10:00:00Z'),
      closed: null,
    },
  ],
  paging,
};

const act = (changes: Partial<ShownAct> = {}): ShownAct => ({
  at: new Date('2026-11-25T18:05:00Z'),
  kind: 'notify',
  event: 'notify',
  refused: false,
  who: 'Paul DIRECTEUR',
  by: 'school',
  accounts: 238,
  account: null,
  how: 'sheet',
  ...changes,
});
const one = { accounts: 1, account: person('ZOUMN Guillaume', 'g.zoumn'), how: null };
const acts: ShownAct[] = [
  act({ ...one, kind: 'password', event: 'show-password' }),
  act(),
  act({ ...one, kind: 'reset', event: 'reset', refused: true }),
  act({ kind: 'export', event: 'list-accounts', how: 'csv', accounts: 0 }),
  act({ kind: 'other', event: 'something-new', who: null, by: 'operator', accounts: 0, how: null }),
];
const journal: JournalPage = {
  frame,
  links: helpLinks('journal'),
  base: 'ONDE',
  action: `${AT}/journal`,
  days: [
    { value: 30, current: true },
    { value: 90, current: false },
    { value: 366, current: false },
  ],
  kinds: [
    { value: 'notify', current: false },
    { value: 'password', current: false },
  ],
  people: [{ value: 'staff:directeur', name: 'Paul DIRECTEUR', current: false }],
  identifier: '',
  unknown: false,
  account: null,
  password: null,
  acts,
  paging: middle,
};

export const ADMIN_FAMILIES_STATES: PageState[] = [
  state<FamiliesPage>('admin-families', 'admin/families/families', families),
  state<FamiliesPage>('admin-families-none', 'admin/families/families', {
    ...families,
    rows: [],
    paging,
    data: { base: 'SIECLE', exportedOn: null, takenAt: null },
  }),
  state<QualityPage>('admin-quality', 'admin/families/quality', quality),
  state<QualityPage>('admin-quality-guardians', 'admin/families/quality', { ...quality, list }),
  state<QualityPage>('admin-quality-shared', 'admin/families/quality', {
    ...quality,
    list: {
      ...list,
      key: 'shared-mobile',
      rows: [{ ...guardianRow, why: null, others: ['COSAMS Abdelkader', LONG], elsewhere: 2 }],
      paging,
    },
  }),
  state<QualityPage>('admin-quality-pupils', 'admin/families/quality', {
    ...quality,
    list: {
      ...list,
      key: 'no-class',
      of: 'pupils',
      rows: [
        {
          ...guardianRow,
          identifier: null,
          href: null,
          number: null,
          pupils: [],
          why: null,
          className: null,
        },
        { ...guardianRow, name: LONG, identifier: null, href: null, pupils: [], why: null, className: 'CPB' },
      ],
      paging,
    },
  }),
  state<QualityPage>('admin-quality-empty', 'admin/families/quality', {
    ...quality,
    list: { ...list, rows: [], paging },
  }),
  state<RelaunchPage>('admin-relaunch', 'admin/families/relaunch', relaunch),
  state<RelaunchPage>('admin-relaunch-activating', 'admin/families/relaunch', {
    ...relaunch,
    kind: 'activating',
    form: null,
    listHref: null,
    rows: [
      { ...relaunchRow, expiresAt: null, link: { sentAt: new Date('2026-11-10T08:00:00Z'), works: false } },
      {
        ...relaunchRow,
        expiresAt: null,
        publicId: 'other',
        activationHref: `${AT}/comptes/other/activation`,
      },
    ],
    paging,
  }),
  state<RelaunchPage>('admin-relaunch-none', 'admin/families/relaunch', { ...relaunch, rows: [], paging }),
  state<AttachmentsPage>('admin-attachments', 'admin/families/attachments', attachments),
  state<AttachmentsPage>('admin-attachments-closed', 'admin/families/attachments', {
    ...attachments,
    state: 'closed',
    news: 'removed',
    rows: attachments.rows.map((row, index) => ({
      ...row,
      closed: {
        at: new Date('2026-11-21T10:00:00Z'),
        by: index === 0 ? 'Paul DIRECTEUR' : null,
        outcome: index === 0 ? 'removed' : null,
      },
    })),
  }),
  state<AttachmentsPage>('admin-attachments-none', 'admin/families/attachments', {
    ...attachments,
    rows: [],
  }),
  state<JournalPage>('admin-journal', 'admin/families/journal', journal),
  state<JournalPage>('admin-journal-account', 'admin/families/journal', {
    ...journal,
    identifier: 'g.zoumn',
    account: { name: 'ZOUMN Guillaume', identifier: 'g.zoumn', here: true },
    password: { since: new Date('2026-11-20T08:00:00Z'), acts: acts.slice(0, 3), elsewhere: 2 },
    paging,
  }),
  state<JournalPage>('admin-journal-unknown', 'admin/families/journal', {
    ...journal,
    identifier: 'x.personne',
    unknown: true,
    acts: [],
    paging,
  }),
];
