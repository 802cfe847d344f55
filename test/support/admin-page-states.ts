import type {
  AdminFrame,
  EntryRefusedPage,
  HomePage,
  NeedsKeyPage,
  NoRightsPage,
  SignedOutPage,
} from '../../src/admin/pages.ts';
import { helpLinks } from './admin-frame.ts';
import type { PageState } from './page-state.ts';

/** The pages of the staff as they may be met. */

const nobody: AdminFrame = {
  module: 'administration',
  homeHref: '/admin',
  user: null,
  school: null,
  tabs: [],
  signOut: null,
};
const frame: AdminFrame = {
  ...nobody,
  user: 'Paul DIRECTEUR',
  school: '0311478N E.E.PR-SAINTE-FAMILLE DES MINIMES-ac-TOULOUSE TOULOUSE',
  tabs: [
    { key: 'home', href: '/admin', current: true },
    { key: 'guardians', href: '/admin/etablissements/0311478N/responsables', current: false },
    { key: 'statistics', href: '/admin/etablissements/0311478N/statistiques', current: false },
  ],
  signOut: { action: '/admin/deconnexion', csrf: 'jeton' },
};
const longFrame: AdminFrame = {
  ...frame,
  user: 'Marie-Anastasia ŁODZIŃSKA-VANDENBROUCKEDELAGRANGE',
  school:
    "0319903C E.P.PU-REGROUPEMENT PÉDAGOGIQUE INTERCOMMUNAL D'EXEMPLEVILLENEUVE-SUR-RIVIÈRE-ac-TOULOUSE LÈZE-LA-FORÊT",
  tabs: [...frame.tabs, { key: 'pupils', href: '/admin/etablissements/0319903C/eleves', current: false }],
};
const documents: HomePage['documents'] = {
  help: '/admin/etablissements/0311478N/aide',
  message: '/admin/etablissements/0311478N/aide/message',
  flyer: '/admin/etablissements/0311478N/depliant.pdf',
};
const home: HomePage = {
  frame,
  choice: null,
  chosen: { name: 'E.E.PR-SAINTE-FAMILLE DES MINIMES', uai: '0311478N' },
  guardiansHref: '/admin/etablissements/0311478N/responsables',
  pupilsHref: null,
  statisticsHref: '/admin/etablissements/0311478N/statistiques',
  helpLinks: helpLinks(),
  guideHref: '/admin/guide.pdf',
  documents,
  headHrefs: null,
  otherHref: null,
};
const choice: HomePage['choice'] = {
  action: '/admin/etablissement',
  csrf: 'jeton',
  options: [
    { uai: '0311478N', label: '0311478N - E.E.PR-SAINTE-FAMILLE DES MINIMES - TOULOUSE' },
    {
      uai: '0319903C',
      label: "0319903C - REGROUPEMENT PÉDAGOGIQUE INTERCOMMUNAL D'EXEMPLEVILLENEUVE-SUR-RIVIÈRE - LÈZE",
    },
  ],
};
const assistance = { text: "l'assistance de votre académie", url: 'https://assistance.example.org/' };
const refused: EntryRefusedPage = {
  frame: nobody,
  reason: 'cancelled',
  loginHref: '/admin',
  requestId: '0123456789abcdef01234567',
};

const state = <Page extends object>(
  name: string,
  template: string,
  data: Page,
  options: { alike?: boolean } = {},
): PageState => ({ name, template: `admin/${template}`, data, ...options });

export const ADMIN_PAGE_STATES: PageState[] = [
  state<HomePage>('admin-home', 'home', home),
  state<HomePage>('admin-home-head', 'home', {
    ...home,
    headHrefs: {
      delegations: '/admin/etablissements/0311478N/delegations',
      forced: '/admin/etablissements/0311478N/mots-de-passe-a-changer',
    },
  }),
  state<HomePage>('admin-home-choice', 'home', {
    ...home,
    frame: { ...frame, school: null, tabs: frame.tabs.slice(0, 1) },
    choice,
    chosen: null,
    documents: null,
    guardiansHref: null,
    statisticsHref: null,
    helpLinks: null,
  }),
  state<HomePage>('admin-home-chosen-long', 'home', {
    ...home,
    frame: longFrame,
    choice,
    chosen: {
      name: "REGROUPEMENT PÉDAGOGIQUE INTERCOMMUNAL D'EXEMPLEVILLENEUVE-SUR-RIVIÈRE",
      uai: '0319903C',
    },
    guideHref: 'https://guide.example.org/',
    otherHref: '/admin/depannage',
  }),
  state<HomePage>('admin-troubleshooting', 'home', {
    ...home,
    frame: {
      ...frame,
      module: 'troubleshooting',
      homeHref: '/admin/depannage',
      tabs: frame.tabs.slice(0, 1),
    },
    guardiansHref: null,
    pupilsHref: '/admin/depannage/etablissements/0319950D/eleves',
    statisticsHref: null,
    helpLinks: null,
    otherHref: '/admin',
  }),
  state<NoRightsPage>('admin-no-rights', 'no-rights', {
    frame: { ...frame, school: null, tabs: [] },
    assistance,
  }),
  state<NoRightsPage>(
    'admin-no-rights-no-link',
    'no-rights',
    { frame: { ...frame, school: null, tabs: [] }, assistance: { ...assistance, url: null } },
    { alike: true },
  ),
  state<NeedsKeyPage>('admin-needs-key', 'needs-key', {
    frame: { ...frame, school: null },
    school: 'CLG-JEANNE BARRET',
    keyHref: '/admin/cle',
    troubleshootingHref: '/admin/depannage',
    assistance,
  }),
  state<EntryRefusedPage>('admin-entry-cancelled', 'entry-refused', refused),
  ...(['refused', 'unreachable', 'closed'] as const).map((reason) =>
    state<EntryRefusedPage>(
      `admin-entry-${reason}`,
      'entry-refused',
      { ...refused, reason },
      { alike: true },
    ),
  ),
  state<SignedOutPage>('admin-signed-out', 'signed-out', { frame: nobody, loginHref: '/admin' }),
];
