import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { seedActivated } from '../support/activated.ts';
import { typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { codeFor, seedGuardian } from '../support/guardians.ts';
import { type Program, runProgram } from '../support/program.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, startService, type TestService } from '../support/world.ts';

/** K05: a server process is killed amid everything, and another takes its place: nothing was in its memory alone. */
jest.setTimeout(120_000);

const BASE_URL = 'http://localhost:3943';
const MOBILE = '+33639987601';
const ENVIRONMENT = {
  NODE_ENV: 'test',
  BASE_URL,
  ALLOW_INSECURE_ISSUER: '1',
  HTTP_LOOPBACK_CLIENTS: '1',
  COOKIE_KEYS: 'cookie-key-of-the-test-suite-1',
  SEALING_KEYS: 'sealing-key-of-the-test-suite-1',
  SUBJECT_SALT: 'subject-salt-of-the-test-suite',
  SMTP_URL: 'smtp://127.0.0.1:1',
  TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'token-of-the-test-suite',
  TWILIO_FROM: '+33700000001',
  TWILIO_BASE_URL: 'http://127.0.0.1:1',
  PHONE_EXTRA_MOBILE_PREFIXES: '+3363998',
  ARGON2_MEMORY_KIB: '1024',
  LOG_LEVEL: 'info',
};

let database: TestDatabase;
let deps: TestDeps;
let service: TestService;
let running: Program | undefined;
let address = '';

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database, { env: { BASE_URL } });
  deps.clock.set(new Date());
  service = await startService(deps, 'ent', 'openid profile educonnect educonnect_eleves');
  await start();
});
afterAll(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
  await service?.close();
  await database?.drop();
});

async function start(): Promise<void> {
  running = runProgram('test/conformance/server.ts', [], { ...ENVIRONMENT, DATABASE_URL: database.url });
  const [, port] = await running.says(/listening on (\d+)\./);
  address = `http://127.0.0.1:${port}`;
}

async function killAndStart(): Promise<void> {
  running?.child.kill('SIGKILL');
  await running?.ended;
  await start();
}

/** The same browser, at whichever process there is now. */
function here(before?: Visitor): Visitor {
  const visitor = createVisitor(address, { known: BASE_URL });
  visitor.cookies.push(...(before?.cookies ?? []));
  return visitor;
}

const begin = (visitor: Visitor, params = {}) => visitor.get(authorizePath(service, params));
const pageOf = (page: Answer) => /^\/interaction\/[^/]+/.exec(new URL(page.url).pathname)?.[0] ?? 'nowhere';
const text = ({ text: words }: Answer) => words.replace(/<[^>]+>/g, ' ');

test('K05: sessions, sign-ins, tokens of forms, locks and tries of codes outlive the process', async () => {
  for (const identifier of ['k.entre', 'k.forme', 'k.verrou'])
    await seedActivated(deps, { identifier }, CHOSEN);
  const { account } = await seedGuardian(deps, { mobile: MOBILE });

  const signedIn = here();
  const arrived = await typePassword(signedIn, await begin(signedIn), { identifier: 'k.entre' });
  expect(codeOf(arrived)).not.toBeNull();

  const typing = here();
  const form = await typing.get(`${pageOf(await begin(typing))}/connexion?profil=responsable`);

  const locked = here();
  const wrong = { identifier: 'k.verrou', password: 'faux5passe' };
  let refused = await typePassword(locked, await begin(locked), wrong);
  for (let tries = 1; tries < 5; tries += 1) refused = await locked.submit(refused, wrong, '/connexion');
  expect(refused.status).toBe(400);

  const proving = here();
  const asking = await proving.get(`${pageOf(await begin(proving))}/inscription`);
  const names = { family_name: 'Martin', given_name: 'Claire', mobile: MOBILE };
  let code = await proving.submit(asking, names, '/inscription');
  const right = (await codeFor(deps, MOBILE)) ?? '';
  const other = right === '111111' ? '222222' : '111111';
  for (let tries = 0; tries < 3; tries += 1) code = await proving.submit(code, { code: other }, '/code');
  expect(code.status).toBe(400);

  await killAndStart();

  // Who was in is in.
  expect(codeOf(await begin(here(signedIn), { prompt: 'none' }))).not.toBeNull();
  // A form that was open is taken, with the token that it had.
  const sent = await here(typing).submit(form, { identifier: 'k.forme', password: CHOSEN }, '/connexion');
  expect(codeOf(sent)).not.toBeNull();
  // Who was locked out is, with the right password too, and is told the same.
  const still = await here(locked).submit(refused, { ...wrong, password: CHOSEN }, '/connexion');
  expect([still.status, codeOf(still)]).toEqual([400, null]);
  // Two tries are left of five; then the right code is dead, and there is no other within the minute.
  const later = here(proving);
  for (let tries = 3; tries < 5; tries += 1) code = await later.submit(code, { code: other }, '/code');
  const late = await later
    .submit(code, { code: right }, '/code')
    .catch(() => later.get(code.url.replace(address, '')));
  expect(new URL(late.url).pathname).not.toContain('/enfants');
  expect(await database.db('accounts').where({ id: account.id }).first()).toMatchObject({
    state: 'not_notified',
  });
  const again = here();
  const second = await again.get(`${pageOf(await begin(again))}/inscription`);
  const tooSoon = await again.submit(second, names, '/inscription');
  expect(tooSoon.status).toBe(400);
  expect(text(tooSoon)).toMatch(/code/i);
  expect(await database.db('outbox_messages').where({ channel: 'sms' })).toHaveLength(1);
});
