import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { openDatabase } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrations.ts';
import { type PrivateDatabase, startPrivateDatabase } from '../../src/demo/private-database.ts';
import { seedActivated } from '../support/activated.ts';
import { testConfig } from '../support/deps.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import { authorizePath, startWorld, type TestWorld } from '../support/world.ts';

let folder: string;
let server: PrivateDatabase;
let pid: number;
let db: Knex;
let world: TestWorld;
let visitor: Visitor;

/** The limits of production, on a server of our own that may be stopped. */
function open(): Knex {
  const config = testConfig(server.databaseUrl('ec'));
  return openDatabase({
    url: config.DATABASE_URL,
    pool: config.DATABASE_POOL,
    connectTimeoutMs: config.DATABASE_CONNECT_TIMEOUT_MS,
    acquireTimeoutMs: config.DATABASE_ACQUIRE_TIMEOUT_MS,
    statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
    lockWaitSeconds: 2,
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ec-outage-'));
  server = await startPrivateDatabase({ folder, durable: false, log: () => {}, databases: ['ec'] });
  pid = Number(await readFile(join(folder, 'mariadb.pid'), 'utf8'));
  db = open();
  await migrate(db);
  world = await startWorld({ db, url: server.databaseUrl('ec') });
  await seedActivated(world.deps, { identifier: 'g.zoumn1' }, 'chaise3verte');
  visitor = createVisitor(world.app.url);
});
afterEach(() => {
  process.kill(pid, 'SIGCONT');
});
afterAll(async () => {
  await world?.close();
  await db?.destroy();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The form of a sign-in that the ENT has begun. */
async function begin(): Promise<Answer> {
  visitor = createVisitor(world.app.url);
  const page = await visitor.get(authorizePath(world.ent));
  return visitor.get(`${new URL(page.url).pathname}/connexion?profil=responsable`);
}

const send = (page: Answer) =>
  visitor.submit(page, { identifier: 'g.zoumn1', password: 'chaise3verte' }, '/connexion');

/** True when the whole way works, to the code. */
async function signsIn(): Promise<boolean> {
  const page = await begin();
  if (page.status !== 200) return false;
  return (await send(page)).headers.location?.includes('code=') ?? false;
}

async function timed(work: Promise<Answer>): Promise<Answer & { ms: number }> {
  const started = performance.now();
  const answer = await work;
  return { ...answer, ms: performance.now() - started };
}

describe('J01: the database frozen (accepts, never answers)', () => {
  test('every page answers 503 within five seconds, what needs no database answers, and all is well again by itself', async () => {
    expect(await signsIn()).toBe(true);
    const page = await begin();
    const start = new URL(page.url).pathname.replace('/connexion', '');
    process.kill(pid, 'SIGSTOP');
    const asked = [
      ...Array.from({ length: 20 }, () => visitor.send('/activation/some-token')),
      ...Array.from({ length: 10 }, () => send(page)),
      ...Array.from({ length: 10 }, () => visitor.send(authorizePath(world.ent))),
      visitor.send(start),
      visitor.send(`${start}/etat`, { headers: { accept: 'application/json' } }),
    ].map(timed);
    for (const path of ['/healthz', '/aide', '/oidc/.well-known/openid-configuration', '/oidc/jwks']) {
      const answer = await timed(visitor.send(path));
      expect([path, answer.status, answer.ms < 1000]).toEqual([path, 200, true]);
    }
    const ready = await timed(visitor.send('/readyz'));
    expect([ready.status, ready.ms < 2500]).toEqual([503, true]);
    for (const answer of await Promise.all(asked)) {
      expect([answer.url, answer.status, answer.ms < 5000, answer.ms]).toEqual([
        answer.url,
        503,
        true,
        answer.ms,
      ]);
      expect(answer.text).toContain('EC-503-DB');
      expect(answer.headers['retry-after']).toBe('10');
    }
    // Frozen for longer than any time-out: what had waited is gone by now.
    expect((await visitor.send('/activation/some-token')).status).toBe(503);

    process.kill(pid, 'SIGCONT');
    const back = performance.now();
    let works = false;
    while (!works && performance.now() - back < 5000) works = await signsIn();
    expect(works).toBe(true);
    expect((await visitor.send('/readyz')).status).toBe(200);
  });
});

describe('J03: no connection is free', () => {
  test('503 as soon as the wait for one is over, and nothing hangs afterwards', async () => {
    const holders = await Promise.all(Array.from({ length: 10 }, () => db.transaction()));
    const answer = await timed(visitor.send('/activation/some-token'));
    expect([answer.status, answer.ms < 3000]).toEqual([503, true]);
    await Promise.all(holders.map((trx) => trx.rollback()));
    expect((await visitor.send('/activation/some-token')).status).toBe(400);
  });
});

describe('J02: the database killed and started again', () => {
  test('503 at once while it is away; the process lives, and serves as soon as it is back', async () => {
    await server.stop();
    const away = await timed(visitor.send('/activation/some-token'));
    expect([away.status, away.ms < 3000]).toEqual([503, true]);
    server = await startPrivateDatabase({ folder, durable: false, log: () => {} });
    pid = Number(await readFile(join(folder, 'mariadb.pid'), 'utf8'));
    let status = 0;
    const back = performance.now();
    while (status !== 400 && performance.now() - back < 5000)
      status = (await visitor.send('/activation/some-token')).status;
    expect(status).toBe(400);
  });
});
