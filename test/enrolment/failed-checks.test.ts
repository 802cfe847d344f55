import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { recordFailedCheck } from '../../src/enrolment/failed-checks.ts';
import { purge } from '../../src/jobs/purge.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, type TestDeps, testDeps } from '../support/deps.ts';
import { failedChecksOf } from '../support/failed-checks.ts';
import { seedGuardian } from '../support/guardians.ts';

const DAY_MS = 86_400_000;
let database: TestDatabase;
let deps: TestDeps;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  deps = testDeps(database);
  await database.db('failed_checks').delete();
});

const accounts = async (count: number) => {
  const ids: number[] = [];
  for (let index = 0; index < count; index += 1) ids.push((await seedGuardian(deps)).account.id);
  return ids;
};

test('which check failed, on which way and when; nothing of what was typed; newest first', async () => {
  const [one = 0] = await accounts(1);
  await recordFailedCheck(deps.db, deps, { accountIds: [one, one], way: 'sms', failed: 'mobile' });
  const first = deps.clock.now();
  deps.clock.advance(60_000);
  await recordFailedCheck(deps.db, deps, { accountIds: [one], way: 'school', failed: 'birth-date' });
  expect(await failedChecksOf(deps, one)).toEqual([
    { way: 'school', failed: 'birth-date', at: deps.clock.now() },
    { way: 'sms', failed: 'mobile', at: first },
  ]);
});

test('two statements however many accounts; more than five accounts mean nobody', async () => {
  const ids = await accounts(6);
  const counted = countStatements(deps.db);
  await recordFailedCheck(deps.db, deps, { accountIds: ids.slice(0, 5), way: 'sms', failed: 'name' });
  expect(counted.statements).toHaveLength(2);
  await recordFailedCheck(deps.db, deps, { accountIds: ids, way: 'sms', failed: 'name' });
  counted.stop();
  expect(await database.db('failed_checks').count({ n: '*' })).toEqual([{ n: 5 }]);
});

test('somebody who goes on trying leaves twenty traces a day and account', async () => {
  const [busy = 0, quiet = 0] = await accounts(2);
  for (let tries = 0; tries < 25; tries += 1)
    await recordFailedCheck(deps.db, deps, { accountIds: [busy], way: 'recovery', failed: 'code' });
  await recordFailedCheck(deps.db, deps, { accountIds: [busy, quiet], way: 'recovery', failed: 'code' });
  expect(
    [await failedChecksOf(deps, busy), await failedChecksOf(deps, quiet)].map(({ length }) => length),
  ).toEqual([20, 1]);
  deps.clock.advance(DAY_MS + 1);
  await recordFailedCheck(deps.db, deps, { accountIds: [busy], way: 'recovery', failed: 'code' });
  expect(await failedChecksOf(deps, busy)).toHaveLength(21);
});

test('after 30 days they are purged', async () => {
  const [one = 0] = await accounts(1);
  await recordFailedCheck(deps.db, deps, { accountIds: [one], way: 'sms', failed: 'delivery' });
  deps.clock.advance(30 * DAY_MS - 1000);
  const turn = () => ({ now: deps.clock.now(), signal: new AbortController().signal });
  await purge(deps, [], turn());
  expect(await failedChecksOf(deps, one)).toHaveLength(1);
  deps.clock.advance(2000);
  await purge(deps, [], turn());
  expect(await database.db('failed_checks')).toEqual([]);
});
