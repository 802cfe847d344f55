import { rm } from 'node:fs/promises';
import type { PrivateDatabase } from '../../src/demo/private-database.ts';

/** What the set-up leaves for the teardown, in the process that jest runs both in. */
export type TestRun = { educonnectTestServer?: { folder: string; server: PrivateDatabase } };

export default async function globalTeardown(): Promise<void> {
  const started = (globalThis as TestRun).educonnectTestServer;
  if (!started) return;
  await started.server.stop();
  await rm(started.folder, { recursive: true, force: true });
}
