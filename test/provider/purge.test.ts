import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { forgetExpired } from '../../src/db/expiry.ts';
import { PROTOCOL_ROWS } from '../../src/provider/expiry.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  Browser,
  type Instance,
  seedAccount,
  seedService,
  signIn,
  startDatabase,
  startInstance,
} from './harness.ts';

let database: TestDatabase;
let instance: Instance;

beforeAll(async () => {
  database = await startDatabase();
  instance = await startInstance(database);
});

afterAll(async () => {
  await instance.close();
  await database.drop();
});

const TABLES = ['oidc_interactions', 'oidc_tokens', 'oidc_sessions', 'session_clients', 'oidc_grants'];

async function counts(): Promise<number[]> {
  const rows = await Promise.all(TABLES.map((table) => database.db(table).count({ count: '*' }).first()));
  return rows.map((row) => Number(row?.count));
}

const purgeExpired = (now: Date) => forgetExpired(database.db, PROTOCOL_ROWS, { now });

test('what has expired is forgotten, what lives is kept, what a request holds is left for the next time', async () => {
  const service = await seedService(instance.deps, 'ENT', { scope: 'openid' });
  const person = await seedAccount(database);
  await signIn(new Browser(instance), { service, scope: 'openid' }, person);
  const now = instance.deps.clock.now();
  const later = (hours: number) => new Date(now.getTime() + hours * 3600_000);
  expect(await counts()).toEqual([0, 2, 1, 1, 1]);
  await purgeExpired(now);
  expect(await counts()).toEqual([0, 2, 1, 1, 1]);
  await purgeExpired(later(1));
  expect(await counts()).toEqual([0, 0, 1, 1, 1]);

  const holder = await database.db.transaction();
  await holder('oidc_sessions').select('uid').forUpdate();
  expect(await purgeExpired(later(13))).toMatchObject({ oidc_sessions: 0 });
  await holder.rollback();
  expect(await purgeExpired(later(13))).toMatchObject({ oidc_sessions: 1 });
  expect(await counts()).toEqual([0, 0, 0, 0, 1]);
  await purgeExpired(later(25));
  expect(await counts()).toEqual([0, 0, 0, 0, 0]);
});
