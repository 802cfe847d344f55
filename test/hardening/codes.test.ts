import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sendMessages } from '../../src/jobs/send-messages.ts';
import { OLD_PASSWORD, seedActive } from '../support/active-guardian.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms, type TestSms } from '../support/deps.ts';
import { codeFor, seedGuardian } from '../support/guardians.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, startWorld, type TestWorld } from '../support/world.ts';

/** Lines D01 to D05 of the matrix as a browser meets them; the exact caps are in test/codes. */

let database: TestDatabase;
let sms: TestSms;
const worlds: TestWorld[] = [];
let count = 0;
let mobile: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  count += 1;
  mobile = `+3363998${7400 + count}`;
  for (const table of ['throttles', 'code_requests', 'one_time_codes', 'outbox_messages'])
    await database.db(table).delete();
});

async function open(env: Record<string, string> = {}): Promise<TestWorld> {
  sms = createTestSms();
  const world = await startWorld(database, { env, parts: { sms } });
  worlds.push(world);
  return world;
}

const startOf = (page: Answer) => /^\/interaction\/[^/]+/.exec(pathOf(page))?.[0] ?? 'nowhere';
async function register(world: TestWorld, typed: string, who: Visitor): Promise<Answer> {
  const start = startOf(await who.get(authorizePath(world.ent)));
  const names = { family_name: 'Martin', given_name: 'Claire', mobile: typed };
  return who.submit(await who.get(`${start}/inscription`), names, '/inscription');
}
/** Lets what is queued leave. @returns to whom, as the carrier saw it */
async function carried(world: TestWorld): Promise<string[]> {
  await sendMessages(world.deps, 'sms');
  return sms.sent.map(({ to }) => to);
}

test('D01, D02: a hundred guesses of one browser at once are five comparisons; the right code is dead then, in every browser', async () => {
  const world = await open();
  await seedGuardian(world.deps, { mobile });
  const visitor = createVisitor(world.app.url);
  const page = await register(world, mobile, visitor);
  const right = (await codeFor(world.deps, mobile)) ?? '';
  const { action, hidden } = readForm(page, '/code');
  const guess = (code: string) =>
    visitor.send(action, postOf(new URLSearchParams({ ...hidden, code }).toString()));
  const guesses = Array.from({ length: 100 }, (_, index) =>
    String((Number(right) + 1 + index) % 1_000_000).padStart(6, '0'),
  );
  const answers = await Promise.all(guesses.map(guess));
  expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(400));
  expect(await database.db('one_time_codes').pluck('tries')).toEqual([5]);
  expect((await guess(right)).status).toBe(400);
  // Nor does it open anything for whoever asks for the same number elsewhere.
  const other = createVisitor(world.app.url);
  world.advance(61_000);
  const second = await register(world, mobile, other);
  const fresh = await codeFor(world.deps, mobile);
  if (fresh !== right) expect((await other.submit(second, { code: right }, '/code')).status).toBe(400);
  expect(pathOf(await other.submit(second, { code: fresh ?? '' }, '/code'))).toMatch(/\/enfants$/);
}, 60_000);

describe('D03: a flood through the form', () => {
  test('of numbers that the directory holds, from one machine that claims many addresses: exactly the cap', async () => {
    const world = await open({ CODES_PER_ADDRESS_5_MINUTES: '10' });
    const numbers = Array.from({ length: 30 }, (_, index) => `+3363998${8000 + index}`);
    for (const number of numbers) await seedGuardian(world.deps, { mobile: number });
    for (const [index, number] of numbers.entries()) {
      const headers = { 'x-forwarded-for': `203.0.113.${index}` };
      await register(world, number, createVisitor(world.app.url, { headers }));
    }
    expect(await carried(world)).toEqual(numbers.slice(0, 10));
  });

  test('of one number, however it is written and from wherever: one SMS; never one to what is no French mobile', async () => {
    const world = await open({ TRUSTED_PROXIES: '127.0.0.1' });
    const national = `0${mobile.slice(3)}`;
    await seedGuardian(world.deps, { mobile });
    const written = [
      mobile,
      national,
      `+33 ${mobile.slice(3).replace(/(..)/g, '$1 ')}`,
      `0033${mobile.slice(3)}`,
      national.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    ];
    const away = ['+88216123456789', '+447911123456', '0899123456', '0123456789', '+33899123456', '3206'];
    for (const number of away) await seedGuardian(world.deps, { mobile: number });
    for (const [index, typed] of [...written, ...away].entries()) {
      const headers = { 'x-forwarded-for': `203.0.113.${index}` };
      expect([200, 400]).toContain(
        (await register(world, typed, createVisitor(world.app.url, { headers }))).status,
      );
    }
    expect(await carried(world)).toEqual([mobile]);
  });
});

test('D04: with the budget of the day used up no SMS leaves, for known and unknown alike; the other ways work', async () => {
  const world = await open({ SMS_DAILY_BUDGET: '0' });
  await seedGuardian(world.deps, { mobile });
  const seen = [];
  for (const typed of [mobile, '+33639987999']) {
    const answer = await register(world, typed, createVisitor(world.app.url));
    const text = answer.text.replaceAll(typed, '').replace(/value="[^"]*"|interaction\/[\w-]+/g, '');
    seen.push([answer.status, text]);
  }
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[0]?.[0]).toBe(400);
  expect(await carried(world)).toEqual([]);
  const { identifier, email } = await seedActive(world.deps);
  const visitor = createVisitor(world.app.url);
  const page = await visitor.get(authorizePath(world.ent));
  const form = await visitor.get(`${startOf(page)}/mot-de-passe-oublie`);
  await visitor.submit(form, { identifier }, 'oublie');
  expect(await database.db('outbox_messages').where({ recipient: email })).toHaveLength(1);
  const done = await typePassword(visitor, page, { identifier, password: OLD_PASSWORD });
  expect(codeOf(done)).not.toBeNull();
});
