import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { countHit } from '../../src/db/counters.ts';
import { isDatabaseUnavailable, openDatabase, parseDatabaseUrl } from '../../src/db/database.ts';
import { migrate, pendingMigrations } from '../../src/db/migrations.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.db.raw('CREATE TABLE pairs (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB');
  await database.db('pairs').insert([
    { id: 1, n: 0 },
    { id: 2, n: 0 },
  ]);
});
afterAll(() => database.drop());

describe('the address of the database', () => {
  test('several hosts, a socket, escaped signs', () => {
    expect(parseDatabaseUrl('mysql://u:p%40ss@db1:3307,db2/educonnect')).toEqual([
      { user: 'u', password: 'p@ss', database: 'educonnect', host: 'db1', port: 3307 },
      { user: 'u', password: 'p@ss', database: 'educonnect', host: 'db2', port: 3306 },
    ]);
    expect(parseDatabaseUrl('mysql://root@localhost/x?socketPath=%2Frun%2Fm.sock')).toEqual([
      { user: 'root', password: '', database: 'x', socketPath: '/run/m.sock' },
    ]);
    expect(() => parseDatabaseUrl('postgres://db/x')).toThrow(/DATABASE_URL/);
  });
});

describe('transactions', () => {
  test('two who lock the same rows in opposite order both succeed: the victim is run again', async () => {
    let runs = 0;
    let bothHoldOne = () => {};
    const meeting = new Promise<void>((resolve) => {
      let arrived = 0;
      bothHoldOne = () => {
        arrived += 1;
        if (arrived === 2) resolve();
      };
    });
    const add = (first: number, second: number) =>
      inTransaction(database.db, async (trx) => {
        runs += 1;
        await trx('pairs').where({ id: first }).increment('n', 1);
        bothHoldOne();
        await meeting;
        await trx('pairs').where({ id: second }).increment('n', 1);
      });
    await Promise.all([add(1, 2), add(2, 1)]);
    expect(await database.db('pairs').pluck('n')).toEqual([2, 2]);
    expect(runs).toBe(3);
  });

  test('other errors are not retried, and nothing is left behind', async () => {
    let runs = 0;
    const failing = inTransaction(database.db, async (trx) => {
      runs += 1;
      await trx('pairs').insert({ id: 3, n: 0 });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(runs).toBe(1);
    expect(await database.db('pairs').where({ id: 3 })).toEqual([]);
  });
});

describe('a server that does not answer', () => {
  test('a statement is given up with its connection, and the pool goes on', async () => {
    const impatient = openDatabase({
      url: database.url,
      pool: 1,
      connectTimeoutMs: 2000,
      acquireTimeoutMs: 2000,
      statementTimeoutMs: 200,
      lockWaitSeconds: 2,
    });
    try {
      const error = await impatient.raw('SELECT SLEEP(5)').then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(isDatabaseUnavailable(error)).toBe(true);
      const [[row]] = await impatient.raw('SELECT 1 AS one');
      expect(row).toEqual({ one: 1 });
    } finally {
      await impatient.destroy();
    }
  });

  test('a pool that is closed amid a statement does not wait for the answer', async () => {
    const impatient = openDatabase({
      url: database.url,
      pool: 1,
      connectTimeoutMs: 2000,
      acquireTimeoutMs: 2000,
      statementTimeoutMs: 1000,
      lockWaitSeconds: 2,
    });
    await impatient.raw('SELECT 1');
    const asked = impatient.raw('SELECT SLEEP(20)').catch((reason: unknown) => reason);
    await new Promise(setImmediate);
    await impatient.destroy();
    expect(await asked).toMatchObject({ code: 'PROTOCOL_SEQUENCE_TIMEOUT' });
  });

  test('inside a transaction the time-out is what the caller hears, not the ROLLBACK that could not be sent', async () => {
    const impatient = openDatabase({
      url: database.url,
      pool: 2,
      connectTimeoutMs: 2000,
      acquireTimeoutMs: 2000,
      statementTimeoutMs: 200,
      lockWaitSeconds: 2,
    });
    try {
      const error = await impatient
        .transaction((trx) => trx.raw('SELECT SLEEP(5)'))
        .catch((reason) => reason);
      expect(error).toMatchObject({ code: 'PROTOCOL_SEQUENCE_TIMEOUT' });
      expect(isDatabaseUnavailable(error)).toBe(true);
      expect(await inTransaction(impatient, (trx) => trx('pairs').count('* as n'))).toEqual([{ n: 2 }]);
    } finally {
      await impatient.destroy();
    }
  });

  test('a server that is not there is told from a fault of ours', async () => {
    const nowhere = openDatabase({
      url: 'mysql://x@127.0.0.1:1/x',
      pool: 1,
      connectTimeoutMs: 300,
      acquireTimeoutMs: 300,
      statementTimeoutMs: 300,
      lockWaitSeconds: 2,
    });
    const error = await nowhere.raw('SELECT 1').catch((reason: unknown) => reason);
    await nowhere.destroy();
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect((error as Error).message).toContain('(ECONNREFUSED)');
    const ours = await database.db.raw('SELECT nothing FROM nowhere').catch((reason: unknown) => reason);
    expect(isDatabaseUnavailable(ours)).toBe(false);
    expect(isDatabaseUnavailable(new TypeError('fetch failed'))).toBe(false);
  });
});

test('migrations are applied once, and what is missing is named', async () => {
  expect(await pendingMigrations(database.db)).toEqual([]);
  expect(await migrate(database.db)).toEqual([]);
  const empty = await createTestDatabase({ migrated: false });
  try {
    expect(await pendingMigrations(empty.db)).toContain('001_core');
  } finally {
    await empty.drop();
  }
});

test('three who migrate an empty database at once all succeed, and a killed run blocks nobody', async () => {
  const empty = await createTestDatabase({ migrated: false });
  const copy = await createTestDatabase();
  try {
    const applied = await Promise.all([migrate(empty.db), migrate(empty.db), migrate(empty.db)]);
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    await empty.db('schema_migrations_lock').update({ is_locked: 1 });
    expect(await migrate(empty.db)).toEqual([]);
    // What other tests have is a copy (test/support/schema-copy.ts).
    expect(await schemaOf(copy.db)).toEqual(await schemaOf(empty.db));
  } finally {
    await copy.drop();
    await empty.drop();
  }
});

test('each migration can be taken back, the last first', async () => {
  const { db, drop } = await createTestDatabase();
  try {
    const folder = join(import.meta.dirname, '..', '..', 'migrations');
    const names = (await readdir(folder)).sort().reverse();
    for (const name of names) await (await import(join(folder, name))).down(db);
    const left = (await schemaOf(db)).map(([table]) => /`(\w+)`/.exec(String(table))?.[1]);
    expect(left.filter((name) => !name?.startsWith('schema_'))).toEqual([]);
  } finally {
    await drop();
  }
});

/** Each table as it was made, and how many rows it begins with. */
async function schemaOf(db: TestDatabase['db']): Promise<unknown[][]> {
  const [tables] = (await db.raw('SHOW TABLES')) as [Record<string, string>[]];
  const names = tables.flatMap((row) => Object.values(row));
  return Promise.all(
    names.map(async (name) => {
      const [[made]] = (await db.raw('SHOW CREATE TABLE ??', [name])) as [[Record<string, string>]];
      return [made['Create Table']?.replace(/ AUTO_INCREMENT=\d+/, ''), await db(name).count({ rows: '*' })];
    }),
  );
}

test('counters count each hit once, under any parallelism, and start again when the window ends', async () => {
  const key = 'k'.repeat(43);
  const now = new Date('2026-11-22T08:00:00.000Z');
  const hits = await Promise.all(Array.from({ length: 30 }, () => countHit(database.db, key, 1000, now)));
  expect(hits.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  expect(await countHit(database.db, key, 1000, new Date(now.getTime() + 999))).toBe(31);
  expect(await countHit(database.db, key, 1000, new Date(now.getTime() + 1000))).toBe(1);
});
