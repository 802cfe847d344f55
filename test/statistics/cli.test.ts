import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { jobCommand } from '../../src/jobs/cli.ts';
import { jobTable } from '../../src/jobs/table.ts';
import { providerChores } from '../../src/provider/chores.ts';
import { statisticsCommand } from '../../src/statistics/cli.ts';
import type { School } from '../../src/statistics/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { insertFamilies, insertSchool } from './schools.ts';

let database: TestDatabase;
let deps: TestDeps;
let school: School;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
  school = await insertSchool(database, { degree: 2 });
  await insertSchool(database, { degree: 1 });
  const child = { school, class: '3E1', mef: '3EME', account: 'activated' as const };
  await insertFamilies(database, [{ parents: [{ state: 'notified' }], children: [child] }]);
});
afterAll(() => database.drop());

async function run(...argv: string[]) {
  const lines: { out: string[]; err: string[] } = { out: [], err: [] };
  const io = {
    out: (line: string) => void lines.out.push(line),
    err: (line: string) => void lines.err.push(line),
  };
  const code = await statisticsCommand(deps, argv, io);
  return { code, out: lines.out.join('\n'), err: lines.err.join('\n') };
}

test('educonnect statistics computes all schools, or one and shows it', async () => {
  const all = await run('--json');
  expect([all.code, JSON.parse(all.out)]).toEqual([
    0,
    { computed_at: '2026-11-22T08:00:00.000Z', schools: 2 },
  ]);
  deps.clock.advance(60_000);
  const one = await run('--school', school.uai.toLowerCase(), '--json');
  expect([one.code, JSON.parse(one.out)]).toMatchObject([
    0,
    {
      uai: school.uai,
      degree: 2,
      computed_at: '2026-11-22T08:01:00.000Z',
      guardians: { structure: { school: { notified: 1 } }, classes: [{ label: '3E1' }] },
      pupils: { structure: { school: { activated: 1 } } },
      pupils_in_school: 1,
      pupils_covered: 0,
    },
  ]);
  const { out } = await run('--school', school.uai);
  expect(out).toContain('Synthèse des comptes responsables de la structure par MEF');
  expect(out).toMatch(/^3E1 +1 +0 +1 +0 +0 +0 %$/m);
  expect(out).toMatch(/Dernière mise à jour le 22-11-2026 à 09:01:00$/);
});

test('an unknown school is refused, what is no UAI is wrong usage', async () => {
  expect(await run('--school', '0990000Z')).toEqual({
    code: 1,
    out: '',
    err: 'No school has the UAI 0990000Z.',
  });
  expect((await run('--school', 'here')).code).toBe(2);
  await expect(run('--fast')).rejects.toThrow(/--fast/);
});

test('educonnect job run statistics does the work of the night', async () => {
  deps.clock.advance(24 * 3600_000);
  const out: string[] = [];
  const io = { out: (line: string) => void out.push(line), err: () => {} };
  const jobs = jobTable(deps, providerChores);
  expect(await jobCommand(deps, jobs, ['run', 'statistics', '--json'], io)).toBe(0);
  expect(JSON.parse(out.join(''))).toEqual({ schools: 2, weeksForgotten: 0 });
  const kept = await database.db('statistics_snapshots').distinct('computed_at');
  expect(kept).toEqual([{ computed_at: new Date('2026-11-23T08:01:00.000Z') }]);
});
