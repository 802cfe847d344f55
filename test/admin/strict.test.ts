import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

/** STRICT_SECOND_DEGREE: « Aucune action pour ce compte » to the letter (R-171, X14). */

let database: TestDatabase;
let world: StaffWorld;
let head: Visitor;

const AT = `/admin/etablissements/${STAFF_SCHOOLS.college.uai}`;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database, { env: { STRICT_SECOND_DEGREE: '1' } });
  await seedSchool(world.app.deps, STAFF_SCHOOLS.college.uai, {
    guardians: [
      { givenName: 'Jeanne', familyName: 'BARRET', identifier: 'j.barret', as: 'franceconnect' },
      { givenName: 'Ana', familyName: 'LULLY', identifier: 'a.lully', as: 'self' },
      { givenName: 'Luc', familyName: 'MOREL', identifier: 'l.morel', as: 'notified' },
    ],
    pupils: ['j.barret', 'a.lully', 'l.morel'].map((identifier) => ({
      givenName: 'Max',
      familyName: 'BARRET',
      of: [identifier],
      account: { identifier: `m.${identifier}`, as: 'notified' } as const,
    })),
  });
  head = createVisitor(world.app.url);
  await signInStaff(world, head, 'principal');
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

const publicOf = async (identifier: string): Promise<string> =>
  (await database.db('accounts').where({ identifier }).first()).public_id;

test('who came by himself cannot be ticked, is not among all, and has no actions on his page', async () => {
  const list = await head.get(`${AT}/responsables?q=`);
  expect(list.text).toContain('3 responsable(s) dans les résultats');
  expect(list.text).toContain('data-accounts="1"');
  const ticks = Array.from(list.text.matchAll(/name="account" value="([^"]+)"/g), ([, id]) => id);
  expect(ticks).toEqual([await publicOf('l.morel')]);
  const form = readForm(list, '/confirmer');
  const send = (fields: Record<string, string>) =>
    head.send(
      form.action,
      postOf(new URLSearchParams({ ...form.hidden, action: 'reset', ...fields }).toString()),
    );
  expect((await send({ all: '1' })).text).toContain('name="expected" value="1"');
  expect((await send({ account: await publicOf('a.lully') })).status).toBe(404);
  const page = await head.get(`${AT}/comptes/${await publicOf('a.lully')}`);
  expect(page.status).toBe(200);
  expect(page.text).toContain('Aucune action pour ce compte');
  expect(page.text).not.toContain('(Re)Notifier le compte');
  expect((await head.get(`${AT}/comptes/${await publicOf('a.lully')}/notifier`)).status).toBe(404);
  expect((await head.get(`${AT}/comptes/${await publicOf('l.morel')}/notifier`)).status).toBe(200);
});

test('pupils have no other way in than the school: all of them can be ticked', async () => {
  const list = await head.get(`${AT}/eleves?q=`);
  expect(list.text).toContain('data-accounts="3"');
  expect(list.text.match(/name="account"/g)?.length).toBe(3);
  expect(list.text).not.toContain('Aucune action pour ce compte');
  expect((await head.get(`${AT}/eleves/comptes/${await publicOf('m.a.lully')}/notifier`)).status).toBe(200);
});
