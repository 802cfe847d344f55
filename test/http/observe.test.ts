import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { describeError } from '../../src/build-deps.ts';
import { listenForMetrics } from '../../src/http/health.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { measureJobs } from '../../src/jobs/measures.ts';
import { closeServer, startApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedFamily } from '../support/family.ts';
import { anInteraction, stubProvider } from '../support/stub-provider.ts';
import { createVisitor, type Visitor } from '../support/visitor.ts';

const TOKEN = 'metrics-token-of-the-test-suite';
let database: TestDatabase;
let app: TestApp;
let visitor: Visitor;
let written = '';

beforeAll(async () => {
  database = await createTestDatabase();
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  const provider = stubProvider();
  provider.interactions.set('one', anInteraction('one'));
  const log = pino({ serializers: { err: describeError } }, stream);
  app = await startApp(database, { provider: () => provider, parts: { log }, env: { METRICS_TOKEN: TOKEN } });
  await seedFamily(app.deps, { identifier: 'g.zoumn1', provisional: 'GVKJ7PPE23' });
  visitor = createVisitor(app.url);
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});

const metrics = async (authorization?: string) =>
  visitor.send('/metrics', authorization === undefined ? {} : { headers: { authorization } });

describe('the log', () => {
  test('one line a request, with the pattern of its route, never the address of a mail link or what was typed', async () => {
    written = '';
    await visitor.send('/activation/Very-Secret-Token?x=also-secret');
    await visitor.send('/nowhere/Very-Secret-Token');
    const page = await visitor.send('/interaction/one/connexion?profil=responsable');
    const refused = await visitor.submit(
      page,
      { identifier: 'g.zoumn1', password: 'Very-Secret-Password' },
      'connexion',
    );
    const lines = written
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ method, route, status }) => [method, route, status])).toEqual([
      ['GET', '/activation/:token', 400],
      ['GET', 'unmatched', 404],
      ['GET', '/interaction/:uid/connexion', 200],
      ['POST', '/interaction/:uid/connexion', 400],
    ]);
    expect(lines[3].requestId).toBe(refused.headers['x-request-id']);
    expect(written).not.toMatch(/secret|g\.zoumn1|127\.0\.0\.1|_csrf/i);
  });

  test('an error of the database is told without the statement and its values', async () => {
    const insert = app.deps.db('accounts').insert({
      public_id: 'a'.repeat(22),
      kind: 'guardian',
      identifier: 'g.zoumn1',
      given_name: 'Nom-Personnel',
      family_name: 'X',
      state: 'not_notified',
      origin: 'none',
      password_kind: 'none',
      created_at: new Date(),
      updated_at: new Date(),
    });
    const error = await insert.then(
      () => null,
      (reason: unknown) => reason,
    );
    const told = JSON.stringify(describeError(error));
    expect(told).toContain('ER_DUP_ENTRY');
    expect(told).not.toMatch(/Nom-Personnel|g\.zoumn1/);
  });

  test.each([
    ["Duplicate entry 'Jeanne O'Brien' for key 'names'", "Duplicate entry '…' for key 'names'"],
    ["Duplicate entry 'it' for key 'x' for key 'names'", "Duplicate entry '…' for key 'names'"],
    ["Incorrect date value: '31' for column 'a' at row 1", "Incorrect date value: '…' at row 1"],
    ["Duplicate entry 'Jeanne O'Bri", "Duplicate entry '…'"],
    ["Can't write 'Jeanne'; it doesn't fit", "Can't write '…'; it doesn't fit"],
    ['Deadlock found', 'Deadlock found'],
  ])('whatever the server quotes is struck out: %s', (sqlMessage, told) => {
    const error = Object.assign(new Error(`insert - ${sqlMessage}`), { errno: 1062, sqlMessage });
    expect(describeError(error).message).toBe(told);
  });

  test('the name of a table that is missing is told', () => {
    const sqlMessage = "Table 'educonnect.accounts' doesn't exist";
    expect(describeError(Object.assign(new Error(), { errno: 1146, sqlMessage })).message).toBe(sqlMessage);
  });
});

describe('/metrics', () => {
  test('does not exist for those without the token', async () => {
    expect((await metrics()).status).toBe(404);
    expect((await metrics('Bearer wrong')).status).toBe(404);
    expect((await metrics(`Basic ${TOKEN}`)).status).toBe(404);
  });

  test('counts logins by outcome, times requests by route, shows the gate and the pools; nothing personal', async () => {
    const answer = await metrics(`Bearer ${TOKEN}`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
    for (const line of [
      'educonnect_logins_total{profile="guardian",outcome="wrong",way="pwd"} 1',
      'educonnect_http_request_seconds_count{method="GET",route="/activation/:token",status="400"} 1',
      'educonnect_password_checks{state="running"} 0',
      'educonnect_database_connections{pool="requests",state="used"} 0',
    ])
      expect(answer.text).toContain(line);
    expect(answer.text).not.toMatch(/secret|zoumn/i);
  });

  test('of a server: also its event loop, its jobs, and how long the trail waits for its seal', async () => {
    const own = createMetrics(app.deps, { ofProcess: true });
    measureJobs(own, app.deps);
    const run = {
      job: 'import',
      attempts: 1,
      started_at: app.deps.clock.now(),
      finished_at: app.deps.clock.now(),
    };
    await app.deps.db('job_runs').insert({ ...run, outcome: 'refused' });
    const text = await own.text();
    for (const line of [
      'educonnect_job_age_seconds{job="import"} 0',
      'educonnect_job_outcome{job="import",outcome="refused"} 1',
      'educonnect_job_outcome{job="import",outcome="done"} 0',
      'educonnect_audit_unsealed_seconds ',
      'nodejs_eventloop_lag_p99_seconds ',
    ])
      expect(text).toContain(line);
  });

  test('on a loopback port of its own it needs no token', async () => {
    const own = createMetrics(app.deps);
    own.countLogin('pupil', 'ok', 'hwk');
    const server = await listenForMetrics(own, 0);
    const { port, address } = server.address() as { port: number; address: string };
    expect(address).toBe('127.0.0.1');
    const there = createVisitor(`http://127.0.0.1:${port}`);
    expect((await there.send('/metrics')).text).toContain('profile="pupil",outcome="ok",way="hwk"} 1');
    expect((await there.send('/')).status).toBe(404);
    await closeServer(server);
  });
});

describe('/readyz', () => {
  test('says when migrations are missing', async () => {
    const ready = () => visitor.send('/readyz', { headers: { accept: 'application/json' } });
    expect(JSON.parse((await ready()).text)).toEqual({ status: 'ready' });
    const last = await app.deps.db('schema_migrations').orderBy('id', 'desc').first();
    await app.deps.db('schema_migrations').where({ id: last.id }).delete();
    const answer = await ready();
    expect([answer.status, JSON.parse(answer.text)]).toEqual([503, { status: 'migrations-pending' }]);
  });
});
