import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { accountNow, codeFor, createTestSms, seedGuardian } from '../support/guardians.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor, type FormFields, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, exchange, startWorld, type TestWorld } from '../support/world.ts';

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let count = 100;
let mobile: string;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database, { parts: { sms: createTestSms() } });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  mobile = `+336399801${String(count).slice(-2)}`;
  visitor = createVisitor(world.app.url);
  for (const table of ['throttles', 'code_requests', 'outbox_messages']) await database.db(table).delete();
});

const startOf = (page: Answer) => /^\/interaction\/[^/]+/.exec(new URL(page.url).pathname)?.[0] ?? 'nowhere';
const begin = async (who = visitor) => startOf(await who.get(authorizePath(world.ent)));

type Names = { family_name: string; given_name: string; mobile: string };

async function register(typed: Partial<Names> = {}, who = visitor): Promise<Answer> {
  const page = await who.get(`${await begin(who)}/inscription`);
  return who.submit(page, { family_name: 'Martin', given_name: 'Claire', mobile, ...typed }, '/inscription');
}

async function giveCode(page: Answer, who = visitor): Promise<Answer> {
  return who.submit(page, { code: (await codeFor(world.deps, mobile)) ?? '' }, '/code');
}

/** What to type for the children of the page: `YYYY-MM-DD`, or null for « Je ne suis pas... ». */
function dates(page: Answer, ...answers: (string | null)[]): FormFields {
  const keys = Array.from(page.text.matchAll(/name="day_([\w-]+)"/g), ([, key]) => key);
  expect(keys).toHaveLength(answers.length);
  const fields: FormFields = {};
  for (const [index, answer] of answers.entries()) {
    const [year = '', month = '', day = ''] = (answer ?? '').split('-');
    Object.assign(fields, { [`day_${keys[index]}`]: day, [`month_${keys[index]}`]: month });
    fields[`year_${keys[index]}`] = year;
    if (answer === null) fields[`not_mine_${keys[index]}`] = '1';
  }
  return fields;
}

describe('the whole way', () => {
  test('names and mobile, code, children, password: four pages, and the service knows the person', async () => {
    const { account } = await seedGuardian(world.deps, { mobile });
    const code = await register();
    expect([code.status, new URL(code.url).pathname.split('/').at(-1)]).toEqual([200, 'code']);
    const children = await giveCode(code);
    expect(children.url).toMatch(/\/enfants$/);
    const credentials = await visitor.submit(children, dates(children, '2016-05-14'));
    expect(credentials.url).toMatch(/\/identifiants$/);
    expect(credentials.text).toContain(account.identifier);
    expect(await accountNow(world.deps, account.id)).toMatchObject({ state: 'not_notified' });
    const end = await visitor.submit(credentials, { new_password: CHOSEN, confirmation: CHOSEN });
    const response = await exchange(world, world.ent, codeOf(end) ?? '');
    const { id_token: token } = (await response.json()) as { id_token: string };
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ amr: ['sms'] });
    expect(await accountNow(world.deps, account.id)).toMatchObject({
      state: 'activated',
      origin: 'guardian',
      password_kind: 'personal',
      last_login_at: expect.any(Date),
    });
  });
});
