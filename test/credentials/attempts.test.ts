import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { admitAttempt, clearAttempts } from '../../src/credentials/store.ts';
import { tokenHash } from '../../src/crypto/digests.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const start = new Date('2026-11-22T08:00:00.000Z');
const later = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const admitted = async (key: string, at: Date) =>
  (await admitAttempt(database.db, tokenHash(key), at)).admitted;

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
    await clearAttempts(database.db, tokenHash('decay'));
    expect(await admitted('decay', later(12 * 3600 + 3))).toBe(true);
  });
});
