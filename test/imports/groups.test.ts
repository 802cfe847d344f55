import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { importFolder } from '../../src/imports/run.ts';
import { type AafFeed, writeAaf } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { emptyLiveTables, inFolder } from './nights.ts';

/** Schools are written some at a time while the next are planned: it must not show in what comes out. */
let database: TestDatabase;
let deps: TestDeps;
beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());
beforeEach(() => emptyLiveTables(database));

const SCHOOLS = 6;

/** Each family has a child in three schools beside one another; many have the same name. */
function feedOf(change = '', classes = true): AafFeed {
  const families = Array.from({ length: 40 }, (_, index) => index);
  return {
    degree: 1,
    schools: Array.from({ length: SCHOOLS }, (_, index) => ({ id: `S${index}`, uai: `031990${index}A` })),
    guardians: families.map((id) => ({
      id: `5${id}`,
      givenName: 'Lou',
      familyName: `Nom${id % 4}${change}`,
    })),
    pupils: families.flatMap((id) =>
      [0, 1, 2].map((child) => ({
        id: `${100 + id * 3 + child}`,
        school: `S${(id + child) % SCHOOLS}`,
        // In the first school of some the child has no class: their account comes by the next one.
        className: child === 0 && id % 5 === 0 && !classes ? null : 'A',
        guardians: [{ guardian: `5${id}` }, { guardian: `5${(id + 1) % 40}`, code: '20' }],
      })),
    ),
  };
}

async function nights(groupPersons: number) {
  await emptyLiveTables(database);
  const reports = await inFolder(async (folder) => {
    const told: unknown[] = [];
    for (const [name, feed] of [
      ['first', feedOf('', false)],
      ['second', feedOf(' bis')],
    ] as const) {
      await writeAaf(join(folder, name), feed);
      const result = await importFolder(deps, join(folder, name), { sizes: { groupPersons } });
      if (!result.ok || result.failed > 0) throw new Error(JSON.stringify(result));
      const { report: _, ...report } = result.report;
      told.push(report);
    }
    return told;
  });
  const guardians = await database
    .db('guardian_references as g')
    .join('accounts as a', 'a.id', 'g.account_id')
    .orderBy('g.source_id')
    .select('g.source_id', 'a.identifier', 'a.family_name');
  const series = await database.db('identifier_series').select().orderBy('base');
  return { reports, guardians, series };
}

test('one school a transaction, some or all of them: the same reports, accounts and identifiers', async () => {
  const all = await nights(100_000);
  expect(all.guardians).toHaveLength(40);
  expect(new Set(all.guardians.map(({ identifier }) => identifier)).size).toBe(40);
  // All have one name, and no number was reserved for nobody.
  expect(all.series).toEqual([{ base: 'l.nom', next_number: 41 }]);
  expect(await nights(1)).toEqual(all);
  expect(await nights(45)).toEqual(all);
});
