import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ADMIN_ROUTES } from '../../src/admin/route-table.ts';
import { adminRoutes } from '../../src/admin/routes.ts';
import type { AdminRoute } from '../../src/admin/types.ts';
import type { StaffModule } from '../../src/staff/types.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  insertStaffOfFeed,
  STAFF_SCHOOLS,
  type StaffSchoolKey,
  type StaffWorld,
  signInStaff,
  startStaffWorld,
} from '../support/staff.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

/** Routes of each kind, so that what is asked before a handler does not depend on the pages that there are. */
const probe = (method: 'get' | 'post', path: string, needs: AdminRoute['needs']): AdminRoute =>
  ({
    method,
    path,
    needs,
    handle: (_door: unknown, ctx: { body: unknown }, visit: { school?: { uai: string } }) => {
      ctx.body = `reached ${visit.school?.uai}`;
    },
  }) as AdminRoute;
const AT = '/admin/etablissements/:uai/essai';
const PROBES: AdminRoute[] = [
  probe('get', AT, { module: 'administration' }),
  probe('post', AT, { module: 'administration' }),
  probe('get', `${AT}-2d`, { module: 'administration', degree: 2 }),
  probe('post', `${AT}-sensible`, { module: 'administration', sensitive: true }),
  probe('get', '/admin/depannage/etablissements/:uai/essai', { module: 'troubleshooting' }),
  probe('post', '/admin/depannage/etablissements/:uai/essai', { module: 'troubleshooting' }),
];
/** All that there are, reached or not whatever their pages say: what is behind them is tried beside their pages. */
const ROUTES = [
  ...ADMIN_ROUTES.map((route) =>
    typeof route.needs === 'string' || route.path === '/admin/etablissements/:uai'
      ? route
      : probe(route.method, route.path, route.needs),
  ),
  ...PROBES,
];

/** Each role asks for each page of each school. */
jest.setTimeout(120_000);

let database: TestDatabase;
let world: StaffWorld;
let visitor: Visitor;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database, { table: ROUTES });
  await insertStaffOfFeed(database, {
    email: 'annuaire@example.org',
    school: 'two',
    at: new Date('2026-10-01T00:00:00Z'),
  });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  visitor = createVisitor(world.app.url);
});

const uaiOf = (school: StaffSchoolKey) => STAFF_SCHOOLS[school].uai;
const csrfOf = (page: Answer) => readForm(page, '/deconnexion').hidden._csrf ?? '';

/** Signs in and keeps what posts need. */
async function enter(login: string): Promise<{ page: Answer; csrf: string }> {
  const page = await signInStaff(world, visitor, login);
  return { page, csrf: csrfOf(page) };
}

/** Whatever the page then made of a request with no fields: it was let in. */
const letIn = (status: number) => (status === 303 || status === 400 ? 200 : status);

function ask(route: AdminRoute, uai: string, csrf: string): Promise<Answer> {
  const path = route.path.replace(':uai', encodeURIComponent(uai));
  return route.method === 'get'
    ? visitor.send(path)
    : visitor.send(path, postOf(new URLSearchParams({ _csrf: csrf }).toString()));
}

test('the router is the table, and whatever has an id in its address needs a module at a school', () => {
  const { stack } = adminRoutes({ deps: world.app.deps });
  const listed = stack.flatMap(({ methods, path }) =>
    methods.filter((method) => method !== 'HEAD').map((method) => `${method.toLowerCase()} ${path}`),
  );
  expect(listed.sort()).toEqual(ADMIN_ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
  for (const { path, needs } of ADMIN_ROUTES) {
    expect({ path, open: typeof needs === 'string' }).toEqual({ path, open: !path.includes(':') });
    if (path.includes(':')) expect(path).toContain('/etablissements/:uai');
  }
});

describe('role, degree and key (R-016, R-017)', () => {
  const all = { one: 404, two: 404, three: 404, college: 404, foreign: 404 };
  type Expected = Record<StaffModule, Partial<Record<StaffSchoolKey, number>>>;
  const cases: [login: string, Expected][] = [
    ['directeur', { administration: { one: 200 }, troubleshooting: {} }],
    ['trois', { administration: { one: 200, two: 200, three: 200 }, troubleshooting: {} }],
    ['principal', { administration: { college: 200 }, troubleshooting: { college: 200 } }],
    ['principal.sans-cle', { administration: { college: 403 }, troubleshooting: { college: 200 } }],
    ['adjoint', { administration: { college: 200 }, troubleshooting: { college: 200 } }],
    ['adjoint.sans-cle', { administration: { college: 403 }, troubleshooting: { college: 200 } }],
    ['depanneur', { administration: {}, troubleshooting: { college: 200 } }],
    ['professeur', { administration: {}, troubleshooting: {} }],
    ['annuaire', { administration: { two: 200 }, troubleshooting: {} }],
  ];

  test.each(cases)('%s', async (login, expected) => {
    const { csrf } = await enter(login);
    for (const route of ROUTES.filter(({ needs }) => typeof needs !== 'string')) {
      if (typeof route.needs === 'string') continue;
      const { module, degree, head } = route.needs;
      const got: Record<string, number> = {};
      for (const school of Object.keys(all) as StaffSchoolKey[])
        got[school] = letIn((await ask(route, uaiOf(school), csrf)).status);
      const wanted: Record<string, number> = { ...all, ...expected[module] };
      for (const school of Object.keys(all) as StaffSchoolKey[])
        if (degree !== undefined && STAFF_SCHOOLS[school].degree !== degree) wanted[school] = 404;
      // To whom a module is delegated may not delegate it in turn.
      if (head && login.startsWith('adjoint')) Object.assign(wanted, all);
      expect({ path: route.path, ...got }).toEqual({ path: route.path, ...wanted });
    }
  });

  test('without the key a page says so, and leads to the portal, which asks for it', async () => {
    const { page } = await enter('principal.sans-cle');
    expect(page.status).toBe(403);
    expect(page.text).toContain('Connectez-vous avec votre clé OTP');
    expect(page.text).toContain('href="/admin/depannage"');
    const to = new URL((await visitor.send('/admin/cle')).headers.location ?? '', world.base);
    expect(to.searchParams.get('prompt')).toBe('login');
    expect(to.searchParams.get('acr_values')).toBe('https://refeds.org/profile/mfa');
  });

  test('whoever has the troubleshooting alone is led there', async () => {
    const { page } = await enter('depanneur');
    expect(new URL(page.url).pathname).toBe('/admin/depannage');
    expect(page.text).toContain('EduConnect - Dépannage des comptes élèves');
    expect(page.text).not.toContain('Administration des comptes');
  });

  test('whoever has no rights is told what to ask, and whom (R-019)', async () => {
    const { page } = await enter('professeur');
    expect(page.status).toBe(403);
    expect(page.text).toContain('Vous n&#39;avez pas de droits dans EduConnect');
    expect(page.text).toContain('l&#39;assistance de votre académie');
    expect(page.text).toContain('Se déconnecter');
    expect((await visitor.send('/admin/depannage')).status).toBe(403);
  });
});

describe("another school's id (G01)", () => {
  const neutral = ({ text, headers }: Answer) =>
    text.replaceAll(String(headers['x-request-id']), 'ID').replace(/value="[^"]+"/g, '');

  test.each(ROUTES.filter(({ path }) => path.includes(':uai')))(
    '$method $path answers as for one that does not exist, touches nothing, and leaves a line',
    async (route) => {
      const { csrf } = await enter('directeur');
      const before = await database.db('audit_events').where({ event: 'staff-refused' });
      const foreign = await ask(route, uaiOf('foreign'), csrf);
      const unknown = await ask(route, '0310000X', csrf);
      const after = await database.db('audit_events').where({ event: 'staff-refused' }).orderBy('id');
      expect([foreign.status, unknown.status]).toEqual([404, 404]);
      expect(neutral(foreign)).toBe(neutral(unknown));
      expect(after.length).toBe(before.length + 2);
      expect(after.at(-2)).toMatchObject({
        actor: 'staff:directeur',
        outcome: 'refused',
        details: `${route.method.toUpperCase()} ${uaiOf('foreign')}`,
      });
      for (const odd of ['0319911a', '0319911A ', "'", '%00'])
        expect((await ask(route, odd, csrf)).status).toBeGreaterThanOrEqual(400);
    },
  );

  test('in the form of the choice too', async () => {
    const { page } = await enter('trois');
    const form = readForm(page, '/admin/etablissement');
    for (const school of [uaiOf('foreign'), '0310000X', 'x']) {
      const body = new URLSearchParams({ ...form.hidden, school }).toString();
      expect((await visitor.send(form.action, postOf(body))).status).toBe(404);
    }
    const rows = await database.db('staff_sessions').whereNotNull('chosen_uai');
    expect(rows).toEqual([]);
  });
});

describe('rights that end while somebody is signed in (G02)', () => {
  const college = AT.replace(':uai', uaiOf('two'));
  const sensitive = (school: StaffSchoolKey) => PROBES[3] && ask(PROBES[3], uaiOf(school), csrf);
  let csrf = '';
  const MINUTE_MS = 60_000;

  test('in the feed: out at the next request', async () => {
    await enter('annuaire');
    expect((await visitor.send(college)).status).toBe(200);
    const at = new Date(world.app.deps.clock.now().getTime() + 1000);
    const row = await database.db('staff').where({ email: 'annuaire@example.org' }).first('id');
    await database.db('staff_functions').where({ staff_id: row.id }).delete();
    await database.db('staff').where({ id: row.id }).update({ left_at: at, updated_at: at });
    expect((await visitor.send(college)).status).toBe(404);
    expect((await visitor.send('/admin')).status).toBe(403);
  });

  test('in the feed, of whom the portal called head at sign-in', async () => {
    await enter('trois');
    expect((await visitor.send(college)).status).toBe(200);
    const at = new Date(world.app.deps.clock.now().getTime() + 1000);
    const id = await insertStaffOfFeed(database, { email: 'trois@example.org', school: 'one', at });
    expect((await visitor.send(college)).status).toBe(404);
    expect((await visitor.send(AT.replace(':uai', uaiOf('one')))).status).toBe(200);
    await database.db('staff').where({ id }).delete();
  });

  test('at the portal: before a sensitive action it is asked again', async () => {
    ({ csrf } = await enter('trois'));
    expect((await sensitive('two'))?.status).toBe(200);
    world.portal.change('trois', { rights: { FrEduFonctAdm: 'DIR', FrEduRneResp: uaiOf('one') } });
    expect((await sensitive('two'))?.status).toBe(200);
    world.app.deps.clock.advance(2 * MINUTE_MS);
    expect((await sensitive('two'))?.status).toBe(404);
    expect((await sensitive('one'))?.status).toBe(200);
    expect((await visitor.send(college)).status).toBe(404);
  });

  test('who is not known there any more must sign in again, and cannot', async () => {
    ({ csrf } = await enter('directeur'));
    world.portal.change('directeur', null);
    world.app.deps.clock.advance(2 * MINUTE_MS);
    const answer = await sensitive('one');
    expect(answer?.status).toBe(303);
    expect(answer?.headers.location).toContain(world.portal.issuer);
    expect((await visitor.send('/admin')).status).toBe(303);
  });
});
