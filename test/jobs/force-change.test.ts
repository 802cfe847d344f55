import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { updateAccount } from '../../src/accounts/store.ts';
import { askForcedChange, type ForcedCriteria, markNext } from '../../src/credentials/forced-change.ts';
import { insertBatch } from '../../src/db/batch.ts';
import { forceChangeCommand } from '../../src/jobs/force-change-cli.ts';
import { forceChanges } from '../../src/jobs/force-changes.ts';
import { purge } from '../../src/jobs/purge.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, type TestDeps, testDeps } from '../support/deps.ts';
import { runProgram } from '../support/program.ts';
import { seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS } from '../support/staff.ts';

/** `educonnect force-change`: who is counted and marked, and that a process may die on the way. */

jest.setTimeout(120_000);

let database: TestDatabase;
let deps: TestDeps;
const { one, college } = STAFF_SCHOOLS;
const ENVIRONMENT = {
  NODE_ENV: 'test',
  BASE_URL: 'http://localhost:3000',
  ALLOW_INSECURE_ISSUER: '1',
  COOKIE_KEYS: 'cookie-key-of-the-test-suite-1',
  SEALING_KEYS: 'sealing-key-of-the-test-suite-1',
  SUBJECT_SALT: 'subject-salt-of-the-test-suite',
  SMTP_URL: 'smtp://127.0.0.1:1',
};

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
  const now = deps.clock.now();
  for (const [school, academy] of [
    [one, '16'],
    [college, '10'],
  ] as const)
    await database.db('schools').insert({
      uai: school.uai,
      degree: school.degree,
      name: school.name,
      academy_code: academy,
      academy_name: 'INVENTEE',
      source_id: school.uai,
      created_at: now,
      updated_at: now,
    });
});
afterAll(() => database?.drop());

beforeEach(async () => {
  for (const table of ['forced_changes', 'outbox_messages', 'legal_links', 'pupils', 'guardian_references'])
    await database.db(table).delete();
  await database.db('account_franceconnect').delete();
  await database.db('audit_events').delete();
  await database.db('accounts').delete();
  await seed('e', one.uai);
  await seed('c', college.uai);
});

/** One guardian of each standing, and his child. */
async function seed(key: string, uai: string): Promise<void> {
  const kinds = [
    'not_notified',
    'notified',
    'activating',
    'activated',
    'reset',
    'franceconnect',
    'self',
  ] as const;
  const guardians = kinds.map((as) => ({
    givenName: 'Ada',
    familyName: as.toUpperCase().replace('_', ''),
    identifier: `${key}.${as}`,
    as,
  }));
  await seedSchool(deps, uai, {
    guardians,
    pupils: guardians.map(({ identifier, familyName }) => ({
      givenName: 'Max',
      familyName,
      class: 'A',
      of: [identifier],
    })),
  });
}

/** A pupil of the collège with a password of his own. */
async function seedPupil(): Promise<void> {
  const { db } = database;
  const model = await db('accounts').where({ identifier: 'c.activated' }).first();
  const [id] = await db('accounts').insert({
    ...model,
    id: undefined,
    public_id: 'p'.repeat(22),
    identifier: 'p.pupil',
    kind: 'pupil',
  });
  const school = await db('schools').where({ uai: college.uai }).first();
  const pupil = await db('pupils').where({ school_id: school.id }).first();
  await db('pupils').where({ id: pupil.id }).update({ account_id: id });
}

async function run(line: string): Promise<{ code: number; out: string[]; err: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const io = { out: (text: string) => out.push(text), err: (text: string) => err.push(text) };
  const code = await forceChangeCommand(deps, line.split(' ').filter(Boolean), io);
  return { code, out, err };
}
const answer = async (line: string) => JSON.parse((await run(`${line} --json`)).out.join(''));
const marked = (): Promise<string[]> =>
  database.db('accounts').whereNotNull('must_change_since').orderBy('identifier').pluck('identifier');

describe('who', () => {
  test('the preview counts who is left out and why, and changes nothing', async () => {
    expect(await answer(`--school ${one.uai} --dry-run`)).toEqual({
      dry_run: true,
      concerned: 2,
      left_out: { no_password: 1, provisional: 1, not_activated: 3, marked: 0, changed_since: 0 },
    });
    expect([await marked(), await database.db('forced_changes')]).toEqual([[], []]);
  });

  test.each([
    [`--school ${one.uai}`, ['e.activated', 'e.self']],
    [
      `--school ${one.uai} --school ${college.uai}`,
      ['c.activated', 'c.self', 'e.activated', 'e.self', 'p.pupil'],
    ],
    ['--school all', ['c.activated', 'c.self', 'e.activated', 'e.self', 'p.pupil']],
    ['--academy 10', ['c.activated', 'c.self', 'p.pupil']],
    ['--academy 10 --kind pupil', ['p.pupil']],
    [`--school ${college.uai} --kind guardian`, ['c.activated', 'c.self']],
    ['--school all --academy 16', ['e.activated', 'e.self']],
    [`--school ${one.uai} --state activating`, ['e.activating']],
    [`--school ${one.uai} --state activating --state activated`, ['e.activated', 'e.activating', 'e.self']],
    ['--academy 99', []],
  ])('%s', async (line, identifiers) => {
    await seedPupil();
    const told = await answer(line);
    expect(await marked()).toEqual(identifiers);
    expect([told.concerned, told.marked]).toEqual([identifiers.length, identifiers.length]);
    const versions: number[] = await database
      .db('accounts')
      .whereIn('identifier', identifiers)
      .pluck('credentials_version');
    expect(versions.every((version) => version === 1)).toBe(true);
    // Again: nobody is marked twice.
    expect(await answer(line)).toMatchObject({
      concerned: 0,
      marked: 0,
      left_out: { marked: identifiers.length },
    });
  });

  test('who has changed his password on the day or since is left out', async () => {
    await database
      .db('accounts')
      .where({ identifier: 'e.activated' })
      .update({ password_changed_at: '2026-03-25 22:59:59' });
    await database
      .db('accounts')
      .where({ identifier: 'e.self' })
      .update({ password_changed_at: '2026-03-25 23:00:00' });
    const told = await answer(`--school ${one.uai} --changed-before 2026-03-26`);
    expect(told).toMatchObject({ marked: 1, left_out: { changed_since: 1 } });
    expect(await marked()).toEqual(['e.activated']);
  });

  test('an unknown school is refused, a wrong line explained, and nothing done', async () => {
    expect(await run(`--school ${one.uai} --school 0319999X`)).toMatchObject({ code: 1 });
    for (const line of [
      '',
      '--kind guardian',
      '--school 12',
      '--school all --school 0319911A',
      '--school all --kind teacher',
      '--school all --state notified',
      '--school all --changed-before 2026-02-30',
      'fly',
    ])
      expect([line, (await run(line)).code]).toEqual([line, 2]);
    expect(await database.db('forced_changes')).toEqual([]);
  });

  test('status: each change with what has become of it', async () => {
    const { id } = await answer(`--school ${one.uai} --reason fuite`);
    const shown = (await run('status')).out;
    expect(shown).toEqual([
      expect.stringMatching(`^${id}  .* done  marked 2, changed 0, reset 0, removed 0, lifted 0, left 2$`),
    ]);
    await database.db('accounts').where({ identifier: 'e.self' }).update({ closed_at: deps.clock.now() });
    expect(await answer(`status ${id}`)).toMatchObject({
      reason: 'fuite',
      marked: 2,
      left: 1,
      removed: 1,
      days: [],
    });
    expect((await run('status nothing')).code).toBe(1);
    const lines = await database.db('audit_events').orderBy('id').select('event', 'actor_kind', 'details');
    expect(lines.map(({ event }) => event)).toEqual(['force-change-asked', 'force-change', 'force-change']);
    expect(JSON.stringify(lines)).not.toContain('fuite');
  });
});

test('lift: who has still to change his password need not any more; once is enough', async () => {
  const { db } = database;
  const { id } = await answer(`--school ${one.uai}`);
  const own = await db('accounts').where({ identifier: 'e.self' }).first();
  await updateAccount(db, own.id, { passwordKind: 'personal' }, deps.clock.now());
  expect(await answer(`lift ${id}`)).toEqual({ id, lifted: 1 });
  expect(await answer(`lift ${id}`)).toEqual({ id, lifted: 0 });
  expect(await db('accounts').whereNotNull('must_change_since')).toEqual([]);
  expect(await answer(`status ${id}`)).toMatchObject({ marked: 2, changed: 1, lifted: 1, left: 0 });
  expect(await db('audit_events').where({ event: 'force-change-lifted' })).toHaveLength(1);
  expect((await run('lift nothing')).code).toBe(1);
  expect((await run('lift')).code).toBe(2);
  // It may be asked for again.
  expect(await answer(`--school ${one.uai}`)).toMatchObject({ marked: 2 });
});

test('an id that begins with a hyphen is no option', async () => {
  const { id } = await answer(`--school ${one.uai}`);
  const odd = `-${id.slice(1)}`;
  await database.db('forced_changes').where({ public_id: id }).update({ public_id: odd });
  expect(await answer(`status ${odd}`)).toMatchObject({ id: odd, marked: 2 });
  expect((await run(`lift ${odd}`)).out).toEqual(['lifted: 2']);
});

test('lift while it is still marking: nobody is marked after it', async () => {
  await seedMany(300);
  const change = await ask(true);
  await markNext(deps, deps.jobsDb, change.publicId, 100);
  expect(await answer(`lift ${change.publicId}`)).toEqual({ id: change.publicId, lifted: 100 });
  expect(await forceChanges(deps)).toEqual({ marked: 0, told: 0 });
  expect(await database.db('accounts').whereNotNull('must_change_since')).toEqual([]);
});

const EVERYBODY: ForcedCriteria = {
  schools: null,
  academy: null,
  kind: null,
  classIds: [],
  states: ['activated'],
  changedBefore: null,
};
const ask = (notify = false) =>
  askForcedChange(deps, {
    criteria: EVERYBODY,
    schoolId: null,
    reason: null,
    notify,
    expected: 0,
    formKey: null,
    actor: { actorKind: 'operator' },
  });

/** Many more of them, whom no child leads to. */
async function seedMany(count: number): Promise<void> {
  const { db } = database;
  const { password_hash: hash } = await db('accounts').where({ identifier: 'e.activated' }).first();
  const now = deps.clock.now();
  for (let start = 0; start < count; start += 1000) {
    const rows = Array.from({ length: Math.min(1000, count - start) }, (_, index) => {
      const number = start + index;
      return [
        `many${String(number).padStart(18, '0')}`,
        'guardian',
        `m.many${number}`,
        'activated',
        'school',
        'Ada',
        'M',
        'personal',
        hash,
        now,
        now,
        now,
      ];
    });
    await insertBatch(
      db,
      `INSERT INTO accounts (public_id, kind, identifier, state, origin, given_name, family_name, password_kind,
         password_hash, activated_at, created_at, updated_at)`,
      rows,
    );
  }
}

/** Each account that is marked has one mark, one line, and one version more. */
async function expectOnce(count: number): Promise<void> {
  const { db } = database;
  const accounts = await db('accounts').whereNotNull('must_change_since').select('id', 'credentials_version');
  expect(accounts).toHaveLength(count);
  expect(accounts.filter(({ credentials_version: version }) => version !== 1)).toEqual([]);
  expect(await db('forced_marks').whereNull('ended_at')).toHaveLength(count);
  const lines = await db('audit_events')
    .where({ event: 'force-change' })
    .countDistinct({ n: 'account_id' })
    .count({ all: '*' })
    .first();
  expect({ n: Number(lines?.n), all: Number(lines?.all) }).toEqual({ n: count, all: count });
}

describe('many', () => {
  test('kill -9 in the middle: the next process goes on where it was, and nobody is marked twice', async () => {
    await seedMany(30_000);
    const env = { ...ENVIRONMENT, DATABASE_URL: database.url };
    const program = runProgram('src/cli.ts', ['force-change', '--school', 'all', '--json'], env);
    await program.says(/^\d+ of 30004$/m);
    program.child.kill('SIGKILL');
    await program.ended;
    const [change] = await database.db('forced_changes');
    expect(change.state).toBe('marking');
    expect(change.marked).toBeLessThan(30_004);
    await forceChanges(deps);
    await expectOnce(30_004);
    expect(await database.db('forced_changes').first()).toMatchObject({ state: 'done', marked: 30_004 });
  });

  test('two processes at once: each account once', async () => {
    await seedMany(5000);
    await ask();
    await Promise.all([forceChanges(deps), forceChanges(deps), forceChanges(deps)]);
    await forceChanges(deps);
    await expectOnce(5004);
  });

  test('as many statements for ten accounts as for four hundred', async () => {
    const seen: number[] = [];
    for (const many of [10, 400]) {
      await seedMany(400);
      const { publicId } = await ask();
      const count = countStatements(database.db);
      const part = await markNext(deps, database.db, publicId, many);
      count.stop();
      expect(part?.marked).toBe(many);
      seen.push(count.statements.length);
      await database.db('forced_changes').delete();
      await database.db('accounts').where('identifier', 'like', 'm.many%').delete();
      await database.db('accounts').update({ must_change_since: null });
    }
    expect(seen[0]).toBe(seen[1]);
    expect(seen[0]).toBeLessThanOrEqual(9);
  });

  test('families are told only where that was asked for: once each, by mail to a verified address', async () => {
    const { db } = database;
    await db('accounts')
      .where({ identifier: 'e.activated' })
      .update({ email: 'a@example.org', email_verified_at: new Date() });
    await db('accounts').where({ identifier: 'e.self' }).update({ email: 'b@example.org' });
    await ask();
    await forceChanges(deps);
    expect(await db('outbox_messages')).toEqual([]);
    await db('accounts').update({ must_change_since: null });
    await ask(true);
    await Promise.all([forceChanges(deps), forceChanges(deps)]);
    await forceChanges(deps);
    const mails = await db('outbox_messages');
    expect(mails.map(({ recipient, template }) => [recipient, template])).toEqual([
      ['a@example.org', 'account-notice'],
    ]);
  });

  test('a change is forgotten a month after the trail, with its marks; what it asks for stays', async () => {
    const { db } = database;
    await seedMany(3000);
    await ask();
    await forceChanges(deps);
    const purgeAt = (days: number) =>
      purge(deps, [], {
        now: new Date(deps.clock.now().getTime() + days * 86_400_000),
        signal: new AbortController().signal,
      });
    await purgeAt(30.5 * deps.config.AUDIT_MONTHS);
    expect(await db('forced_changes')).toHaveLength(1);
    await purgeAt(30.5 * (deps.config.AUDIT_MONTHS + 1) + 1);
    expect([await db('forced_changes'), await db('forced_marks')]).toEqual([[], []]);
    expect(await db('accounts').whereNotNull('must_change_since')).toHaveLength(3004);
  });
});
