import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ADMIN_ROUTES } from '../../src/admin/route-table.ts';
import { adminRoutes } from '../../src/admin/routes.ts';
import type { AdminRoute } from '../../src/admin/types.ts';
import { createPortalSimulator, type PortalSimulator } from '../../src/demo/academic-portal.ts';
import type { PortalPerson } from '../../src/demo/academic-portal-people.ts';
import type { Deps } from '../../src/deps.ts';
import { createAcademicPortal } from '../../src/gateways/academic-portal.ts';
import type { Middleware } from '../../src/http/context.ts';
import type { createProvider } from '../../src/provider/index.ts';
import { closeServer, startApp, type TestApp } from './app.ts';
import type { TestDatabase } from './database.ts';
import { testConfig } from './deps.ts';
import { stubProvider } from './stub-provider.ts';
import { type Answer, createVisitor, type Visitor } from './visitor.ts';

/** The schools of the tests; all invented. */
export const STAFF_SCHOOLS = {
  one: { uai: '0319911A', degree: 1, name: 'E.E.PU-DES TILLEULS-ac-TOULOUSE', town: 'VALMONT' },
  two: { uai: '0319912B', degree: 1, name: "E.M.PU-L'ÎLE-ac-TOULOUSE", town: 'MONTŒUVRE' },
  three: { uai: '0319913C', degree: 1, name: 'E.P.PU-DU PRÉ-ac-TOULOUSE', town: 'LÈZE' },
  college: { uai: '0319950D', degree: 2, name: 'CLG-JEANNE BARRET-ac-TOULOUSE', town: 'VALMONT' },
  foreign: { uai: '0319999E', degree: 1, name: 'E.E.PU-AILLEURS-ac-TOULOUSE', town: null },
} as const;
export type StaffSchoolKey = keyof typeof STAFF_SCHOOLS;

const head = (...keys: StaffSchoolKey[]) => ({
  FrEduFonctAdm: 'DIR',
  FrEduRneResp: keys.map((key) => `${STAFF_SCHOOLS[key].uai}$UAJ$PU`),
});
const delegate = (module: string, ...keys: StaffSchoolKey[]) => ({
  FrEduFonctAdm: 'ADM',
  FrEduResDel: [`${module}|${keys.map((key) => STAFF_SCHOOLS[key].uai).join(',')}`],
});
const person = (login: string, rights: PortalPerson['rights'], key = false): PortalPerson => ({
  login,
  what: login,
  givenName: 'Paul',
  familyName: login.toUpperCase(),
  email: `${login}@example.org`,
  key,
  rights,
});

/** By login. */
export const STAFF_PEOPLE: readonly PortalPerson[] = [
  person('directeur', head('one')),
  person('trois', head('one', 'two', 'three')),
  person('principal', head('college'), true),
  person('adjoint', delegate('educonnect-administration', 'college'), true),
  person('depanneur', delegate('educonnect-depannage', 'college')),
  person('professeur', { FrEduFonctAdm: 'ENS', FrEduRneResp: STAFF_SCHOOLS.one.uai }),
  // Known as a director by the feed alone.
  person('annuaire', {}),
];

export type StaffWorld = {
  app: TestApp;
  base: string;
  portal: PortalSimulator;
  close(): Promise<void>;
};

/**
 * The application and the portal, each on a port of its own, and the schools above.
 * @param options `routes`: routes of the test beside those that there are; `table`: instead of them; `provider`: the
 *   real one, say, so that families sign in as well; `people`: of a database that has schools already, instead of those
 *   above
 */
export async function startStaffWorld(
  database: Pick<TestDatabase, 'db' | 'url'>,
  {
    env = {},
    parts = {},
    routes = [],
    table = routes.length === 0 ? null : [...ADMIN_ROUTES, ...routes],
    provider,
    people,
  }: {
    env?: Record<string, string>;
    parts?: Partial<Deps>;
    routes?: readonly AdminRoute[];
    table?: readonly AdminRoute[] | null;
    provider?: typeof createProvider;
    people?: readonly PortalPerson[];
  } = {},
): Promise<StaffWorld> {
  let answer: RequestListener = () => {};
  const server = createServer((req, res) => answer(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const settings = {
    ACADEMIC_PORTAL_ISSUER: origin,
    ACADEMIC_PORTAL_CLIENT_ID: 'educonnect-test',
    ACADEMIC_PORTAL_CLIENT_SECRET: 'secret-of-the-portal-in-tests-0123456789',
    ...env,
  };
  // Tokens are checked against the portal's time, which is the real one.
  const clock = { now: () => new Date() };
  const academicPortal = createAcademicPortal({ config: testConfig(database.url, settings), clock });
  const app = await startApp(database, {
    env: settings,
    parts: { academicPortal, ...parts },
    provider: (deps) => {
      if (provider) return provider(deps);
      const stub = stubProvider();
      return table === null ? stub : { ...stub, app: adminRoutes({ deps }, table).routes() as Middleware };
    },
  });
  const base = app.deps.config.BASE_URL;
  const portal = createPortalSimulator({
    origin,
    client: {
      clientId: settings.ACADEMIC_PORTAL_CLIENT_ID,
      clientSecret: settings.ACADEMIC_PORTAL_CLIENT_SECRET,
      redirectUri: `${base}/admin/retour`,
      postLogoutRedirectUri: `${base}/admin/deconnecte`,
    },
    people: people ?? STAFF_PEOPLE,
    adminUrl: `${base}/admin`,
  });
  answer = portal.app.callback();
  if (people === undefined) await insertSchools(database);
  return {
    app,
    base,
    portal,
    close: async () => {
      await Promise.all([app.close(), closeServer(server)]);
    },
  };
}

async function insertSchools({ db }: Pick<TestDatabase, 'db'>): Promise<void> {
  const now = new Date('2026-09-01T00:00:00Z');
  const rows = Object.values(STAFF_SCHOOLS).map(({ uai, degree, name, town }) => ({
    uai,
    degree,
    name,
    town,
    academy_code: '16',
    academy_name: 'TOULOUSE',
    source_id: uai.slice(1, 7),
    created_at: now,
    updated_at: now,
  }));
  await db('schools').insert(rows);
}

/** Writes somebody into the staff of the feed. @returns his id */
export async function insertStaffOfFeed(
  { db }: Pick<TestDatabase, 'db'>,
  { email, school, at }: { email: string; school: StaffSchoolKey; at: Date },
): Promise<number> {
  const [id = 0] = await db('staff').insert({
    academy_code: '16',
    degree: STAFF_SCHOOLS[school].degree,
    source_id: email,
    given_name: 'Paul',
    family_name: 'ANNUAIRE',
    email,
    digest: 'x'.repeat(43),
    created_at: at,
    updated_at: at,
  });
  const { id: schoolId } = await db('schools').where({ uai: STAFF_SCHOOLS[school].uai }).first('id');
  await db('staff_functions').insert({ staff_id: id, school_id: schoolId, code: 'DIR', label: 'DIRECTION' });
  return id;
}

/** What the portal answers to the application, on our host, not followed yet. */
export async function throughPortal(
  world: StaffWorld,
  begun: Answer,
  login: string | null,
  at: Visitor = createVisitor(world.portal.issuer),
): Promise<string> {
  const asked = new URL(begun.headers.location ?? '', world.base);
  if (asked.origin !== world.portal.issuer)
    throw new Error(`not sent to the portal: ${begun.status} ${begun.text}`);
  let page = await at.get(asked.pathname + asked.search);
  if (page.status === 200) {
    const cancel = /href="([^"]+\/cancel)"/.exec(page.text)?.[1] ?? '';
    page = login === null ? await at.get(cancel) : await at.submit(page, { login });
  }
  const to = new URL(page.headers.location ?? '', page.url);
  if (to.origin !== world.base) throw new Error(`not sent back: ${page.status} ${page.text}`);
  return to.pathname + to.search;
}

/** Signs in at the portal and ends on the page that was asked for. */
export async function signInStaff(
  world: StaffWorld,
  visitor: Visitor,
  login: string,
  path = '/admin',
): Promise<Answer> {
  const begun = await visitor.send(path);
  return visitor.get(await throughPortal(world, begun, login));
}
