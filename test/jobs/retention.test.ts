import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { updateAccount } from '../../src/accounts/store.ts';
import { forgetCommand } from '../../src/jobs/forget-cli.ts';
import { purge } from '../../src/jobs/purge.ts';
import { retain } from '../../src/jobs/retention.ts';
import { retentionCommand } from '../../src/jobs/retention-cli.ts';
import type { Preview } from '../../src/jobs/retention-preview.ts';
import { pairwiseSubjects } from '../../src/provider/account.ts';
import { night } from '../imports/nights.ts';
import type { AafFeed } from '../support/aaf.ts';
import { seedActive } from '../support/active-guardian.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { seedGuardian } from '../support/guardians.ts';

let database: TestDatabase;
let deps: TestDeps;
const NEVER = { RETENTION_NEVER_ACTIVATED_DAYS: '30' };
const RECORDS = { RETENTION_RECORDS_MONTHS: '12' };
const DAY = 86_400_000;

beforeEach(async () => {
  await database?.drop();
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());

/** The same database under other values of the configuration. */
const under = (env: Record<string, string>): TestDeps => ({
  ...testDeps(database, { env }),
  clock: deps.clock,
});
const run = (given: TestDeps) =>
  retain(given, { now: deps.clock.now(), signal: new AbortController().signal });

async function command(given: TestDeps, name: 'retention' | 'forget', ...argv: string[]) {
  const lines: string[] = [];
  const io = { out: (line: string) => void lines.push(line), err: (line: string) => void lines.push(line) };
  const code = await (name === 'retention' ? retentionCommand : forgetCommand)(given, argv, io);
  return { code, text: lines.join('\n') };
}
const preview = async (given: TestDeps) =>
  JSON.parse((await command(given, 'retention', 'preview', '--json')).text) as Preview;
const erasedCount = async () =>
  Number((await database.db('accounts').whereNotNull('erased_at').count({ n: '*' }).first())?.n);

/** Accounts that were never activated and whose only child has left. */
async function seedLeft(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await seedGuardian(deps, { children: [{ left: true }] });
}

describe('the rules', () => {
  test('off by default: nothing happens however long ago', async () => {
    await seedLeft(2);
    await seedActive(deps, { children: [{ left: true }] });
    deps.clock.advance(4000 * DAY);
    expect(await run(deps)).toEqual({ outcome: 'done', details: {} });
    expect(await erasedCount()).toBe(0);
    expect(await preview(deps)).toMatchObject({ off: true, rules: [] });
    expect((await command(deps, 'retention', 'preview')).text).toContain('no rule is on');
  });

  test('the preview says in numbers what the run then does, by rule, school and académie', async () => {
    const every = {
      ...NEVER,
      ...RECORDS,
      RETENTION_UNUSED_MONTHS: '24',
      RETENTION_CLOSED_MONTHS: '6',
      RETENTION_PUPIL_LEFT_MONTHS: '12',
      RETENTION_BRAKE_PERCENT: '100',
    };
    const given = under(every);
    await seedLeft(3);
    await seedActive(deps, { children: [{ left: true }], academy: '97' });
    await seedActive(deps, { children: [{ left: true }, {}] });
    const closed = await seedActive(deps);
    const survivor = await seedActive(deps);
    await updateAccount(deps.db, closed.id, { closedAt: deps.clock.now() }, deps.clock.now());
    await deps.db('accounts').where({ id: closed.id }).update({ merged_into: survivor.id });
    await seedGuardian(deps, { children: [] });
    deps.clock.advance(1000 * DAY);
    const before = await preview(given);
    expect(before.rules.map(({ rule, due }) => [rule, due])).toEqual([
      ['never-activated', 4],
      ['unused', 1],
      ['closed', 1],
      ['records: pupils', 1],
    ]);
    expect(before.due).toEqual({ accounts: 6, pupils: 1, guardians: 0 });
    expect(before.academies).toContainEqual({ academy: '97', academy_name: 'INVENTEE', due: 1 });
    expect(before.rules[0]?.places.map(({ due }) => due)).toEqual([1, 1, 1, 1]);
    expect(JSON.stringify(before)).not.toMatch(/MARTIN|Claire|Léa|x\.guardian/);
    expect(await run(given)).toEqual({
      outcome: 'done',
      details: { 'never-activated': 4, unused: 1, closed: 1, pupils: 1 },
    });
    // Their records have no account any more: a run later they go too.
    const next = await preview(given);
    expect(next.due).toEqual({ accounts: 0, pupils: 4, guardians: 5 });
    expect(await run(given)).toEqual({ outcome: 'done', details: { pupils: 4, guardians: 5 } });
    expect((await preview(given)).due).toEqual({ accounts: 0, pupils: 0, guardians: 0 });
    expect(await database.db('guardian_references').count({ n: '*' })).toEqual([{ n: 3 }]);
  });

  test('a child who comes back, or a login, keeps the account', async () => {
    const given = under({ ...NEVER, RETENTION_UNUSED_MONTHS: '24' });
    const back = await seedGuardian(deps, { children: [{ left: true }] });
    const used = await seedActive(deps, { children: [{ left: true }] });
    deps.clock.advance(1000 * DAY);
    await deps.db('pupils').whereIn('id', back.pupilIds).update({ left_at: null });
    await updateAccount(deps.db, used.id, { lastLoginAt: deps.clock.now() }, deps.clock.now());
    expect(await run(given)).toEqual({ outcome: 'done', details: {} });
  });

  test('traces and the trail go after what the configuration says, and no earlier', async () => {
    const { account } = await seedGuardian(deps);
    const at = deps.clock.now();
    await deps.db('failed_checks').insert({ account_id: account.id, way: 'sms', failed: 'name', at });
    const signal = new AbortController().signal;
    const given = under({ FAILED_CHECK_DAYS: '10' });
    deps.clock.advance(10 * DAY);
    await purge(given, [], { now: deps.clock.now(), signal });
    expect(await deps.db('failed_checks').count({ n: '*' })).toEqual([{ n: 1 }]);
    deps.clock.advance(1);
    await purge(given, [], { now: deps.clock.now(), signal });
    expect(await deps.db('failed_checks').count({ n: '*' })).toEqual([{ n: 0 }]);
  });
});

describe('the brake', () => {
  test('more than the share at once is refused until it is accepted, for these rules and this much only', async () => {
    const given = under(NEVER);
    await seedLeft(25);
    await seedGuardian(deps);
    deps.clock.advance(31 * DAY);
    expect((await preview(given)).brake.refused).toEqual([{ of: 'accounts', due: 25, total: 26 }]);
    const refused = await run(given);
    expect(refused).toMatchObject({ outcome: 'refused', details: { accept: 1, accounts: 25 } });
    expect(await erasedCount()).toBe(0);
    expect((await command(given, 'retention', 'accept', '9')).code).toBe(1);
    expect((await command(given, 'retention', 'accept', '1')).code).toBe(0);
    // Other rules than those that were looked at.
    expect((await run(under({ RETENTION_NEVER_ACTIVATED_DAYS: '20' }))).outcome).toBe('refused');
    await seedLeft(1);
    await deps
      .db('pupils')
      .orderBy('id', 'desc')
      .limit(1)
      .update({ left_at: new Date(0) });
    expect((await run(given)).outcome).toBe('refused');
    await deps.db('pupils').orderBy('id', 'desc').limit(1).update({ left_at: null });
    expect(await run(given)).toEqual({ outcome: 'done', details: { 'never-activated': 25 } });
    // Used up.
    expect(await deps.db('retention_runs').where({ id: 1 }).first('state')).toEqual({ state: 'done' });
  });

  test('wrong usage', async () => {
    expect((await command(deps, 'retention', 'fly')).code).toBe(2);
    expect((await command(deps, 'retention', 'accept', 'x')).code).toBe(2);
    expect((await command(deps, 'forget')).code).toBe(2);
    expect((await command(deps, 'forget', 'nobody')).code).toBe(1);
  });
});

test('a night does no more than it may, the next one goes on', async () => {
  const given = under({ ...NEVER, RETENTION_PER_RUN: '100', RETENTION_BRAKE_PERCENT: '100' });
  await seedLeft(104);
  deps.clock.advance(31 * DAY);
  expect((await run(given)).details).toEqual({ 'never-activated': 100, left: 4 });
  expect((await run(given)).details).toEqual({ 'never-activated': 4 });
}, 30_000);

test('killed in the middle: each account is whole or erased, and the next run ends the work', async () => {
  const given = under({ ...NEVER, ...RECORDS, RETENTION_BRAKE_PERCENT: '100' });
  await seedLeft(120);
  deps.clock.advance(400 * DAY);
  for (const statements of [12, 20, 33]) {
    const child = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        join(import.meta.dirname, 'retention-process.ts'),
        database.url,
        String(statements),
        deps.clock.now().toISOString(),
      ],
      { stdio: 'inherit' },
    );
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
    const half = await deps
      .db('accounts as a')
      .join('guardian_references as g', 'g.account_id', 'a.id')
      .whereNotNull('a.erased_at')
      .count({ n: '*' });
    expect(half).toEqual([{ n: 0 }]);
    const named = await deps
      .db('accounts')
      .whereNotNull('erased_at')
      .whereNot('family_name', '')
      .count({ n: '*' });
    expect(named).toEqual([{ n: 0 }]);
  }
  await run(given);
  expect(await erasedCount()).toBe(120);
  await run(given);
  expect((await preview(given)).due).toEqual({ accounts: 0, pupils: 0, guardians: 0 });
}, 60_000);

describe('a wish to be forgotten', () => {
  const feed = (date: string): AafFeed => ({
    degree: 2,
    date,
    schools: [{ id: 'A', uai: '0139902B' }],
    pupils: [
      { id: '1', school: 'A', familyName: 'Zouvrel', givenName: 'Ana', guardians: [{ guardian: '51' }] },
    ],
    guardians: [{ id: '51', familyName: 'Zouvrel', givenName: 'Ines' }],
  });
  const account = () => database.db('guardian_references').where({ source_id: '51' }).first('account_id');
  const byId = (id: number) => database.db('accounts').where({ id }).first();

  test('by command, at once; the next import gives a new account that has nothing of the old one', async () => {
    await night(deps, feed('20261103'));
    const old = await byId((await account()).account_id);
    const pupil = await byId((await database.db('pupils').first()).account_id);
    expect([old.identifier, pupil.identifier]).toEqual(['i.zouvrel', 'a.zouvrel']);
    expect((await command(deps, 'forget', 'i.zouvrel', '--now')).text).toBe('it is erased');
    expect((await command(deps, 'forget', 'a.zouvrel', '--now')).code).toBe(0);
    expect((await command(deps, 'forget', 'i.zouvrel', '--now')).code).toBe(1);
    expect((await account()).account_id).toBeNull();

    deps.clock.advance(DAY);
    const report = await night(deps, feed('20261104'));
    expect(report.accounts.created).toBe(2);
    const fresh = await byId((await account()).account_id);
    expect(fresh).toMatchObject({ identifier: 'i.zouvrel2', state: 'not_notified', family_name: 'Zouvrel' });
    const child = await byId((await database.db('pupils').first()).account_id);
    expect(child).toMatchObject({ identifier: 'a.zouvrel2', state: 'not_notified', kind: 'pupil' });
    const sub = pairwiseSubjects(deps);
    expect(sub('s', fresh.public_id)).not.toBe(sub('s', old.public_id));
    // And the night after it is as it was.
    expect((await night(deps, feed('20261105'))).accounts.created).toBe(0);
  });

  test('with its delay: not a moment before, whatever the rules; the brake does not hold it', async () => {
    const one = await seedActive(deps);
    expect((await command(deps, 'forget', one.identifier)).text).toContain('2026-11-29T08:00:00.000Z');
    deps.clock.advance(7 * DAY - 1);
    expect(await run(deps)).toEqual({ outcome: 'done', details: {} });
    deps.clock.advance(1);
    expect((await preview(deps)).rules).toMatchObject([{ rule: 'forget-asked', due: 1 }]);
    expect(await run(deps)).toEqual({ outcome: 'done', details: { 'forget-asked': 1 } });
    expect(await erasedCount()).toBe(1);
  });
});
