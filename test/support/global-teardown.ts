import { rm } from 'node:fs/promises';
import type { PrivateDatabase } from '../../src/demo/private-database.ts';
import { checkRunLog } from './run-log-check.ts';

/** What the set-up leaves for the teardown, in the process that jest runs both in. */
export type TestRun = {
  educonnectTestServer?: { folder: string; server: PrivateDatabase };
  educonnectTestLogs?: string;
};

/** Ends the run, and fails it when its logs tell what no log may. */
export default async function globalTeardown(): Promise<void> {
  const { educonnectTestServer: started, educonnectTestLogs: logs } = globalThis as TestRun;
  if (started) {
    await started.server.stop();
    await rm(started.folder, { recursive: true, force: true });
  }
  if (logs === undefined) return;
  const { lines, secrets, told } = await checkRunLog(logs);
  await rm(logs, { recursive: true, force: true });
  console.log(`${secrets} secrets of the tests looked for in ${lines} lines of log, ${told.length} found.`);
  if (told.length > 0)
    throw new Error(`The logs of this run tell what no log may:\n${told.slice(0, 40).join('\n')}`);
}
