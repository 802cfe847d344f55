import { describe, expect, test } from '@jest/globals';
import { diagnose } from '../../src/assistance/diagnosis.ts';
import type {
  FailedChecks,
  FindingCode,
  GuardianFacts,
  PupilFacts,
  ReferenceFacts,
  Settings,
  Way,
  WayStatus,
} from '../../src/assistance/types.ts';

const NOW = new Date('2026-11-22T08:00:00Z');
const days = (count: number) => new Date(NOW.getTime() + count * 86_400_000);
const HERE = 1;
const settings: Settings = {
  now: NOW,
  schoolId: HERE,
  config: {
    SMS_MOBILE_PREFIXES: ['+336', '+337'],
    PHONE_EXTRA_MOBILE_PREFIXES: [],
    PROVISIONAL_VALID_DAYS: 90,
  },
  offers: { sms: true, franceConnect: true },
};

const reference = (changes: Partial<ReferenceFacts> = {}): ReferenceFacts => ({
  id: 1,
  degree: 1,
  givenName: 'Guillaume',
  familyName: 'ZOUMN',
  birthName: null,
  mobile: '+33639980001',
  mobileRaw: '06 39 98 00 01',
  email: 'g.zoumn@example.org',
  namesChangedAt: days(-100),
  mobileChangedAt: days(-100),
  sharedWith: 0,
  ambiguous: false,
  ...changes,
});
const pupil = (changes: Partial<PupilFacts> = {}): PupilFacts => ({
  id: 1,
  referenceId: 1,
  givenName: 'Lucie',
  familyName: 'ZOUMN',
  degree: 1,
  schoolId: HERE,
  school: '0319911A - E.E.PU-DES TILLEULS',
  hasIne: true,
  hasBirthDate: true,
  hasClass: true,
  ineChangedAt: null,
  birthDateChangedAt: null,
  linkedAt: days(-100),
  disowned: false,
  ruledOut: false,
  ...changes,
});
type Changes = Partial<Omit<GuardianFacts, 'account'>> & { account?: Partial<GuardianFacts['account']> };
const facts = ({ account, ...changes }: Changes = {}): GuardianFacts => ({
  account: {
    id: 7,
    publicId: 'p'.repeat(22),
    identifier: 'g.zoumn',
    givenName: 'Guillaume',
    familyName: 'ZOUMN',
    state: 'not_notified',
    email: null,
    passwordKind: 'none',
    provisionalCreatedAt: null,
    distributedAt: null,
    activatedAt: null,
    lastLoginAt: null,
    frozenAt: null,
    franceConnectSince: null,
    emailRefusedAt: null,
    ...account,
  },
  references: [reference()],
  pupils: [pupil()],
  linkEndedAt: null,
  checks: [],
  activationLink: null,
  datesSuspendedUntil: null,
  ...changes,
});

const NOTIFIED = {
  state: 'notified',
  passwordKind: 'provisional',
  distributedAt: days(-10),
  provisionalCreatedAt: days(-10),
} as const;
const ACTIVATED = { state: 'activated', passwordKind: 'personal', activatedAt: days(-5) } as const;

/** « blocked: no-mobile! no-ine », an exclamation mark where it blocks. */
function said(given: GuardianFacts, way: Way, offered = settings): string {
  const found = diagnose(given, offered).ways.find((one) => one.way === way);
  const codes = found?.findings.map(({ code, blocks }) => `${code}${blocks ? '!' : ''}`) ?? [];
  return [`${found?.status}:`, ...codes].join(' ');
}

/** Of R-175, and what the account adds; of each way: FranceConnect, SMS, school. */
const cases: [what: string, Changes, franceConnect: string, sms: string, school: string][] = [
  ['a guardian of whom all is known', {}, 'open:', 'open:', 'blocked: not-notified!'],
  ['notified', { account: NOTIFIED }, 'open:', 'open:', 'open: provisional-expires'],
  [
    'no INE: no way leads in, and nothing can be distributed',
    { pupils: [pupil({ hasIne: false })] },
    'blocked: no-ine!',
    'blocked: no-ine!',
    'blocked: not-notified! no-ine!',
  ],
  [
    'one of two children without INE is left out',
    { account: NOTIFIED, pupils: [pupil(), pupil({ id: 2, hasIne: false })] },
    'open: no-ine',
    'open: no-ine',
    'open: provisional-expires no-ine',
  ],
  [
    'no class, in the 1st degree',
    { pupils: [pupil({ hasClass: false })] },
    'open:',
    'open:',
    'blocked: not-notified! no-class!',
  ],
  [
    'no class, in the 2nd degree',
    { pupils: [pupil({ degree: 2, hasClass: false })] },
    'open:',
    'open:',
    'blocked: not-notified!',
  ],
  [
    'no mobile',
    { account: NOTIFIED, references: [reference({ mobile: null, mobileRaw: null })] },
    'blocked: no-mobile!',
    'blocked: no-mobile!',
    'open: provisional-expires',
  ],
  [
    'a landline',
    { account: NOTIFIED, references: [reference({ mobile: null, mobileRaw: '05 61 00 00 01' })] },
    'blocked: not-a-mobile!',
    'blocked: not-a-mobile!',
    'open: provisional-expires',
  ],
  [
    'a number abroad',
    { references: [reference({ mobile: '+34600000000', mobileRaw: '+34 600 000 000' })] },
    'blocked: foreign-mobile!',
    'blocked: foreign-mobile!',
    'blocked: not-notified!',
  ],
  [
    'a number abroad that is no mobile',
    { references: [reference({ mobile: null, mobileRaw: '0034 91 000' })] },
    'blocked: foreign-mobile!',
    'blocked: foreign-mobile!',
    'blocked: not-notified!',
  ],
  [
    'a row of zeros that stands for no number',
    { references: [reference({ mobile: null, mobileRaw: '0000000000' })] },
    'blocked: not-a-mobile!',
    'blocked: not-a-mobile!',
    'blocked: not-notified!',
  ],
  [
    'a French number to which no code leaves',
    { references: [reference({ mobile: '+687750000', mobileRaw: '75 00 00' })] },
    'blocked: mobile-not-served!',
    'blocked: mobile-not-served!',
    'blocked: not-notified!',
  ],
  [
    'a mobile that both parents give',
    { references: [reference({ sharedWith: 1 })] },
    'open: shared-mobile',
    'open: shared-mobile',
    'blocked: not-notified!',
  ],
  [
    'a mobile that two people of the same names give',
    { references: [reference({ ambiguous: true })] },
    'open: ambiguous-mobile',
    'blocked: ambiguous-mobile!',
    'blocked: not-notified!',
  ],
  [
    'of two records one has a mobile: that is enough',
    {
      references: [reference({ mobile: null, mobileRaw: null }), reference({ id: 2 })],
      pupils: [pupil(), pupil({ referenceId: 2 })],
    },
    'open:',
    'open:',
    'blocked: not-notified!',
  ],
  [
    'but only when it leads to a child who can be proved',
    {
      references: [reference({ mobile: null, mobileRaw: null }), reference({ id: 2 })],
      pupils: [pupil(), pupil({ id: 2, referenceId: 2, hasIne: false })],
    },
    'blocked: no-ine!',
    'blocked: no-ine!',
    'blocked: not-notified! no-ine',
  ],
  [
    'or to a child at all',
    { references: [reference({ mobile: null, mobileRaw: null }), reference({ id: 2 })] },
    'blocked: no-mobile!',
    'blocked: no-mobile!',
    'blocked: not-notified!',
  ],
  [
    'no birth date',
    { account: NOTIFIED, pupils: [pupil({ hasBirthDate: false })] },
    'blocked: no-birth-date!',
    'blocked: no-birth-date!',
    'blocked: provisional-expires no-birth-date!',
  ],
  [
    'no address: he will give one',
    { account: NOTIFIED, references: [reference({ email: null })] },
    'open:',
    'open:',
    'open: provisional-expires no-email',
  ],
  [
    'an address that mail servers refuse',
    { account: { ...NOTIFIED, emailRefusedAt: days(-1) } },
    'open:',
    'open:',
    'open: provisional-expires email-refused',
  ],
  [
    'a provisional password that has expired',
    { account: { ...NOTIFIED, distributedAt: days(-91), provisionalCreatedAt: days(-91) } },
    'open:',
    'open:',
    'blocked: provisional-expired!',
  ],
  [
    'frozen',
    { account: { ...ACTIVATED, frozenAt: days(-1), franceConnectSince: days(-5) } },
    'blocked: frozen!',
    'blocked: frozen!',
    'blocked: frozen!',
  ],
  [
    'FranceConnect linked: its own way is through',
    { account: { ...ACTIVATED, passwordKind: 'none', franceConnectSince: days(-5) } },
    'used:',
    'open:',
    'blocked: no-password!',
  ],
  ['activated with a password', { account: ACTIVATED }, 'open:', 'open:', 'used:'],
  [
    'a password that was reset and not taken up',
    { account: { ...ACTIVATED, passwordKind: 'provisional', provisionalCreatedAt: days(-2) } },
    'open:',
    'open:',
    'open: provisional-pending',
  ],
  [
    'the link has not been followed',
    {
      account: { state: 'activating', passwordKind: 'personal' },
      activationLink: { sentAt: days(-1), expiresAt: days(6) },
    },
    'open:',
    'open:',
    'open: link-not-clicked',
  ],
  [
    'the link has expired: signing in again sends another',
    {
      account: { state: 'activating', passwordKind: 'personal' },
      activationLink: { sentAt: days(-8), expiresAt: days(-1) },
    },
    'open:',
    'open:',
    'open: link-expired',
  ],
  [
    'five wrong dates in a day',
    { account: NOTIFIED, datesSuspendedUntil: days(0.5) },
    'blocked: dates-suspended!',
    'blocked: dates-suspended!',
    'blocked: provisional-expires dates-suspended!',
  ],
  [
    'the only child is one that he disowns',
    { account: NOTIFIED, pupils: [pupil({ disowned: true })] },
    'blocked: no-child! disowned',
    'blocked: no-child! disowned',
    'blocked: no-child! disowned provisional-expires',
  ],
  [
    'one whom another school has found not to be his is nothing to this school',
    {
      account: NOTIFIED,
      pupils: [pupil(), pupil({ id: 2, schoolId: HERE + 1, disowned: true, ruledOut: true })],
    },
    'open:',
    'open:',
    'open: provisional-expires',
  ],
  [
    'an institution with more children than a page can ask for',
    { pupils: Array.from({ length: 16 }, (_, index) => pupil({ id: index + 1 })) },
    'blocked: too-many-children!',
    'blocked: too-many-children!',
    'blocked: not-notified!',
  ],
];

test.each(cases)('%s', (_, changes, franceConnect, sms, school) => {
  const given = facts(changes);
  expect([said(given, 'franceconnect'), said(given, 'sms'), said(given, 'school')]).toEqual([
    franceConnect,
    sms,
    school,
  ]);
  const open = [franceConnect, sms, school].some((text) => /^(open|used)/.test(text));
  expect(diagnose(given, settings).canGetIn).toBe(open);
});

test('what the service does not offer is no matter of the guardian', () => {
  const off = (offers: Settings['offers']) => ({ ...settings, offers });
  const statuses = (one: Settings): WayStatus[] => diagnose(facts(), one).ways.map(({ status }) => status);
  expect(statuses(off({ sms: false, franceConnect: true }))).toEqual(['off', 'off', 'blocked']);
  expect(statuses(off({ sms: true, franceConnect: false }))).toEqual(['off', 'open', 'blocked']);
});

describe('who puts it right', () => {
  const remedyOf = (given: GuardianFacts, way: Way, code: FindingCode) =>
    diagnose(given, settings)
      .ways.find((one) => one.way === way)
      ?.findings.find((one) => one.code === code)?.remedy;
  const bare = { mobile: null, mobileRaw: null };

  test('ONDE in the 1st degree, SIECLE in the 2nd', () => {
    const one = facts({ references: [reference(bare)] });
    expect(remedyOf(one, 'sms', 'no-mobile')).toEqual({ by: 'base', base: 'ONDE' });
    const two = facts({ references: [reference({ ...bare, degree: 2 })], pupils: [pupil({ degree: 2 })] });
    expect(remedyOf(two, 'sms', 'no-mobile')).toEqual({ by: 'base', base: 'SIECLE' });
  });

  test('what concerns a child of another school is for that school', () => {
    const school = '0319950D - CLG-JEANNE BARRET';
    const elsewhere = pupil({ id: 2, referenceId: 2, degree: 2, schoolId: 2, school, hasIne: false });
    const given = facts({
      references: [reference(bare), reference({ ...bare, id: 2, degree: 2 })],
      pupils: [pupil(), elsewhere],
    });
    expect(remedyOf(given, 'sms', 'no-ine')).toEqual({ by: 'other-school', base: 'SIECLE', school });
    const remedies = diagnose(given, settings).ways[1]?.findings.filter(({ code }) => code === 'no-mobile');
    expect(remedies?.map(({ remedy }) => remedy)).toEqual([
      { by: 'base', base: 'ONDE' },
      { by: 'other-school', base: 'SIECLE', school },
    ]);
  });

  test('the school itself, by an action', () => {
    expect(remedyOf(facts(), 'school', 'not-notified')).toEqual({ by: 'action', action: 'notify' });
    const frozen = facts({ account: { ...ACTIVATED, frozenAt: days(-1) } });
    expect(remedyOf(frozen, 'sms', 'frozen')).toEqual({ by: 'action', action: 'reset' });
  });
});

describe('whether the correction has arrived', () => {
  const failedAt = days(-2);
  const check = (failed: FailedChecks['failed'], way: FailedChecks['way'] = 'sms'): FailedChecks => ({
    way,
    failed,
    times: 3,
    lastAt: failedAt,
  });
  const story = (changes: Changes) => diagnose(facts(changes), settings).checks[0];

  const arrived: [string, FailedChecks['failed'], Changes][] = [
    ['the mobile', 'mobile', { references: [reference({ mobileChangedAt: days(-1) })] }],
    [
      'the mobile, of a code that could not be delivered',
      'delivery',
      { references: [reference({ mobileChangedAt: days(-1) })] },
    ],
    ['the name', 'name', { references: [reference({ namesChangedAt: days(-1) })] }],
    ['the birth date', 'birth-date', { pupils: [pupil({ birthDateChangedAt: days(-1) })] }],
    ['the INE, by which a child is asked for', 'birth-date', { pupils: [pupil({ ineChangedAt: days(-1) })] }],
    ['a child who has come', 'birth-date', { pupils: [pupil(), pupil({ id: 2, linkedAt: days(-1) })] }],
    ['a child who has gone', 'birth-date', { linkEndedAt: days(-1) }],
  ];
  test.each(arrived)('%s: arrived', (_, failed, changes) => {
    expect(story({ checks: [check(failed)], ...changes })).toMatchObject({
      outcome: 'arrived',
      arrivedAt: days(-1),
      times: 3,
    });
  });

  test.each(['mobile', 'delivery', 'name', 'birth-date'] as const)('%s: not yet', (failed) => {
    expect(story({ checks: [check(failed)] })).toMatchObject({ outcome: 'same', arrivedAt: null });
    // What had changed before the try was not enough.
    const before = { namesChangedAt: days(-3), mobileChangedAt: days(-3) };
    expect(story({ checks: [check(failed)], references: [reference(before)] })).toMatchObject({
      outcome: 'same',
    });
  });

  test('another datum that has changed is not the correction', () => {
    const given = { checks: [check('mobile')], references: [reference({ namesChangedAt: days(-1) })] };
    expect(story(given)).toMatchObject({ outcome: 'same' });
  });

  test('a wrong code is nothing for the base', () => {
    expect(story({ checks: [check('code')] })).toMatchObject({ outcome: 'retry', remedy: { by: 'nobody' } });
  });

  test('he has got in since then', () => {
    const account = { ...ACTIVATED, activatedAt: days(-1) };
    expect(story({ account, checks: [check('mobile')] })).toMatchObject({ outcome: 'succeeded' });
  });

  test('the last failure comes first', () => {
    const earlier = { ...check('name'), lastAt: days(-3) };
    const { checks } = diagnose(facts({ checks: [earlier, check('mobile')] }), settings);
    expect(checks.map(({ failed }) => failed)).toEqual(['mobile', 'name']);
  });
});
