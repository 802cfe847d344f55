import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createSealer } from '../../src/crypto/sealing.ts';
import { reachIssuer, reachSmtp, reachTwilio } from '../../src/gateways/reach.ts';
import { doctorCommand, examine } from '../../src/jobs/doctor/doctor.ts';
import { jobTable } from '../../src/jobs/table.ts';
import { providerChores } from '../../src/provider/chores.ts';
import { ensureSigningKeys } from '../../src/provider/keys.ts';
import { closeServer } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestClock, type TestDeps, testDeps } from '../support/deps.ts';
import { seedFamily } from '../support/family.ts';

/** `educonnect doctor`: each thing that is wrong is told in a sentence, and nothing is waited for. */

jest.setTimeout(60_000);

let database: TestDatabase;
let issuer: string;
let server: Server;
let says = '';

beforeAll(async () => {
  database = await createTestDatabase();
  server = createServer((_, res) => res.end(JSON.stringify({ issuer: says })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://localhost:${(server.address() as { port: number }).port}`;
  says = `${issuer}/oidc`;
});
afterAll(async () => {
  await closeServer(server);
  await database?.drop();
});

const depsNow = (env: Record<string, string> = {}): TestDeps =>
  testDeps(database, { clock: createTestClock(new Date()), env: { BASE_URL: issuer, ...env } });
const outsideOf = (deps: TestDeps) => ({
  reachSmtp,
  reachTwilio,
  reachIssuer,
  jobs: jobTable(deps, providerChores),
  sealed: providerChores.sealed,
});
async function states(deps: TestDeps): Promise<Record<string, string>> {
  const found = await examine(deps, outsideOf(deps));
  return Object.fromEntries(found.map(({ check, state, says: text }) => [check, `${state}: ${text}`]));
}

describe('what is well', () => {
  test('is said of the database, its migrations, grants, keys, and our own address', async () => {
    const deps = { ...depsNow(), clock: { now: () => new Date() } } as TestDeps;
    await ensureSigningKeys(deps);
    await seedFamily(deps, { identifier: 'd.bien', provisional: 'GVKJ7PPE23' });
    const found = await states(deps);
    for (const check of [
      'database',
      'migrations',
      'grants',
      'sealing-keys',
      'signing-keys',
      'address',
      'outbox',
      'audit',
    ])
      expect([check, found[check]]).toEqual([check, expect.stringMatching(/^ok: /)]);
  });
});

describe('what is wrong', () => {
  test('keys that do not open what is stored, an issuer of another name, a mail server that is not there', async () => {
    const wrongKey = depsNow();
    wrongKey.sealer = createSealer(['another-key-of-the-test-suite-9']);
    says = 'http://another.example/oidc';
    const found = await states(wrongKey);
    says = `${issuer}/oidc`;
    expect(found['sealing-keys']).toMatch(/^fail: SEALING_KEYS does not open .*1 of accounts/);
    expect(found.address).toMatch(/^fail: .*calls itself http:\/\/another/);
    expect(found.mail).toMatch(/^fail: the mail server: E\w+/);
  });

  test('an older key, messages and jobs that are late, an import that was refused, a clock that is off', async () => {
    const deps = depsNow({ IMPORT_FOLDER: '/tmp' });
    deps.sealer = createSealer(['a-newer-key-of-the-test-suite-9', 'sealing-key-of-the-test-suite-1']);
    const now = deps.clock.now();
    const hourAgo = new Date(now.getTime() - 3_600_000);
    await database.db('outbox_messages').insert({
      unique_key: 'stuck',
      channel: 'email',
      template: 'activation',
      recipient: 'a@example.org',
      message_id: '<stuck@example.org>',
      state: 'waiting',
      content_sealed: deps.sealer.seal('{}', 'outbox:stuck'),
      last_error: 'ECONNREFUSED',
      due_at: hourAgo,
      give_up_at: now,
      created_at: hourAgo,
    });
    const run = { folder: 'x', dry_run: 0, started_at: hourAgo, finished_at: hourAgo };
    await database.db('import_runs').insert([{ ...run, state: 'done' }]);
    await database.db('import_runs').insert([{ ...run, state: 'refused', started_at: now }]);
    await database
      .db('job_runs')
      .insert({ job: 'purge', attempts: 1, started_at: hourAgo, finished_at: now, outcome: 'failed' });
    const found = await states(deps);
    expect(found['sealing-keys']).toMatch(
      /^warn: \d+ of \d+ values are sealed by an older key: run educonnect keys reseal/,
    );
    expect(found.outbox).toMatch(/^fail: email: the oldest waits for 60 minutes; last fault: ECONNREFUSED/);
    expect(found.import).toMatch(/^fail: the last one was refused/);
    expect(found.jobs).toBeDefined();
    deps.clock.advance(60_000);
    expect((await states(deps)).database).toMatch(/^fail: its clock and ours differ by/);
  });

  test('a database that lacks migrations, or is not there: the rest is still told, and the exit code is 1', async () => {
    const bare = await createTestDatabase({ migrated: false });
    const deps = depsNow();
    const out: string[] = [];
    const io = { out: (line: string) => void out.push(line), err: () => {} };
    const on = { ...deps, jobsDb: bare.db };
    expect(await doctorCommand(on, outsideOf(deps), [], io)).toBe(1);
    expect(out.join('\n')).toMatch(/fail {2}migrations +pending: 001_core.*educonnect migrate/);
    expect(out.join('\n')).toMatch(/fail {2}mail/);
    await bare.drop();
    out.length = 0;
    expect(await doctorCommand(on, outsideOf(deps), ['--json'], io)).toBe(1);
    const { ok, findings } = JSON.parse(out[0] ?? '');
    expect(ok).toBe(false);
    expect(findings).toContainEqual(expect.objectContaining({ check: 'database', state: 'fail' }));
  });

  test('who accepts and never answers is given up in time', async () => {
    const silent = createTcpServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const config = depsNow({
      SMTP_URL: `smtp://127.0.0.1:${port}`,
      TWILIO_ACCOUNT_SID: 'AC1',
      TWILIO_AUTH_TOKEN: 'x',
      TWILIO_BASE_URL: `http://127.0.0.1:${port}`,
    }).config;
    const asked = await Promise.all([
      reachSmtp(config, 300),
      reachTwilio(config, 300),
      reachIssuer(`http://127.0.0.1:${port}/oidc`, 300),
    ]);
    expect(asked.map(({ ok }) => ok)).toEqual([false, false, false]);
    silent.close();
  });
});
