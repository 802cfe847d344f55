import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { migrate } from '../../src/db/migrations.ts';
import { hosts } from '../../src/jobs/doctor/database.ts';
import { seedActivated } from '../support/activated.ts';
import { typePassword } from '../support/at-home.ts';
import { testConfig, testDeps } from '../support/deps.ts';
import { type Program, runProgram } from '../support/program.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { createVisitor, type Visitor } from '../support/visitor.ts';
import {
  addressOf,
  type DatabaseServer,
  databaseServer,
  follow,
  handOver,
  openRoot,
  prepareDatabase,
} from './two-databases.ts';

/**
 * One server process that is never restarted, with a person who stays signed in and others who send wrong passwords
 * all the time, while its database is frozen, killed, and replaced by another host. A wrong password that was answered
 * is a line in the trail, named by the request: a write that was committed.
 */

/** Starting servers takes its time where others run beside it. */
jest.setTimeout(240_000);

/**
 * Longer than all that a request can wait for one after the other (a connection 2 s, a statement 2.5 s, looking for
 * another host 4.5 s). FROZEN_SECONDS=60 for the whole minute.
 */
const FROZEN_MS = Number(process.env.FROZEN_SECONDS ?? 12) * 1000;
const BASE = 'http://localhost:3000';
const AT_MOST_MS = 5000;

let folder: string;
let first: DatabaseServer;
let second: DatabaseServer;
let program: Program;
let address: string;
let person: Visitor;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ec-hosts-'));
  [first, second] = await Promise.all([
    databaseServer(join(folder, 'a'), 1),
    databaseServer(join(folder, 'b'), 2),
  ]);
  await follow(second, first);
  await prepareDatabase(first);
  const db = openRoot(addressOf([first]));
  await migrate(db);
  await seedActivated(testDeps({ db, url: addressOf([first]) }), { identifier: 'r.este' }, CHOSEN);
  await db.destroy();
  program = runProgram('src/main.ts', [], {
    NODE_ENV: 'test',
    BASE_URL: BASE,
    DATABASE_URL: addressOf([first, second]),
    ALLOW_INSECURE_ISSUER: '1',
    HOST: '127.0.0.1',
    PORT: '0',
    COOKIE_KEYS: 'cookie-key-of-the-test-suite-1',
    SEALING_KEYS: 'sealing-key-of-the-test-suite-1',
    SUBJECT_SALT: 'subject-salt-of-the-test-suite',
    SMTP_URL: 'smtp://127.0.0.1:1',
    ARGON2_MEMORY_KIB: '1024',
    LOGIN_ATTEMPTS_PER_ADDRESS: '100000',
  });
  address = `http://127.0.0.1:${(await program.says(/"port":(\d+)/))[1]}`;
  person = createVisitor(address, { known: BASE });
  await typePassword(person, await person.get('/'), { identifier: 'r.este' });
});
afterAll(async () => {
  program?.child.kill('SIGKILL');
  await program?.ended;
  for (const server of [first, second]) {
    if (server === undefined) continue;
    await server
      .pid()
      .then((pid) => process.kill(pid, 'SIGCONT'))
      .catch(() => {});
    await server.stop();
  }
  await rm(folder, { recursive: true, force: true });
});

type Sent = { status: number; requestId: string };

/** Sends wrong passwords until it is stopped. */
function keepTrying() {
  const sent: Sent[] = [];
  let on = true;
  let wake = () => {};
  const one = async (index: number) => {
    for (let n = 0; on; n += 1) {
      const visitor = createVisitor(address, { known: BASE });
      const typed = { identifier: `x.essai${index}-${n}`, password: 'faux4faux' };
      // A page of the way that is refused with 503 has no form: that answer counts.
      let last = await visitor.get('/');
      if (last.status === 200) {
        const start = new URL(last.url).pathname.replace(/\/connexion$/, '');
        last = await visitor.get(`${start}/connexion?profil=responsable`);
        if (last.status === 200) last = await visitor.submit(last, typed, '/connexion');
      }
      sent.push({ status: last.status, requestId: String(last.headers['x-request-id']) });
      wake();
    }
  };
  const all = Promise.all([0, 1, 2].map(one));
  return {
    /** Resolves once so many more were answered so. */
    async answered(status: number, more = 1): Promise<void> {
      const begun = sent.length;
      while (sent.slice(begun).filter((one) => one.status === status).length < more)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    },
    async stop(): Promise<Sent[]> {
      on = false;
      await all;
      return sent;
    },
  };
}

/** How long the slowest request of the process took from here on, in milliseconds, by its own log. */
function slowestFrom(offset: number): number {
  const lines = program
    .output()
    .slice(offset)
    .matchAll(/"ms":([\d.]+),"msg":"request"/g);
  return Math.max(...Array.from(lines, ([, ms]) => Number(ms)));
}

/** Of those that were told that their password is wrong, the ones whose line is not there. */
async function lost(server: DatabaseServer, sent: readonly Sent[]): Promise<string[]> {
  const told = sent.filter(({ status }) => status === 400).map(({ requestId }) => requestId);
  expect(told.length).toBeGreaterThan(0);
  const rows = await server.root(
    "SELECT request_id FROM ec.audit_events WHERE event = 'login' AND outcome = 'refused'",
  );
  const kept = new Set(rows.map(({ request_id }) => request_id));
  return told.filter((id) => !kept.has(id));
}

const isThere = async () => (await person.send('/compte/historique')).status === 200;
const ready = async () => (await person.send('/readyz')).status;

describe('one server process, never restarted', () => {
  test('J01: the database frozen for longer than any time-out: 503 within five seconds, the keys at once, and all is well again by itself', async () => {
    expect(await isThere()).toBe(true);
    const heard = program.output().length;
    const trying = keepTrying();
    await trying.answered(400, 8);
    const pid = await first.pid();
    process.kill(pid, 'SIGSTOP');
    const since = performance.now();
    while (performance.now() - since < FROZEN_MS) {
      await trying.answered(503);
      expect((await person.send('/oidc/jwks')).status).toBe(200);
    }
    process.kill(pid, 'SIGCONT');
    await trying.answered(400, 8);
    const sent = await trying.stop();
    expect([...new Set(sent.map(({ status }) => status))].sort()).toEqual([400, 503]);
    expect(slowestFrom(heard)).toBeLessThan(AT_MOST_MS);
    expect(await lost(first, sent)).toEqual([]);
    expect([await ready(), await isThere()]).toEqual([200, true]);
  });

  test('J02: the database killed and started again: nothing that was answered is lost, the person is still there', async () => {
    const heard = program.output().length;
    const trying = keepTrying();
    await trying.answered(400, 8);
    process.kill(await first.pid(), 'SIGKILL');
    await trying.answered(503, 8);
    await first.start();
    await trying.answered(400, 8);
    const sent = await trying.stop();
    expect([...new Set(sent.map(({ status }) => status))].sort()).toEqual([400, 503]);
    expect(slowestFrom(heard)).toBeLessThan(AT_MOST_MS);
    expect(await lost(first, sent)).toEqual([]);
    expect([await ready(), await isThere()]).toEqual([200, true]);
  });

  test('J02: handed over to another host, the first read-only (1290) and then gone: found by itself, nothing lost', async () => {
    const heard = program.output().length;
    const trying = keepTrying();
    await trying.answered(400, 8);
    await handOver(first, second);
    await trying.answered(400, 8);
    await first.stop();
    await trying.answered(400, 8);
    const sent = await trying.stop();
    expect(sent.filter(({ status }) => status !== 400 && status !== 503)).toEqual([]);
    expect(slowestFrom(heard)).toBeLessThan(AT_MOST_MS);
    expect(await lost(second, sent)).toEqual([]);
    expect([await ready(), await isThere()]).toEqual([200, true]);
    expect(program.child.exitCode).toBe(null);
  });

  test('doctor says which host takes writes, and which is away', async () => {
    const config = testConfig(addressOf([first, second]));
    const look = () => hosts({ config } as Parameters<typeof hosts>[0], {} as Parameters<typeof hosts>[1]);
    const found = await look();
    expect(found).toEqual([
      expect.objectContaining({ state: 'warn', says: expect.stringContaining(`:${first.port} is away`) }),
    ]);
    await first.start();
    const both = await look();
    expect(both).toEqual([
      expect.objectContaining({ state: 'fail', says: expect.stringContaining('both take writes') }),
    ]);
    await first.root('SET GLOBAL read_only = 1');
    const well = await look();
    expect(well).toEqual([
      expect.objectContaining({ state: 'ok', says: expect.stringContaining(`:${second.port} takes writes`) }),
    ]);
  });
});
