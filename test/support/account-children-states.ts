import type {
  ChildPasswordPage,
  NewChildPasswordPage,
  ReportPage,
} from '../../src/account/children/pages.ts';
import type { AccountFrame } from '../../src/account/pages.ts';
import type { AttachConfirmPage, AttachDonePage, AttachPage } from '../../src/account/regroup/pages.ts';
import { oneOf, type PageState, state } from './page-state.ts';

const LONG = 'Marie-Anastasia ŁODZIŃSKA-VANDENBROUCKEDELAGRANGE';
const LONG_SCHOOL = "Regroupement pédagogique intercommunal d'Exemplevilleneuve-sur-Rivière";

const frame: AccountFrame = { csrf: 'jeton', homeHref: '/', again: false };
const attach: AttachPage = {
  frame,
  action: '/compte/rattacher',
  ownIdentifier: 'c.martin12',
  identifier: '',
  errors: [],
  problem: null,
  provisionalMonths: 3,
};
const confirm: AttachConfirmPage = {
  frame,
  action: '/compte/rattacher/confirmer',
  proof: 'x',
  ownIdentifier: 'c.martin12',
  identifier: 'c.martin34',
  name: 'Claire MARTIN',
  children: [
    { name: 'Éloi MARTIN', school: 'Collège Simone-Exemple' },
    { name: LONG, school: LONG_SCHOOL },
  ],
  againHref: '/compte/rattacher',
};
const report: ReportPage = {
  frame,
  action: '/compte/enfants/x/signaler',
  withdrawAction: '/compte/enfants/x/signaler/retirer',
  child: LONG,
  school: LONG_SCHOOL,
  state: 'child',
  reportedAt: new Date('2026-11-20T08:00:00Z'),
};
const password: ChildPasswordPage = {
  frame,
  action: '/compte/enfants/y/mot-de-passe',
  child: 'Éloi MARTIN',
  school: 'Collège Simone-Exemple',
  problem: null,
  formKey: 'x',
  againHref: '/compte/enfants/y/mot-de-passe',
  most: 3,
};

/** « Rattacher un enfant », and what a guardian does for one child. */
export const ACCOUNT_CHILDREN_STATES: PageState[] = [
  state('attach', 'account/regroup/form', attach),
  state<AttachPage>('attach-again', 'account/regroup/form', {
    ...attach,
    frame: { ...frame, again: true },
    problem: 'over',
  }),
  state<AttachPage>('attach-missing', 'account/regroup/form', {
    ...attach,
    errors: [
      { field: 'identifier', reason: 'missing' },
      { field: 'password', reason: 'missing' },
    ],
  }),
  ...oneOf(
    (['names', 'wrong', 'wrong-profile', 'expired', 'frozen', 'own', 'busy'] as const).map((problem) =>
      state<AttachPage>(`attach-${problem}`, 'account/regroup/form', {
        ...attach,
        identifier: 'c.martin34',
        problem,
      }),
    ),
  ),
  state('attach-confirm', 'account/regroup/confirm', confirm),
  state<AttachConfirmPage>('attach-confirm-nobody', 'account/regroup/confirm', { ...confirm, children: [] }),
  state<AttachDonePage>('attach-done', 'account/regroup/done', {
    frame,
    identifier: 'c.martin34',
    ownIdentifier: 'c.martin12',
  }),
  state('child-report', 'account/children/report', report),
  state<ReportPage>('child-reported', 'account/children/report', { ...report, state: 'reported' }),
  state<ReportPage>('child-decided', 'account/children/report', { ...report, state: 'decided' }),
  state('child-password', 'account/children/password', password),
  ...oneOf(
    (['first-codes', 'frozen', 'too-many'] as const).map((problem) =>
      state<ChildPasswordPage>(`child-password-${problem}`, 'account/children/password', {
        ...password,
        problem,
      }),
    ),
  ),
  state<ChildPasswordPage>('child-password-shown', 'account/children/password', {
    ...password,
    problem: 'shown',
  }),
  state<NewChildPasswordPage>('child-password-new', 'account/children/new-password', {
    frame,
    child: 'Éloi MARTIN',
    school: LONG_SCHOOL,
    identifier: 'e.vandenbrouckedelagrangemartin12',
    password: 'GVKJVPPE7Q',
    validUntil: new Date('2027-02-20T08:00:00Z'),
  }),
];
