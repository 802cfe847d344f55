import type {
  ChildFields,
  ChildrenPage,
  ChildrenSuspendedPage,
  CodePage,
  CredentialsPage,
  Later,
  MobilePage,
  NamesPage,
  RegistrationPage,
} from '../../src/mire/enrolment-pages.ts';

/** The pages of the ways in without the school, as `PAGE_STATES` takes them. */
type State = { name: string; template: string; data: object; alike?: boolean };

const frame = {
  action: '/interaction/x',
  csrf: 'jeton',
  serviceName: 'ENT des Tilleuls',
  otherWaysHref: '/interaction/x/connexion?profil=responsable',
};
const steps = (current: number) => ({ current, total: 4 });
const again: Later = { at: new Date('2026-11-23T08:05:00Z'), when: 'tomorrow' };

const registration: RegistrationPage = {
  ...frame,
  steps: steps(1),
  values: { family_name: '', given_name: '', mobile: '' },
  errors: [],
  problem: null,
  codeHref: null,
};
const mobile: MobilePage = {
  ...registration,
  steps: { current: 1, total: 3 },
  values: { mobile: '' },
  identity: 'CLAIRE ANNE MARTIN',
};
const code: CodePage = {
  ...frame,
  way: 'sms',
  steps: steps(2),
  lastDigits: '09',
  live: { validUntil: new Date('2026-11-22T08:10:00Z'), left: 5 },
  resendFrom: { at: new Date('2026-11-22T08:01:00Z'), when: 'soon' },
  resendAction: '/interaction/x/code/renvoyer',
  changeHref: '/interaction/x/inscription',
  nothingHref: '/interaction/x/code/rien-recu',
  errors: [],
  problem: null,
  resent: false,
};
const names: NamesPage = {
  ...frame,
  steps: null,
  values: { family_name: 'Martin', given_name: 'Claire' },
  errors: [],
  problem: null,
};
const child: ChildFields = {
  key: 'a1',
  givenName: 'Léa',
  familyName: 'MARTIN',
  values: { day: '', month: '', year: '' },
  notMine: false,
  error: null,
  marked: [],
};
const other: ChildFields = {
  ...child,
  key: 'b2',
  givenName: 'Marie-Anastasia',
  familyName: 'ŁODZIŃSKA-VANDENBROUCKEDELAGRANGE',
};
const children: ChildrenPage = {
  ...frame,
  steps: steps(3),
  children: [child, other],
  problem: null,
  attemptsLeft: null,
};
const credentials: CredentialsPage = {
  ...frame,
  steps: steps(4),
  identifier: 'm.lodzinskavandenbrouckedelagrange12',
  rules: { min: 8, max: 14 },
  errors: [],
};
const suspended: ChildrenSuspendedPage = {
  serviceName: frame.serviceName,
  reason: 'tries',
  until: again,
  otherWaysHref: frame.otherWaysHref,
};

export const ENROLMENT_PAGE_STATES: State[] = [
  of('registration', 'mire/registration', registration),
  of<RegistrationPage>('registration-missing', 'mire/registration', {
    ...registration,
    errors: (['family_name', 'given_name', 'mobile'] as const).map((field) => ({ field, reason: 'missing' })),
  }),
  alike<RegistrationPage>('registration-too-long', 'mire/registration', {
    ...registration,
    errors: (['family_name', 'given_name', 'mobile'] as const).map((field) => ({
      field,
      reason: 'too-long',
    })),
  }),
  alike<RegistrationPage>('registration-invalid', 'mire/registration', {
    ...registration,
    errors: [{ field: 'mobile', reason: 'invalid' }],
  }),
  of<RegistrationPage>('registration-too-soon', 'mire/registration', {
    ...registration,
    problem: { reason: 'too-soon', again: { ...again, when: 'soon' } },
    codeHref: '/interaction/x/code',
  }),
  alike<RegistrationPage>('registration-too-many', 'mire/registration', {
    ...registration,
    problem: { reason: 'too-many', again },
  }),
  alike<RegistrationPage>('registration-suspended', 'mire/registration', {
    ...registration,
    problem: { reason: 'suspended', again: null },
  }),
  alike('mobile', 'mire/mobile', mobile),
  alike<MobilePage>('mobile-invalid', 'mire/mobile', {
    ...mobile,
    errors: [{ field: 'mobile', reason: 'invalid' }],
  }),
  of('code', 'mire/code', code),
  alike<CodePage>('code-franceconnect', 'mire/code', {
    ...code,
    way: 'franceconnect',
    steps: { current: 2, total: 3 },
    resendFrom: { ...again, when: 'today' },
  }),
  alike<CodePage>('code-recovery', 'mire/code', {
    ...code,
    way: 'recovery',
    steps: null,
    resendFrom: again,
  }),
  alike<CodePage>('code-resent', 'mire/code', { ...code, resent: true, resendFrom: null }),
  ...(['missing', 'malformed', 'wrong', 'expired', 'used-up'] as const).map((reason) =>
    (reason === 'wrong' ? of : alike)<CodePage>(`code-${reason}`, 'mire/code', {
      ...code,
      live: reason === 'expired' || reason === 'used-up' ? null : { validUntil: again.at, left: 1 },
      errors: [{ field: 'code', reason }],
    }),
  ),
  alike<CodePage>('code-too-many', 'mire/code', { ...code, problem: { reason: 'too-many', again } }),
  of('names', 'mire/names', names),
  alike<NamesPage>('names-wrong', 'mire/names', { ...names, problem: 'wrong' }),
  alike<NamesPage>('names-locked', 'mire/names', { ...names, problem: 'locked' }),
  of('children', 'mire/children', children),
  alike<ChildrenPage>('children-one', 'mire/children', { ...children, children: [child] }),
  of<ChildrenPage>('children-faults', 'mire/children', {
    ...children,
    children: [
      { ...child, error: 'missing', marked: ['day', 'month', 'year'] },
      { ...other, values: { day: '31', month: '2', year: '2016' }, error: 'invalid', marked: ['day'] },
      { ...child, key: 'c3', notMine: true },
    ],
  }),
  alike<ChildrenPage>('children-incomplete', 'mire/children', {
    ...children,
    children: [{ ...child, error: 'incomplete', marked: ['year'] }],
  }),
  alike<ChildrenPage>('children-wrong', 'mire/children', { ...children, problem: 'wrong', attemptsLeft: 1 }),
  alike<ChildrenPage>('children-none-left', 'mire/children', { ...children, problem: 'none-left' }),
  alike<ChildrenPage>('children-changed', 'mire/children', { ...children, problem: 'changed' }),
  of('children-suspended', 'mire/children-suspended', suspended),
  alike<ChildrenSuspendedPage>('children-suspended-today', 'mire/children-suspended', {
    ...suspended,
    until: { ...again, when: 'today' },
  }),
  alike<ChildrenSuspendedPage>('children-none', 'mire/children-suspended', {
    ...suspended,
    reason: 'no-child',
    until: null,
  }),
  of('credentials', 'mire/credentials', credentials),
  alike<CredentialsPage>('credentials-refused', 'mire/credentials', {
    ...credentials,
    errors: [
      { field: 'new_password', reason: 'too-short' },
      { field: 'confirmation', reason: 'different' },
    ],
  }),
];

function of<Data extends object>(name: string, template: string, data: Data): State {
  return { name, template, data };
}

function alike<Data extends object>(name: string, template: string, data: Data): State {
  return { name, template, data, alike: true };
}
