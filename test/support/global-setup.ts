import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPrivateDatabase } from '../../src/demo/private-database.ts';
import type { TestRun } from './global-teardown.ts';
import { keepSchema } from './schema-copy.ts';

/**
 * One database server for the whole run, in a folder of its own, so that runs side by side do not meet; and a folder
 * for what the servers of the tests log.
 * TEST_DATABASE_URL set beforehand names another server (MySQL 8, say) whose user may create databases.
 */
export default async function globalSetup(): Promise<void> {
  const run = globalThis as TestRun;
  run.educonnectTestLogs = await mkdtemp(join(tmpdir(), 'ec-test-log-'));
  process.env.TEST_LOG_FOLDER = run.educonnectTestLogs;
  if (process.env.TEST_DATABASE_URL) return;
  const folder = await mkdtemp(join(tmpdir(), 'ec-test-'));
  const server = await startPrivateDatabase({ folder, durable: false, log: () => {} });
  process.env.TEST_DATABASE_URL = server.url;
  process.env.TEST_DATABASE_SOCKET = server.socketPath;
  run.educonnectTestServer = { folder, server };
  const schema = join(folder, 'schema.sql');
  await keepSchema(server.socketPath, schema);
  process.env.TEST_DATABASE_SCHEMA = schema;
}
