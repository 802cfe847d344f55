import { randomBytes } from 'node:crypto';
import dns from 'node:dns';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createFranceConnect } from '../../src/gateways/franceconnect.ts';
import { createSmtpMailer } from '../../src/gateways/smtp.ts';
import { createTwilioGateway } from '../../src/gateways/twilio.ts';
import { sendMessages } from '../../src/jobs/send-messages.ts';
import { sendDue } from '../../src/messages/send.ts';
import { seedActivated } from '../support/activated.ts';
import { typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestMailer, createTestSms, type TestDeps, testConfig } from '../support/deps.ts';
import { seedFamily } from '../support/family.ts';
import { codeFor, seedGuardian } from '../support/guardians.ts';
import { CHOSEN, PROVISIONAL } from '../support/sign-in.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, exchange, startWorld, type TestWorld } from '../support/world.ts';

/** What a visitor sees, and what is kept, while something that we need is away (J04, J05, J08). */
jest.setTimeout(60_000);

const CARRIER = { TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`, TWILIO_AUTH_TOKEN: 'token-of-the-test-suite' };
const MINUTE_MS = 60_000;

let database: TestDatabase;
let world: TestWorld;
let deps: TestDeps;
let visitor: Visitor;
let count = 0;
let mobile: string;
let silent: Server;
/** What the silent carrier hears, of one test and of all. */
const heard: Socket[] = [];
const open: Socket[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database, { parts: { sms: createTestSms() } });
  deps = world.deps;
  silent = createServer((socket) => {
    heard.push(socket);
    open.push(socket);
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  silent.close();
  for (const socket of open) socket.destroy();
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  for (const table of ['throttles', 'code_requests', 'outbox_messages']) await database.db(table).delete();
  visitor = createVisitor(world.app.url);
  count += 1;
  mobile = `+3363998${String(7700 + count)}`;
  heard.length = 0;
});
afterEach(() => {
  jest.restoreAllMocks();
  deps.mailer = createTestMailer();
  deps.sms = createTestSms();
});

const startOf = (page: Answer) => /^\/interaction\/[^/]+/.exec(new URL(page.url).pathname)?.[0] ?? 'nowhere';
const begin = (who = visitor) => who.get(authorizePath(world.ent));

/** @returns the page that asks for the code */
async function askCode(who = visitor): Promise<Answer> {
  await seedGuardian(deps, { mobile });
  const form = await who.get(`${startOf(await begin(who))}/inscription`);
  const names = { family_name: 'Martin', given_name: 'Claire', mobile };
  return who.submit(form, names, '/inscription');
}

/** No name is found; or the question is never answered. */
function namesAre(what: 'unknown' | 'unanswered'): void {
  const lookup = ((name: string, ...rest: unknown[]) => {
    const done = rest.at(-1) as (error: Error) => void;
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), {
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
    });
    if (what === 'unknown') process.nextTick(done, error);
  }) as never;
  jest.spyOn(dns, 'lookup').mockImplementation(lookup);
  for (const name of ['resolve4', 'resolve6'] as const) jest.spyOn(dns, name).mockImplementation(lookup);
}

describe('J04: the carrier of SMS', () => {
  const away = [
    ['is silent', () => `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, null],
    ['has no address', () => 'http://porteur.example.org', 'unknown'],
    ['is asked for in vain at the DNS', () => 'http://porteur.example.org', 'unanswered'],
  ] as const;
  test.each(away)(
    'J04: %s: the page comes all the same, no code is on it, and the other ways are offered',
    async (_what, url, names) => {
      const settings = { ...deps.config, ...CARRIER, TWILIO_BASE_URL: url() };
      deps.sms = createTwilioGateway(settings as never, { timeoutMs: 100 });
      if (names !== null) namesAre(names);
      const page = await askCode();
      // Nobody has been asked for the sake of the page.
      expect(heard).toHaveLength(0);
      expect([page.status, new URL(page.url).pathname.endsWith('/code')]).toEqual([200, true]);
      const code = (await codeFor(deps, mobile)) ?? 'none';
      expect(code).toMatch(/^\d{6}$/);
      expect(page.text).not.toContain(code);
      await sendMessages(deps, 'sms');
      const [row] = await database.db('outbox_messages').where({ channel: 'sms' });
      // What may have left is not sent twice, what has not is tried again.
      expect(names === 'unknown' ? ['waiting'] : ['unsure', 'waiting']).toContain(row.state);
      world.advance(2 * MINUTE_MS);
      const nothing = await visitor.get(
        /href="([^"]*rien-recu[^"]*)"/.exec((await visitor.get(new URL(page.url).pathname)).text)?.[1] ??
          'none',
      );
      expect(nothing.status).toBe(200);
      expect(nothing.text).toContain('/connexion');
      expect(nothing.text).not.toContain(code);
    },
  );
});

test('J05: mail server away: the page of the activation says so, for as long as it is, then the mail leaves once', async () => {
  const identifier = `j.cinq${count}`;
  const email = `${identifier}@example.org`;
  await seedFamily(deps, { identifier, provisional: PROVISIONAL });
  const form = await visitor.get(`${startOf(await begin())}/connexion?profil=responsable`);
  const password = await visitor.submit(form, { identifier, password: PROVISIONAL }, '/connexion');
  const address = await visitor.submit(password, { new_password: CHOSEN, confirmation: CHOSEN });
  const birth = await visitor.submit(address, { email });
  const waiting = await visitor.submit(birth, { day: '9', month: '3', year: '2017' });
  const at = new URL(waiting.url).pathname;
  expect(waiting.text).toContain('Un mail vous a été envoyé');
  const up = deps.mailer;
  deps.mailer = {
    ...createTestMailer(),
    send: async () => ({ ok: false, permanent: false, reason: 'ECONNREFUSED CONN' }),
  };
  for (let minutes = 0; minutes < 120; minutes += 5) {
    await sendDue(deps);
    world.advance(5 * MINUTE_MS);
  }
  const late = await visitor.get(at);
  expect(late.text).toContain('n&#39;a pas encore pu partir');
  expect(late.text).not.toContain('Un mail vous a été envoyé');
  deps.mailer = up;
  await sendDue(deps);
  await sendDue(deps);
  expect(up.sent.map(({ to }) => to)).toEqual([email]);
  expect((await visitor.get(at)).text).toContain('Un mail vous a été envoyé');
});

describe('J08', () => {
  test('J08: a name server that does not answer holds up no gateway beyond its time, and no page', async () => {
    const at = 'lent.example.org';
    namesAre('unanswered');
    const config = testConfig(database.url, {
      FRANCECONNECT_ISSUER: `https://${at}/api/v2`,
      FRANCECONNECT_CLIENT_ID: 'educonnect-test',
      FRANCECONNECT_CLIENT_SECRET: 'secret-of-the-test-suite-0001',
      FRANCECONNECT_TIMEOUT_MS: '200',
    });
    const sms = createTwilioGateway({ ...config, ...CARRIER, TWILIO_BASE_URL: `http://${at}` } as never, {
      timeoutMs: 100,
    });
    const mailer = createSmtpMailer({ ...config, SMTP_URL: `smtp://${at}` }, { stageMs: 100, wholeMs: 300 });
    const franceConnect = createFranceConnect({ config, clock: deps.clock });
    const token = () => randomBytes(24).toString('base64url');
    const asked = Promise.all([
      sms?.send({ to: mobile, text: 'x', validitySeconds: 60, reference: 'x' } as never),
      mailer.send({ to: 'a@example.org', subject: 'x', text: 'x', messageId: '<x@example.org>' } as never),
      franceConnect?.begin({
        state: token(),
        nonce: token(),
        redirectUri: `${world.base}/franceconnect/retour`,
      } as never),
    ]);
    await seedActivated(deps, { identifier: `j.dns${count}` }, CHOSEN);
    const arrived = await typePassword(visitor, await begin(), { identifier: `j.dns${count}` });
    expect(codeOf(arrived)).not.toBeNull();
    for (const answer of await asked) expect(answer).toMatchObject({ ok: false });
    mailer.close();
  });

  test('J08: the clock jumps by ten minutes, there and back: nothing breaks, nobody is locked out or let in', async () => {
    const people = ['a', 'b', 'c', 'd'].map((name) => `j.saut${name}${count}`);
    for (const identifier of people) await seedActivated(deps, { identifier }, CHOSEN);
    const [first = ''] = people;
    await typePassword(visitor, await begin(), { identifier: first });
    const keeps = async () => (await visitor.get(authorizePath(world.ent, { prompt: 'none' }))).status < 400;
    for (const [index, jump] of [10, -20, 10].entries()) {
      world.advance(jump * MINUTE_MS);
      const one = createVisitor(world.app.url);
      const identifier = people[index + 1] ?? '';
      const wrong = await typePassword(one, await begin(one), { identifier, password: 'faux5passe' });
      expect([wrong.status, codeOf(wrong)]).toEqual([400, null]);
      const right = await one.submit(wrong, { identifier, password: CHOSEN }, '/connexion');
      const code = codeOf(right) ?? '';
      expect((await exchange(world, world.ent, code)).status).toBe(200);
      expect((await exchange(world, world.ent, code)).status).toBe(400);
      expect(await keeps()).toBe(true);
      await sendDue(deps);
      const other = createVisitor(world.app.url);
      const page = await askCode(other);
      expect(page.status).toBe(200);
      const proved = await other.submit(page, { code: (await codeFor(deps, mobile)) ?? '' }, '/code');
      expect(proved.status).toBe(200);
      mobile = `+3363998${String(7800 + 10 * count + index)}`;
    }
    expect(codeOf(await visitor.get(authorizePath(world.ent, { prompt: 'none' })))).not.toBeNull();
  });

  test.each([1021, 1026, 1114])(
    'J08: the disk of the database is full (error %i): 503, nothing half done, and well again afterwards',
    async (errno) => {
      const identifier = `j.plein${count}`;
      await seedActivated(deps, { identifier }, CHOSEN);
      const form = await visitor.get(`${startOf(await begin())}/connexion?profil=responsable`);
      const typed = { identifier, password: CHOSEN };
      await database.db.raw(
        `CREATE TRIGGER full_disk BEFORE INSERT ON throttles FOR EACH ROW SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = ${errno}, MESSAGE_TEXT = 'no space left'`,
      );
      const full = await visitor.submit(form, typed, '/connexion');
      await database.db.raw('DROP TRIGGER full_disk');
      expect([full.status, full.text.includes('EC-503-DB')]).toEqual([503, true]);
      expect(codeOf(await visitor.submit(form, typed, '/connexion'))).not.toBeNull();
    },
  );
});
