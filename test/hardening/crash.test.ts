import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Account } from '../../src/accounts/types.ts';
import { issueLink } from '../../src/codes/links.ts';
import { verifyCredentials } from '../../src/credentials/verify.ts';
import { tokenHash } from '../../src/crypto/digests.ts';
import { childrenOfAccount } from '../../src/directory/children.ts';
import { activateByLink } from '../../src/enrolment/activation.ts';
import { changePassword } from '../../src/enrolment/change-password.ts';
import { regroupSecondAccount } from '../../src/enrolment/regroup-second.ts';
import { proveSecondAccount } from '../../src/enrolment/second-account.ts';
import { findProof } from '../../src/enrolment/second-account-store.ts';
import { seedActivated } from '../support/activated.ts';
import { cutAt } from '../support/cut-connections.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { found, seedFamily } from '../support/family.ts';
import { CHOSEN, PROVISIONAL } from '../support/sign-in.ts';

/**
 * K03: whatever changes an account, ended at each of its statements in turn, as by a process that is killed: the
 * account is as before or as after, and whoever tries again comes through.
 */
jest.setTimeout(120_000);

const FROM = { ip: '192.0.2.7' };
const NEW = 'tabouret7rouge';
const nobody = async () => {};

let database: TestDatabase;
let other: TestDatabase;
let deps: TestDeps;
let count = 0;

beforeAll(async () => {
  // A statement that is cut leaves its timer behind.
  database = await createTestDatabase({ statementTimeoutMs: 3000 });
  other = await createTestDatabase({ migrated: false });
  deps = testDeps(database);
});
afterAll(async () => {
  await database?.drop();
  await other?.drop();
});

type Case = {
  /** Does it; also once more. */
  act(): Promise<unknown>;
  /** What it changes, as one text. */
  state(): Promise<string>;
};

/** @returns how often it was cut short and rolled back, and how often it was done all the same */
async function endedAnywhere(prepare: () => Promise<Case>): Promise<{ before: number; after: number }> {
  const whole = await prepare();
  const before = await whole.state();
  await whole.act();
  const after = await whole.state();
  expect(after).not.toBe(before);
  const seen = { before: 0, after: 0 };
  for (let nth = 1; ; nth += 1) {
    const one = await prepare();
    const knife = cutAt(nth, database, other);
    await one.act().catch(() => null);
    await knife.settled();
    const state = await one.state();
    expect([before, after]).toContain(state);
    seen[state === before ? 'before' : 'after'] += 1;
    await one.act();
    expect({ nth, state: await one.state() }).toEqual({ nth, state: after });
    if (!knife.cut()) return seen;
  }
}

const next = (name: string) => {
  count += 1;
  return `${name}${count}`;
};
const numberOf = async (table: string, where: object) =>
  Number((await database.db(table).where(where).count({ n: '*' }).first())?.n);

async function opens(identifier: string, password: string): Promise<boolean> {
  await database.db('throttles').delete();
  return (await verifyCredentials(deps, { identifier, password, kind: 'guardian', ip: '192.0.2.99' })).ok;
}

test('K03: the link of the activation mail', async () => {
  const seen = await endedAnywhere(async () => {
    const identifier = next('k.lien');
    const { id } = await seedActivated(deps, { identifier }, CHOSEN);
    const email = `${identifier}@example.org`;
    await database.db('accounts').where({ id }).update({ state: 'activating', email_verified_at: null });
    const link = { purpose: 'activate', accountId: id, email } as const;
    const { token } = await database.db.transaction((trx) => issueLink(deps, trx, link));
    return {
      act: () => activateByLink(deps, token, FROM),
      async state() {
        const account = await found(deps, identifier);
        const lines = await numberOf('audit_events', { account_id: id, event: 'activate-by-link' });
        const used = await database.db('mail_links').where({ account_id: id }).first('consumed_at');
        return JSON.stringify([
          account.state,
          account.emailVerifiedAt !== null,
          lines,
          used?.consumed_at !== null,
        ]);
      },
    };
  });
  expect(seen.before).toBeGreaterThan(3);
});

test('K03: a change of password: one of the two opens the account, never both or none', async () => {
  const seen = await endedAnywhere(async () => {
    const identifier = next('k.change');
    const account = await seedActivated(deps, { identifier }, CHOSEN);
    const change = { password: NEW, confirmation: NEW, formVersion: account.credentialsVersion, ...FROM };
    return {
      act: () => changePassword(deps, account, change, nobody),
      async state() {
        const now = await found(deps, identifier);
        const notices = await numberOf('outbox_messages', { concern_accounts: String(account.id) });
        const lines = await numberOf('audit_events', { account_id: account.id, event: 'change-password' });
        const works = [await opens(identifier, CHOSEN), await opens(identifier, NEW)];
        expect(works.filter(Boolean)).toHaveLength(1);
        return JSON.stringify([
          works,
          now.credentialsVersion - account.credentialsVersion,
          notices > 0,
          lines,
        ]);
      },
    };
  });
  expect(seen.before).toBeGreaterThan(3);
});

test('K03: two accounts that become one: each child is in one of them', async () => {
  const seen = await endedAnywhere(async () => {
    const [own, second] = [next('k.un'), next('k.deux')];
    const account = await seedActivated(deps, { identifier: own }, CHOSEN);
    const eloi = { givenName: 'Éloi', familyName: 'ZOUMN', birthDate: '2014-05-01' };
    await seedFamily(deps, { identifier: second, children: [eloi], provisional: PROVISIONAL });
    const sessionUid = `session-${own}`;
    await database.db('oidc_sessions').insert({
      uid: sessionUid,
      id_hash: tokenHash(sessionUid),
      account_id: account.publicId,
      credentials_version: account.credentialsVersion,
      payload: '{}',
      touched_at: deps.clock.now(),
      idle_at: new Date('2099-01-01T00:00:00Z'),
      expires_at: new Date('2099-01-01T00:00:00Z'),
    });
    const typed = { sessionUid, account, identifier: second, password: PROVISIONAL, ...FROM };
    expect(await proveSecondAccount(deps, typed)).toEqual({ ok: true });
    const key = (await findProof(database.db, sessionUid))?.key ?? '';
    const [survivor, goes] = [await found(deps, own), await rowOf(second)];
    return {
      act: () => regroupSecondAccount(deps, { sessionUid, account: survivor, key, ...FROM }, nobody),
      async state() {
        const children = await Promise.all(
          [survivor, goes].map(async (one) =>
            (await childrenOfAccount(database.db, one)).map(({ givenName }) => givenName).sort(),
          ),
        );
        const now = await database.db('accounts').where({ id: goes.id }).first();
        const lines = await numberOf('audit_events', { account_id: survivor.id, event: 'regroup' });
        return JSON.stringify([children, now.closed_at !== null, now.password_kind, lines]);
      },
    };
  });
  expect(seen.before).toBeGreaterThan(5);
});

const rowOf = async (identifier: string): Promise<Account> => found(deps, identifier);
