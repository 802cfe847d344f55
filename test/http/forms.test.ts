import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createMetrics } from '../../src/http/metrics.ts';
import { interactionRoutes, publicRoutes } from '../../src/mire/routes.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { seedFamily } from '../support/family.ts';
import { anInteraction, type StubProvider, stubProvider } from '../support/stub-provider.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

let database: TestDatabase;
let app: TestApp;
let provider: StubProvider;
let visitor: Visitor;
let tables: string;

beforeAll(async () => {
  database = await createTestDatabase();
  provider = stubProvider();
  app = await startApp(database, { provider: () => provider, parts: { sms: createTestSms() } });
  for (const uid of ['one', 'two']) provider.interactions.set(uid, anInteraction(uid));
  await seedFamily(app.deps, { identifier: 'g.zoumn1', provisional: 'GVKJ7PPE23' });
  tables = await contents();
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});
beforeEach(() => {
  visitor = createVisitor(app.url);
});

/** Everything that a request could have changed: every table. */
async function contents(): Promise<string> {
  const [tables] = await database.db.raw('SHOW TABLES');
  const names = (tables as object[]).map((line) => String(Object.values(line)[0]));
  return JSON.stringify(await Promise.all(names.map((name) => database.db(name))));
}

/** Every address that takes a form, from the routers themselves: a new one is tested without being named here. */
function postRoutes(): string[] {
  const mire = { deps: app.deps, host: provider.host, metrics: createMetrics(app.deps) };
  return [interactionRoutes(mire), publicRoutes(mire)]
    .flatMap((router) => router.stack)
    .filter((layer) => layer.methods.includes('POST'))
    .map((layer) => String(layer.path).replace(':uid', 'one').replace(':token', 'a-token'));
}

const SIGN_IN = '/interaction/one/connexion?profil=responsable';
const GOOD = 'identifier=g.zoumn1&password=GVKJ7PPE23';

async function tokenOf(uid: string): Promise<string> {
  const page = await visitor.get(`/interaction/${uid}/connexion?profil=responsable`);
  return readForm(page, 'connexion').hidden._csrf ?? '';
}

describe('F02: a changing request needs the token of its own sign-in and our own page', () => {
  test('every form that the mire takes is refused without it, and nothing changes', async () => {
    const routes = postRoutes();
    expect(routes.length).toBeGreaterThan(8);
    for (const route of routes) {
      for (const options of [
        postOf(''),
        postOf(GOOD),
        postOf(`_csrf=&${GOOD}`),
        postOf(`_csrf=wrong&${GOOD}`),
        postOf(`_csrf=${await tokenOf('two')}&${GOOD}`),
        { ...postOf(GOOD), headers: { 'content-type': 'text/plain' } },
        {
          ...postOf(JSON.stringify({ _csrf: await tokenOf('one') })),
          headers: { 'content-type': 'application/json' },
        },
      ]) {
        const answer = await visitor.send(route, options);
        expect([route, options.body, answer.status]).toEqual([route, options.body, 403]);
        // The carrier's reports have a signature in the place of the token (test/gateways/twilio).
        if (route !== '/sms/etat') expect(answer.text).toContain('EC-403-CSRF');
      }
    }
    expect(await contents()).toBe(tables);
  });

  test.each([
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'http://localhost:1' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site', origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'same-origin', origin: 'null' }, 400],
    [{ 'sec-fetch-site': 'same-origin' }, 400],
    [{ origin: 'OURS' }, 400],
    [{}, 400],
  ])('with the right token and %j: %i', async (given: Record<string, string>, status) => {
    const headers = { ...given, ...(given.origin === 'OURS' ? { origin: app.deps.config.BASE_URL } : {}) };
    const form = postOf(`_csrf=${await tokenOf('one')}&identifier=&password=`);
    const answer = await visitor.send(SIGN_IN, { ...form, headers: { ...form.headers, ...headers } });
    expect(answer.status).toBe(status);
  });

  test('the token made with an earlier cookie key is still good', async () => {
    const older = await startApp(database, {
      provider: () => provider,
      env: { COOKIE_KEYS: 'a-newer-cookie-key-of-the-tests,cookie-key-of-the-test-suite-1' },
    });
    const sent = postOf(`_csrf=${await tokenOf('one')}&identifier=&password=`);
    expect((await createVisitor(older.url).send(SIGN_IN, sent)).status).toBe(400);
    await older.close();
  });

  test('as a query of a GET it is only a page', async () => {
    const answer = await visitor.send(`${SIGN_IN}&_csrf=${await tokenOf('one')}&${GOOD}`);
    expect(answer.status).toBe(200);
    expect(provider.finished).toEqual([]);
  });
});

describe('H01, H03, C09: what cannot be a form is refused, never guessed at', () => {
  const VALUES: [string, string | Buffer][] = [
    ['SQL', encodeURIComponent("' OR 1=1 -- ")],
    ['markup', encodeURIComponent('"><script>alert(1)</script>')],
    ['emoji', encodeURIComponent('😀'.repeat(30))],
    ['right to left', encodeURIComponent('\u202Enimda')],
    ['CRLF', encodeURIComponent('a\r\nSet-Cookie: b=c')],
    ['formula', encodeURIComponent('=cmd|calc')],
    ['10 000 characters', 'x'.repeat(10_000)],
    ['template', encodeURIComponent('{{ 7*7 }}{% raw %}')],
    ['only spaces', '+++'],
    ['NUL', '%00'],
    ['malformed escape', '%ZZ'],
    ['escape that is not UTF-8', '%FF%FE'],
    ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe, 0x80])],
    ['decomposed letters', encodeURIComponent('e\u0301')],
  ];
  const FORMS: [string, string[]][] = [
    [SIGN_IN, ['identifier', 'password']],
    ['/interaction/one/mot-de-passe', ['new_password', 'confirmation']],
    ['/interaction/one/adresse', ['email']],
    ['/interaction/one/naissance', ['day', 'month', 'year']],
    ['/interaction/one/activation/adresse', ['email']],
    ['/interaction/one/personne', ['choice']],
  ];
  const send = async (path: string, ...parts: (string | Buffer)[]): Promise<Answer> => {
    const token = await tokenOf('one');
    return visitor.send(
      path,
      postOf(Buffer.concat([`_csrf=${token}&`, ...parts].map((part) => Buffer.from(part)))),
    );
  };

  test.each(VALUES)('%s in any field: never a 5xx, never a login', async (_what, value) => {
    for (const [path, fields] of FORMS) {
      for (const field of fields) {
        const others = fields.filter((name) => name !== field).map((name) => `&${name}=1`);
        const answer = await send(path, `${field}=`, value, ...others);
        expect([path, field, answer.status < 500, answer.status === 200]).toEqual([path, field, true, false]);
        expect(answer.text).not.toContain('<script>alert');
        expect(answer.headers['set-cookie'] ?? []).toEqual([]);
      }
    }
    expect(provider.finished).toEqual([]);
  });

  test.each([
    ['a field twice', 'identifier=a&identifier=b&password=c'],
    ['a nested field', 'identifier[a]=b&password=c'],
    ['an array', 'identifier[]=b&password=c'],
    ['the token twice', '_csrf=x&identifier=b&password=c'],
    ['a thousand fields', Array.from({ length: 1000 }, (_, i) => `${i}=`).join('&')],
    ['a NUL', 'identifier=a%00b&password=c'],
  ])('%s is refused with 400', async (_what, body) => {
    const answer = await send(SIGN_IN, body);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('EC-400-REQUEST');
  });

  test('missing fields are named, with the page again', async () => {
    const answer = await send(SIGN_IN, '');
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('href="#identifier"');
    expect(answer.text).toContain('href="#password"');
  });

  test('a megabyte, announced or not, is refused at once', async () => {
    const started = Date.now();
    expect((await send(SIGN_IN, `password=${'x'.repeat(1_000_000)}`)).status).toBe(413);
    expect(Date.now() - started).toBeLessThan(1000);
  });

  test('multipart and compressed bodies have no fields, so no token', async () => {
    const token = await tokenOf('one');
    const multipart = `--x\r\nContent-Disposition: form-data; name="_csrf"\r\n\r\n${token}\r\n--x--\r\n`;
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    expect((await visitor.send(SIGN_IN, { ...postOf(multipart), headers })).status).toBe(403);
    const zipped = { ...postOf('_csrf=x'), headers: { ...postOf('').headers, 'content-encoding': 'gzip' } };
    expect((await visitor.send(SIGN_IN, zipped)).status).toBe(403);
  });

  test('fields that were not asked for change nothing (G03)', async () => {
    const answer = await send(
      SIGN_IN,
      'identifier=&password=&state=activated&role=admin&__proto__=x&constructor=y',
    );
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('href="#identifier"');
  });
});
