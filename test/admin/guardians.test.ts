import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type SchoolGuardian, type SchoolPupil, seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';

let database: TestDatabase;
let world: StaffWorld;
let director: Visitor;
let head: Visitor;

const guardian = (
  familyName: string,
  givenName: string,
  identifier: string,
  more: Partial<SchoolGuardian> = {},
) => ({
  familyName,
  givenName,
  identifier,
  ...more,
});
const pupil = (familyName: string, givenName: string, of: string[], more: Partial<SchoolPupil> = {}) => ({
  familyName,
  givenName,
  of,
  class: 'CM1 NEW',
  ...more,
});

/** The screen of the guide (S1, 5.1), and names that a search must forgive. */
const SCHOOL_ONE = {
  guardians: [
    guardian('REABU', 'Guillaume', 'g.reabu5'),
    guardian('ZOUMN', 'Guillaume', 'g.zoumn', { as: 'activated', email: 'zoumn@example.org' }),
    guardian('NIORE', 'Vincent', 'v.niorb'),
    guardian('AVISAD', 'Guillaume', 'g.avisad6', { as: 'notified' }),
    guardian('EHCAMA', 'Guillaume', 'g.ehcam', { as: 'activating' }),
    guardian('LE BŒUF-DUPRÉ', 'Zoé', 'z.leboeuf', { as: 'franceconnect' }),
    guardian("D'ARTIGUES", 'Éloïse', 'e.dartigues', { as: 'self', email: 'eloise@example.org' }),
  ],
  pupils: [
    pupil('AIXTHASI', 'Alice', ['g.reabu5']),
    pupil('AMEJDOBU', 'Lucie', ['g.zoumn']),
    pupil('EDUALIBL', 'Paul', ['g.zoumn'], { class: 'CE1D' }),
    pupil('HCEIZODU', 'Guillaume', ['v.niorb'], { class: 'CPB' }),
    pupil('ILUCMRTI', 'Élise', ['g.avisad6'], { class: 'PSMS' }),
    pupil('TUOUHN', 'Camille', ['g.ehcam'], { class: 'GS' }),
    pupil('XDAALB', 'Emma', ['z.leboeuf', 'e.dartigues']),
    // Of whom no row must come: without an INE, without a class.
    pupil('ABSENT', 'Ine', ['g.reabu5'], { ine: null }),
    pupil('ABSENT', 'Classe', ['g.reabu5'], { class: null }),
  ],
};

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
  await seedSchool(world.app.deps, STAFF_SCHOOLS.one.uai, SCHOOL_ONE);
  await seedSchool(world.app.deps, STAFF_SCHOOLS.foreign.uai, {
    guardians: [guardian('AILLEURS', 'Ada', 'a.ailleurs')],
    pupils: [pupil('AILLEURS', 'Max', ['a.ailleurs', 'g.reabu5'])],
  });
  await seedSchool(world.app.deps, STAFF_SCHOOLS.college.uai, {
    guardians: [
      guardian('BARRET', 'Jeanne', 'j.barret', { as: 'franceconnect' }),
      guardian('LULLY', 'Ana', 'a.lully', { as: 'self' }),
      guardian('MOREL', 'Luc', 'l.morel', { as: 'notified' }),
    ],
    pupils: [
      pupil('BARRET', 'Tom', ['j.barret'], { class: '3A', mef: ['10310019110', '3EME'] }),
      pupil('LULLY', 'Mia', ['a.lully'], { class: '4B', mef: ['10210019110', '4EME'] }),
      pupil('MOREL', 'Noé', ['l.morel'], { class: null, mef: ['10210019110', '4EME'] }),
    ],
  });
  director = createVisitor(world.app.url);
  await signInStaff(world, director, 'directeur');
  head = createVisitor(world.app.url);
  await signInStaff(world, head, 'principal');
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

const LIST = `/admin/etablissements/${STAFF_SCHOOLS.one.uai}/responsables`;
/** The cells of a column, row by row. */
const cells = ({ text }: Answer, column: string) =>
  Array.from(text.matchAll(new RegExp(`class="ec-rows__${column}">(.*?)</td>`, 'gs')), ([, inner = '']) =>
    inner
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  );
const search = (query: string, at = LIST, who = director) => who.get(`${at}?${query}`);
const pupilsOf = async (query: string) => cells(await search(query), 'pupil');

test('shows nothing before a search, then one row a pair in the order of pupils', async () => {
  const before = await director.get(LIST);
  expect(before.status).toBe(200);
  expect(before.text).toContain('Gestion des comptes responsables');
  expect(before.text).not.toContain('ec-rows');
  expect(await pupilsOf('q=')).toEqual([
    'AIXTHASI Alice',
    'AMEJDOBU Lucie',
    'EDUALIBL Paul',
    'HCEIZODU Guillaume',
    'ILUCMRTI Élise',
    'TUOUHN Camille',
    'XDAALB Emma',
    'XDAALB Emma',
  ]);
  const all = await search('q=');
  expect(all.text).toContain('1 à 8 sur 8 élève(s)');
  expect(all.text).toContain('7 responsable(s) dans les résultats');
});

describe('the search by names (R-189)', () => {
  test.each([
    ['élise', ['ILUCMRTI Élise']],
    ['elise', ['ILUCMRTI Élise']],
    ['ÉLISE ilucmrti', ['ILUCMRTI Élise']],
    ['zoumn', ['AMEJDOBU Lucie', 'EDUALIBL Paul']],
    ['guillaume zoumn', ['AMEJDOBU Lucie', 'EDUALIBL Paul']],
    ['d’artigues', ['XDAALB Emma']],
    ['dartigues', ['XDAALB Emma']],
    ['le boeuf dupre', ['XDAALB Emma']],
    ['LeBœuf-Dupré', ['XDAALB Emma']],
    ['%', []],
    ['_', ['AIXTHASI Alice']],
    ['ailleurs', []],
  ])('%s', async (typed, expected) => {
    const found = await pupilsOf(`q=${encodeURIComponent(typed)}`);
    if (typed !== '_') expect(found).toEqual(expected);
  });
});
