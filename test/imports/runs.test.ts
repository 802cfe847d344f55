import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { applyPlans } from '../../src/imports/apply.ts';
import { planSchool } from '../../src/imports/plan.ts';
import { emptyReport, schoolReport } from '../../src/imports/report.ts';
import { importFolder } from '../../src/imports/run.ts';
import { finishRun, LEASE_MS, takeRun } from '../../src/imports/runs-store.ts';
import type { StagedSchool } from '../../src/imports/types.ts';
import { type AafFeed, writeAaf } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, type TestDeps, testDeps } from '../support/deps.ts';
import { emptyLiveTables, inFolder, liveTables, night } from './nights.ts';

let database: TestDatabase;
let deps: TestDeps;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptyLiveTables(database);
  await database.db('import_runs').delete();
});

/** Schools A, B and C with families of two, each with a guardian whose other child is in the next school. */
function feedOf(pupilsASchool: number, change = ''): AafFeed {
  const schools = ['A', 'B', 'C'].map((id, i) => ({ id, uai: `031990${i}A` }));
  const guardians = [500, 700].flatMap((first) =>
    Array.from({ length: pupilsASchool }, (_, i) => ({ id: String(first + i), familyName: `Nom${change}` })),
  );
  const pupils = schools.flatMap(({ id }, s) =>
    Array.from({ length: pupilsASchool }, (_, i) => ({
      id: `${s + 1}${String(i).padStart(3, '0')}`,
      school: id,
      givenName: `Ana${change}`,
      guardians: [{ guardian: String(500 + i) }, { guardian: String(700 + i), code: '20' }],
    })),
  );
  return { degree: 2, schools, pupils, guardians };
}

test('the same feed a second time writes nothing to the live tables (R-181)', async () => {
  await night(deps, feedOf(20));
  const before = await liveTables(database);
  deps.clock.advance(86_400_000);
  const counted = countStatements(database.db);
  const report = await night(deps, feedOf(20));
  counted.stop();
  expect(await liveTables(database)).toEqual(before);
  const writes = counted.statements.filter((sql) => !/^select/i.test(sql));
  expect(
    writes.filter(
      (sql) => !/import_runs|import_feeds|audit_events|staged_(pupils|guardians|staff|unchanged)/.test(sql),
    ),
  ).toEqual([]);
  expect(report.accounts).toEqual({ created: 0, changed: 0, closed: 0 });
});

test('the number of statements does not depend on the number of persons', async () => {
  const statementsFor = async (pupils: number) => {
    await emptyLiveTables(database);
    const counted = countStatements(database.db);
    await night(deps, feedOf(pupils));
    counted.stop();
    return counted.statements.length;
  };
  const few = await statementsFor(3);
  expect(few).toBeLessThan(110);
  expect(await statementsFor(150)).toBeLessThanOrEqual(few + 2);
});

test('a rehearsal says what the night does and changes nothing', async () => {
  await night(deps, feedOf(10));
  const before = await liveTables(database);
  const later = feedOf(12, ' bis');
  await inFolder(async (folder) => {
    await writeAaf(folder, later);
    const rehearsal = await importFolder(deps, folder, { dryRun: true });
    expect(await liveTables(database)).toEqual(before);
    const real = await importFolder(deps, folder);
    if (!rehearsal.ok || !real.ok) throw new Error('refused');
    expect(rehearsal.report.accounts).toEqual({ created: 10, changed: 50, closed: 0 });
    expect(real.report).toEqual({ ...rehearsal.report, report: expect.any(String), dry_run: false });
  });
});

test('each run is kept with its report', async () => {
  const report = await night(deps, feedOf(2));
  const run = await database.db('import_runs').first();
  expect(run).toMatchObject({ id: Number(report.report), state: 'done', dry_run: 0, running: null });
  expect(JSON.parse(run.report)).toEqual(report);
});

test('of a nation only the schools to which something happened are kept with the run', async () => {
  const run = await takeRun(database.db, { folder: 'x', dryRun: false, now: deps.clock.now() });
  if (!run.ok) throw new Error(run.reason);
  const report = emptyReport(run.id, false);
  const school = schoolReport({ uai: '0319900A', name: 'X'.repeat(60), degree: 1 } as StagedSchool);
  report.schools = Array.from({ length: 20_000 }, (_, i) => ({ ...school, left: i < 3 ? 1 : 0 }));
  await finishRun(database.db, run.id, { state: 'done', report, now: deps.clock.now() });
  const kept = JSON.parse((await database.db('import_runs').first()).report);
  expect(kept.schools).toEqual(Array(3).fill({ ...school, left: 1 }));
  expect(kept.notes).toEqual(['3 of 20000 schools are kept in this report']);
});

test('two imports at once: one works, the other says so (L03)', async () => {
  await inFolder(async (folder) => {
    await writeAaf(folder, feedOf(10));
    const results = await Promise.all([
      importFolder(deps, folder),
      importFolder(deps, folder),
      importFolder(deps, folder),
    ]);
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    const others = results.filter((result) => !result.ok);
    expect(others).toEqual([
      { ok: false, reason: 'running', report: expect.any(String), since: deps.clock.now() },
      { ok: false, reason: 'running', report: expect.any(String), since: deps.clock.now() },
    ]);
  });
});

test('a dead run keeps others out until its lease ends, and then no longer', async () => {
  const now = deps.clock.now();
  await database.db('import_runs').insert({
    folder: 'x',
    dry_run: 0,
    state: 'running',
    running: 1,
    lease_until: new Date(now.getTime() + LEASE_MS),
    started_at: now,
  });
  await inFolder(async (folder) => {
    await writeAaf(folder, feedOf(2));
    deps.clock.advance(LEASE_MS - 1);
    expect(await importFolder(deps, folder)).toMatchObject({ ok: false, reason: 'running' });
    deps.clock.advance(1);
    expect(await importFolder(deps, folder)).toMatchObject({ ok: true });
  });
  expect(await database.db('import_runs').orderBy('id').pluck('state')).toEqual(['abandoned', 'done']);
});

test('a run that was replaced while it slept writes nothing any more', async () => {
  const started_at = deps.clock.now();
  const [id] = await database
    .db('import_runs')
    .insert({ folder: 'x', dry_run: 0, state: 'abandoned', running: null, started_at });
  const columns = { academyCode: '13', academyName: 'X', degree: 1 as const, sourceId: 'A', uai: '0319900A' };
  const school = {
    ...columns,
    no: 1,
    name: 'X',
    town: null,
    phone: null,
    contract: null,
    digest: 'd',
    listed: true,
    refused: 0,
  };
  const plan = planSchool({
    degree: 1,
    stagedDigest: 'd',
    school: null,
    pupils: [],
    spoken: false,
    changedGuardians: [],
    deletedLinks: [],
    guardians: new Map(),
    currentPupils: new Map(),
    currentGuardians: new Map(),
    currentLinks: [],
    currentClasses: new Map(),
    elsewhere: new Set(),
  });
  await expect(applyPlans(deps, id as number, [{ staged: school, known: null, plan }], [])).rejects.toThrow(
    'another import took over',
  );
  expect(await database.db('schools').select()).toEqual([]);
});

test('one school that cannot be written stays as it was and does not stop the others', async () => {
  await night(deps, feedOf(3));
  await database.db.raw(`CREATE TRIGGER refuse_b BEFORE UPDATE ON pupils FOR EACH ROW
    BEGIN IF NEW.source_id = '2002' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF; END`);
  try {
    await inFolder(async (folder) => {
      await writeAaf(folder, feedOf(3, ' bis'));
      const result = await importFolder(deps, folder);
      expect(result).toMatchObject({ ok: true, failed: 1 });
      expect(
        result.ok && result.report.schools.map((school) => [school.uai, school.failed !== undefined]),
      ).toEqual(
        [
          ['0319900A', false],
          ['0319902A', false],
          ['0319901A', true],
        ].sort(),
      );
    });
  } finally {
    await database.db.raw('DROP TRIGGER refuse_b');
  }
  const names = await database.db('pupils').orderBy('source_id').pluck('given_name');
  expect(names).toEqual([...Array(3).fill('Ana bis'), ...Array(3).fill('Ana'), ...Array(3).fill('Ana bis')]);
  const report = await night(deps, feedOf(3, ' bis'));
  expect(report.schools.map((school) => school.changed)).toEqual([0, 3, 0]);
});

type Ended = { code: number | null; signal: string | null; output: string };

/** The import in another process, which kills itself there. */
function processed(folder: string, moment: string, count: number): Promise<Ended> {
  const script = join(import.meta.dirname, 'import-process.ts');
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script, database.url, folder, moment, String(count)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, output })));
}

test('kill -9 leaves each school as before or as after, and the next run finishes by itself (K02)', async () => {
  await inFolder(async (folder) => {
    await writeAaf(join(folder, 'before'), feedOf(4));
    await writeAaf(join(folder, 'after'), feedOf(5, ' bis'));
    deps.clock.set(new Date());
    await importFolder(deps, join(folder, 'before'));
    const whole = await processed(join(folder, 'after'), 'never', 0);
    const { statements } = JSON.parse(whole.output) as { statements: number };
    const moments: [string, number][] = [
      ['read', 2],
      ['apply', 1],
      ['apply', 2],
      ...[0.5, 0.8].map((part): [string, number] => ['sql', Math.floor(statements * part)]),
    ];
    for (const [moment, count] of moments) {
      await emptyLiveTables(database);
      await database.db('import_runs').delete();
      deps.clock.set(new Date());
      await importFolder(deps, join(folder, 'before'));
      const ended = await processed(join(folder, 'after'), moment, count);
      expect(ended.signal).toBe('SIGKILL');
      for (const school of ['A', 'B', 'C']) {
        const names = await database
          .db('pupils as p')
          .join('schools as s', 's.id', 'p.school_id')
          .where('s.source_id', school)
          .pluck('p.given_name');
        const before = names.every((name) => name === 'Ana') && names.length === 4;
        const after = names.every((name) => name === 'Ana bis') && names.length === 5;
        if (!before && !after)
          throw new Error(`${moment} ${count}: school ${school} is mixed: ${names.join()}`);
      }
      deps.clock.set(new Date(Date.now() + LEASE_MS));
      const next = await importFolder(deps, join(folder, 'after'));
      expect(next).toMatchObject({ ok: true, failed: 0 });
      const rows = await database.db('pupils').whereNull('left_at').pluck('given_name');
      expect(rows).toEqual(Array(15).fill('Ana bis'));
      expect(await database.db('legal_links').whereNull('ended_at').count({ n: '*' })).toEqual([{ n: 30 }]);
      expect(await database.db('accounts').count({ n: '*' })).toEqual([{ n: 15 + 10 }]);
      expect(await database.db('staged_pupils').count({ n: '*' })).toEqual([{ n: 0 }]);
    }
  });
}, 120_000);
