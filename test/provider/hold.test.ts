import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { beginTransaction, selectRows } from '../../src/db/statement.ts';
import { holdSession } from '../../src/provider/session-store.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  type Account,
  Browser,
  type Instance,
  type Service,
  seedAccount,
  seedService,
  signIn,
  startDatabase,
  startInstance,
} from './harness.ts';

let database: TestDatabase;
let instance: Instance;
let ent: Service;
let lsu: Service;
let parent: Account;

beforeAll(async () => {
  database = await startDatabase();
  instance = await startInstance(database);
  [ent, lsu] = [await seedService(instance.deps, 'ENT'), await seedService(instance.deps, 'LSU')];
  parent = await seedAccount(database);
  const browser = new Browser(instance);
  for (const service of [ent, lsu]) await signIn(browser, { service, scope: 'openid' }, parent);
});

afterAll(async () => {
  await instance.close();
  await database.drop();
});

/** True when another transaction holds the row. */
async function isHeld(table: string, where: object): Promise<boolean> {
  try {
    await database.db.transaction((trx) => trx(table).where(where).forUpdate().noWait().first());
    return false;
  } catch (error) {
    expect((error as { errno?: number }).errno).toBe(1205);
    return true;
  }
}

test('a session that is read for an authorization is held with the grant of its service, and nothing else', async () => {
  const { id_hash: idHash, uid } = await database.db('oidc_sessions').first();
  const held = await beginTransaction(database.db);
  try {
    const read = await holdSession(held, idHash, ent.clientId);
    expect(read?.person?.publicId).toBe(parent.publicId);
    expect([...(read?.session.clients.keys() ?? [])].sort()).toEqual([ent.clientId, lsu.clientId].sort());
    expect(read?.grants.map(({ clientId }) => clientId)).toEqual([ent.clientId]);
    expect(await isHeld('oidc_sessions', { uid })).toBe(true);
    expect(await isHeld('oidc_grants', { client_id: ent.clientId })).toBe(true);
    expect(await isHeld('oidc_grants', { client_id: lsu.clientId })).toBe(false);
    expect(await isHeld('accounts', { id: parent.id })).toBe(false);
  } finally {
    await held.rollback();
  }
});

test('whoever waited for a session reads what the one before him has done', async () => {
  const { id_hash: idHash } = await database.db('oidc_sessions').first();
  const first = await beginTransaction(database.db);
  const second = await beginTransaction(database.db);
  try {
    await holdSession(first, idHash, ent.clientId);
    const waiting = holdSession(second, idHash, ent.clientId);
    await selectRows(first, 'UPDATE oidc_sessions SET payload = \'{"changed":1}\' WHERE id_hash = ?', [
      idHash,
    ]);
    await selectRows(first, 'DELETE FROM oidc_grants WHERE client_id = ?', [ent.clientId]);
    await selectRows(first, 'UPDATE accounts SET credentials_version = 9 WHERE id = ?', [parent.id]);
    await first.commit();
    const read = await waiting;
    expect([read?.session.payload, read?.grants, read?.person?.credentialsVersion]).toEqual([
      { changed: 1 },
      [],
      9,
    ]);
  } finally {
    await second.rollback();
    await first.rollback();
  }
});
