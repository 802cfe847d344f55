import { openDatabase } from '../../src/db/database.ts';
import { retain } from '../../src/jobs/retention.ts';
import { testDeps } from '../support/deps.ts';

/** The job in a process of its own that dies by kill -9 at its nth statement: `<database url> <statements> <now>`. */
const [url = '', count = '0', now = ''] = process.argv.slice(2);
const db = openDatabase({
  url,
  pool: 5,
  connectTimeoutMs: 5000,
  acquireTimeoutMs: 10_000,
  statementTimeoutMs: 30_000,
  lockWaitSeconds: 5,
});
let statements = 0;
db.on('query', () => {
  statements += 1;
  if (statements === Number(count)) process.kill(process.pid, 'SIGKILL');
});
const env = {
  RETENTION_NEVER_ACTIVATED_DAYS: '30',
  RETENTION_RECORDS_MONTHS: '12',
  RETENTION_BRAKE_PERCENT: '100',
};
await retain(testDeps({ db, url }, { env }), { now: new Date(now), signal: new AbortController().signal });
await db.destroy();
