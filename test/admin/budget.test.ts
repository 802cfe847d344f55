import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements } from '../support/deps.ts';
import { seedSchool } from '../support/school-accounts.ts';
import {
  STAFF_SCHOOLS,
  type StaffSchoolKey,
  type StaffWorld,
  signInStaff,
  startStaffWorld,
} from '../support/staff.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';

/** A page asks as many statements of the database whether the school has three families or three thousand rows. */

let database: TestDatabase;
let world: StaffWorld;
let visitor: Visitor;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
  await seed('one', 3);
  await seed('two', 1500);
  visitor = createVisitor(world.app.url);
  await signInStaff(world, visitor, 'trois');
  await seedColleges();
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

/** Two guardians a pupil, each with two children: twice as many rows as guardians. */
async function seed(school: StaffSchoolKey, families: number): Promise<void> {
  const numbers = Array.from({ length: families }, (_, index) => index);
  const of = (index: number) => `${school}.${index % families}`;
  await seedSchool(world.app.deps, STAFF_SCHOOLS[school].uai, {
    guardians: numbers.map((index) => ({
      givenName: 'Zoé',
      familyName: `NOM${index}`,
      identifier: of(index),
      as: (['not_notified', 'notified', 'activated'] as const)[index % 3] ?? 'notified',
      email: index % 2 ? `z${index}@example.org` : null,
    })),
    pupils: numbers.map((index) => ({
      givenName: 'Max',
      familyName: `NOM${index}`,
      class: `classe ${index % 40}`,
      of: [of(index), of(index + 1)],
    })),
  });
}

/** Two collèges of one head: three pupils, and fifteen hundred. */
const COLLEGES = { small: STAFF_SCHOOLS.college.uai, large: '0319951G' };
let head: Visitor;
async function seedColleges(): Promise<void> {
  const row = await database.db('schools').where({ uai: COLLEGES.small }).first();
  await database
    .db('schools')
    .insert({ ...row, id: undefined, uai: COLLEGES.large, source_id: 'large', name: 'CLG-GRAND' });
  for (const [key, pupils] of [
    ['small', 3],
    ['large', 1500],
  ] as const)
    await seedSchool(world.app.deps, COLLEGES[key], {
      guardians: [],
      pupils: Array.from({ length: pupils }, (_, index) => ({
        givenName: 'Max',
        familyName: `NOM${index}`,
        class: `classe ${index % 40}`,
        mef: [`1001001211${index % 5}`, `MEF ${index % 5}`],
        of: [],
        account: {
          identifier: `${key}.p${index}`,
          as: (['not_notified', 'notified', 'activated'] as const)[index % 3] ?? 'notified',
        },
      })),
    });
  world.portal.change('principal', {
    rights: { FrEduFonctAdm: 'DIR', FrEduRneResp: Object.values(COLLEGES).map((uai) => `${uai}$UAJ$PU`) },
  });
  head = createVisitor(world.app.url);
  await signInStaff(world, head, 'principal');
}

async function counted(
  path: string,
  by = visitor,
): Promise<{ answer: Answer; statements: number; commits: number }> {
  const count = countStatements(database.db);
  try {
    const answer = await by.get(path);
    return { answer, statements: count.statements.length, commits: count.commits() };
  } finally {
    count.stop();
  }
}
const at = (school: StaffSchoolKey) => `/admin/etablissements/${STAFF_SCHOOLS[school].uai}`;

/** Three are the session's. */
const LIST_AT_MOST = 8;
const ACCOUNT_AT_MOST = 20;
const PUPIL_AT_MOST = 12;

test.each(['', '?q=', '?q=nom1&state=notified&email=with&sort=email&dir=desc&page=2'])(
  'the list %s: as many statements, nothing written',
  async (query) => {
    const pages = [];
    for (const school of ['one', 'two'] as const)
      pages.push(await counted(`${at(school)}/responsables${query}`));
    for (const { answer, statements, commits } of pages) {
      expect(answer.status).toBe(200);
      expect(statements).toBeLessThanOrEqual(LIST_AT_MOST);
      expect({ statements, commits }).toEqual({ statements: pages[0]?.statements, commits: 0 });
    }
  },
);

test('the list of three thousand rows: 50 a page, the last one too', async () => {
  const first = (await counted(`${at('two')}/responsables?q=`)).answer.text;
  expect(first).toContain('1 à 50 sur 3000 élève(s)');
  expect(first).toContain('1500 responsable(s) dans les résultats');
  expect(first.match(/name="account"/g)?.length).toBe(50);
  const last = (await counted(`${at('two')}/responsables?q=&page=999`)).answer.text;
  expect(last).toContain('2951 à 3000 sur 3000 élève(s)');
});

test('the page of an account: as many statements whatever the school, one line written where a password is shown', async () => {
  const of = async (identifier: string) =>
    (await database.db('accounts').where({ identifier }).first()).public_id;
  const seen: number[] = [];
  for (const [school, identifier, commits] of [
    ['one', 'one.0', 0],
    ['two', 'two.0', 0],
    ['two', 'two.1', 1],
  ] as const) {
    const page = await counted(`${at(school)}/comptes/${await of(identifier)}`);
    expect({ identifier, status: page.answer.status, commits: page.commits }).toEqual({
      identifier,
      status: 200,
      commits,
    });
    seen.push(page.statements - commits);
  }
  expect(new Set(seen).size).toBe(1);
  expect(seen[0]).toBeLessThanOrEqual(ACCOUNT_AT_MOST);
});

describe('pupils of a collège', () => {
  const bases = ['/admin/etablissements', '/admin/depannage/etablissements'];
  test.each(
    bases.flatMap((base) =>
      ['', '?q=', '?q=nom1&state=notified&email=without&sort=class&dir=desc&page=2'].map(
        (query) => [base, query] as const,
      ),
    ),
  )('%s, the list %s: as many statements, nothing written', async (base, query) => {
    const pages = [];
    for (const uai of Object.values(COLLEGES))
      pages.push(await counted(`${base}/${uai}/eleves${query}`, head));
    for (const { answer, statements, commits } of pages) {
      expect(answer.status).toBe(200);
      expect(statements).toBeLessThanOrEqual(LIST_AT_MOST);
      expect({ statements, commits }).toEqual({ statements: pages[0]?.statements, commits: 0 });
    }
  });

  test.each(bases)('%s, an account: as many statements', async (base) => {
    const seen: number[] = [];
    for (const [key, uai] of Object.entries(COLLEGES)) {
      const { public_id: id } = await database
        .db('accounts')
        .where({ identifier: `${key}.p0` })
        .first();
      const { answer, statements, commits } = await counted(`${base}/${uai}/eleves/comptes/${id}`, head);
      expect({ status: answer.status, commits }).toEqual({ status: 200, commits: 0 });
      seen.push(statements);
    }
    expect(new Set(seen).size).toBe(1);
    expect(seen[0]).toBeLessThanOrEqual(PUPIL_AT_MOST);
  });
});
