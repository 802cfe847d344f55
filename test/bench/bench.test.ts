import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { drive } from '../../bench/drive.ts';
import { writeFeed } from '../../bench/feed.ts';
import { readOptions } from '../../bench/options.ts';
import { fillPeople } from '../../bench/people.ts';
import { median, percentile, table } from '../../bench/table.ts';
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
  } finally {
    await people.drop();
  }
});

test('the driver ends by count or by time, and counts what fails', async () => {
  let [calls, now, most] = [0, 0, 0];
  const work = async () => {
    calls += 1;
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
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
  expect(readOptions([])).toMatchObject({ parts: ['import', 'logins', 'notify'], concurrency: [1, 8, 32] });
  expect(() => readOptions(['imports'])).toThrow('there are: import, logins, notify, nation');
  expect(() => readOptions(['--pupils', '0'])).toThrow('--pupils');
});
