import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { updateProvisionals } from '../../src/accounts/store.ts';
import { diagnose } from '../../src/assistance/diagnosis.ts';
import { findFacts } from '../../src/assistance/facts.ts';
import { findStandings, findUnfinished } from '../../src/assistance/school-store.ts';
import { settingsOf } from '../../src/assistance/settings.ts';
import { isStuck } from '../../src/assistance/standing.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms, type TestDeps, testDeps } from '../support/deps.ts';
import { type Seeded, type SeedGuardian, seedGuardian } from '../support/guardians.ts';

let database: TestDatabase;
let deps: TestDeps;
const DAY_MS = 86_400_000;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database, { sms: createTestSms() });
});
afterAll(() => database.drop());

const MOBILE = '+33639980301';
type Change = (seeded: Seeded) => Promise<unknown>;
const notified =
  (daysAgo: number): Change =>
  ({ account: { id } }) => {
    const at = new Date(deps.clock.now().getTime() - daysAgo * DAY_MS);
    const state = { state: 'notified', origin: 'school', distributedAt: at } as const;
    return updateProvisionals(database.db, [{ id, sealed: 'x' }], state, at);
  };
const set =
  (columns: object): Change =>
  ({ account: { id } }) =>
    database.db('accounts').where({ id }).update(columns);
const personal = { password_kind: 'personal', password_hash: 'x' };
const activated = { state: 'activated', origin: 'guardian', activated_at: new Date() };

const cases: [what: string, SeedGuardian, Change | null][] = [
  ['a mobile and a child', { mobile: MOBILE }, null],
  ['no mobile', {}, null],
  ['a number abroad', { mobile: '+34600000000' }, null],
  ['no INE', { mobile: MOBILE, children: [{ ine: null }] }, null],
  ['one of two without INE', { mobile: MOBILE, children: [{ ine: null }, {}] }, null],
  ['no birth date', { mobile: MOBILE, children: [{ birthDate: null }] }, null],
  ['notified', {}, notified(10)],
  ['notified, no birth date', { children: [{ birthDate: null }] }, notified(10)],
  ['notified and expired', {}, notified(100)],
  ['notified and expired, with a mobile', { mobile: MOBILE }, notified(100)],
  ['activating', {}, set({ state: 'activating', origin: 'school', ...personal })],
  ['activated', {}, set({ ...activated, ...personal, frozen_at: null })],
  ['frozen', { mobile: MOBILE }, set({ ...activated, ...personal, frozen_at: new Date() })],
  [
    'a child whom he disowns',
    { mobile: MOBILE },
    async ({ referenceId, pupilIds: [pupilId] }) =>
      database.db('wrong_attachments').insert({
        guardian_reference_id: referenceId,
        pupil_id: pupilId,
        state: 'open',
        reported_at: new Date(),
      }),
  ],
  [
    'two records, the mobile leads to nobody',
    { mobile: MOBILE, children: [{ ine: null }] },
    ({ account }) => seedGuardian(deps, { account }),
  ],
  [
    'two records, the mobile leads to a child',
    { children: [{ ine: null }] },
    ({ account }) => seedGuardian(deps, { account, mobile: MOBILE }),
  ],
];

test.each(cases)('%s: the queue and the diagnosis say the same of the ways in', async (_, seed, change) => {
  const seeded = await seedGuardian(deps, seed);
  await change?.(seeded);
  const { id } = seeded.account;
  const { school_id: schoolId } = await database.db('pupils').where({ id: seeded.pupilIds[0] }).first();
  const settings = settingsOf(deps, schoolId);
  const [facts] = await findFacts(deps, [id]);
  if (facts === undefined) throw new Error('no facts');
  const { config, now } = settings;
  const prefixes = [...config.SMS_MOBILE_PREFIXES, ...config.PHONE_EXTRA_MOBILE_PREFIXES];
  const standings = await findStandings(database.db, schoolId, { since: now, prefixes });
  const standing = standings.find((one) => one.id === id);
  // Whoever is through is not read at all.
  const stuck = standing !== undefined && isStuck(standing, settings);
  expect(stuck).toBe(!diagnose(facts, settings).canGetIn);
});

test('whose child the school has found not to be his is none of its families: his page is not there', async () => {
  const seeded = await seedGuardian(deps, {});
  await notified(80)(seeded);
  const { id } = seeded.account;
  const { school_id: schoolId } = await database.db('pupils').where({ id: seeded.pupilIds[0] }).first();
  const ask = async () => [
    ...(await findStandings(database.db, schoolId, { since: deps.clock.now(), prefixes: [] })),
    ...(await findUnfinished(database.db, schoolId)),
  ];
  const attachment = { guardian_reference_id: seeded.referenceId, pupil_id: seeded.pupilIds[0] };
  const reported = { ...attachment, state: 'open', reported_at: new Date() };
  await database.db('wrong_attachments').insert(reported);
  expect((await ask()).filter((one) => one.id === id)).toHaveLength(2);
  const decided = { state: 'closed', closed_at: new Date(), closed_by: 'staff:x', outcome: 'removed' };
  await database.db('wrong_attachments').where(attachment).update(decided);
  expect((await ask()).filter((one) => one.id === id)).toEqual([]);
});
