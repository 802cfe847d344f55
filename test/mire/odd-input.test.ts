import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { seedActive } from '../support/active-guardian.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { codeFor, seedGuardian } from '../support/guardians.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, startWorld, type TestWorld } from '../support/world.ts';

/** H01 on the pages of the ways in: whatever is typed into whichever field, a page that says what to do. */

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let count = 0;
let mobile: string;

const VALUES = [
  "' OR 1=1 -- ",
  '"><script>alert(1)</script>',
  '😀'.repeat(30),
  '\u202Enimda\u2066',
  'a\r\nSet-Cookie: b=c',
  '=cmd|calc',
  '%',
  '_\\',
  'x'.repeat(10_000),
  '\u0000',
  '{{ 7*7 }}',
  '   ',
  'e\u0301'.repeat(60),
  '\ufdfa'.repeat(120),
  '\ufffe\u{10ffff}',
  '1e1',
  '-1',
  '0x10',
  '٣',
  '+',
  '+'.repeat(60),
  '+33 6 39 98 00 00 0000000000',
  '00',
  '9999999999999999999',
  'a b c d e f g h i j',
];

beforeAll(async () => {
  database = await createTestDatabase();
  const env = {
    CODE_PAUSE_SECONDS: '1',
    CODES_PER_NUMBER_15_MINUTES: '100',
    CODES_PER_NUMBER_DAY: '100',
    CODES_PER_ADDRESS_5_MINUTES: '1000',
    LOGIN_ATTEMPTS_PER_ADDRESS: '100000',
  };
  world = await startWorld(database, { env, parts: { sms: createTestSms() } });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  count += 1;
  mobile = `+3363998${String(6000 + count)}`;
  visitor = createVisitor(world.app.url);
});

const begin = async () =>
  /\/interaction\/[^/]+/.exec((await visitor.get(authorizePath(world.ent))).url)?.[0] ?? '';

/** Every field of the form in turn with every odd value, the others as given. */
async function tryAll(page: Answer, action: string, fields: Record<string, string>): Promise<void> {
  const form = readForm(page, action);
  for (const name of Object.keys(fields)) {
    for (const value of VALUES) {
      await database.db('code_requests').delete();
      await database.db('throttles').delete();
      const body = new URLSearchParams({ ...form.hidden, ...fields, [name]: value }).toString();
      const answer = await visitor.send(form.action, postOf(body));
      const where = [form.action.split('/').at(-1), name, value.slice(0, 20)];
      expect([...where, answer.status]).toEqual([
        ...where,
        answer.status < 500 ? answer.status : 'below 500',
      ]);
      expect(answer.text).not.toContain('<script>alert');
      expect(answer.headers['set-cookie'] ?? []).not.toContainEqual(expect.stringMatching(/^b=c/));
    }
  }
}

describe('whatever is typed', () => {
  test('names and mobile', async () => {
    await seedGuardian(world.deps, { mobile });
    const page = await visitor.get(`${await begin()}/inscription`);
    await tryAll(page, '/inscription', { family_name: 'Martin', given_name: 'Claire', mobile });
  });

  test('the code, the children, the password: and the way goes on afterwards', async () => {
    await seedGuardian(world.deps, { mobile });
    const start = await begin();
    const form = await visitor.get(`${start}/inscription`);
    const names = { family_name: 'Martin', given_name: 'Claire', mobile };
    const code = await visitor.submit(form, names, '/inscription');
    await tryAll(code, '/code', { code: 'x' });
    const children = await visitor.submit(code, { code: (await codeFor(world.deps, mobile)) ?? '' }, '/code');
    const key = /name="day_([\w-]+)"/.exec(children.text)?.[1];
    const date = { [`day_${key}`]: '14', [`month_${key}`]: '05', [`year_${key}`]: '2015' };
    await tryAll(children, '/enfants', date);
    await database.db('throttles').delete();
    const last = await visitor.submit(children, { ...date, [`year_${key}`]: ' 2016 ' }, '/enfants');
    await tryAll(last, '/identifiants', { new_password: 'x', confirmation: 'y' });
    expect(codeOf(await visitor.submit(last, { new_password: CHOSEN, confirmation: CHOSEN }))).not.toBeNull();
  });

  test('what was forgotten', async () => {
    const account = await seedActive(world.deps, { mobile });
    const start = await begin();
    const { identifier } = account;
    const forms: [string, Record<string, string>][] = [
      ['identifiant-oublie', { email: account.email ?? '' }],
      ['mot-de-passe-oublie', { identifier }],
      ['identifiant-oublie/sms', { family_name: 'Martin', given_name: 'Claire', mobile }],
      ['mot-de-passe-oublie/sms', { identifier, mobile }],
    ];
    for (const [page, fields] of forms) await tryAll(await visitor.get(`${start}/${page}`), page, fields);
  });

  test('in the address: parameters of the pages, tokens of links, the return from FranceConnect', async () => {
    const start = await begin();
    const odd = [...VALUES.map(encodeURIComponent), 'a&avis=b', '%ZZ', '%FF', 'constructor', '__proto__'];
    for (const value of odd) {
      const paths = [
        `${start}/connexion?profil=${value}`,
        `${start}/connexion?profil=responsable&avis=${value}`,
        `${start}/code/rien-recu?de=${value}`,
        `${start}/code?avis=${value}`,
        `/activation/${value}`,
        `/mot-de-passe/${value}`,
        `/ce-n-est-pas-moi/${value}`,
        `/franceconnect/retour?state=${value}&code=${value}`,
      ];
      for (const path of paths) {
        const { status, text } = await visitor.send(path);
        expect([path, status]).toEqual([path, status < 500 ? status : 'below 500']);
        expect(text).not.toContain('<script>alert');
      }
    }
  });
});
