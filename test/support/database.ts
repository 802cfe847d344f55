import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { type DatabaseSettings, openDatabase } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrations.ts';
import { copySchema } from './schema-copy.ts';

export type TestDatabase = {
  db: Knex;
  /** What DATABASE_URL would be. */
  url: string;
  name: string;
  /** Closes the pool and forgets the data; call it in `afterAll`. */
  drop: () => Promise<void>;
};

/** Short enough that a test that hangs says so before jest's own time-out. */
const SETTINGS: Omit<DatabaseSettings, 'url'> = {
  pool: 10,
  connectTimeoutMs: 5000,
  acquireTimeoutMs: 10_000,
  statementTimeoutMs: 10_000,
  lockWaitSeconds: 5,
};

/**
 * A database of its own on the run's server, as every migration applied leaves it; one a test file is plenty.
 * @param options `migrated: false` leaves it empty; the rest replaces the settings of the pool
 */
export async function createTestDatabase(
  options: Partial<Omit<DatabaseSettings, 'url'>> & { migrated?: boolean } = {},
): Promise<TestDatabase> {
  const { migrated = true, ...settings } = options;
  const name = `ec_test_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
  const url = testDatabaseUrl(name);
  const db = openDatabase({ ...SETTINGS, ...settings, url });
  const drop = async () => {
    await db.destroy();
    await onServer(`DROP DATABASE IF EXISTS ${name}`);
  };
  try {
    if (migrated) await makeTables(url, name);
  } catch (error) {
    await drop();
    throw error;
  }
  return { db, url, name, drop };
}

/** On the run's own server a copy; on another one (MySQL 8, say) the migrations themselves. */
async function makeTables(url: string, name: string): Promise<void> {
  const { TEST_DATABASE_SOCKET: socket, TEST_DATABASE_SCHEMA: file } = process.env;
  if (socket === undefined || file === undefined) await withPool(url, migrate);
  else await copySchema(socket, name, file);
}

/** Migrating takes two connections, whatever the test is about. */
async function withPool(url: string, work: (db: Knex) => Promise<unknown>): Promise<void> {
  const db = openDatabase({ ...SETTINGS, pool: 2, url });
  await work(db).finally(() => db.destroy());
}

/** The address of a database of this name on the server of this test run. */
export function testDatabaseUrl(name: string): string {
  const server = process.env.TEST_DATABASE_URL;
  if (!server)
    throw new Error('TEST_DATABASE_URL is not set: jest did not run test/support/global-setup.ts.');
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** One statement outside any database of ours; every user may enter information_schema. */
async function onServer(sql: string): Promise<void> {
  const server = openDatabase({ ...SETTINGS, pool: 1, url: testDatabaseUrl('information_schema') });
  try {
    await server.raw(sql);
  } finally {
    await server.destroy();
  }
}
