import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { attemptKeys, countAttempt } from '../../src/credentials/attempts.ts';
import { admitAttempt, clearAttempts } from '../../src/credentials/store.ts';
import { tokenHash } from '../../src/crypto/digests.ts';
import { networkOf } from '../../src/db/counters.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testDeps } from '../support/deps.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const RULE = { free: 5, longestLockMinutes: 15 };
const start = new Date('2026-11-22T08:00:00.000Z');
const later = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const admitted = async (key: string, at: Date) =>
  (await admitAttempt(database.db, tokenHash(key), RULE, at)).admitted;

describe('attempts on an account', () => {
  test('five are free, then one after a minute, then one after two more (security.md 1.1)', async () => {
    const answers: boolean[] = [];
    for (let n = 0; n < 7; n += 1) answers.push(await admitted('walk', start));
    expect(answers).toEqual([true, true, true, true, true, false, false]);
    expect(await admitted('walk', later(59))).toBe(false);
    expect(await admitted('walk', later(61))).toBe(true);
    expect(await admitted('walk', later(61 + 119))).toBe(false);
    expect(await admitted('walk', later(61 + 121))).toBe(true);
  });

  test('the lock grows to 15 minutes and no further, and attempts while locked do not lengthen it', async () => {
    let at = 0;
    for (let n = 0; n < 5; n += 1) await admitted('long', later(at));
    for (let n = 0; n < 10; n += 1) {
      at += 15 * 60 + 1;
      expect(await admitted('long', later(at))).toBe(true);
      for (let m = 0; m < 5; m += 1) expect(await admitted('long', later(at + 30))).toBe(false);
    }
  });

  test('C04: of 50 at once exactly five are admitted', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => admitted('burst', start)));
    expect(answers.filter(Boolean)).toHaveLength(5);
  });

  test('the count decays after 12 hours, and a right password clears it', async () => {
    for (let n = 0; n < 4; n += 1) await admitted('decay', start);
    for (let n = 0; n < 5; n += 1) expect(await admitted('decay', later(12 * 3600 + 1))).toBe(true);
    expect(await admitted('decay', later(12 * 3600 + 2))).toBe(false);
    await clearAttempts(database.db, { narrow: tokenHash('decay'), wide: tokenHash('decay-wide') });
    expect(await admitted('decay', later(12 * 3600 + 3))).toBe(true);
  });
});

describe('whose attempts count', () => {
  const attempt = async (deps: ReturnType<typeof testDeps>, identifier: string, ip: string) =>
    (await countAttempt(deps, identifier, ip)).refused;

  test('C05: a stranger who tries all day does not shut the parent out', async () => {
    const deps = testDeps(database);
    const answers: (string | null)[] = [];
    for (let hour = 0; hour < 24; hour += 1) {
      for (let n = 0; n < 4; n += 1) {
        await attempt(deps, 'g.zoumn', '198.51.100.7');
        deps.clock.advance(10 * 60_000);
      }
      answers.push(await attempt(deps, ' G.Zoumn ', '192.0.2.1'));
      await clearAttempts(database.db, attemptKeys('g.zoumn', '192.0.2.1'));
      deps.clock.advance(20 * 60_000);
    }
    expect(answers).toEqual(Array(24).fill(null));
  });

  test('a thousand addresses on one account: a hundred attempts, then one a minute', async () => {
    const deps = testDeps(database);
    const answers = [];
    for (let n = 0; n < 120; n += 1) answers.push(await attempt(deps, 'one.target', `198.51.100.${n}`));
    expect(answers.filter((answer) => answer === null)).toHaveLength(100);
    deps.clock.advance(61_000);
    expect(await attempt(deps, 'one.target', '203.0.113.1')).toBeNull();
    expect(await attempt(deps, 'one.target', '203.0.113.2')).toBe('locked');
  });

  test('an address over its own limit no longer uses up the attempts of accounts', async () => {
    const deps = testDeps(database, { env: { LOGIN_ATTEMPTS_PER_ADDRESS: '2' } });
    for (const name of ['first', 'second']) expect(await attempt(deps, name, '203.0.113.9')).toBeNull();
    for (let n = 0; n < 10; n += 1) expect(await attempt(deps, 'third', '203.0.113.9')).toBe('too-many');
    const { narrow, wide } = attemptKeys('third', '203.0.113.9');
    expect(await database.db('throttles').whereIn('throttle_key', [narrow, wide])).toEqual([]);
  });

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0db8:0000::', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('the network of %s is %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });
});
