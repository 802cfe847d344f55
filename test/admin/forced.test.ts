import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { forceChanges } from '../../src/jobs/force-changes.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements } from '../support/deps.ts';
import { seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';

/** « Mots de passe à changer » of a school: preview, confirmation, progress. */

jest.setTimeout(60_000);

let database: TestDatabase;
let world: StaffWorld;
let visitor: Visitor;
const PAGE = `/admin/etablissements/${STAFF_SCHOOLS.one.uai}/mots-de-passe-a-changer`;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
  await seed('one', 'e', 30);
  await seed('two', 'm', 3);
  visitor = createVisitor(world.app.url);
  await signInStaff(world, visitor, 'directeur');
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  await database.db('forced_changes').delete();
  await database.db('accounts').update({ must_change_since: null, credentials_version: 0 });
});

/** A third of them with a password of their own. */
async function seed(school: 'one' | 'two', key: string, count: number): Promise<void> {
  const guardians = Array.from({ length: count }, (_, index) => ({
    givenName: 'Ada',
    familyName: `NOM${index}`,
    identifier: `${key}.nom${index}`,
    as: (['activated', 'notified', 'franceconnect'] as const)[index % 3] ?? 'notified',
  }));
  await seedSchool(world.app.deps, STAFF_SCHOOLS[school].uai, {
    guardians,
    pupils: guardians.map(({ identifier, familyName }, index) => ({
      givenName: 'Max',
      familyName,
      class: index % 2 ? 'CP' : 'CM2',
      of: [identifier],
    })),
  });
}

const marked = (): Promise<string[]> =>
  database.db('accounts').whereNotNull('must_change_since').orderBy('identifier').pluck('identifier');
const preview = (query = '') => visitor.get(`${PAGE}?apercu=1${query}`);
const confirm = (page: Answer) => visitor.submit(page, {}, '/mots-de-passe-a-changer');

test('the preview counts who must change and who is left out; confirmed, these and nobody of another school are marked', async () => {
  const page = await preview();
  expect(page.text).toContain('10 compte(s) devront changer de mot de passe');
  expect(await marked()).toEqual([]);
  const progress = await confirm(page);
  expect(new URL(progress.url).pathname).toMatch(/mots-de-passe-a-changer\/[\w-]{22}$/);
  expect(await marked()).toHaveLength(10);
  expect((await marked()).every((identifier) => identifier.startsWith('e.'))).toBe(true);
  const [change] = await database.db('forced_changes');
  expect(change).toMatchObject({ state: 'done', marked: 10, actor: 'staff:directeur', notify: 0 });
  const school = await database.db('schools').where({ uai: STAFF_SCHOOLS.one.uai }).first();
  const lines = await database.db('audit_events').where({ event: 'force-change', school_id: school.id });
  expect(lines).toHaveLength(10);
  expect((await visitor.get(PAGE)).text).toContain('Changements demandés');
});

test('by class, and who has chosen his since that day is left out', async () => {
  const { id } = await database.db('classes').where({ label: 'CP' }).first();
  expect((await preview(`&class=${id}`)).text).toContain('5 compte(s) devront');
  expect((await preview('&before=2020-01-01')).text).toContain('0 compte(s) devront');
  expect((await confirm(await preview(`&class=${id}`))).status).toBe(200);
  expect(await marked()).toHaveLength(5);
  const refused = await preview('&before=hier');
  expect([refused.status, refused.text.includes('Saisissez une date')]).toEqual([400, true]);
});

test('pressed twice it is one; when the number has changed it is shown again', async () => {
  const page = await preview();
  const [first, second] = await Promise.all([confirm(page), confirm(page)]);
  const third = await confirm(page);
  expect(new URL(third.url).pathname).toBe(new URL(first.url).pathname);
  expect([second.status, third.status]).toEqual([200, 200]);
  expect(await database.db('forced_changes')).toHaveLength(1);
  const versions: number[] = await database
    .db('accounts')
    .whereNotNull('must_change_since')
    .pluck('credentials_version');
  expect(versions).toEqual(versions.map(() => 1));

  await database.db('accounts').update({ must_change_since: null });
  const stale = await preview();
  await database.db('accounts').where({ identifier: 'e.nom0' }).update({ closed_at: new Date() });
  const shown = await confirm(stale);
  await database.db('accounts').where({ identifier: 'e.nom0' }).update({ closed_at: null });
  expect([shown.status, shown.text.includes('9 compte(s) devront')]).toEqual([400, true]);
  expect(await marked()).toEqual([]);
});

test('what a request does not mark the jobs do', async () => {
  const page = await preview();
  await database.db('forced_changes').delete();
  await confirm(page);
  await database.db('forced_changes').update({ state: 'marking', cursor_id: 0, marked: 0 });
  await database.db('forced_marks').delete();
  await database.db('accounts').update({ must_change_since: null });
  expect((await visitor.get(PAGE)).text).toContain('(en cours)');
  expect(await forceChanges(world.app.deps)).toMatchObject({ marked: 10 });
});

test('as many statements whatever the school, and nothing written by looking', async () => {
  const head = createVisitor(world.app.url);
  await signInStaff(world, head, 'trois');
  const seen = [];
  for (const school of ['one', 'two'] as const) {
    const count = countStatements(database.db);
    await head.get(`/admin/etablissements/${STAFF_SCHOOLS[school].uai}/mots-de-passe-a-changer?apercu=1`);
    count.stop();
    seen.push({ statements: count.statements.length, commits: count.commits() });
  }
  expect(seen[0]).toEqual(seen[1]);
  expect(seen[0]?.statements).toBeLessThanOrEqual(7);
  expect(seen[0]?.commits).toBe(0);
});
