import { randomBytes, randomInt } from 'node:crypto';
import { pino } from 'pino';
import { openDatabase } from '../../src/db/database.ts';
import { importFolder } from '../../src/imports/run.ts';
import type { ImportDeps } from '../../src/imports/types.ts';

/**
 * An import in a process of its own, so that a test can kill it: `<database url> <folder> <moment> <count>`.
 * Says `ready` at that moment (`read`: a file begun, `apply`: a school done, `sql`: that many statements) and then
 * waits there for the signal, for the two that it can.
 */
const [url = '', folder = '', moment = '', count = '0'] = process.argv.slice(2);
const db = openDatabase({
  url,
  pool: 5,
  connectTimeoutMs: 5000,
  acquireTimeoutMs: 10_000,
  statementTimeoutMs: 30_000,
  lockWaitSeconds: 5,
});
const deps = {
  config: { PHONE_EXTRA_MOBILE_PREFIXES: [] as string[] },
  jobsDb: db,
  clock: { now: () => new Date() },
  random: { bytes: (size: number) => randomBytes(size), int: (max: number) => randomInt(max) },
  log: pino({ level: 'silent' }),
} as unknown as ImportDeps;

/** Ends as by kill -9: no handler runs, nothing is rolled back by us. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

let statements = 0;
db.on('query', () => {
  statements += 1;
  if (moment === 'sql' && statements === Number(count)) die();
});
const result = await importFolder(deps, folder, {
  progress: (event) => {
    if (event.step === moment && event.done === Number(count)) die();
  },
});
process.stdout.write(JSON.stringify({ ...result, statements }));
await db.destroy();
