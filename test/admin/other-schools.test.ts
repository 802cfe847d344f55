import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ADMIN_ROUTES } from '../../src/admin/route-table.ts';
import type { AdminRoute } from '../../src/admin/types.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Ids, seedTwoSchools } from '../support/other-school.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

/**
 * No way from one school to another (G01): every route of the router's own list, with every id of another school, in
 * its address, its query and its form. A route whose ids are not known here fails until somebody says how to fill it.
 */

/** Parameters of addresses beside `:uai`, by what they are an id of. */
const PARAMETERS: Record<string, keyof Ids> = { account: 'accounts', batch: 'batches' };

/** Fields of forms that name something of a school; a form is sent with each, alone and beside one's own. */
const FIELDS: Record<string, keyof Ids> = {
  account: 'accounts',
  class: 'classes',
  attachment: 'attachments',
};

/** Which of them each form reads. None: the school of the address is all that it touches. */
const AT = '/admin/etablissements/:uai';
const SELECTION = ['account', 'class'];
const READS: Record<string, readonly string[]> = {
  [`${AT}/responsables/confirmer`]: SELECTION,
  [`${AT}/responsables/notifier`]: SELECTION,
  [`${AT}/responsables/reinitialiser`]: SELECTION,
  [`${AT}/responsables/liste.pdf`]: SELECTION,
  [`${AT}/responsables/liste.csv`]: SELECTION,
  [`${AT}/responsables/liste-par-classe.pdf`]: SELECTION,
  [`${AT}/rattachements`]: ['attachment'],
  [`${AT}/statistiques`]: [],
};

/** What forms ask for beside ids, so that they get as far as the ids. */
const REST = { all: '1', q: '', action: 'sheet', decision: 'removed', expected: '1', once: 'x'.repeat(43) };

let database: TestDatabase;
let world: StaffWorld;
let visitor: Visitor;
let csrf: string;
let own: Ids;
let foreign: Ids;
let strangers: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
  ({ own, foreign, strangers } = await seedTwoSchools(world.app.deps, {
    own: STAFF_SCHOOLS.one.uai,
    foreign: STAFF_SCHOOLS.foreign.uai,
  }));
  visitor = createVisitor(world.app.url);
  csrf = readForm(await signInStaff(world, visitor, 'directeur'), '/deconnexion').hidden._csrf ?? '';
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

const OF_SCHOOL = ADMIN_ROUTES.filter(({ path, needs }) => {
  const degree = typeof needs === 'string' ? undefined : needs.degree;
  return path.startsWith('/admin/etablissements/:uai') && degree !== 2;
});
const parametersOf = ({ path }: AdminRoute) =>
  Array.from(path.matchAll(/:(\w+)/g), ([, name = '']) => name).filter((name) => name !== 'uai');
const nameOf = ({ method, path }: AdminRoute) => `${method.toUpperCase()} ${path}`;

/** The address with one's own school, and with these ids for its parameters. */
function fill(route: AdminRoute, ids: (of: keyof Ids) => string): string {
  const path = route.path.replace(':uai', STAFF_SCHOOLS.one.uai);
  return path.replace(/:(\w+)/g, (_, name: string) => {
    const of = PARAMETERS[name];
    if (of === undefined) throw new Error(`say in PARAMETERS what :${name} of ${route.path} is an id of`);
    return encodeURIComponent(ids(of));
  });
}

type Sent = readonly (readonly [string, string])[];
const send = (route: AdminRoute, path: string, sent: Sent = []): Promise<Answer> =>
  route.method === 'get'
    ? visitor.send(path)
    : visitor.send(path, postOf(bodyOf([['_csrf', csrf], ...sent])));

function bodyOf(sent: Sent): string {
  const body = new URLSearchParams();
  for (const [name, value] of sent) body.append(name, value);
  return body.toString();
}

/** Every table's content as one number each; not the trail, and not the session that is used. */
async function contents(): Promise<Record<string, number>> {
  const tables: { name: string }[] = await database
    .db('information_schema.tables')
    .where({ table_schema: database.name })
    .whereNotIn('table_name', ['audit_events', 'staff_sessions', 'staff_grants'])
    .select({ name: 'table_name' });
  const [rows] = await database.db.raw(`CHECKSUM TABLE ${tables.map(({ name }) => name).join(', ')}`);
  return Object.fromEntries(
    (rows as { Table: string; Checksum: number }[]).map(({ Table, Checksum }) => [Table, Checksum]),
  );
}
const refusals = async () =>
  Number((await database.db('audit_events').where({ event: 'staff-refused' }).count({ n: '*' }).first())?.n);
const lines = async () => Number((await database.db('audit_events').count({ n: '*' }).first())?.n);

/** 404, a line of refusal, and not a row of anything else. */
async function isRefused(ask: () => Promise<Answer>, what: string): Promise<void> {
  const before = { contents: await contents(), lines: await lines(), refusals: await refusals() };
  const answer = await ask();
  const after = { contents: await contents(), lines: await lines(), refusals: await refusals() };
  expect({ what, status: answer.status }).toEqual({ what, status: 404 });
  expect({ what, ...after }).toEqual({
    what,
    contents: before.contents,
    lines: before.lines + 1,
    refusals: before.refusals + 1,
  });
  expectNoStranger(answer, what);
}

function expectNoStranger({ text }: Answer, what: string): void {
  expect({ what, named: strangers.filter((name) => text.includes(name)) }).toEqual({ what, named: [] });
}

test('there are routes to walk, and each id of both schools is one', () => {
  expect(OF_SCHOOL.length).toBeGreaterThan(2);
  for (const of of Object.keys(own) as (keyof Ids)[]) {
    expect({ of, own: own[of].length > 0 }).toEqual({ of, own: true });
    expect({ of, foreign: foreign[of].length > 0 }).toEqual({ of, foreign: true });
  }
});

describe('in the address', () => {
  test.each(
    OF_SCHOOL.filter((route) => parametersOf(route).length > 0).map(
      (route) => [nameOf(route), route] as const,
    ),
  )('%s', async (name, route) => {
    for (const parameter of parametersOf(route)) {
      const of = PARAMETERS[parameter];
      if (of === undefined)
        throw new Error(`say in PARAMETERS what :${parameter} of ${route.path} is an id of`);
      for (const id of [...foreign[of], 'nothing', "'", '0'])
        await isRefused(
          () =>
            send(
              route,
              fill(route, (kind) => (kind === of ? id : (own[kind][0] ?? ''))),
              Object.entries(REST),
            ),
          `${name} with ${of} ${id}`,
        );
    }
    // So that the refusals above are due to the id.
    const mine = await send(
      route,
      fill(route, (kind) => own[kind][0] ?? ''),
    );
    expect(mine.status).not.toBe(404);
  });
});

describe('in the form, alone and mixed with what is one’s own', () => {
  const forms = OF_SCHOOL.filter((route) => route.method === 'post' && parametersOf(route).length === 0);
  test.each(forms.map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
    const reads = READS[route.path];
    if (reads === undefined) throw new Error(`say in READS which ids ${name} reads`);
    const path = fill(route, () => '');
    const { all: _all, ...ticked } = REST;
    for (const [field, of] of Object.entries(FIELDS))
      for (const id of foreign[of]) {
        const rest = Object.entries(field === 'class' ? REST : ticked);
        const mine: [string, string][] = [[field, own[of][0] ?? '']];
        for (const beside of field === 'attachment' ? [[]] : [[], mine]) {
          const sent: Sent = [...rest, ...beside, [field, id]];
          const before = await contents();
          if (reads.includes(field))
            await isRefused(() => send(route, path, sent), `${name} with ${field} ${id}`);
          else expectNoStranger(await send(route, path, sent), name);
          if (reads.length > 0) expect(await contents()).toEqual(before);
        }
      }
  });
});

describe('in the query', () => {
  const pages = OF_SCHOOL.filter((route) => route.method === 'get' && parametersOf(route).length === 0);
  test.each(pages.map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
    for (const [field, of] of Object.entries({ ...FIELDS, compte: 'accounts' as const }))
      for (const id of foreign[of]) {
        const path = `${fill(route, () => '')}?q=&${field}=${encodeURIComponent(id)}`;
        if (route.path.endsWith('/responsables') && field === 'class')
          await isRefused(() => send(route, path), `${name} with ${field} ${id}`);
        else {
          const before = await contents();
          expectNoStranger(await send(route, path), `${name} with ${field} ${id}`);
          expect(await contents()).toEqual(before);
        }
      }
  });
});
