import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { drive, type LoopResult } from '../../bench/drive.ts';
import { writeFeed } from '../../bench/feed.ts';
import { cpuSeconds, cpuSecondsOfAll } from '../../bench/machine.ts';
import { nightTables } from '../../bench/night.ts';
import { readOptions } from '../../bench/options.ts';
import { pagesTable } from '../../bench/pages.ts';
import { fillPeople, gatherSchool } from '../../bench/people.ts';
import { isShed, type RushSample, rushTable } from '../../bench/rush.ts';
import { median, percentile, table } from '../../bench/table.ts';
import { workersTable } from '../../bench/workers.ts';
import { importFolder } from '../../src/imports/run.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testDeps } from '../support/deps.ts';

let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ec-bench-test-'));
  database = await createTestDatabase();
});
afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function contents(of: string): Promise<Map<string, string>> {
  const names = (await readdir(of, { recursive: true })).filter((name) => name.endsWith('.xml')).sort();
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, await readFile(join(of, name), 'utf8')] as [string, string]),
    ),
  );
}

test('a generated feed is the same each time, and the importer takes every record of it', async () => {
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  const counts = await writeFeed({ folder: one, pupils: 300, date: '20261103' });
  await writeFeed({ folder: two, pupils: 300, date: '20261103' });
  expect(await contents(one)).toEqual(await contents(two));
  expect(counts.pupils).toBeGreaterThanOrEqual(300);

  const result = await importFolder(testDeps(database), one);
  if (!result.ok) throw new Error(JSON.stringify(result));
  const { report } = result;
  expect(report.read).toMatchObject({
    schools: counts.schools,
    pupils: counts.pupils,
    guardians: counts.guardians,
  });
  expect([report.refused, result.failed]).toEqual([[], 0]);
  expect(report.accounts.created).toBeGreaterThan(300);
});

test('a delta names only people of the full feed, in the verbs of changes', async () => {
  const [full, delta] = [join(folder, 'full'), join(folder, 'delta')];
  await writeFeed({ folder: full, pupils: 400, date: '20261103' });
  await writeFeed({ folder: delta, pupils: 400, date: '20261104', delta: 20 });
  const ids = (text: string) => Array.from(text.matchAll(/<id>(\d+)<\/id>/g), ([, id]) => id);
  const known = new Set([...(await contents(full)).values()].flatMap(ids));
  const changed = [...(await contents(delta))].filter(([name]) => !name.includes('EtabEducNat'));
  const named = changed.flatMap(([, text]) => ids(text));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((id) => !known.has(id))).toEqual([]);
  const text = changed.map(([, content]) => content).join('');
  expect(text).toContain('<modifyRequest>');
  expect(text).not.toContain('<addRequest>');
});

test('generated people are those of a country in little: every guardian has a child and an account', async () => {
  const people = await createTestDatabase();
  try {
    const settings = { accounts: 200, accountsPerSchool: 50, passwordHash: 'x', activated: 70 };
    const rows = await fillPeople(people.db, settings);
    expect(rows).toMatchObject({ schools: 4, classes: 48, accounts: 200, guardian_references: 200 });
    const linked = await people.db('legal_links').countDistinct({ n: 'guardian_reference_id' });
    expect(Number(linked[0]?.n)).toBe(200);
    const states = await people.db('accounts').distinct('state').orderBy('state').pluck('state');
    expect(states).toEqual(['activated', 'not_notified']);
    await gatherSchool(people.db, 1, [3]);
    expect(await people.db('pupils').where({ school_id: 3 })).toEqual([]);
    const elsewhere = people.db('classes').whereNot({ school_id: 1 }).select('id');
    expect(await people.db('pupils').where({ school_id: 1 }).whereIn('class_id', elsewhere)).toEqual([]);
  } finally {
    await people.drop();
  }
});

test('people of a nation stand anywhere on the way to their account', async () => {
  const people = await createTestDatabase();
  try {
    const settings = {
      accounts: 300,
      accountsPerSchool: 100,
      passwordHash: 'x',
      activated: 60,
      allStates: true,
    };
    await fillPeople(people.db, settings);
    const of = (column: string) => people.db('accounts').distinct(column).orderBy(column).pluck(column);
    expect(await of('state')).toEqual(['activated', 'activating', 'not_notified', 'notified']);
    expect(await of('origin')).toEqual(['franceconnect', 'guardian', 'none', 'school']);
  } finally {
    await people.drop();
  }
});

test('a page is held against its time, and against the statements of a smaller school', () => {
  const page = { page: '…', status: 200, kilobytes: 3, cpu: 2 };
  const samples = [
    { ...page, durations: [10, 20], statements: [7, 7] as [number, number] },
    { ...page, durations: [10, 200], statements: [7, 7] as [number, number] },
    { ...page, durations: [10, 20], statements: [9, 7] as [number, number] },
    { ...page, status: 500, durations: [10, 20], statements: [7, 7] as [number, number] },
  ];
  const verdicts = pagesTable(samples)
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').at(-2)?.trim());
  expect(verdicts).toEqual(['yes', 'no', 'no', 'no']);
});

test('the driver ends by count or by time, and counts what fails', async () => {
  let [calls, now, most] = [0, 0, 0];
  const work = async () => {
    calls += 1;
    now += 1;
    most = Math.max(most, now);
    await setImmediate();
    now -= 1;
    if (calls % 2 === 0) throw new Error('refused');
  };
  const result = await drive({ concurrency: 3, seconds: 60, most: 10 }, work);
  expect([result.durations.length + result.errors, most]).toEqual([10, 3]);
  expect([result.errors > 0, result.firstError]).toEqual([true, 'refused']);
  const timed = await drive(
    { concurrency: 1, seconds: 0.05 },
    () => new Promise((resolve) => setTimeout(resolve, 5)),
  );
  expect(timed.durations.length).toBeGreaterThan(0);
  expect(timed.errors).toBe(0);
  const over = new AbortController();
  const stopped = await drive({ concurrency: 2, seconds: 60, signal: over.signal }, async () => over.abort());
  expect(stopped.durations.length).toBeLessThanOrEqual(2);
});

const loopOf = (...durations: number[]): LoopResult => ({
  durations,
  errors: 0,
  firstError: null,
  seconds: 1,
});

test('the night is held against the slower of the logins without it, and an import that failed says so', () => {
  const phases = [loopOf(10), loopOf(30), loopOf(20)].map((loop, n) => ({ what: `${n}`, loop }));
  const importRun = { code: 0, out: '', err: '', seconds: 2, nodeCpu: 1, databaseCpu: 1, peak: 1 };
  const counted = { ...importRun, statements: 1, commits: 1 };
  const [, verdict, line] = nightTables({ phases, importRun: counted, version: '' }, 100);
  expect(verdict).toMatch(/1\.50 \| +2\.00 \| +yes/);
  expect(line).toBe('The import: 100 pupils in 2.0 s, 50 a second.');
  const failed = { ...counted, code: 1, err: 'one\nthe feed is refused\n' };
  expect(nightTables({ phases, importRun: failed, version: '' }, 100)[2]).toContain('the feed is refused');
});

test('of several processes the best round counts, and the work of all of them', async () => {
  const of = (workers: number, logins: number) => ({
    workers,
    running: 1,
    shares: [100],
    loop: loopOf(...Array.from({ length: logins }, () => 5)),
    serverCpu: 1,
    databaseCpu: 1,
    busy: 0.5,
  });
  const lines = workersTable([of(1, 4), of(1, 10), of(2, 15), of(2, 12)]).split('\n');
  expect(lines[2]).toMatch(/^\| 1 +\| +1 \| +10 \| +1\.00 /);
  expect(lines[3]).toMatch(/^\| 1 +\| +2 \| +15 \| +1\.50 /);
  const child = spawn(process.execPath, ['-e', 'for (;;);']);
  try {
    while (cpuSeconds(child.pid ?? 0) === 0) await setImmediate();
    const own = cpuSeconds(process.pid);
    expect(cpuSecondsOfAll(process.pid)).toBeGreaterThan(own);
  } finally {
    child.kill('SIGKILL');
  }
});

test('figures and tables', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), percentile([5, 1, 4, 2, 3], 0.95)]).toEqual([2, 2.5, 5]);
  expect(
    table(
      ['what', 'n'],
      [
        ['a', 1234.5],
        ['b', 1.234],
        ['c', null],
      ],
    ),
  ).toBe(
    ['| what |     n |', '| ---- | ----: |', '| a    | 1,235 |', '| b    |  1.23 |', '| c    |       |'].join(
      '\n',
    ),
  );
});

test('the command line says what is wrong with it', () => {
  expect(readOptions(['import', '--pupils', '5'])).toMatchObject({ parts: ['import'], pupils: 5 });
  expect(readOptions([])).toMatchObject({
    parts: expect.arrayContaining(['import', 'logins', 'night', 'workers', 'notify']),
    concurrency: [1, 8, 32],
    visitors: 8,
    workers: [1, 2],
    nation: 2_000_000,
  });
  for (const part of ['nation', 'pages'])
    expect((readOptions([]) as { parts: string[] }).parts).not.toContain(part);
  expect(() => readOptions(['imports'])).toThrow(
    /there are: import, logins, night, workers, .*notify,.* nation/,
  );
  expect(() => readOptions(['--pupils', '0'])).toThrow('--pupils');
});

test('a rush keeps what it promised when nobody is lost, whoever is shed, and others are answered', () => {
  const told = (status: number, headers: object) =>
    Object.assign(new Error('x'), { answer: { status, headers, text: '' } });
  expect(isShed(told(503, { 'retry-after': '30' }))).toBe(true);
  for (const lost of [told(503, {}), told(500, { 'retry-after': '30' }), new Error('reset'), {}])
    expect(isShed(lost)).toBe(false);
  const others = { '/healthz': [10, 20], '/oidc/jwks': [5, 30] };
  const good: RushSample = {
    ...{ workers: 1, round: 1, in: [800, 2900], shed: 158, lost: 0, firstFault: null, others, cpu: 3 },
  };
  const kept = (sample: RushSample) =>
    /\| (yes|no) +\|$|(yes|no) \|$/.exec(rushTable([sample]))?.[0]?.includes('yes');
  expect(kept(good)).toBe(true);
  expect(kept({ ...good, lost: 1 })).toBe(false);
  expect(kept({ ...good, in: [3100] })).toBe(false);
  expect(kept({ ...good, others: { ...others, '/healthz': [Number.POSITIVE_INFINITY] } })).toBe(false);
});
