import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Knex } from 'knex';
import { findAccountByIdentifier } from '../../src/accounts/store.ts';
import { recordAudit } from '../../src/audit/record.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { createSealer } from '../../src/crypto/sealing.ts';
import { type PrivateDatabase, startPrivateDatabase } from '../../src/demo/private-database.ts';
import { ROOM_COLUMNS, UNTIL_OVER } from '../../src/jobs/sealed-columns.ts';
import { providerChores } from '../../src/provider/chores.ts';
import { ensureSigningKeys } from '../../src/provider/keys.ts';
import { addClient } from '../../src/provider/registration.ts';
import { seedActivated } from '../support/activated.ts';
import { typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testConfig, testDeps } from '../support/deps.ts';
import { seedFamily } from '../support/family.ts';
import { type Program, runProgram } from '../support/program.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { createVisitor } from '../support/visitor.ts';
import { openRoot } from './two-databases.ts';

/** What docs/operations.md says of backups and of a new sealing key, done as it is written there. */

/** Starting servers takes its time where others run beside it. */
jest.setTimeout(240_000);

const BASE = 'http://localhost:3000';
const PROVISIONAL = 'GVKJ7PPE23';
const OLD_KEY = 'sealing-key-of-the-test-suite-1';
const NEW_KEY = 'sealing-key-of-the-test-suite-2';

let source: TestDatabase;
let folder: string;
let elsewhere: PrivateDatabase;
let url: string;
let restored: Knex;
const running: Program[] = [];

beforeAll(async () => {
  source = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'ec-restore-'));
  elsewhere = await startPrivateDatabase({ folder, durable: false, log: () => {}, databases: ['again'] });
  url = elsewhere.databaseUrl('again');
  restored = openRoot(url);
});
afterAll(async () => {
  for (const program of running) {
    program.child.kill('SIGKILL');
    await program.ended;
  }
  await restored?.destroy();
  await elsewhere?.stop();
  await source?.drop();
  await rm(folder, { recursive: true, force: true });
});

const environment = (sealingKeys = OLD_KEY) => ({
  NODE_ENV: 'test',
  BASE_URL: BASE,
  DATABASE_URL: url,
  ALLOW_INSECURE_ISSUER: '1',
  HOST: '127.0.0.1',
  PORT: '0',
  COOKIE_KEYS: 'cookie-key-of-the-test-suite-1',
  SEALING_KEYS: sealingKeys,
  SUBJECT_SALT: 'subject-salt-of-the-test-suite',
  SMTP_URL: 'smtp://127.0.0.1:1',
  ARGON2_MEMORY_KIB: '1024',
});
const depsWith = (keys: string) => {
  const config = testConfig(url, { SEALING_KEYS: keys });
  return testDeps(
    { db: restored, url },
    { sealer: createSealer(config.SEALING_KEYS), env: { SEALING_KEYS: keys } },
  );
};

async function educonnect(args: string, sealingKeys?: string) {
  const program = runProgram('src/cli.ts', args.split(' '), environment(sealingKeys));
  return { code: await program.ended, output: program.output() };
}

/** A server on the restored database, and somebody who signs in there. @returns the status of his own page */
async function signsIn(sealingKeys?: string): Promise<number> {
  const program = runProgram('src/main.ts', [], environment(sealingKeys));
  running.push(program);
  const address = `http://127.0.0.1:${(await program.says(/"port":(\d+)/))[1]}`;
  const visitor = createVisitor(address, { known: BASE });
  await typePassword(visitor, await visitor.get('/'), { identifier: 'b.active' });
  const { status } = await visitor.send('/compte/historique');
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
  return status;
}

const socketOf = (address: string) => new URL(address).searchParams.get('socketPath') ?? '';

describe('a backup', () => {
  test('taken from a living database and restored on another server: people sign in, passwords open, the trail holds', async () => {
    const deps = testDeps(source);
    await seedActivated(deps, { identifier: 'b.active' }, CHOSEN);
    await seedFamily(deps, { identifier: 'b.feuille', provisional: PROVISIONAL });
    const added = await addClient(deps, {
      name: 'X',
      redirectUris: ['https://x.example/cb'],
      scope: 'openid',
    });
    expect(added.ok).toBe(true);
    await ensureSigningKeys(deps);

    let on = true;
    let lines = 0;
    const living = async () => {
      for (; on; lines += 1) {
        await recordAudit(deps.db, {
          at: deps.clock.now(),
          event: 'login',
          outcome: 'done',
          actorKind: 'person',
        });
        if (lines % 10 === 0) await sealAudit(deps);
      }
    };
    const life = living();
    const file = join(folder, 'backup.sql');
    const dump = spawn('mariadb-dump', [
      '--no-defaults',
      '--single-transaction',
      '--skip-lock-tables',
      '--user=root',
      `--socket=${socketOf(source.url)}`,
      source.name,
    ]);
    const ended = once(dump, 'close');
    await pipeline(dump.stdout, createWriteStream(file));
    expect((await ended)[0]).toBe(0);
    on = false;
    await life;
    expect(lines).toBeGreaterThan(0);

    const load = spawn('mariadb', [
      '--no-defaults',
      '--user=root',
      `--socket=${elsewhere.socketPath}`,
      'again',
    ]);
    const loaded = once(load, 'close');
    await pipeline(createReadStream(file), load.stdin);
    expect((await loaded)[0]).toBe(0);

    expect((await educonnect('migrate')).output.trim()).toBe('the database is up to date');
    const [verified, status] = await Promise.all([educonnect('audit verify'), signsIn()]);
    expect([verified.code, verified.output]).toEqual([0, expect.stringContaining('as it was written')]);
    expect(status).toBe(200);
    const account = await findAccountByIdentifier(restored, 'b.feuille');
    expect(openProvisional(depsWith(OLD_KEY), account as NonNullable<typeof account>)).toBe(PROVISIONAL);
  });
});

describe('M04: a new sealing key', () => {
  test('each column that is kept sealed is among those that are sealed anew', async () => {
    const [rows] = await restored.raw(
      `SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME) AS name FROM information_schema.COLUMNS
       WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME LIKE '%sealed'`,
    );
    const known = [...ROOM_COLUMNS, ...providerChores.sealed, ...UNTIL_OVER];
    expect(rows.map(({ name }: { name: string }) => name).sort()).toEqual(
      known.map(({ table, column }) => `${table}.${column}`).sort(),
    );
  });

  test('keys reseal seals all anew, once; then the old key can go, and nobody notices', async () => {
    const before = depsWith(OLD_KEY);
    const now = before.clock.now();
    await restored('enrolments').insert({
      interaction_hash: 'h'.repeat(43),
      way: 'franceconnect',
      step: 'mobile',
      fc_issuer: 'https://fc.example.test/api/v2',
      fc_sub: 'sub-of-the-test',
      fc_identity_sealed: before.sealer.seal('{}', 'franceconnect-names:x'),
      created_at: now,
      updated_at: now,
      expires_at: new Date(now.getTime() + 3_600_000),
    });
    const both = `${NEW_KEY},${OLD_KEY}`;
    const first = JSON.parse((await educonnect('keys reseal --json', both)).output);
    expect(first).toMatchObject({
      resealed: { accounts: 1, signing_keys: 3, oidc_clients: expect.any(Number) },
      unreadable: {},
      old_key_until: new Date(now.getTime() + 3_600_000).toISOString(),
    });
    await restored('enrolments').delete();
    const again = await educonnect('keys reseal', both);
    expect([again.code, again.output]).toEqual([0, expect.stringContaining('can be taken out')]);
    expect(again.output).not.toContain('sealed anew');

    const after = depsWith(NEW_KEY);
    const account = await findAccountByIdentifier(restored, 'b.feuille');
    expect(openProvisional(after, account as NonNullable<typeof account>)).toBe(PROVISIONAL);
    expect(await signsIn(NEW_KEY)).toBe(200);
  });

  test('values that no key opens are told and left', async () => {
    const sealed = createSealer(['a-key-that-was-thrown-away-too-early']).seal('x', 'y');
    await restored('accounts').where({ identifier: 'b.feuille' }).update({ provisional_sealed: sealed });
    const { code, output } = await educonnect('keys reseal', NEW_KEY);
    expect([code, output]).toEqual([1, expect.stringContaining('accounts: 1 values that no key')]);
    expect((await restored('accounts').where({ identifier: 'b.feuille' }).first()).provisional_sealed).toBe(
      sealed,
    );
  });
});
