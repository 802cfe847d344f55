import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { OLD_PASSWORD, seedActive } from '../support/active-guardian.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { seedFamily } from '../support/family.ts';
import { codeFor, seedGuardian } from '../support/guardians.ts';
import { CHOSEN, firstConnection, PROVISIONAL, signIn } from '../support/sign-in.ts';
import { type Answer, createVisitor, postOf, type Visitor } from '../support/visitor.ts';
import { authorizePath, startWorld, type TestWorld } from '../support/world.ts';
import { routesOf } from './router.ts';

/** H01 and H03 on the families' pages; test/admin/fuzz does the same for the staff's. */

const VALUES = [
  '',
  "' OR 1=1 -- ",
  '"><script>alert(1)</script>',
  '😀'.repeat(30),
  '\u202Enimda\u2066',
  'a\r\nSet-Cookie: b=c',
  '=cmd|calc',
  '%_\\',
  '{{ 7*7 }}{% raw %}',
  '0',
  'true',
  'null',
  '{}',
  '[object Object]',
  '-1',
  '1e9',
  '99999999999999999999',
  '٣',
  'constructor',
  '__proto__',
  'e\u0301'.repeat(60),
  '\ufdfa'.repeat(120),
  '\ufffe\u{10ffff}',
  'x'.repeat(7000),
];
/** The worst of them, where there are many places to try. */
const WORST = VALUES.filter((value) => /[<\r😀']|^(-1|9+|constructor|__proto__|\[object.*)$/u.test(value));
/** What is refused before any page sees it, as it is sent. */
const RAW: [string, string | Buffer, number][] = [
  ['a NUL', 'x=%00', 400],
  ['a broken escape', 'x=%ZZ', 400],
  ['half a pair', 'x=%ED%A0%80', 400],
  ['bytes that are not UTF-8', Buffer.from([0x78, 0x3d, 0xc3, 0x28]), 400],
  ['an object', 'x[a]=1', 400],
  ['an array', 'x[]=1', 400],
  ['a field twice', 'x=1&x=2', 400],
  ['10,000 fields', Array.from({ length: 10_000 }, (_, index) => `${index}=`).join('&'), 413],
  ['64 KB', `x=${'x'.repeat(65_536)}`, 413],
];

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let count = 0;
let identifier: string;
let mobile: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const env = { CODE_PAUSE_SECONDS: '1', LOGIN_ATTEMPTS_PER_ADDRESS: '100000' };
  world = await startWorld(database, { env, parts: { sms: createTestSms() } });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  identifier = `h.hardy${count}`;
  mobile = `+3363998${5100 + count}`;
  visitor = createVisitor(world.app.url);
  await forgetLimits();
});

async function forgetLimits(): Promise<void> {
  for (const table of ['throttles', 'code_requests']) await database.db(table).delete();
}
const begin = async () => pathOf(await visitor.get(authorizePath(world.ent)));
const uidOf = (start: string) => start.split('/').at(-1) ?? '';

type PageForm = { action: string; fields: Record<string, string> };

/** Every form of a page that posts, with every field that it would send, hidden ones too. */
function formsOf(page: Answer): PageForm[] {
  return Array.from(
    page.text.matchAll(/<form method="post" action="([^"]*)"[^>]*>(.*?)<\/form>/gs),
    ([, action = '', inner = '']) => {
      const fields: Record<string, string> = {};
      for (const [tag, name = ''] of inner.matchAll(
        /<(?:input|select|textarea|button)\b[^>]*\bname="([^"]+)"[^>]*>/g,
      ))
        fields[name] ??= /\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '';
      return { action: action.replaceAll('&amp;', '&'), fields };
    },
  );
}

function expectAnswered(answer: Answer, where: readonly string[]): void {
  expect([...where, answer.status < 500]).toEqual([...where, true]);
  expect(answer.text).not.toContain('<script>alert');
  expect(answer.headers['set-cookie'] ?? []).not.toContainEqual(expect.stringMatching(/^b=c/));
}

/** Each field of each form of the page, in turn, with each value; the others as the page has them. */
async function fuzz(page: Answer, tried: Set<string>): Promise<void> {
  expect(page.status).toBe(200);
  for (const { action, fields } of formsOf(page)) {
    for (const name of Object.keys(fields)) {
      if (name === '_csrf') continue;
      for (const value of VALUES) {
        const body = new URLSearchParams({ ...fields, [name]: value }).toString();
        const answer = await visitor.send(action, postOf(body));
        expectAnswered(answer, [action, name, value.slice(0, 30)]);
      }
      tried.add(`${action.replace(/interaction\/[\w-]+/, 'interaction/:uid')} ${name}`);
      await forgetLimits();
    }
  }
}

/** Where a visitor can stand in the mire: how he gets there, and what the page asks him. */
const STAGES: [string, () => Promise<Answer>, string[]][] = [
  [
    'the guardian’s form',
    async () => visitor.get(`${await begin()}/connexion?profil=responsable`),
    ['identifier', 'password', 'answer'],
  ],
  [
    'the pupil’s form',
    async () => visitor.get(`${await begin()}/connexion?profil=eleve`),
    ['identifier', 'password'],
  ],
  ['a new password', () => firstSteps('password'), ['new_password', 'confirmation', 'account']],
  ['the address', () => firstSteps('address'), ['email', 'account']],
  ['the birth date', () => firstSteps('birth'), ['day', 'month', 'year']],
  ['the activation', () => firstSteps('activation'), ['email']],
  [
    'names and mobile',
    async () => visitor.get(`${await begin()}/inscription`),
    ['family_name', 'given_name', 'mobile'],
  ],
  ['the code', () => enrolment('code'), ['code']],
  ['the children', () => enrolment('children'), ['day', 'month', 'year', 'not_mine']],
  ['the credentials', () => enrolment('credentials'), ['new_password', 'confirmation']],
  ['identifier by mail', async () => visitor.get(`${await begin()}/identifiant-oublie`), ['email']],
  ['password by mail', async () => visitor.get(`${await begin()}/mot-de-passe-oublie`), ['identifier']],
  [
    'identifier by SMS',
    async () => visitor.get(`${await begin()}/identifiant-oublie/sms`),
    ['family_name', 'given_name', 'mobile'],
  ],
  [
    'password by SMS',
    async () => visitor.get(`${await begin()}/mot-de-passe-oublie/sms`),
    ['identifier', 'mobile'],
  ],
  ['the code of a recovery', () => recovery('code'), ['code']],
  ['the password of a recovery', () => recovery('proved'), ['new_password', 'confirmation']],
];

async function firstSteps(until: 'password' | 'address' | 'birth' | 'activation'): Promise<Answer> {
  await seedFamily(world.deps, { identifier, provisional: PROVISIONAL });
  const uid = uidOf(await begin());
  const email = `${identifier}@example.org`;
  if (until === 'activation') return firstConnection(visitor, uid, identifier, email);
  const password = await signIn(visitor, uid, { identifier, password: PROVISIONAL });
  if (until === 'password') return password;
  const address = await visitor.submit(password, { new_password: CHOSEN, confirmation: CHOSEN });
  return until === 'address' ? address : visitor.submit(address, { email });
}

async function enrolment(until: 'code' | 'children' | 'credentials'): Promise<Answer> {
  await seedGuardian(world.deps, { mobile });
  const form = await visitor.get(`${await begin()}/inscription`);
  const names = { family_name: 'Martin', given_name: 'Claire', mobile };
  const code = await visitor.submit(form, names, '/inscription');
  if (until === 'code') return code;
  const children = await visitor.submit(code, { code: (await codeFor(world.deps, mobile)) ?? '' }, '/code');
  if (until === 'children') return children;
  const key = /name="day_([\w-]+)"/.exec(children.text)?.[1];
  const date = { [`day_${key}`]: '14', [`month_${key}`]: '5', [`year_${key}`]: '2016' };
  return visitor.submit(children, date, '/enfants');
}

async function recovery(until: 'code' | 'proved'): Promise<Answer> {
  const account = await seedActive(world.deps, { mobile });
  const form = await visitor.get(`${await begin()}/mot-de-passe-oublie/sms`);
  const code = await visitor.submit(form, { identifier: account.identifier, mobile }, '/sms');
  if (until === 'code') return code;
  return visitor.submit(code, { code: (await codeFor(world.deps, mobile)) ?? '' }, '/code');
}

describe('H01: every field of every form of the mire', () => {
  test.each(STAGES)(
    '%s',
    async (_stage, reach, expected) => {
      const tried = new Set<string>();
      await fuzz(await reach(), tried);
      const names = [...tried].map((name) =>
        name.split(' ')[1]?.replace(/^(day|month|year|not_mine)_.*/, '$1'),
      );
      expect(names).toEqual(expect.arrayContaining(expected));
    },
    60_000,
  );
});

describe('« Mon compte »', () => {
  let home: Answer;
  let csrf: string;
  beforeEach(async () => {
    const account = await seedActive(world.deps);
    ({ identifier } = account);
    home = await typePassword(visitor, await visitor.get('/'), { identifier, password: OLD_PASSWORD });
    csrf = formsOf(home)[0]?.fields._csrf ?? '';
  });

  const own = (method: string) =>
    routesOf(world.deps).filter(
      (route) =>
        route.method === method && route.path.startsWith('/compte') && !route.path.endsWith('/deconnexion'),
    );
  /** With a child of his own, where the address has one. */
  const fill = (path: string) => {
    const child = /\/compte\/enfants\/([\w-]+)\//.exec(home.text)?.[1] ?? 'x';
    return path.replace(':pupil', child).replace(/:\w+/g, 'x');
  };

  test('H01: every field of every form of its pages', async () => {
    const tried = new Set<string>();
    const pages = own('GET').map(({ path }) => fill(path));
    expect(pages.length).toBeGreaterThan(15);
    for (const path of ['/', ...pages]) {
      const page = await visitor.get(path);
      if (page.status === 200) await fuzz(page, tried);
    }
    const names = [...tried].map((name) => name.split(' ')[1]);
    const least = [
      'new_password',
      'confirmation',
      'email',
      'identifier',
      'password',
      'name',
      'which',
      'agreed',
    ];
    expect(names).toEqual(expect.arrayContaining(least));
  }, 60_000);

  test('H01, H03: every address that takes a form, with every field at once, and what is no form', async () => {
    const names = [
      ...[
        'new_password',
        'confirmation',
        'email',
        'identifier',
        'password',
        'name',
        'which',
        'agreed',
        'format',
      ],
      ...['session', 'version', 'proof', 'form', 'answer', 'account', 'token', 'language', 'choice'],
    ];
    for (const { path } of own('POST')) {
      for (const value of WORST) {
        const body = new URLSearchParams(names.map((name): [string, string] => [name, value])).toString();
        const answer = await visitor.send(fill(path), postOf(`_csrf=${csrf}&${body}`));
        // Nothing is known of FranceConnect here: said so with 503.
        if (answer.status !== 503 || !path.endsWith('/relier'))
          expectAnswered(answer, [path, value.slice(0, 30)]);
        expect([path, answer.status]).not.toEqual([path, 403]);
      }
      for (const [what, raw, status] of RAW) {
        const body = Buffer.concat([Buffer.from(`_csrf=${csrf}&`), Buffer.from(raw)]);
        const answer = await visitor.send(fill(path), postOf(body));
        expect([path, what, answer.status]).toEqual([path, what, status]);
      }
      for (const headers of [
        { 'content-type': 'multipart/form-data; boundary=x' },
        { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' },
        { 'content-type': 'application/json' },
      ]) {
        const body = JSON.stringify({ _csrf: csrf, email: 0, password: true, name: null });
        const answer = await visitor.send(fill(path), { method: 'POST', headers, body });
        expect([path, answer.status]).toEqual([path, 403]);
      }
    }
    expect((await visitor.get('/')).text).toContain('Mes informations');
  }, 60_000);
});

test('H01: what is added to an address, on every page of the families', async () => {
  const account = await seedActive(world.deps);
  await typePassword(visitor, await visitor.get('/'), {
    identifier: account.identifier,
    password: OLD_PASSWORD,
  });
  const uid = uidOf(await begin());
  const pages = routesOf(world.deps).filter(
    ({ method, path }) => method === 'GET' && !path.startsWith('/admin'),
  );
  const parameters = [
    'profil',
    'avis',
    'de',
    'choix',
    'page',
    'avant',
    'lang',
    'state',
    'code',
    'identifiant',
    'error',
  ];
  const odd = WORST.map(encodeURIComponent);
  for (const { path } of pages) {
    for (const value of [...odd, '%00', '%ZZ', '%C3']) {
      const to = path.replace(':uid', uid).replace(/:\w+/g, value === '' ? 'x' : value);
      const query = parameters.map((name) => `${name}=${value}`).join('&');
      expectAnswered(await visitor.send(`${to}?${query}`), [path, value]);
    }
    const twice = parameters.map((name) => `${name}=a&${name}=b&${name}[c]=d`).join('&');
    const answer = await visitor.send(`${path.replace(':uid', uid).replace(/:\w+/g, 'x')}?${twice}`);
    expectAnswered(answer, [path, 'twice']);
  }
}, 60_000);
