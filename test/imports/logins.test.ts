import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDatabase } from '../../src/db/database.ts';
import type { AafFeed } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { night } from './nights.ts';

let database: TestDatabase;
let deps: TestDeps;
beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());

function feedOf(change: string): AafFeed {
  const schools = Array.from({ length: 4 }, (_, i) => ({ id: `S${i}`, uai: `031990${i}A` }));
  const people = Array.from({ length: 1200 }, (_, i) => i);
  const guardians = people.map((i) => ({ id: `5${i}`, familyName: `Nom${change}` }));
  const pupils = people.map((i) => ({
    id: `1${i}`,
    school: `S${i % 4}`,
    givenName: `Ana${change}`,
    guardians: [{ guardian: `5${i}` }, { guardian: `5${(i + 1) % 1200}`, code: '20' }],
  }));
  return { degree: 2, schools, guardians, pupils };
}

test('no login waits a second for a lock while everybody is given another name (I06)', async () => {
  await night(deps, feedOf(''));
  const ids: number[] = await database.db('accounts').pluck('id');
  // A lock that is not had within a second is an error here, as it would be a failed login.
  const settings = { pool: 4, connectTimeoutMs: 5000, acquireTimeoutMs: 10_000, statementTimeoutMs: 10_000 };
  const requests = openDatabase({ ...settings, url: database.url, lockWaitSeconds: 1 });
  let importing = true;
  let logins = 0;
  const visitor = async (start: number) => {
    for (let i = start; importing; i = (i + 7) % ids.length) {
      await requests.transaction(async (trx) => {
        const account = await trx('accounts').where({ id: ids[i] }).forUpdate().first();
        await trx('accounts').where({ id: account.id }).update({ last_login_at: deps.clock.now() });
      });
      logins += 1;
    }
  };
  try {
    const visitors = Promise.all([visitor(0), visitor(500), visitor(1000)]);
    const report = await night(deps, feedOf(' bis')).finally(() => {
      importing = false;
    });
    await visitors;
    expect(report.accounts).toEqual({ created: 0, changed: 2400, closed: 0 });
    expect(logins).toBeGreaterThan(20);
  } finally {
    await requests.destroy();
  }
}, 60_000);
