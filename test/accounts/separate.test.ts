import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { linkFranceConnect, regroup } from '../../src/accounts/regroup.ts';
import { separateAccount } from '../../src/accounts/separate.ts';
import { separateCommand } from '../../src/accounts/separate-cli.ts';
import { findAccountById, lockAccounts, updateAccount } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { childrenOfAccount } from '../../src/directory/children.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { type Seeded, seedGuardian } from '../support/guardians.ts';

/** Support takes a regrouping back (security.md 1.5). */

const ACTOR = { actorKind: 'operator', actor: 'test' } as const;
const DAY_MS = 86_400_000;
let database: TestDatabase;
let deps: TestDeps;
let kept: Seeded;
let lost: Seeded;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  deps = testDeps(database);
  kept = await seedGuardian(deps);
  lost = await seedGuardian(deps, { children: [{ givenName: 'Éloi' }] });
});

const merge = (into: Seeded, from: Seeded) =>
  inTransaction(database.db, async (trx) => {
    const accounts = await lockAccounts(trx, [into.account.id, from.account.id]);
    const survivor = accounts.find(({ id }) => id === into.account.id) as Account;
    const others = accounts.filter(({ id }) => id !== into.account.id);
    await regroup(trx, { survivor, others }, { now: deps.clock.now(), actor: ACTOR });
  });

const childrenOf = async ({ account }: Seeded) =>
  (await childrenOfAccount(database.db, account)).map(({ givenName }) => givenName).sort();

async function withPassword({ account }: Seeded): Promise<void> {
  const changes = { passwordKind: 'personal', passwordHash: 'x', state: 'activated' } as const;
  await updateAccount(
    database.db,
    account.id,
    { ...changes, activatedAt: deps.clock.now() },
    deps.clock.now(),
  );
}

const keyOf = ({ account }: Seeded) => ({
  public_id: account.publicId,
  account_id: account.id,
  credential_hash: account.publicId,
  credential_id: account.publicId,
  user_handle: Buffer.from(account.publicId).toString('base64url'),
  public_key: 'x',
  sign_count: 0,
  transports: '',
  synced: 0,
  name: 'Clé',
  created_at: deps.clock.now(),
  user_verified_at: deps.clock.now(),
});

test('each has his own records again; the other waits for a password, and sessions end', async () => {
  await withPassword(kept);
  await withPassword(lost);
  await inTransaction(database.db, (trx) =>
    linkFranceConnect(
      trx,
      lost.account.id,
      { issuer: 'https://fc.example', sub: lost.account.publicId },
      deps.clock.now(),
    ),
  );
  await database.db('passkeys').insert([keyOf(kept), keyOf(lost)]);
  await merge(kept, lost);
  expect(await childrenOf(kept)).toEqual(['Léa', 'Éloi']);
  const before = await findAccountById(database.db, kept.account.id);
  expect(await separateAccount(deps, lost.account.identifier, ACTOR)).toEqual({
    ok: true,
    survivor: kept.account.identifier,
    records: 1,
  });
  expect([await childrenOf(kept), await childrenOf(lost)]).toEqual([['Léa'], ['Éloi']]);
  expect(await findAccountById(database.db, lost.account.id)).toMatchObject({
    closedAt: null,
    state: 'activated',
    passwordKind: 'none',
  });
  const after = await findAccountById(database.db, kept.account.id);
  expect(after?.credentialsVersion).toBe((before?.credentialsVersion ?? 0) + 1);
  const links = await database.db('account_franceconnect').where({ sub: lost.account.publicId });
  expect(links).toMatchObject([{ account_id: lost.account.id }]);
  const keys = await database.db('passkeys').orderBy('id').pluck('account_id');
  expect(keys).toEqual([kept.account.id, lost.account.id]);
  const lines = await database.db('audit_events').where({ event: 'separate' }).pluck('account_id');
  expect(lines.sort()).toEqual([kept.account.id, lost.account.id].sort());
  // Once; and they can become one again.
  expect(await separateAccount(deps, lost.account.identifier, ACTOR)).toEqual({
    ok: false,
    reason: 'unknown',
  });
  await merge(kept, lost);
  expect(await childrenOf(kept)).toEqual(['Léa', 'Éloi']);
});

test('the survivor keeps a way in: a link that is his only one stays', async () => {
  await inTransaction(database.db, (trx) =>
    linkFranceConnect(
      trx,
      lost.account.id,
      { issuer: 'https://fc.example', sub: lost.account.publicId },
      deps.clock.now(),
    ),
  );
  await merge(kept, lost);
  await separateAccount(deps, lost.account.identifier, ACTOR);
  const links = await database.db('account_franceconnect').where({ sub: lost.account.publicId });
  expect(links).toMatchObject([{ account_id: kept.account.id }]);
});

test('within thirty days, the last regrouping first, and by the command', async () => {
  const said: string[] = [];
  const io = { out: (line: string) => said.push(line), err: (line: string) => said.push(line) };
  const third = await seedGuardian(deps, { children: [{ givenName: 'Noé' }] });
  await merge(kept, lost);
  await merge(third, kept);
  expect(await separateCommand(deps, [lost.account.identifier], io)).toBe(1);
  expect(said.at(-1)).toContain('take that back first');
  expect(await separateCommand(deps, [kept.account.identifier, '--json'], io)).toBe(0);
  expect(JSON.parse(said.at(-1) ?? '')).toEqual({
    identifier: kept.account.identifier,
    survivor: third.account.identifier,
    records: 2,
  });
  expect([await childrenOf(third), await childrenOf(kept)]).toEqual([['Noé'], ['Léa', 'Éloi']]);
  deps.clock.set(new Date(deps.clock.now().getTime() + 31 * DAY_MS));
  expect(await separateCommand(deps, [lost.account.identifier], io)).toBe(1);
  expect(said.at(-1)).toContain('more than thirty days');
  expect(await separateCommand(deps, ['nobody'], io)).toBe(1);
  expect(await separateCommand(deps, [], io)).toBe(2);
});
