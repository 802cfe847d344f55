import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { beginTransaction, type HeldTransaction } from '../../src/db/statement.ts';
import { inFolder } from '../imports/nights.ts';
import { writeAaf } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Program, runProgram } from '../support/program.ts';

/** The night's import beside a real server. Each test starts processes, which takes its time. */
jest.setTimeout(120_000);

let database: TestDatabase;
const running: Program[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  for (const table of ['job_runs', 'leases', 'import_runs']) await database.db(table).delete();
});
afterEach(async () => {
  for (const program of running.splice(0)) {
    program.child.kill('SIGKILL');
    await program.ended;
  }
});

/** The moment of the night was missed: it is made good at the start. */
function startServer(folder: string): Program {
  const program = runProgram('src/main.ts', [], {
    NODE_ENV: 'test',
    BASE_URL: 'http://localhost:3000',
    ALLOW_INSECURE_ISSUER: '1',
    HOST: '127.0.0.1',
    PORT: '0',
    COOKIE_KEYS: 'cookie-key-of-the-test-suite-1',
    SEALING_KEYS: 'sealing-key-of-the-test-suite-1',
    SUBJECT_SALT: 'subject-salt-of-the-test-suite',
    SMTP_URL: 'smtp://127.0.0.1:1',
    ARGON2_MEMORY_KIB: '1024',
    DATABASE_URL: database.url,
    IMPORT_FOLDER: folder,
    IMPORT_AT: '00:00',
  });
  running.push(program);
  return program;
}

async function inFeed(work: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await writeAaf(folder, {
      degree: 1,
      schools: [{ id: 'A', uai: '0319971A', name: 'E.E.PU-LES SAULES-ac-X' }],
      pupils: [{ id: '1', school: 'A', guardians: [{ guardian: '51' }] }],
      guardians: [{ id: '51' }],
    });
    await work(folder);
  });
}

/** Asks until it is so; jest's time-out is the limit. */
async function until<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await pause(50);
  }
}

const importRun = () => database.db('job_runs').where({ job: 'import' }).first();
const finished = () => until(async () => ((await importRun())?.outcome ? await importRun() : undefined));
const pupils = async () => Number((await database.db('pupils').count({ n: '*' }).first())?.n);

/** A process that has ended and that nobody has asked about yet is gone too. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** An import under way that can go no further, and its process. */
async function withImportHeldUp(
  folder: string,
  work: (server: Program, importer: number) => Promise<void>,
): Promise<void> {
  const lock: HeldTransaction = await beginTransaction(database.db);
  await lock.send('LOCK TABLES staged_pupils WRITE');
  try {
    const server = startServer(folder);
    const [, pid] = await server.says(/"job":"import","pid":(\d+)/);
    await until(() => database.db('import_runs').where({ running: 1 }).first());
    await work(server, Number(pid));
  } finally {
    await lock.send('UNLOCK TABLES');
    await lock.rollback();
  }
}

/** As if the minute were over after which a lease of the dead is free. */
async function endLeases(): Promise<void> {
  await database.db('leases').update({ ends_at: new Date(0) });
  await database
    .db('import_runs')
    .where({ running: 1 })
    .update({ lease_until: new Date(0) });
}

test('the import runs in a process of its own, which tells how it went; a server that is killed takes it along', async () => {
  await inFeed(async (folder) => {
    await withImportHeldUp(folder, async (server, importer) => {
      server.child.kill('SIGKILL');
      await until(() => !isAlive(importer) || undefined);
    });
    expect(await importRun()).toMatchObject({ attempts: 1, outcome: null });
    expect(await pupils()).toBe(0);

    await endLeases();
    startServer(folder);
    const run = await finished();
    expect(run).toMatchObject({ attempts: 2, outcome: 'done' });
    expect(JSON.parse(run.details)).toMatchObject({ pupils: 1, created: 1 });
    expect(await pupils()).toBe(1);
  });
});

test('a process of the import that dies is a failure that is tried again; the server goes on', async () => {
  await inFeed(async (folder) => {
    await withImportHeldUp(folder, async (server, importer) => {
      process.kill(importer, 'SIGKILL');
      const run = await finished();
      expect(run).toMatchObject({ attempts: 1, outcome: 'failed' });
      expect(JSON.parse(run.details)).toEqual({ error: 'its process ended', how: 'SIGKILL' });
      expect(isAlive(server.child.pid ?? 0)).toBe(true);
    });
  });
});

test('a server that is told to stop gives the import back, and a wrong feed is refused', async () => {
  await inFolder(async (empty) => {
    const refusing = startServer(empty);
    expect(await finished()).toMatchObject({ attempts: 1, outcome: 'refused' });
    refusing.child.kill('SIGTERM');
    expect(await refusing.ended).toBe(0);
  });
  await database.db('job_runs').delete();
  await inFeed(async (folder) => {
    let stopping: Program | undefined;
    await withImportHeldUp(folder, async (server) => {
      stopping = server;
      server.child.kill('SIGTERM');
      await server.says(/"msg":"stopping"/);
    });
    expect(await stopping?.ended).toBe(0);
    expect(await importRun()).toMatchObject({ attempts: 0, outcome: null });
    expect(await database.db('import_runs').where({ running: 1 })).toEqual([]);
  });
});
