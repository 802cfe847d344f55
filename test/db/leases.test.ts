import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LEASE_MS, releaseLease, renewLease, takeLease, withLease } from '../../src/db/leases.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestClock, systemRandom, type TestClock } from '../support/deps.ts';

let database: TestDatabase;
let clock: TestClock;
beforeAll(async () => {
  database = await createTestDatabase();
  clock = createTestClock();
});
afterAll(() => database.drop());

const lease = (name: string, holder: string) => ({ name, holder: holder.padEnd(22, '-') });
const needs = () => ({ jobsDb: database.db, clock, random: systemRandom });

test('of many that come at once one holds the lease, the first time and when it has ended', async () => {
  const holders = Array.from({ length: 12 }, (_, i) => lease('many', `h${i}`));
  for (let round = 0; round < 3; round += 1) {
    const taken = await Promise.all(holders.map((one) => takeLease(database.db, one, clock.now())));
    expect(taken.filter(Boolean)).toHaveLength(1);
    clock.advance(LEASE_MS);
  }
});

test('a lease is kept while it is renewed, is taken over when its time is over, and then no more renewed', async () => {
  const [one, two] = [lease('kept', 'one'), lease('kept', 'two')];
  expect(await takeLease(database.db, one, clock.now())).toBe(true);
  for (let beat = 0; beat < 4; beat += 1) {
    clock.advance(LEASE_MS - 1);
    expect(await takeLease(database.db, two, clock.now())).toBe(false);
    expect(await renewLease(database.db, one, clock.now())).toBe(true);
  }
  clock.advance(LEASE_MS);
  expect(await takeLease(database.db, two, clock.now())).toBe(true);
  expect(await renewLease(database.db, one, clock.now())).toBe(false);
  await releaseLease(database.db, one);
  expect(await takeLease(database.db, one, clock.now())).toBe(false);
  await releaseLease(database.db, two);
  expect(await takeLease(database.db, one, clock.now())).toBe(true);
});

test('work under a lease: alone, renewed by itself, told when the lease is lost', async () => {
  const outcome = await withLease(
    needs(),
    'work',
    async (signal) => {
      expect(await withLease(needs(), 'work', async () => {})).toEqual({ held: false });
      // Somebody found the lease over while we slept: we are told at the next sign of life.
      await database.db('leases').where({ name: 'work' }).update({ holder: 'thief' });
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return 'told';
    },
    { renewEveryMs: 5 },
  );
  expect(outcome).toEqual({ held: true, result: 'told' });
  // Nor did it give back what is another's.
  expect(await withLease(needs(), 'work', async () => {})).toEqual({ held: false });
});

test('a work that fails gives its lease back', async () => {
  const failing = withLease(needs(), 'failing', async () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(await withLease(needs(), 'failing', async () => 1)).toEqual({ held: true, result: 1 });
});
