import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isDatabaseUnavailable, openDatabase } from '../../src/db/database.ts';
import { beginTransaction, change, type Sql, selectFirst, selectRows } from '../../src/db/statement.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements } from '../support/deps.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.db.raw(
    'CREATE TABLE notes (id INT PRIMARY KEY, text VARCHAR(20) NULL, at DATETIME(3) NULL) ENGINE=InnoDB',
  );
});
afterAll(() => database.drop());

const insert = (db: Sql, id: number, text: string | null = null, at: Date | null = null) =>
  change(db, 'INSERT INTO notes (id, text, at) VALUES (?, ?, ?)', [id, text, at]);
const present = async (id: number) =>
  (await selectFirst(database.db, 'SELECT id FROM notes WHERE id = ?', [id])) !== undefined;

const impatiently = (pool: number) =>
  openDatabase({
    url: database.url,
    pool,
    connectTimeoutMs: 2000,
    acquireTimeoutMs: 500,
    statementTimeoutMs: 200,
    lockWaitSeconds: 2,
  });

test('the same statements run on the pool, in a transaction of the query builder and in one that is held', async () => {
  const at = new Date('2026-11-22T08:00:00.123Z');
  await insert(database.db, 1, "l'été ?", at);
  await inTransaction(database.db, (trx) => insert(trx, 2));
  const held = await beginTransaction(database.db);
  await insert(held, 3);
  expect(await selectRows(held, 'SELECT id FROM notes WHERE id IN (?) ORDER BY id', [[1, 2, 3]])).toEqual([
    { id: 1 },
    { id: 2 },
    { id: 3 },
  ]);
  expect(await present(3)).toBe(false);
  await held.commit();
  expect(await present(3)).toBe(true);
  expect(await selectFirst(database.db, 'SELECT text, at FROM notes WHERE id = 1')).toEqual({
    text: "l'été ?",
    at,
  });
  // Rows met, not rows changed: a value that was there already is not « not found ».
  expect(await change(database.db, 'UPDATE notes SET text = NULL WHERE id = ?', [2])).toBe(1);
  expect(await change(database.db, 'UPDATE notes SET text = NULL WHERE id = ?', [99])).toBe(0);
});

test('what is rolled back is gone, and nothing runs on a connection that was given back', async () => {
  const held = await beginTransaction(database.db);
  await insert(held, 10);
  await held.rollback();
  await held.rollback();
  expect(await present(10)).toBe(false);
  await expect(insert(held, 11)).rejects.toThrow('the transaction is over');
  await expect(held.commit()).rejects.toThrow('the transaction is over');

  let kept: Sql = database.db;
  await inTransaction(database.db, async (trx) => {
    kept = trx;
  });
  await expect(insert(kept, 12)).rejects.toThrow('the transaction is over');
});

test('they are counted like all others', async () => {
  const count = countStatements(database.db);
  const held = await beginTransaction(database.db);
  await insert(held, 20);
  await insert(held, 21);
  await held.commit();
  await insert(database.db, 22);
  expect([count.statements.length, count.commits()]).toEqual([3, 2]);
  count.stop();
});

test('a statement that is not answered in time takes its connection with it, not the pool', async () => {
  const impatient = impatiently(1);
  try {
    const alone = await selectRows(impatient, 'SELECT SLEEP(5)').catch((reason: unknown) => reason);
    expect(alone).toMatchObject({ code: 'PROTOCOL_SEQUENCE_TIMEOUT' });
    expect(isDatabaseUnavailable(alone)).toBe(true);

    const held = await beginTransaction(impatient);
    await insert(held, 30);
    const inside = await selectRows(held, 'SELECT SLEEP(5)').catch((reason: unknown) => reason);
    expect(isDatabaseUnavailable(inside)).toBe(true);
    await expect(held.commit()).rejects.toThrow();
    await held.rollback();
    expect(await selectFirst(impatient, 'SELECT id FROM notes WHERE id = 30')).toBeUndefined();
  } finally {
    await impatient.destroy();
  }
});

test('no connection to be had is said as such, and a fault of ours names its statement without the values', async () => {
  const narrow = impatiently(1);
  try {
    const held = await beginTransaction(narrow);
    const refused = await beginTransaction(narrow).catch((reason: unknown) => reason);
    expect(isDatabaseUnavailable(refused)).toBe(true);
    await held.rollback();
    const ours = await selectRows(narrow, 'SELECT nothing FROM nowhere WHERE id = ?', ['secret']).catch(
      (reason: unknown) => reason,
    );
    expect(isDatabaseUnavailable(ours)).toBe(false);
    expect((ours as Error).message).toMatch(/^SELECT nothing FROM nowhere WHERE id = \? - /);
    expect((ours as Error).message).not.toContain('secret');
    expect(await selectFirst(narrow, 'SELECT 1 AS one')).toEqual({ one: 1 });
  } finally {
    await narrow.destroy();
  }
});

/** What a stopped or starved process is to itself: nothing runs, while time passes and answers arrive. */
function sleepThrough(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('a process that slept past its time-outs takes the answers that came meanwhile', async () => {
  const narrow = impatiently(1);
  try {
    await selectRows(narrow, 'SELECT 1');
    const built = narrow.raw('SELECT 1 AS one');
    const asked = [
      selectFirst(narrow, 'SELECT 2 AS two'),
      ...[3, 4, 5].map((n) => selectFirst(narrow, 'SELECT ? AS n', [n])),
    ];
    const first = built.then(([[row]]: [[unknown]]) => row);
    // The statements that have a connection are under way, the others wait for it.
    await new Promise((resolve) => setImmediate(resolve));
    sleepThrough(900);
    expect(await first).toEqual({ one: 1 });
    expect(await Promise.all(asked)).toEqual([{ two: 2 }, { n: 3 }, { n: 4 }, { n: 5 }]);
    const held = await beginTransaction(narrow);
    const refused = beginTransaction(narrow).catch((reason: unknown) => reason);
    sleepThrough(700);
    expect(isDatabaseUnavailable(await refused)).toBe(true);
    await held.rollback();
  } finally {
    await narrow.destroy();
  }
});

test('a server that keeps no more prepared statements is asked all the same', async () => {
  const fresh = impatiently(1);
  const [[{ most }]] = await database.db.raw('SELECT @@max_prepared_stmt_count AS most');
  await database.db.raw('SET GLOBAL max_prepared_stmt_count = 0');
  try {
    await insert(fresh, 40, 'full');
    expect(await selectFirst(fresh, 'SELECT text FROM notes WHERE id = ?', [40])).toEqual({ text: 'full' });
  } finally {
    await database.db.raw(`SET GLOBAL max_prepared_stmt_count = ${most}`);
    await fresh.destroy();
  }
});
