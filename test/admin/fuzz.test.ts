import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ADMIN_ROUTES } from '../../src/admin/route-table.ts';
import type { AdminRoute } from '../../src/admin/types.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { fillSchool, type Ids } from '../support/other-school.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

/**
 * Whatever is typed into an address or a form of the staff is answered, and never by a fault of ours (H01, H03): each
 * parameter that the pages read, with what breaks programs.
 */

/** All that is read from addresses and forms of the directors' module. */
const PARAMETERS = [
  ...['q', 'class', 'mef', 'state', 'email', 'origin', 'expires', 'sort', 'dir', 'page', 'select', 'action'],
  ...['with-reset', 'avis', 'relances', 'etat', 'fait', 'jours', 'acte', 'personne', 'compte', 'identifiant'],
  ...['liste', 'motif', 'groupe', 'tableau', 'comptes', 'calcul', 'kind', 'before', 'apercu'],
];
const FIELDS = [
  ...PARAMETERS,
  ...['account', 'all', 'once', 'expected', 'attachment', 'decision', 'school', 'person', 'role', 'until'],
];

const ODD = [
  '%00',
  'a%00b',
  '',
  '-1',
  '0',
  '1e9',
  '99999999999999999999',
  '999999',
  '%D9%A1%D9%A2',
  '%F0%9F%91%BE%E2%80%AE',
  "'%20OR%201=1--%20",
  '%25_%5C',
  '%ED%A0%80',
  '%C3',
  'constructor',
  '__proto__',
  'toString',
  '%0D%0ASet-Cookie:%20a=b',
  '%3Cscript%3Ealert(1)%3C/script%3E',
  'x'.repeat(7000),
];

let database: TestDatabase;
let world: StaffWorld;
/** A director, and the head of a collège for what only the second degree has. */
type Side = { uai: string; visitor: Visitor; csrf: string; own: Ids };
let sides: Record<1 | 2, Side>;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
  sides = {
    1: await sideOf('directeur', STAFF_SCHOOLS.one.uai),
    2: await sideOf('principal', STAFF_SCHOOLS.college.uai),
  };
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

const ROUTES = ADMIN_ROUTES.filter(({ path }) => !path.endsWith('/deconnexion'));

async function sideOf(login: string, uai: string): Promise<Side> {
  const own = await fillSchool(world.app.deps, uai, `PROCHE${uai}`);
  const visitor = createVisitor(world.app.url);
  const csrf = readForm(await signInStaff(world, visitor, login), '/deconnexion').hidden._csrf ?? '';
  return { uai, visitor, csrf, own };
}
const sideFor = ({ path }: AdminRoute) => sides[path.includes('/eleves') ? 2 : 1];
function fill(route: AdminRoute): string {
  const { uai, own } = sideFor(route);
  const ofPupils = route.path.includes('/eleves');
  return route.path
    .replace(':uai', uai)
    .replace(':account', (ofPupils ? own.pupils : own.accounts)[0] ?? '')
    .replace(':batch', (ofPupils ? own.pupilBatches : own.batches)[0] ?? '')
    .replace(':delegation', own.delegations[0] ?? '')
    .replace(':change', own.changes[0] ?? '');
}
const named = (method: string) =>
  ROUTES.filter((route) => route.method === method).map((route) => [route.path, route] as const);
/** A long one for the text that is searched only: addresses are limited. */
const namesFor = (odd: string, names: readonly string[]) => (odd.length < 100 ? names : ['q']);

test.each(named('get'))('GET %s', async (_path, route) => {
  const { visitor } = sideFor(route);
  const seen: Record<string, boolean> = {};
  for (const odd of ODD) {
    const names = namesFor(odd, PARAMETERS);
    const once = await visitor.send(`${fill(route)}?${names.map((name) => `${name}=${odd}`).join('&')}`);
    expect(once.text).not.toContain('<script>alert');
    expect(String(once.headers['set-cookie'])).not.toContain('a=b');
    const twice = names.map((name) => `${name}=${odd}&${name}=x&${name}[x]=1`).join('&');
    const several = await visitor.send(`${fill(route)}?${twice}`);
    seen[odd.slice(0, 30)] = once.status < 500 && several.status < 500;
  }
  expect(Object.entries(seen).filter(([, answered]) => !answered)).toEqual([]);
});

test.each(named('post'))('POST %s', async (_path, route) => {
  const { visitor, csrf } = sideFor(route);
  const seen: Record<string, boolean> = {};
  const post = async (fields: string) =>
    (await visitor.send(fill(route), postOf(`_csrf=${csrf}&${fields}`))).status;
  for (const odd of ODD) {
    const names = namesFor(odd, FIELDS);
    const all = names.map((name) => `${name}=${odd}`).join('&');
    const search = names.filter((name) => !['all', 'action', 'account'].includes(name));
    const rest = `all=1&action=email&${search.map((name) => `${name}=${odd}`).join('&')}`;
    seen[odd.slice(0, 30)] = (await post(all)) < 500 && (await post(rest)) < 500;
  }
  expect(Object.entries(seen).filter(([, answered]) => !answered)).toEqual([]);
  const many = Array.from({ length: 10_000 }, (_, index) => `account=${index}`).join('&');
  expect(await post(many)).toBe(413);
  const some = Array.from({ length: 1000 }, () => 'class=1').join('&');
  expect(await post(`all=1&${some}`)).toBe(400);
  expect(await post('all=1&q=a&q=b')).toBe(400);
  expect(await post('all=1&account[]=1')).toBe(400);
});
