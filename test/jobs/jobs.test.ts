import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { jobCommand } from '../../src/jobs/cli.ts';
import { keepSchedule } from '../../src/jobs/keep-schedule.ts';
import { runJob } from '../../src/jobs/run-job.ts';
import { jobTable } from '../../src/jobs/table.ts';
import type { Job } from '../../src/jobs/types.ts';
import { providerChores } from '../../src/provider/chores.ts';
import { ensureSigningKeys } from '../../src/provider/keys.ts';
import { inFolder } from '../imports/nights.ts';
import { writeAaf } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestClock, type TestDeps, testDeps } from '../support/deps.ts';

let database: TestDatabase;
let deps: TestDeps;
const DAY = 24 * 3600_000;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());

async function job(given: TestDeps, ...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const io = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await jobCommand(given, jobTable(given, providerChores), argv, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const count = async (table: string) => Number((await database.db(table).count({ n: '*' }).first())?.n);

test('job list tells schedules and last runs; wrong usage names the jobs', async () => {
  const listed = JSON.parse((await job(deps, 'list', '--json')).out) as { name: string; next_at: string }[];
  expect(listed.map(({ name, next_at }) => [name, next_at])).toEqual([
    ['import', null],
    ['statistics', '2026-11-23T02:30:00.000Z'],
    ['purge', '2026-11-22T08:10:00.000Z'],
    ['retention', '2026-11-23T02:30:00.000Z'],
    ['rotate-keys', '2026-11-23T04:00:00.000Z'],
    ['send-messages', null],
    ['seal-audit', null],
    ['force-changes', null],
    ['make-letters', null],
  ]);
  const sent = await job(deps, 'run', 'send-messages', '--json');
  expect([sent.code, JSON.parse(sent.out)]).toEqual([
    0,
    {
      claimed: 0,
      sent: 0,
      retried: 0,
      failed: 0,
      unsure: 0,
    },
  ]);
  const wrong = await job(deps, 'run', 'fly');
  expect([wrong.code, wrong.err.includes('rotate-keys')]).toEqual([2, true]);
  const none = await job(deps, 'run', 'import');
  expect([none.code, none.out]).toEqual([1, 'reason: IMPORT_FOLDER is not set']);
  expect((await job(deps, 'list')).out).toMatch(/^import {2}not by the clock {2}last .* refused$/m);
  expect((await job(deps, 'list')).out).toMatch(/^send-messages {2}all the time, in each server$/m);
});

test('what lies in IMPORT_FOLDER at IMPORT_AT is imported, once by two servers, and a wrong feed is refused', async () => {
  await inFolder(async (folder) => {
    const given = testDeps(database, {
      env: { IMPORT_FOLDER: folder, IMPORT_AT: '04:15' },
      clock: createTestClock(new Date('2026-11-23T03:15:20.000Z')),
    });
    await writeAaf(folder, {
      degree: 1,
      schools: [{ id: 'A', uai: '0319971A', name: 'E.E.PU-LES SAULES-ac-X' }],
      pupils: [{ id: '1', school: 'A', guardians: [{ guardian: '51' }] }],
      guardians: [{ id: '51' }],
    });
    const servers = [0, 1].map(() => keepSchedule(given, jobTable(given, providerChores)));
    await Promise.all(servers.map((server) => server.tick()));
    await Promise.all(servers.map((server) => server.stop()));
    expect(await database.db('import_runs').select('state')).toEqual([{ state: 'done' }]);
    const listed = JSON.parse((await job(given, 'list', '--json')).out) as { last: { details: object } }[];
    expect(listed[0]).toMatchObject({
      next_at: '2026-11-24T03:15:00.000Z',
      last: { due_at: '2026-11-23T03:15:00.000Z', outcome: 'done', details: { pupils: 1, created: 1 } },
    });
    // Stopped on the way: given back, the staging tables empty, nothing in the way of the next.
    const [night] = jobTable(given, providerChores) as [Job];
    const dueAt = new Date('2026-11-24T03:15:00.000Z');
    const stopped = { dueAt, stop: AbortSignal.abort() };
    expect(await runJob(given, night, stopped)).toEqual({ ran: false, reason: 'stopped' });
    expect([await count('staged_pupils'), await count('staged_guardians')]).toEqual([0, 0]);
    const again = { dueAt, stop: new AbortController().signal };
    expect(await runJob(given, night, again)).toMatchObject({ ran: true, result: { outcome: 'done' } });
    await inFolder(async (empty) => {
      const wrong = await job(testDeps(database, { env: { IMPORT_FOLDER: empty } }), 'run', 'import');
      expect([wrong.code, wrong.err]).toEqual([1, 'import: refused']);
    });
  });
});

test('keys are rotated by the clock when they have served SIGNING_KEY_DAYS', async () => {
  const given = testDeps(database, { env: { SIGNING_KEY_DAYS: '30' } });
  await ensureSigningKeys(given);
  expect((await job(given, 'run', 'rotate-keys')).out).toBe('published: 0');
  given.clock.advance(30 * DAY);
  expect((await job(given, 'run', 'rotate-keys')).out).toBe('published: 3');
  expect((await job(given, 'run', 'rotate-keys')).out).toBe('published: 0');
});

test('purge forgets what is dead and keeps what lives, in more than one batch', async () => {
  const now = deps.clock.now();
  const ago = (days: number) => new Date(now.getTime() - days * DAY);
  const key = (name: string, index: number) => `${name}${index}`.padEnd(43, '-');
  const throttles = (name: string, size: number, at: Date) =>
    Array.from({ length: size }, (_, i) => ({ throttle_key: key(name, i), hits: 1, window_ends_at: at }));
  await database
    .db('throttles')
    .insert([...throttles('dead', 1200, ago(2)), ...throttles('new', 3, ago(0.5))]);
  const mail = (name: string, state: string, due_at: Date) => ({
    unique_key: name,
    channel: 'email',
    template: 'activation',
    recipient: 'a@example.org',
    message_id: `<${name}@example.org>`,
    state,
    content_sealed: state === 'waiting' ? 'x' : null,
    due_at,
    give_up_at: due_at,
    created_at: due_at,
    sent_at: state === 'sent' ? due_at : null,
  });
  await database
    .db('outbox_messages')
    .insert([
      mail('old', 'sent', ago(31)),
      mail('given-up', 'failed', ago(31)),
      mail('recent', 'sent', ago(29)),
      mail('waiting', 'waiting', ago(31)),
    ]);
  const line = { event: 'login', outcome: 'done', actor_kind: 'person' };
  // A month of the trail goes as a whole.
  await database.db('audit_events').insert([
    { ...line, at: ago(390) },
    { ...line, at: ago(380) },
  ]);
  const finished = { folder: 'x', dry_run: 0, state: 'done' };
  await database.db('import_runs').insert([
    { ...finished, started_at: ago(367) },
    { ...finished, started_at: ago(365) },
  ]);
  const dead = {
    folder: 'x',
    dry_run: 0,
    state: 'running',
    running: 1,
    started_at: ago(1),
    lease_until: ago(1),
  };
  const [run] = await database.db('import_runs').insert(dead);
  const staged = { run_id: run, academy_code: '31', degree: 1, file_no: 0, refused: 1 };
  await database.db('staged_pupils').insert(['1', '2'].map((source_id) => ({ ...staged, source_id })));

  const { code, out } = await job(deps, 'run', 'purge', '--json');
  expect([code, JSON.parse(out)]).toEqual([
    0,
    { throttles: 1200, outbox_messages: 2, import_runs: 1, audit_events: 1, staged: 2 },
  ]);
  expect([await count('throttles'), await count('outbox_messages'), await count('staged_pupils')]).toEqual([
    3, 2, 0,
  ]);
  expect(await database.db('import_runs').where({ id: run }).first('state', 'running')).toEqual({
    state: 'abandoned',
    running: null,
  });
  expect((await job(deps, 'run', 'purge')).out).toBe('nothing to do');
});
