import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { tokenHash } from '../../src/crypto/digests.ts';
import { csrfToken } from '../../src/http/csrf.ts';
import { createProvider } from '../../src/provider/index.ts';
import { OLD_PASSWORD, seedActive } from '../support/active-guardian.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';
import { authorizePath, startService, type TestService } from '../support/world.ts';
import { expectPolicy } from './policy.ts';
import { PROVIDER_PATHS, type Route, routesOf } from './router.ts';

/** F02 and F04 over every route of the router, with a guardian, a director and a sign-in under way. */

let database: TestDatabase;
let world: StaffWorld;
let ent: TestService;
/** Whose browser, with the token of his own forms and one of somebody else's. */
type Side = { visitor: Visitor; csrf: string; others: string };
let sides: Record<'interaction' | 'account' | 'staff' | 'link', Side>;
let uid: string;
let routes: Route[];
const TOKEN = 'A'.repeat(43);

beforeAll(async () => {
  database = await createTestDatabase();
  const parts = { sms: createTestSms(), clock: { now: () => new Date() } };
  world = await startStaffWorld(database, { provider: createProvider, parts });
  const { deps } = world.app;
  ent = await startService(deps, 'ent', 'openid profile educonnect_eleves');
  routes = routesOf(deps);
  const signInOf = async (visitor: Visitor) => {
    const page = await visitor.get(authorizePath(ent));
    const form = await visitor.get(`${pathOf(page)}/connexion?profil=responsable`);
    return { uid: pathOf(page).split('/').at(-1) ?? '', csrf: tokenOf(form, '/connexion') };
  };
  const guardian = async (visitor: Visitor) => {
    const { identifier } = await seedActive(deps);
    const page = await visitor.get('/');
    const home = await typePassword(visitor, page, { identifier, password: OLD_PASSWORD });
    return tokenOf(home, '/compte/deconnexion');
  };
  const director = async (visitor: Visitor) =>
    tokenOf(await signInStaff(world, visitor, 'directeur'), '/deconnexion');
  const [visitor, parent, staff, stranger] = Array.from({ length: 4 }, () =>
    createVisitor(world.app.url),
  ) as [Visitor, Visitor, Visitor, Visitor];
  const mine = await signInOf(visitor);
  uid = mine.uid;
  const linkToken = (token: string) => csrfToken(deps.config, { scope: 'link', id: tokenHash(token) });
  sides = {
    interaction: { visitor, csrf: mine.csrf, others: (await signInOf(createVisitor(world.app.url))).csrf },
    account: { visitor: parent, csrf: await guardian(parent), others: await guardian(stranger) },
    staff: { visitor: staff, csrf: await director(staff), others: await director(stranger) },
    link: { visitor, csrf: linkToken(TOKEN), others: linkToken('B'.repeat(43)) },
  };
}, 60_000);
afterAll(async () => {
  await ent?.close();
  await world?.close();
  await database?.drop();
});

const tokenOf = (page: Answer, action: string) => readForm(page, action).hidden._csrf ?? '';
const sideOf = (path: string): keyof typeof sides => {
  if (path.startsWith('/interaction')) return 'interaction';
  if (path.startsWith('/compte')) return 'account';
  return path.startsWith('/admin') ? 'staff' : 'link';
};
const fill = (path: string) =>
  path
    .replace(':uid', uid)
    .replace(':token', TOKEN)
    .replace(':what', 'confirmer')
    .replace(':uai', STAFF_SCHOOLS.one.uai)
    .replace(/:\w+/g, 'x');

/** A number for the content of each table. */
async function contents(): Promise<Record<string, number>> {
  const names: string[] = await database
    .db('information_schema.tables')
    .where({ table_schema: database.name, table_type: 'BASE TABLE' })
    .pluck('table_name');
  const [rows] = await database.db.raw(`CHECKSUM TABLE ${names.join(', ')}`);
  return Object.fromEntries(
    (rows as { Table: string; Checksum: number }[]).map((row) => [row.Table.split('.')[1], row.Checksum]),
  );
}

/** What forms of ours send, so that a handler that was reached would do something. */
const FIELDS = new URLSearchParams({
  identifier: 'x.guardian1',
  password: OLD_PASSWORD,
  new_password: 'tabouret7rouge',
  confirmation: 'tabouret7rouge',
  email: 'autre@example.org',
  mobile: '+33639987001',
  family_name: 'Martin',
  given_name: 'Claire',
  code: '123456',
  choice: 'switch',
  which: 'all',
  all: '1',
  action: 'sheet',
}).toString();

/** The carrier's reports carry a signature in the place of a token (test/gateways/twilio). */
const SIGNED = '/sms/etat';

describe('F02: every POST of the whole router', () => {
  test.each(['interaction', 'account', 'staff', 'link'] as const)(
    '%s: without, with a wrong or another session’s token, from elsewhere, in another type: 403, no table changed',
    async (kind) => {
      const paths = routes.flatMap(({ method, path }) =>
        method === 'POST' && path !== SIGNED && sideOf(path) === kind ? [path] : [],
      );
      expect(paths.length).toBeGreaterThan({ interaction: 20, account: 15, staff: 20, link: 4 }[kind]);
      const { visitor, csrf, others } = sides[kind];
      const before = await contents();
      for (const path of paths) {
        const post = async (body: string, headers: Record<string, string> = {}, to = fill(path)) => {
          const options = postOf(body);
          const answer = await visitor.send(to, {
            ...options,
            headers: { ...options.headers, ...headers },
          });
          expectPolicy(answer);
          expect(answer.headers['set-cookie']).toBeUndefined();
          return answer.status;
        };
        const right = `_csrf=${csrf}&${FIELDS}`;
        const json = { 'content-type': 'application/json' };
        const seen = {
          without: await post(FIELDS),
          nothing: await post(''),
          empty: await post(`_csrf=&${FIELDS}`),
          wrong: await post(`_csrf=${'A'.repeat(csrf.length)}&${FIELDS}`),
          others: await post(`_csrf=${others}&${FIELDS}`),
          origin: await post(right, { origin: 'https://evil.example' }),
          site: await post(right, { 'sec-fetch-site': 'cross-site' }),
          sibling: await post(right, { 'sec-fetch-site': 'same-site' }),
          opaque: await post(right, { origin: 'null', 'sec-fetch-site': 'cross-site' }),
          plain: await post(right, { 'content-type': 'text/plain' }),
          untyped: await post(right, { 'content-type': '' }),
          json: await post(JSON.stringify({ _csrf: csrf }), json),
          address: await post(FIELDS, {}, `${fill(path)}?_csrf=${csrf}`),
          header: await post(FIELDS, { 'x-csrf-token': csrf, 'x-xsrf-token': csrf }),
        };
        expect([path, Object.entries(seen).filter(([, status]) => status !== 403)]).toEqual([path, []]);
        for (const method of ['PUT', 'PATCH', 'DELETE']) {
          const options = { ...postOf(FIELDS), method };
          const { status } = await visitor.send(fill(path), options);
          expect([path, method, [403, 404, 405].includes(status)]).toEqual([path, method, true]);
        }
      }
      expect(await contents()).toEqual(before);
    },
    60_000,
  );

  test('as GET, with the right token in the address, it only shows a page, or is 405', async () => {
    const before = await contents();
    for (const { path } of routes.filter(({ method, path }) => method === 'POST' && path !== SIGNED)) {
      const { visitor, csrf } = sides[sideOf(path)];
      const answer = await visitor.send(`${fill(path)}?_csrf=${csrf}&${FIELDS}`);
      expect([path, [200, 303, 400, 404, 405].includes(answer.status)]).toEqual([path, true]);
    }
    const after = await contents();
    const changed = Object.keys(after).filter((table) => after[table] !== before[table]);
    // When a session was last used; that a school was asked for where nothing stands.
    const kept = ['oidc_sessions', 'account_sessions', 'staff_sessions', 'audit_events'];
    expect(changed.filter((table) => !kept.includes(table))).toEqual([]);
    for (const kind of ['account', 'staff'] as const) {
      const home = await sides[kind].visitor.send(kind === 'account' ? '/' : '/admin');
      expect([kind, home.status]).toEqual([kind, 200]);
    }
  }, 60_000);

  test('the carrier’s report without its signature: 403, no table changed', async () => {
    const before = await contents();
    const body = 'MessageSid=SM1&MessageStatus=delivered';
    for (const headers of [{}, { 'x-twilio-signature': 'forged' }] as Record<string, string>[]) {
      const options = postOf(body);
      const answer = await createVisitor(world.app.url).send(SIGNED, {
        ...options,
        headers: { ...options.headers, ...headers },
      });
      expect(answer.status).toBe(403);
    }
    expect(await contents()).toEqual(before);
  });

  test('the provider’s own form of the sign-out: without its secret or with another’s nobody is signed out', async () => {
    const { visitor } = sides.account;
    const secretOf = async (who: Visitor) =>
      /name="xsrf" value="([^"]+)"/.exec((await who.get('/oidc/session/end')).text)?.[1] ?? '';
    const stranger = createVisitor(world.app.url);
    const { identifier } = await seedActive(world.app.deps);
    await typePassword(stranger, await stranger.get('/'), { identifier, password: OLD_PASSWORD });
    const others = await secretOf(stranger);
    expect(await secretOf(visitor)).not.toBe(others);
    for (const body of ['logout=yes', 'xsrf=&logout=yes', 'xsrf=x&logout=yes', `xsrf=${others}&logout=yes`]) {
      const answer = await visitor.send('/oidc/session/end/confirm', postOf(body));
      expect([body, answer.status]).toEqual([body, 400]);
    }
    expect((await visitor.send('/')).status).toBe(200);
  });

  test('the sanity of it: with the right token and nothing else, the form is read', async () => {
    for (const [path, kind, status] of [
      [`/interaction/${uid}/connexion?profil=responsable`, 'interaction', 400],
      ['/compte/rattacher', 'account', 400],
      ['/admin/etablissement', 'staff', 303],
      [`/activation/${TOKEN}`, 'link', 400],
      [`/adresse/confirmer/${TOKEN}`, 'link', 400],
    ] as const) {
      const { visitor, csrf } = sides[kind];
      const answer = await visitor.send(path, postOf(`_csrf=${csrf}`));
      expect([path, answer.status]).toEqual([path, status]);
    }
  });
});

describe('F04: every route of the router', () => {
  const OPEN = /^\/oidc\/(jwks|\.well-known)/;

  test.each(['nobody', 'interaction', 'account', 'staff'] as const)(
    'asked by %s: all headers, no script or style within the page, nothing kept',
    async (who) => {
      const visitor = who === 'nobody' ? createVisitor(world.app.url) : sides[who].visitor;
      const asked = routes.filter(({ method }) => method === 'GET').map(({ path }) => fill(path));
      expect(asked.length).toBeGreaterThan(100);
      for (const path of [...asked, ...PROVIDER_PATHS, '/nowhere', '/admin/nowhere', '/%E0%A4%A']) {
        // Asking for it would end the session.
        if (path === '/oidc/session/end') continue;
        for (const method of who === 'nobody' ? ['GET', 'HEAD'] : ['GET']) {
          const answer = await visitor.send(path, { method });
          expect([path, method, answer.status < 500]).toEqual([path, method, true]);
          try {
            expectPolicy(answer, { open: OPEN.test(path) });
          } catch (error) {
            throw new Error(`${method} ${path}: ${(error as Error).message}`);
          }
        }
      }
    },
    60_000,
  );

  test('and each address of the provider that takes a form, and what is too large or of another method', async () => {
    const visitor = createVisitor(world.app.url);
    const posted = [...PROVIDER_PATHS, `/interaction/${uid}/connexion?profil=responsable`, '/compte/adresse'];
    for (const path of posted) {
      expectPolicy(await visitor.send(path, postOf('a=b')), { open: OPEN.test(path) });
      expectPolicy(await visitor.send(path, postOf(`a=${'b'.repeat(100_000)}`)), { open: OPEN.test(path) });
      expectPolicy(await visitor.send(path, { method: 'DELETE' }), { open: OPEN.test(path) });
    }
  });
});
