import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { accountColumns } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { notifyCommand } from '../../src/messages/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { readPdf } from './read-pdf.ts';
import { insertClass, insertGuardian, insertPupil, insertSchool } from './sample-school.ts';

const UAI = '0319901A';
const GUARDIANS = 80;
const root = join(import.meta.dirname, '..', '..');

let database: TestDatabase;
let deps: TestDeps;
let folder: string;
let child: ChildProcess | undefined;
let said = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ec-crash-'));
  database = await createTestDatabase();
  deps = testDeps(database);
  const { db } = database;
  const school = await insertSchool(db, { uai: UAI });
  const classId = await insertClass(db, school, 'CP');
  for (let index = 0; index < GUARDIANS; index += 1) {
    const familyName = `Famille${index}`;
    const pupil = await insertPupil(db, { schoolId: school, classId, givenName: 'Ana', familyName });
    await insertGuardian(db, { identifier: `g.famille${index}`, givenName: 'Guy', familyName }, [pupil]);
  }
});
afterEach(() => {
  child?.kill('SIGKILL');
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** `educonnect notify` in a process of its own, with the keys of `deps`. */
function startNotify(out: string): ChildProcess {
  const { config } = deps;
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'test',
    ALLOW_INSECURE_ISSUER: '1',
    LOG_LEVEL: 'silent',
    BASE_URL: config.BASE_URL,
    DATABASE_URL: database.url,
    SMTP_URL: config.SMTP_URL,
    COOKIE_KEYS: config.COOKIE_KEYS.join(','),
    SEALING_KEYS: config.SEALING_KEYS.join(','),
    SUBJECT_SALT: config.SUBJECT_SALT,
  };
  const argv = ['--import', 'tsx', join(root, 'src', 'cli.ts'), 'notify', '--school', UAI, '--out', out];
  child = spawn(process.execPath, argv, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] });
  said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  return child;
}

async function kill(process: ChildProcess): Promise<void> {
  const gone = once(process, 'exit');
  process.kill('SIGKILL');
  await gone;
}

async function until(what: () => Promise<boolean>, everyMs = 5): Promise<void> {
  const deadline = Date.now() + 25_000;
  while (!(await what())) {
    if (Date.now() > deadline || child?.exitCode !== null)
      throw new Error(`it did not come to that: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

async function passwords(): Promise<Map<string, string | null>> {
  const rows: Account[] = await database.db('accounts').select(accountColumns());
  return new Map(rows.map((row) => [row.identifier, openProvisional(deps, row)]));
}

test('K01: killed within the transaction, nothing has happened', async () => {
  const lock = await database.db.transaction();
  await lock('accounts').where({ identifier: 'g.famille40' }).forUpdate().select('id');
  const running = startNotify(join(folder, 'a.pdf'));
  try {
    await until(async () => {
      const rows = await database
        .db('information_schema.innodb_trx')
        .where('trx_state', 'LOCK WAIT')
        .select();
      return rows.length > 0;
      // The server renews this table only for who has left it alone for 100 ms.
    }, 150);
    await kill(running);
  } finally {
    await lock.rollback();
  }
  const states = await database.db('accounts').distinct('state').pluck('state');
  expect(states).toEqual(['not_notified']);
  expect(await database.db('notification_batches')).toHaveLength(0);
  expect(await database.db('audit_events')).toHaveLength(0);
}, 40_000);

test('K01: killed while it prints, a second run prints each guardian once, with the password of the first', async () => {
  const out = join(folder, 'b.pdf');
  const running = startNotify(out);
  await until(async () => {
    const part = (await readdir(folder)).find((name) => name.startsWith('.b.pdf.'));
    return part !== undefined && (await stat(join(folder, part))).size > 0;
  });
  await kill(running);
  expect(await readdir(folder)).not.toContain('b.pdf');
  const halfFiles = async () => (await readdir(folder)).filter((name) => name.startsWith('.b.pdf.'));
  expect(await halfFiles()).toHaveLength(1);
  const first = await passwords();
  expect([...first.values()].every((password) => password !== null)).toBe(true);

  deps.clock.set(new Date(Date.now() + 601_000));
  const io = { out: () => {}, err: () => {} };
  expect(await notifyCommand(deps, ['--school', UAI, '--out', out], io)).toBe(0);
  expect(await passwords()).toEqual(first);
  expect(await halfFiles()).toEqual([]);
  const { pages } = await readPdf(out, { codes: false });
  const printed = pages.map(({ text }) => {
    const [, identifier = '', password = ''] = /Identifiant : (\S+) Mot de passe \* : (\S+)/.exec(text) ?? [];
    return [identifier, password] as const;
  });
  expect(printed).toHaveLength(GUARDIANS);
  expect(new Map(printed)).toEqual(first);
}, 60_000);
