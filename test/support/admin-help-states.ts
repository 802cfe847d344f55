import { CASES, type HelpPage, type MessagePage, STEPS } from '../../src/admin/help/pages.ts';
import { adminFrame } from './admin-frame.ts';
import { type PageState, state } from './page-state.ts';

/** Help for the staff as it may be met. */

const at = '/admin/etablissements/0311478N';
const list = `${at}/responsables?q=&state=activating`;
const help: HelpPage = {
  frame: { ...adminFrame('home'), helpHref: `${at}/aide` },
  degree: 1,
  base: 'ONDE',
  siteUrl: 'https://educonnect.example.org',
  months: 3,
  linkDays: 7,
  cases: CASES.map((key) => ({
    key,
    actions: [
      { key: 'activating', href: list },
      { key: 'families', href: `${at}/familles` },
    ],
  })),
  year: STEPS.map((key) => ({ key, actions: [{ key: 'withEmail', href: list }] })),
  searchHref: `${at}/responsables`,
  handOut: { action: `${at}/responsables/liste-par-classe.pdf`, csrf: 'jeton' },
  documents: { guide: '/admin/guide.pdf', message: `${at}/aide/message`, flyer: `${at}/depliant.pdf` },
  assistance: { text: "l'assistance de votre académie", url: 'https://assistance.example.org/' },
};
const message: MessagePage = {
  frame: adminFrame('home'),
  subject: 'Votre compte EduConnect pour suivre la scolarité de votre enfant',
  text: 'Bonjour,\n\nL\'école <b>E.E.PU-DES TILLEULS</b> & "les autres" vous invite à activer votre compte.\n',
  helpHref: `${at}/aide`,
  textHref: `${at}/aide/message.txt`,
  flyerHref: `${at}/depliant.pdf`,
};

export const ADMIN_HELP_STATES: PageState[] = [
  state<HelpPage>('admin-help', 'admin/help/show', help),
  {
    ...state<HelpPage>('admin-help-bare', 'admin/help/show', {
      ...help,
      degree: 2,
      base: 'SIECLE',
      cases: CASES.map((key) => ({ key, actions: [] })),
      searchHref: null,
      handOut: null,
      assistance: { ...help.assistance, url: null },
    }),
    alike: true,
  },
  state<MessagePage>('admin-help-message', 'admin/help/message', message),
];
