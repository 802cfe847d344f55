import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { chooseSurvivor, linkFranceConnect, regroup } from '../../src/accounts/regroup.ts';
import { lockAccounts, updateAccount } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { childrenOfAccount } from '../../src/directory/children.ts';
import { findFranceConnectAccount } from '../../src/enrolment/enrolment-store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, type TestDeps, testDeps } from '../support/deps.ts';
import { found, seedFamily } from '../support/family.ts';
import { accountNow, type Seeded, seedGuardian } from '../support/guardians.ts';

const ACTOR = { actorKind: 'person', ip: '192.0.2.1' } as const;
const ISSUER = 'https://fc.example.test';

let database: TestDatabase;
let deps: TestDeps;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(() => {
  deps = testDeps(database);
});

/** Regroups these, as proved together, into the first. */
const merge = (...seeded: Seeded[]) => mergeIds(...seeded.map(({ account }) => account.id));

function mergeIds(...ids: number[]): Promise<string> {
  return inTransaction(database.db, async (trx) => {
    const accounts = await lockAccounts(trx, ids);
    if (accounts.some(({ closedAt }) => closedAt !== null)) return 'too late';
    const survivor = accounts.find(({ id }) => id === ids[0]) as Account;
    const others = accounts.filter(({ id }) => id !== ids[0]);
    await regroup(trx, { survivor, others }, { now: deps.clock.now(), actor: ACTOR });
    return 'done';
  });
}

const account = (id: number, facts: Partial<Account> = {}): Account =>
  ({ id, publicId: `p${id}`, state: 'not_notified', lastLoginAt: null, ...facts }) as Account;

describe('which account stays', () => {
  const at = (hour: number) => new Date(Date.UTC(2026, 10, 22, hour));
  test.each([
    ['the oldest, when none was ever activated', [account(3), account(2)], null, 2],
    [
      'the activated one, before older ones',
      [account(1, { state: 'notified' }), account(5, { state: 'activated' })],
      null,
      5,
    ],
    [
      'the one of the latest login',
      [
        account(1, { state: 'activated', lastLoginAt: at(8) }),
        account(5, { state: 'activated', lastLoginAt: at(9) }),
        account(7, { state: 'activated' }),
      ],
      null,
      5,
    ],
    [
      'the oldest of those who never logged in',
      [account(9, { state: 'activated' }), account(8, { state: 'activated' })],
      null,
      8,
    ],
    [
      'who is signed in here, before all',
      [account(1, { state: 'activated', lastLoginAt: at(9) }), account(2)],
      'p2',
      2,
    ],
    ['not a stranger who is signed in here', [account(4), account(6)], 'p99', 4],
  ])('%s', (_, accounts, signedIn, expected) => {
    expect(chooseSurvivor(accounts, signedIn).id).toBe(expected);
  });
});

describe('regrouping (R-078)', () => {
  test('records and children go to the survivor; the other is deleted, hidden and without a password', async () => {
    const kept = await seedGuardian(deps);
    const lost = await seedGuardian(deps, { degree: 2, children: [{ givenName: 'Éloi' }] });
    await updateAccount(
      database.db,
      lost.account.id,
      {
        state: 'activated',
        activatedAt: new Date(),
        passwordKind: 'personal',
        passwordHash: 'x',
        email: 'c@example.org',
        emailVerifiedAt: new Date(),
      },
      deps.clock.now(),
    );
    expect(await merge(kept, lost)).toBe('done');
    const children = await childrenOfAccount(database.db, kept.account);
    expect(children.map(({ givenName }) => givenName).sort()).toEqual(['Léa', 'Éloi']);
    expect(await accountNow(deps, lost.account.id)).toMatchObject({
      merged_into: kept.account.id,
      closed_at: expect.any(Date),
      password_kind: 'none',
      password_hash: null,
      credentials_version: lost.account.credentialsVersion + 1,
    });
    expect(await accountNow(deps, kept.account.id)).toMatchObject({ email: 'c@example.org' });
    const lines = await database
      .db('audit_events')
      .where({ event: 'regroup' })
      .whereIn('account_id', [kept.account.id, lost.account.id])
      .orderBy('account_id');
    expect(lines.map(({ details }) => details)).toEqual([
      `with ${lost.account.id}`,
      `into ${kept.account.id}, references ${lost.referenceId}`,
    ]);
    // What support needs to take it back within thirty days (security.md 1.5).
    const kept30 = database
      .db('regroupings as r')
      .join('regrouped_references as x', 'x.merged_account_id', 'r.merged_account_id');
    expect(
      await kept30
        .where('r.merged_account_id', lost.account.id)
        .select('r.survivor_account_id', 'x.guardian_reference_id'),
    ).toEqual([{ survivor_account_id: kept.account.id, guardian_reference_id: lost.referenceId }]);
  });

  test('a provisional password of the other is destroyed', async () => {
    const kept = await seedGuardian(deps);
    const notified = await seedFamily(deps, { identifier: 'x.notified', provisional: 'GVKJ7PPE23' });
    expect(await mergeIds(kept.account.id, notified.id)).toBe('done');
    expect(await accountNow(deps, notified.id)).toMatchObject({ provisional_sealed: '', state: 'notified' });
    await expect(found(deps, 'x.notified')).rejects.toThrow('no account');
  });

  test("the survivor's own link to FranceConnect stays, else it takes the other's", async () => {
    const link = (seeded: Seeded, sub: string) =>
      inTransaction(database.db, (trx) =>
        linkFranceConnect(trx, seeded.account.id, { issuer: ISSUER, sub }, deps.clock.now()),
      );
    const [a, b, c, d] = [
      await seedGuardian(deps),
      await seedGuardian(deps),
      await seedGuardian(deps),
      await seedGuardian(deps),
    ];
    await link(a, 'sub-a');
    await link(b, 'sub-b');
    await link(d, 'sub-d');
    await merge(a, b);
    await merge(c, d);
    const owner = async (sub: string) => (await findFranceConnectAccount(database.db, ISSUER, sub))?.id;
    expect(await owner('sub-a')).toBe(a.account.id);
    expect(await owner('sub-b')).toBeUndefined();
    expect(await owner('sub-d')).toBe(c.account.id);
  });

  test('in both directions at once: one wins, the other finds it done (L03)', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [a, b] = [await seedGuardian(deps), await seedGuardian(deps)];
      const results = await Promise.all([merge(a, b), merge(b, a), merge(a, b), merge(b, a)]);
      expect(results.filter((result) => result === 'done')).toHaveLength(1);
      const rows = await database.db('accounts').whereIn('id', [a.account.id, b.account.id]);
      expect(rows.filter(({ closed_at }) => closed_at === null)).toHaveLength(1);
      const [living] = rows.filter(({ closed_at }) => closed_at === null);
      expect(await childrenOfAccount(database.db, living)).toHaveLength(2);
    }
  });

  test('a transaction that breaks half-way leaves everything as before (K03)', async () => {
    const [a, b] = [await seedGuardian(deps), await seedGuardian(deps)];
    const broken = inTransaction(database.db, async (trx) => {
      const [survivor, other] = await lockAccounts(trx, [a.account.id, b.account.id]);
      const accounts = { survivor: survivor as Account, others: [other as Account] };
      await regroup(trx, accounts, { now: deps.clock.now(), actor: ACTOR });
      throw new Error('the process stops here');
    });
    await expect(broken).rejects.toThrow('stops here');
    expect(await accountNow(deps, b.account.id)).toMatchObject({ closed_at: null, merged_into: null });
    expect(await childrenOfAccount(database.db, a.account)).toHaveLength(1);
  });

  test('costs the same for two as for six', async () => {
    const measure = async (size: number) => {
      const seeded = await Promise.all(Array.from({ length: size }, () => seedGuardian(deps)));
      const counted = countStatements(database.db);
      await merge(...seeded);
      counted.stop();
      return counted.statements.length;
    };
    expect(await measure(6)).toBe(await measure(2));
  });
});
