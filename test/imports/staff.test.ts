import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AafFeed, AafStaff } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { night } from './nights.ts';

let database: TestDatabase;
let deps: TestDeps;
beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());

const feedOf = (staff: AafStaff[], degree: 1 | 2 = 1): AafFeed => ({
  degree,
  schools: [
    { id: 'A', uai: `031990${degree}A` },
    { id: 'B', uai: `031990${degree}B` },
  ],
  pupils: [{ id: '1', school: 'A', guardians: [{ guardian: '51' }] }],
  guardians: [{ id: '51' }],
  staff,
});

async function functions(): Promise<string[]> {
  const rows = await database
    .db('staff_functions as f')
    .join('staff as s', 's.id', 'f.staff_id')
    .join('schools as e', 'e.id', 'f.school_id')
    .orderBy(['s.source_id', 'e.uai', 'f.code'])
    .select('s.given_name', 's.family_name', 'e.uai', 'f.code', 'f.label');
  return rows.map((row) => `${row.given_name} ${row.family_name} ${row.uai} ${row.code} ${row.label}`);
}

test('heads and directors are known with their schools (R-015, R-018), and lose them when the feed says so', async () => {
  const ida: AafStaff = {
    id: '900',
    familyName: 'CHEF',
    email: 'ida.chef@example.org',
    functions: ['A$DIR$DIRECTION', 'B$DIR$DIRECTION'],
  };
  const teacher: AafStaff = {
    id: '901',
    familyName: 'PROF',
    functions: ['A$ENS$ENSEIGNANT$L1000', 'Z$ENS$AILLEURS', '$$', 'A$ens$TWICE'],
  };
  const report = await night(deps, feedOf([ida, teacher, { id: '902', familyName: '', functions: [] }]));
  expect(report.read.staff).toBe(3);
  expect(report.refused.map(({ record, reason }) => `${record}: ${reason}`)).toEqual([
    '902: the name is missing',
  ]);
  expect(await functions()).toEqual([
    'Ida CHEF 0319901A DIR DIRECTION',
    'Ida CHEF 0319901B DIR DIRECTION',
    'Ida PROF 0319901A ENS TWICE',
  ]);
  expect(await database.db('staff').where({ source_id: '900' }).first()).toMatchObject({
    email: 'ida.chef@example.org',
    left_at: null,
  });
  await night(deps, feedOf([{ ...ida, functions: ['B$DIR$DIRECTION'] }]));
  expect(await functions()).toEqual(['Ida CHEF 0319901B DIR DIRECTION']);
  expect((await database.db('staff').where({ source_id: '901' }).first()).left_at).not.toBeNull();
  const before = await database.db('staff').select();
  deps.clock.advance(86_400_000);
  await night(deps, feedOf([{ ...ida, functions: ['B$DIR$DIRECTION'] }]));
  expect(await database.db('staff').select()).toEqual(before);
  await night(deps, feedOf([]));
  expect(await functions()).toEqual(['Ida CHEF 0319901B DIR DIRECTION']);
  await night(deps, feedOf([{ id: '900', familyName: 'CHEF', functions: ['A$DIR$CHEF'] }], 2));
  expect(await functions()).toEqual(['Ida CHEF 0319901B DIR DIRECTION', 'Ida CHEF 0319902A DIR CHEF']);
});
