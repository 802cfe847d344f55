import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDatabase } from '../../src/db/database.ts';
import { importFolder } from '../../src/imports/run.ts';
import { LEASE_MS } from '../../src/imports/runs-store.ts';
import type { Sizes } from '../../src/imports/types.ts';
import { type AafFeed, aafChange, aafDelete, writeAaf, writeDelta } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { emptyLiveTables, inFolder } from './nights.ts';

let database: TestDatabase;
let deps: TestDeps;
beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());

const POINTS = 20;
/** All schools in one transaction; one each, the next one planned meanwhile; and read by threads. */
const WAYS: Partial<Sizes>[] = [{}, { groupPersons: 1 }, { groupPersons: 1, threadsFrom: 0 }];

/** Three schools; each family has a child in two of them. */
function feedOf(pupilsASchool: number, change = '', date = '20261103'): AafFeed {
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
  return { degree: 2, date, schools, pupils, guardians };
}

/**
 * An import whose process is gone at its nth statement: from then on nothing reaches the server any more, and its
 * connections break without a word. @returns how many statements there were
 */
async function dyingAt(folder: string, n: number, sizes: Partial<Sizes> = {}): Promise<number> {
  const settings = { pool: 5, connectTimeoutMs: 5000, acquireTimeoutMs: 10_000, statementTimeoutMs: 10_000 };
  const db = openDatabase({ ...settings, url: database.url, lockWaitSeconds: 5 });
  let statements = 0;
  db.on('query', () => {
    statements += 1;
    if (statements >= n) throw new Error('the process is gone');
  });
  try {
    await importFolder({ ...deps, jobsDb: db }, folder, { sizes });
  } catch (error) {
    if (!String(error).includes('the process is gone')) throw error;
  } finally {
    await db.destroy();
  }
  return statements;
}

async function namesBySchool(): Promise<Map<string, string[]>> {
  const rows: { school: string; name: string }[] = await database
    .db('pupils as p')
    .join('schools as s', 's.id', 'p.school_id')
    .whereNull('p.left_at')
    .orderBy('p.source_id')
    .select({ school: 's.source_id', name: 'p.given_name' });
  const names = new Map<string, string[]>();
  for (const { school, name } of rows) names.set(school, [...(names.get(school) ?? []), name]);
  return names;
}

test('ended at any of 20 random points, each school is as before or as after, and the next run finishes (K02)', async () => {
  await inFolder(async (folder) => {
    const [before, after] = [join(folder, 'before'), join(folder, 'after')];
    await writeAaf(before, feedOf(4));
    await writeAaf(after, feedOf(5, ' bis'));
    const again = async () => {
      await emptyLiveTables(database);
      deps.clock.advance(LEASE_MS);
      expect(await importFolder(deps, before)).toMatchObject({ ok: true });
    };
    const statements: number[] = [];
    for (const sizes of WAYS) {
      await again();
      statements.push(await dyingAt(after, Number.POSITIVE_INFINITY, sizes));
    }
    for (let point = 0; point < POINTS; point += 1) {
      const way = point % WAYS.length;
      await again();
      const n = 1 + randomInt(statements[way] as number);
      await dyingAt(after, n, WAYS[way]);
      for (const [school, names] of await namesBySchool()) {
        const expected = names.length === 4 ? Array(4).fill('Ana') : Array(5).fill('Ana bis');
        if (names.join() !== expected.join())
          throw new Error(`statement ${n}: ${school} is mixed: ${names.join()}`);
      }
      deps.clock.advance(LEASE_MS);
      expect(await importFolder(deps, after)).toMatchObject({ ok: true, failed: 0 });
      const rows = await database.db('pupils').whereNull('left_at').pluck('given_name');
      expect({ n, rows }).toEqual({ n, rows: Array(15).fill('Ana bis') });
      expect(await database.db('legal_links').whereNull('ended_at').count({ n: '*' })).toEqual([{ n: 30 }]);
      expect(await database.db('accounts').count({ n: '*' })).toEqual([{ n: 15 + 10 }]);
      expect(await database.db('guardian_references').whereNull('account_id').select()).toEqual([]);
    }
  });
}, 120_000);

test('so does a delta', async () => {
  await inFolder(async (folder) => {
    const [before, changes] = [join(folder, 'before'), join(folder, 'changes')];
    await writeAaf(before, feedOf(4));
    await writeDelta(
      changes,
      { degree: 2 },
      {
        Eleve: ['1', '2', '3'].flatMap((s) => [
          aafChange('Eleve', `${s}000`, { givenName: 'Anna' }),
          aafChange('Eleve', `${s}001`, { givenName: 'Anna' }),
          aafDelete('Eleve', `${s}003`),
        ]),
        PersRelEleve: [aafDelete('PersRelEleve', '702')],
      },
    );
    const states = { before: 'Ana,Ana,Ana,Ana', after: 'Anna,Anna,Ana' };
    for (let point = 0; point < 8; point += 1) {
      await emptyLiveTables(database);
      await database.db('import_feeds').delete();
      deps.clock.advance(LEASE_MS);
      await importFolder(deps, before);
      await dyingAt(changes, 5 + randomInt(70), WAYS[point % 2]);
      for (const names of (await namesBySchool()).values())
        expect(Object.values(states)).toContain(names.join());
      deps.clock.advance(LEASE_MS);
      expect(await importFolder(deps, changes)).toMatchObject({ ok: true, failed: 0 });
      expect([...(await namesBySchool()).values()].map((names) => names.join())).toEqual(
        Array(3).fill(states.after),
      );
      expect(await database.db('legal_links').whereNotNull('ended_at').count({ n: '*' })).toEqual([{ n: 3 }]);
    }
  });
}, 120_000);
