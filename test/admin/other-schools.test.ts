import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ADMIN_ROUTES } from '../../src/admin/route-table.ts';
import type { AdminRoute } from '../../src/admin/types.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { fillSchool, type Ids } from '../support/other-school.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

/**
 * No way from one school to another (G01): every route of the router's own list, with every id of another school, in
 * its address, its query and its form. A route whose ids are not known here fails until somebody says how to fill it.
 */

/** Parameters of addresses beside `:uai`, by what they are an id of. */
const PARAMETERS: Record<string, keyof Ids> = {
  account: 'accounts',
  batch: 'batches',
  delegation: 'delegations',
  change: 'changes',
};
const OF_PUPILS: Partial<Record<keyof Ids, keyof Ids>> = { accounts: 'pupils', batches: 'pupilBatches' };
const isOfPupils = ({ path }: AdminRoute) => path.includes('/eleves');
/** What a parameter or field called so is an id of, in this route. */
const meant = (route: AdminRoute, of: keyof Ids): keyof Ids =>
  (isOfPupils(route) ? OF_PUPILS[of] : undefined) ?? of;

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
  [`${AT}/eleves/confirmer`]: SELECTION,
  [`${AT}/eleves/notifier`]: SELECTION,
  [`${AT}/eleves/reinitialiser`]: SELECTION,
  [`${AT}/eleves/liste.pdf`]: SELECTION,
  [`${AT}/eleves/liste.csv`]: SELECTION,
  [`${AT}/eleves/liste-par-classe.pdf`]: SELECTION,
  [`${AT}/rattachements`]: ['attachment'],
  [`${AT}/statistiques`]: [],
  [`${AT}/delegations`]: [],
  [`${AT}/mots-de-passe-a-changer`]: ['class'],
};

/** What forms ask for beside ids, so that they get as far as the ids. */
const REST = { all: '1', q: '', action: 'sheet', decision: 'removed', expected: '1', once: 'x'.repeat(43) };

let database: TestDatabase;
let world: StaffWorld;

/** Somebody of one school, with the ids of it and of another that he has nothing to do with. */
type Side = { uai: string; visitor: Visitor; csrf: string; own: Ids; foreign: Ids };
/** A director; the head of a collège, for what only the second degree has. */
let sides: Record<1 | 2, Side>;
const STRANGERS = ['LOINTAIN', 'lointain'];
const OTHER_COLLEGE = '0319998F';

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
  const college = await database.db('schools').where({ uai: STAFF_SCHOOLS.college.uai }).first();
  await database.db('schools').insert({
    ...college,
    id: undefined,
    uai: OTHER_COLLEGE,
    source_id: OTHER_COLLEGE,
    name: 'CLG-AILLEURS',
  });
  sides = {
    1: await sideOf('directeur', STAFF_SCHOOLS.one.uai, STAFF_SCHOOLS.foreign.uai),
    2: await sideOf('principal', STAFF_SCHOOLS.college.uai, OTHER_COLLEGE),
  };
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

async function sideOf(login: string, uai: string, other: string): Promise<Side> {
  const visitor = createVisitor(world.app.url);
  const csrf = readForm(await signInStaff(world, visitor, login), '/deconnexion').hidden._csrf ?? '';
  const own = await fillSchool(world.app.deps, uai, `PROCHE${uai}`);
  const foreign = await fillSchool(world.app.deps, other, `LOINTAIN${uai}`);
  return { uai, visitor, csrf, own, foreign };
}

/** Everything that concerns one school. */
const OF_SCHOOL = ADMIN_ROUTES.filter(({ path }) => path.includes(':uai'));
const sideFor = ({ needs }: AdminRoute): Side =>
  typeof needs !== 'string' && (needs.degree === 2 || needs.module === 'troubleshooting')
    ? sides[2]
    : sides[1];
const parametersOf = ({ path }: AdminRoute) =>
  Array.from(path.matchAll(/:(\w+)/g), ([, name = '']) => name).filter((name) => name !== 'uai');
const nameOf = ({ method, path }: AdminRoute) => `${method.toUpperCase()} ${path}`;

/** The address with one's own school, and with these ids for its parameters. */
function fill(route: AdminRoute, ids: (of: keyof Ids) => string): string {
  const path = route.path.replace(':uai', sideFor(route).uai);
  return path.replace(/:(\w+)/g, (_, name: string) => {
    const of = PARAMETERS[name];
    if (of === undefined) throw new Error(`say in PARAMETERS what :${name} of ${route.path} is an id of`);
    return encodeURIComponent(ids(meant(route, of)));
  });
}

type Sent = readonly (readonly [string, string])[];
const send = (route: AdminRoute, path: string, sent: Sent = []): Promise<Answer> => {
  const { visitor, csrf } = sideFor(route);
  return route.method === 'get'
    ? visitor.send(path)
    : visitor.send(path, postOf(bodyOf([['_csrf', csrf], ...sent])));
};

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
  expect({ what, named: STRANGERS.filter((name) => text.includes(name)) }).toEqual({ what, named: [] });
}

test('there are routes to walk, and each id of both schools is one', () => {
  expect(OF_SCHOOL.length).toBeGreaterThan(2);
  for (const [degree, { own, foreign }] of Object.entries(sides))
    for (const of of Object.keys(own) as (keyof Ids)[]) {
      if (degree === '1' && (of === 'pupils' || of === 'pupilBatches')) continue;
      expect({ of, own: own[of].length > 0 }).toEqual({ of, own: true });
      expect({ of, foreign: foreign[of].length > 0 }).toEqual({ of, foreign: true });
    }
});

describe('G01: in the address', () => {
  test.each(
    OF_SCHOOL.filter((route) => parametersOf(route).length > 0).map(
      (route) => [nameOf(route), route] as const,
    ),
  )('%s', async (name, route) => {
    const { own, foreign } = sideFor(route);
    for (const parameter of parametersOf(route)) {
      const listed = PARAMETERS[parameter];
      if (listed === undefined)
        throw new Error(`say in PARAMETERS what :${parameter} of ${route.path} is an id of`);
      const of = meant(route, listed);
      // Also one's own of the other population: pages of pupils open no guardian's account, nor the other way round.
      const others = own[isOfPupils(route) ? listed : (OF_PUPILS[listed] ?? listed)];
      for (const id of [...foreign[of], ...(others === own[of] ? [] : others), 'nothing', "'", '0'])
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

describe('G01: in the form, alone and mixed with what is one’s own', () => {
  const forms = OF_SCHOOL.filter((route) => route.method === 'post' && parametersOf(route).length === 0);
  test.each(forms.map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
    const reads = READS[route.path];
    if (reads === undefined) throw new Error(`say in READS which ids ${name} reads`);
    const path = fill(route, () => '');
    const { own, foreign } = sideFor(route);
    const { all: _all, ...ticked } = REST;
    for (const [field, of] of Object.entries(FIELDS))
      for (const id of [
        ...foreign[meant(route, of)],
        ...(isOfPupils(route) && of === 'accounts' ? [...foreign.accounts, ...own.accounts] : []),
      ]) {
        const rest = Object.entries(field === 'class' ? REST : ticked);
        const mine: [string, string][] = [[field, own[meant(route, of)][0] ?? '']];
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

describe('G01: in the query', () => {
  const pages = OF_SCHOOL.filter((route) => route.method === 'get' && parametersOf(route).length === 0);
  test.each(pages.map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
    const { foreign } = sideFor(route);
    for (const [field, of] of Object.entries({ ...FIELDS, compte: 'accounts' as const }))
      for (const id of foreign[of]) {
        const path = `${fill(route, () => '')}?q=&${field}=${encodeURIComponent(id)}`;
        if (/\/(responsables|eleves)$/.test(route.path) && field === 'class')
          await isRefused(() => send(route, path), `${name} with ${field} ${id}`);
        else {
          const before = await contents();
          expectNoStranger(await send(route, path), `${name} with ${field} ${id}`);
          expect(await contents()).toEqual(before);
        }
      }
  });
});
