import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { regroup } from '../../src/accounts/regroup.ts';
import { lockAccounts } from '../../src/accounts/store.ts';
import { newChallenge, takeChallenge } from '../../src/credentials/passkey-challenges.ts';
import { registerPasskey, registrationOptions } from '../../src/credentials/passkey-register.ts';
import { signInOptions, verifyPasskey } from '../../src/credentials/passkey-sign-in.ts';
import { noteUse } from '../../src/credentials/passkey-store.ts';
import { isPasskeyOffered, passkeysOf } from '../../src/credentials/passkeys.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { seedActive } from '../support/active-guardian.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';

const NOBODY = { ip: '192.0.2.9' };
let database: TestDatabase;
let deps: TestDeps;
beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());

let keys = 0;

async function addKey(accountId: number, signCount = 0): Promise<number> {
  keys += 1;
  const name = `key${keys}`.padEnd(22, 'x');
  const [id] = await database.db('passkeys').insert({
    public_id: name,
    account_id: accountId,
    credential_hash: name.padEnd(43, 'y'),
    credential_id: name,
    user_handle: 'handle',
    public_key: 'key',
    sign_count: signCount,
    transports: '',
    synced: 0,
    name: `Clé ${keys}`,
    created_at: deps.clock.now(),
    user_verified_at: deps.clock.now(),
  });
  return Number(id);
}

describe('a challenge', () => {
  test('is good once, for its purpose and its sign-in only, for half an hour', async () => {
    const challenge = await newChallenge(deps, 'sign-in', 'a');
    expect(await takeChallenge(deps, challenge, 'sign-in', 'b')).toBe(false);
    expect(await takeChallenge(deps, challenge, 'register', 'a')).toBe(false);
    const all = Array.from({ length: 20 }, () => takeChallenge(deps, challenge, 'sign-in', 'a'));
    expect((await Promise.all(all)).filter(Boolean)).toHaveLength(1);
    const late = await newChallenge(deps, 'sign-in', 'a');
    deps.clock.advance(30 * 60_000 + 1);
    expect(await takeChallenge(deps, late, 'sign-in', 'a')).toBe(false);
  });

  test('is not in the table as it is, and asks for a verified holder of this very site', async () => {
    const options = await signInOptions(deps, { interactionUid: 'c', ...NOBODY });
    expect(options).toMatchObject({ rpId: 'localhost', userVerification: 'required', allowCredentials: [] });
    const rows = await database.db('passkey_challenges').select();
    expect(JSON.stringify(rows)).not.toContain(options?.challenge ?? '?');
    const account = await seedActive(deps);
    expect(await registrationOptions(deps, account, 's')).toMatchObject({
      rp: { id: 'localhost' },
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
    });
  });
});

describe('what a browser sends', () => {
  const odd = ['', 'null', '[]', '{}', '{"id":"a"}', 'x'.repeat(20_000), '{"id":{"$gt":""},"rawId":1}'];

  test.each(odd.map((text, index) => [index, text] as const))(
    'refused, never a fault: odd answer %i',
    async (_n, answer) => {
      const account = await seedActive(deps);
      const signIn = { interactionUid: 'd', answer, kind: null, ...NOBODY };
      expect(await verifyPasskey(deps, signIn)).toEqual({ ok: false, reason: 'wrong' });
      const made = { account, session: 's', answer, name: 'x', ...NOBODY };
      expect(await registerPasskey(deps, made, async () => {})).toEqual({ ok: false, reason: 'refused' });
    },
  );

  test('a network that tries too often is told so, and nobody else', async () => {
    const few = testDeps(database, { env: { LOGIN_ATTEMPTS_PER_ADDRESS: '3' } });
    const from = (ip: string) => ({ interactionUid: 'e', answer: '', kind: null, ip });
    const answers: string[] = [];
    for (let times = 0; times < 5; times += 1) {
      const result = await verifyPasskey(few, from('192.0.2.50'));
      answers.push(result.ok ? 'ok' : result.reason);
    }
    expect(answers).toEqual(['wrong', 'wrong', 'wrong', 'too-many', 'too-many']);
    expect(await verifyPasskey(few, from('192.0.2.51'))).toMatchObject({ reason: 'wrong' });
  });
});

describe('the counter', () => {
  test('goes on, and never back; of two uses with the same one counts; keys that do not count stay at zero', async () => {
    const { id: accountId } = await seedActive(deps);
    const id = await addKey(accountId, 5);
    const use = (signCount: number) => noteUse(deps.db, { id, signCount }, deps.clock.now());
    const twice = await Promise.all([use(6), use(6)]);
    expect(twice.filter(Boolean)).toHaveLength(1);
    expect([await use(6), await use(2), await use(0), await use(7)]).toEqual([false, false, false, true]);
    const still = await addKey(accountId);
    const zero = () => noteUse(deps.db, { id: still, signCount: 0 }, deps.clock.now());
    expect([await zero(), await zero()]).toEqual([true, true]);
  });
});

test('a regrouping takes the keys along to the account that stays', async () => {
  const [survivor, other] = [await seedActive(deps), await seedActive(deps)];
  await addKey(other.id);
  await inTransaction(deps.db, async (trx) => {
    await lockAccounts(trx, [survivor.id, other.id]);
    const turn = { now: deps.clock.now(), actor: { actorKind: 'person' } as const };
    await regroup(trx, { survivor, others: [other] }, turn);
  });
  expect(await passkeysOf(deps, survivor.id)).toHaveLength(1);
  expect(await passkeysOf(deps, other.id)).toHaveLength(0);
});

test('the offer: to whoever has none, once; again in another session after « plus tard » only', () => {
  const later = { answer: 'later', sessionHash: 's1' } as const;
  expect(isPasskeyOffered({ offer: null, passkeys: 0 }, 's1')).toBe(true);
  expect(isPasskeyOffered({ offer: null, passkeys: 1 }, 's1')).toBe(false);
  expect(isPasskeyOffered({ offer: later, passkeys: 0 }, 's1')).toBe(false);
  expect(isPasskeyOffered({ offer: later, passkeys: 0 }, 's2')).toBe(true);
  expect(isPasskeyOffered({ offer: { answer: 'never', sessionHash: 's1' }, passkeys: 0 }, 's2')).toBe(false);
});
