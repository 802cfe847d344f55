import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findAccountById } from '../../src/accounts/store.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { verifyCredentials } from '../../src/credentials/verify.ts';
import { giveAddress } from '../../src/enrolment/address.ts';
import { proveBirthDate } from '../../src/enrolment/birth-date.ts';
import { chooseNewPassword } from '../../src/enrolment/new-password.ts';
import { startFirstConnection } from '../../src/enrolment/progress.ts';
import { notify } from '../../src/messages/notify.ts';
import { resetPasswords } from '../../src/messages/reset.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { PROVISIONAL, seedSchool } from '../support/school-accounts.ts';
import { insertSchool } from './sample-school.ts';

/** Directors and guardians at the same accounts at once (L03, L04): one password in the end, and nobody sees a fault. */

let database: TestDatabase;
let deps: TestDeps;
let school: number;
const UAI = '0319901A';
const PEOPLE = 12;
const CHOSEN = 'chaise3verte';
const actor = { actorKind: 'school' as const, actor: 'staff:test' };
const ip = '192.0.2.7';

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
  school = await insertSchool(database.db, { uai: UAI });
});
afterAll(() => database.drop());

async function guardians(name: string): Promise<{ id: number; identifier: string }[]> {
  const identifiers = Array.from({ length: PEOPLE }, (_, index) => `${name}${index}`);
  const accounts = await seedSchool(deps, UAI, {
    guardians: identifiers.map((identifier) => ({
      givenName: 'Nora',
      familyName: 'ABEL',
      identifier,
      as: 'notified',
      email: `${identifier}@example.org`,
    })),
    pupils: identifiers.map((identifier) => ({
      givenName: 'Zoé',
      familyName: 'ABEL',
      class: 'CP',
      of: [identifier],
    })),
  });
  return identifiers.map((identifier) => ({ identifier, id: accounts.get(identifier)?.id ?? 0 }));
}

/** Types the letter's password and goes through the three steps; what is overtaken just ends. */
async function firstConnection(identifier: string): Promise<void> {
  const interactionUid = `interaction-${identifier}`;
  const seen = await verifyCredentials(deps, { identifier, password: PROVISIONAL, kind: 'guardian', ip });
  if (!seen.ok) return;
  await startFirstConnection(deps, { interactionUid, clientId: null, account: seen.account, ip });
  await chooseNewPassword(deps, interactionUid, { password: CHOSEN, confirmation: CHOSEN, ip });
  await giveAddress(deps, interactionUid, `${identifier}@example.com`);
  await proveBirthDate(deps, interactionUid, { day: '9', month: '3', year: '2017' }, { ip });
}

const works = async (identifier: string, password: string) => {
  const seen = await verifyCredentials(deps, { identifier, password, kind: 'guardian', ip: '192.0.2.99' });
  return seen.ok;
};

test('L04: the school resets and distributes while guardians sign in for the first time', async () => {
  const people = await guardians('a');
  const accountIds = people.map(({ id }) => id);
  const request = { schoolId: school, accountIds, actor };
  const work = [
    ...people.map(({ identifier }) => firstConnection(identifier)),
    resetPasswords(deps, { ...request, formKey: 'one' }),
    notify(deps, { ...request, formKey: 'two', channel: 'email', withReset: true }),
    ...people
      .slice(0, 8)
      .map(({ id }, index) =>
        resetPasswords(deps, { ...request, accountIds: [id], formKey: `single${index}` }),
      ),
  ];
  const failed = (await Promise.allSettled(work)).filter(({ status }) => status === 'rejected');
  expect(failed).toEqual([]);
  for (const { id, identifier } of people) {
    const account = await findAccountById(database.db, id);
    const provisional = account && openProvisional(deps, account);
    expect(await works(identifier, PROVISIONAL)).toBe(false);
    const valid = [
      await works(identifier, CHOSEN),
      provisional !== null && (await works(identifier, provisional ?? '')),
    ];
    expect(valid.filter(Boolean)).toHaveLength(1);
  }
}, 60_000);

test('L03: twenty directors reset the same accounts at once, each from a page of his own', async () => {
  const people = await guardians('b');
  const accountIds = people.map(({ id }) => id);
  const work = Array.from({ length: 20 }, (_, index) =>
    index % 2 === 0
      ? resetPasswords(deps, { schoolId: school, accountIds, actor, formKey: `b${index}` })
      : notify(deps, {
          schoolId: school,
          accountIds: [...accountIds].reverse(),
          actor,
          formKey: `b${index}`,
          channel: 'email',
          withReset: true,
        }),
  );
  const done = await Promise.allSettled(work);
  expect(done.filter(({ status }) => status === 'rejected')).toEqual([]);
  const account = await findAccountById(database.db, people[0]?.id ?? 0);
  expect(account?.credentialsVersion).toBe(20);
  // Of the mails only the last tells a password that works.
  const waiting = await database
    .db('outbox_messages')
    .where({ state: 'waiting' })
    .whereIn('concern_accounts', accountIds.map(String))
    .whereIn('template', ['c02', 'c06']);
  expect(waiting.length).toBeLessThanOrEqual(PEOPLE);
}, 60_000);

test('L03: twenty presses of one form', async () => {
  const people = await guardians('c');
  const accountIds = people.map(({ id }) => id);
  const work = Array.from({ length: 20 }, () =>
    resetPasswords(deps, { schoolId: school, accountIds, actor, formKey: 'c' }),
  );
  const done = await Promise.all(work);
  expect(new Set(done.map((one) => (one.ok ? one.batch : one.reason))).size).toBe(1);
}, 60_000);
