import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Account } from '../../src/accounts/types.ts';
import type { FranceConnect } from '../../src/deps.ts';
import { createFranceConnect } from '../../src/gateways/franceconnect.ts';
import { seedActivated } from '../support/activated.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestClock, createTestSms, testConfig } from '../support/deps.ts';

import {
  CLIENT,
  type Forgery,
  PERSON,
  type StubFranceConnect,
  startStubFranceConnect,
} from '../support/stub-franceconnect.ts';
import { anInteraction, type StubProvider, stubProvider } from '../support/stub-provider.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';

const clock = createTestClock();
const TITLES = {
  cancelled: 'Vous n&#39;avez pas terminé sur FranceConnect',
  refused: 'La réponse de FranceConnect n&#39;a pas pu être acceptée',
  unreachable: 'FranceConnect ne répond pas pour le moment',
  late: 'Vous êtes revenu trop tard de FranceConnect',
  pending: 'Nous vérifions la réponse de FranceConnect',
};

let database: TestDatabase;
let stub: StubFranceConnect;
let app: TestApp;
let provider: StubProvider;
let visitor: Visitor;
let uid: string;
let known: Account;
let count = 0;
/** Only where nothing else than an outage is expected: beside other tests, a good answer takes its time. */
let inHaste = false;

beforeAll(async () => {
  database = await createTestDatabase();
  stub = await startStubFranceConnect(clock);
  const env = {
    FRANCECONNECT_ISSUER: stub.issuer,
    FRANCECONNECT_CLIENT_ID: CLIENT.id,
    FRANCECONNECT_CLIENT_SECRET: CLIENT.secret,
  };
  const gateway = (more = {}) =>
    createFranceConnect({ config: testConfig(database.url, { ...env, ...more }), clock }) as FranceConnect;
  const patient = gateway();
  const hasty = gateway({ FRANCECONNECT_TIMEOUT_MS: '200' });
  const current = () => (inHaste ? hasty : patient);
  const franceConnect: FranceConnect = {
    begin: (request) => current().begin(request),
    finish: (answer) => current().finish(answer),
    endSessionUrl: (logout) => current().endSessionUrl(logout),
  };
  provider = stubProvider();
  const parts = { clock, franceConnect, sms: createTestSms() };
  app = await startApp(database, { env, parts, provider: () => provider });
  known = await seedActivated(app.deps, { identifier: 'h.moreau' }, 'Tournesol84');
});
afterAll(async () => {
  await app?.close();
  await stub?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  uid = `visit-${count}`;
  provider.interactions.set(uid, anInteraction(uid));
  provider.finished.length = 0;
  visitor = createVisitor(app.url);
  stub.reset();
  inHaste = false;
  clock.advance(61_000);
  for (const table of ['account_franceconnect', 'audit_events', 'enrolments', 'franceconnect_requests'])
    await database.db(table).delete();
});

const link = () =>
  database.db('account_franceconnect').insert({
    account_id: known.id,
    issuer: stub.issuer,
    sub: PERSON.sub,
    linked_at: clock.now(),
  });

/** To FranceConnect; what it will send the browser back with. */
async function leave(from = visitor): Promise<Record<'code' | 'state' | 'iss', string>> {
  const page = await from.get(`/interaction/${uid}/connexion?profil=responsable`);
  const left = await from.submit(page, {}, '/franceconnect');
  const { searchParams } = new URL(left.headers.location ?? '');
  stub.nonce = searchParams.get('nonce') ?? '';
  return { code: 'code', state: searchParams.get('state') ?? '', iss: stub.issuer };
}

const back = (parameters: Record<string, string>, by = visitor): Promise<Answer> =>
  by.get(`/franceconnect/retour?${new URLSearchParams(parameters)}`);
const asked = (path: string) => stub.asked.filter((request) => request.path === path).length;
const row = () => database.db('franceconnect_requests').orderBy('id', 'desc').first();
const seconds = () => Math.floor(clock.now().getTime() / 1000);

/** Everything that the database holds, as one text. */
async function dump(without: string[] = []): Promise<string> {
  const [tables] = await database.db.raw('SHOW TABLES');
  const all = (tables as object[]).map((line) => String(Object.values(line)[0]));
  const names = all.filter((name) => !without.includes(name));
  return JSON.stringify(await Promise.all(names.map((name) => database.db(name))));
}

describe('who is who he says', () => {
  test('known: straight to the service; nothing that opens anything is left readable', async () => {
    await link();
    const answer = await leave();
    const returned = await back(answer);
    expect([returned.status, returned.headers.location]).toEqual([303, 'https://ent.example.test/callback']);
    expect(provider.finished).toEqual([{ uid, accountPublicId: known.publicId }]);
    expect(await row()).toMatchObject({ outcome: 'identified', identity_sealed: null });
    const text = await dump();
    for (const secret of [answer.state, uid, PERSON.family_name, PERSON.email])
      expect([secret, text.includes(secret)]).toEqual([secret, false]);
  });

  test('known, and his password must be changed: he gets in, and the mark waits for the password', async () => {
    await link();
    const mark = { must_change_since: clock.now() };
    await database.db('accounts').where({ id: known.id }).update(mark);
    await back(await leave());
    expect(provider.finished).toEqual([{ uid, accountPublicId: known.publicId }]);
    expect(await database.db('accounts').where({ id: known.id }).first()).toMatchObject(mark);
    await database.db('accounts').where({ id: known.id }).update({ must_change_since: null });
  });

  test('not known: the mobile is asked, and the page loaded again changes nothing', async () => {
    const returned = await back(await leave());
    expect(new URL(returned.url).pathname).toBe(`/interaction/${uid}/telephone`);
    // On a computer that others use, whose identity is about to be linked must be seen.
    expect(returned.text).toContain(`${PERSON.given_name} ${PERSON.preferred_username}`);
    const again = await visitor.send(`/interaction/${uid}/franceconnect`);
    expect([again.status, again.headers.location]).toEqual([303, `/interaction/${uid}`]);
    expect(provider.finished).toEqual([]);
  });

  test('an account that is closed or frozen since is not opened', async () => {
    await link();
    for (const column of ['frozen_at', 'closed_at']) {
      await database
        .db('accounts')
        .where({ id: known.id })
        .update({ [column]: clock.now() });
      await back(await leave());
      await database
        .db('accounts')
        .where({ id: known.id })
        .update({ [column]: null });
    }
    expect(provider.finished).toEqual([]);
  });

  test('the cookie belongs to this departure, goes nowhere else, and goes away', async () => {
    const { state } = await leave();
    const line = visitor.setCookies.find((cookie) => cookie.startsWith('educonnect_franceconnect_')) ?? '';
    expect(line.toLowerCase()).toMatch(/; path=\/franceconnect;.*samesite=lax.*httponly/);
    expect(line).not.toContain(state);
    await back({ code: 'code', state, iss: stub.issuer });
    expect(
      visitor.cookies.filter(({ path, name }) => path === '/franceconnect' && !name.endsWith('.sig')),
    ).toEqual([]);
  });
});

const FORGERIES: [string, Partial<Forgery> | (() => Partial<Forgery>)][] = [
  ['an ID token with another key', { idToken: 'foreign' }],
  ['an ID token with an unknown kid', { idToken: 'unknown-kid' }],
  ['an ID token changed after it was signed', { idToken: 'tampered' }],
  ['an ID token with alg none', { idToken: 'none' }],
  ['an ID token with HS256 and the public key', { idToken: 'hs256-public' }],
  ['an ID token with HS256 and our secret', { idToken: 'hs256-secret' }],
  ['another nonce', { idTokenClaims: { nonce: 'another-nonce-0123456789-0123456789' } }],
  ['no nonce', { idTokenClaims: { nonce: undefined } }],
  ['another issuer', { idTokenClaims: { iss: 'https://evil.example.test' } }],
  ['another audience', { idTokenClaims: { aud: 'another' } }],
  ['two audiences, meant for the other', () => ({ idTokenClaims: { aud: [CLIENT.id, 'x'], azp: 'x' } })],
  ['no audience', { idTokenClaims: { aud: undefined } }],
  ['expired', () => ({ idTokenClaims: { exp: seconds() - 60, iat: seconds() - 120 } })],
  ['no expiry', { idTokenClaims: { exp: undefined } }],
  ['no date of issue', { idTokenClaims: { iat: undefined } }],
  ['no sub', { idTokenClaims: { sub: undefined } }],
  ['a level that was not asked for', { idTokenClaims: { acr: 'eidas0' } }],
  ['no level', { idTokenClaims: { acr: undefined } }],
  ['user information with another key', { userinfo: 'foreign' }],
  ['user information changed after it was signed', { userinfo: 'tampered' }],
  ['user information with alg none', { userinfo: 'none' }],
  ['user information with HS256 and the public key', { userinfo: 'hs256-public' }],
  ['user information with HS256 and our secret', { userinfo: 'hs256-secret' }],
  ['user information that is not signed', { userinfo: 'plain' }],
  ['user information of another person', { userinfoClaims: { sub: 'somebody-else' } }],
  ['user information of nobody', { userinfoClaims: { sub: undefined } }],
  ['user information for another service', { userinfoClaims: { aud: 'another' } }],
];

test.each(FORGERIES)('A19: %s is refused, nothing is stored but one audit line', async (_what, forgery) => {
  await link();
  const answer = await leave();
  const before = await dump(['audit_events', 'franceconnect_requests']);
  Object.assign(stub.forgery, typeof forgery === 'function' ? forgery() : forgery);
  const refused = await back(answer);
  expect(refused.status).toBe(400);
  expect(refused.text).toContain(TITLES.refused);
  expect(provider.finished).toEqual([]);
  expect(await row()).toMatchObject({ outcome: 'refused', identity_sealed: null, id_token_sealed: null });
  expect(await dump(['audit_events', 'franceconnect_requests'])).toBe(before);
  const lines = await database.db('audit_events');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ event: 'franceconnect', outcome: 'refused', account_id: null });
  expect(lines[0].details).toMatch(/^[\w.-]+$/);
});

describe('A20: what comes back', () => {
  test.each([
    ['without a state', { code: 'code' }],
    ['with an empty state', { code: 'code', state: '' }],
    ['with a state of nobody', { code: 'code', state: 'x'.repeat(43) }],
  ])('%s: EC-400-LOST, and FranceConnect is not asked', async (_what, parameters) => {
    await leave();
    const before = await dump();
    const answer = await back(parameters);
    expect([answer.status, answer.text.includes('EC-400-LOST')]).toEqual([400, true]);
    expect(asked('/token')).toBe(0);
    expect(await dump()).toBe(before);
  });

  test('two states at once', async () => {
    const { state } = await leave();
    const answer = await visitor.get(`/franceconnect/retour?code=c&state=${state}&state=${state}`);
    expect(answer.status).toBe(400);
    expect(asked('/token')).toBe(0);
  });

  test("to another browser, with or without a cookie of its own: refused, and the right one's goes on", async () => {
    await link();
    const thief = createVisitor(app.url);
    await leave(thief);
    const answer = await leave();
    const before = await dump();
    for (const other of [createVisitor(app.url), thief]) {
      expect((await back(answer, other)).text).toContain('EC-400-LOST');
    }
    expect(asked('/token')).toBe(0);
    expect(await dump()).toBe(before);
    await back(answer);
    expect(provider.finished).toHaveLength(1);
  });

  test('cancelled, with HTML in the description: nothing of it is on the page', async () => {
    const { state, iss } = await leave();
    const description = '<script>alert(1)</script>user authentication aborted';
    const answer = await back({ error: 'access_denied', error_description: description, state, iss });
    expect([answer.status, answer.text.includes(TITLES.cancelled)]).toEqual([200, true]);
    expect(answer.text).not.toContain('alert(1)');
    expect(answer.text).not.toContain('aborted');
    expect(answer.text).toContain(`/interaction/${uid}/connexion?profil=responsable`);
    expect(await database.db('audit_events')).toEqual([]);
    await link();
    const again = await visitor.submit(answer, {}, '/franceconnect');
    expect(again.headers.location).toContain(`${stub.issuer}/authorize?`);
  });

  test('another error: refused', async () => {
    const { state, iss } = await leave();
    const answer = await back({ error: 'invalid_idp_hint', state, iss });
    expect([answer.status, answer.text.includes(TITLES.refused)]).toEqual([400, true]);
  });

  test('from somebody else than FranceConnect', async () => {
    const answer = await leave();
    expect((await back({ ...answer, iss: 'https://evil.example.test' })).text).toContain(TITLES.refused);
    expect(asked('/token')).toBe(0);
  });

  test('ten times at once: the code is exchanged once, the login handed over once', async () => {
    await link();
    const answer = await leave();
    const same = visitor.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const path = `/franceconnect/retour?${new URLSearchParams(answer)}`;
    const ten = Array.from({ length: 10 }, () => createVisitor(app.url, { headers: { cookie: same } }));
    const answers = await Promise.all(ten.map((one) => one.send(path)));
    for (const { status, headers } of answers)
      expect([status, headers.location]).toEqual([303, `/interaction/${uid}/franceconnect`]);
    expect(asked('/token')).toBe(1);
    await Promise.all(ten.map((one) => one.send(`/interaction/${uid}/franceconnect`)));
    expect(provider.finished).toHaveLength(1);
  });

  test('just within ten minutes: taken', async () => {
    await link();
    const answer = await leave();
    clock.advance(10 * 60_000 - 1);
    await back(answer);
    expect(provider.finished).toHaveLength(1);
  });

  test('after ten minutes: late, and once more is offered', async () => {
    const answer = await leave();
    clock.advance(10 * 60_000);
    const late = await back(answer);
    expect(late.text).toContain('Plus de 10 minutes ont passé');
    expect([late.status, late.text.includes(TITLES.late)]).toEqual([400, true]);
    expect(asked('/token')).toBe(0);
    expect((await visitor.submit(late, {}, '/franceconnect')).status).toBe(303);
  });

  test('while another request of the browser is still asking; that one died', async () => {
    await leave();
    await database.db('franceconnect_requests').update({ consumed_at: clock.now() });
    const waiting = await visitor.get(`/interaction/${uid}/franceconnect`);
    expect([waiting.status, waiting.text.includes(TITLES.pending)]).toEqual([200, true]);
    clock.advance(31_000);
    expect((await visitor.get(`/interaction/${uid}/franceconnect`)).text).toContain(TITLES.unreachable);
  });

  test('nobody has been there: the page of the sign-in', async () => {
    const answer = await visitor.send(`/interaction/${uid}/franceconnect`);
    expect(answer.headers.location).toBe(`/interaction/${uid}/connexion?profil=responsable`);
  });

  test('F02: nobody is sent there without the token of the form', async () => {
    const answer = await visitor.send(`/interaction/${uid}/franceconnect`, { method: 'POST', body: '' });
    expect(answer.status).toBe(403);
    expect(await database.db('franceconnect_requests')).toEqual([]);
  });
});

describe('J06: FranceConnect away or slow', () => {
  test.each(['/token', '/userinfo', '/jwks'])('%s is silent: said so, with the other ways', async (path) => {
    const answer = await leave();
    // As fresh as after a restart.
    stub.rotate();
    stub.forgery.trouble = { [path]: 'silence' };
    clock.advance(9 * 60_000);
    inHaste = true;
    const away = await back(answer);
    expect([away.status, away.text.includes(TITLES.unreachable)]).toEqual([503, true]);
    expect(away.text).toContain(`/interaction/${uid}/inscription`);
    expect(await database.db('audit_events')).toEqual([]);
  });

  test('gone altogether: the application answers, the visitor stays, and it works again afterwards', async () => {
    const page = await visitor.get(`/interaction/${uid}/connexion?profil=responsable`);
    await stub.close();
    clock.advance(2 * 3_600_000);
    const away = await visitor.submit(page, {}, '/franceconnect');
    expect([away.status, away.text.includes(TITLES.unreachable)]).toEqual([503, true]);
    expect(await database.db('franceconnect_requests')).toEqual([]);
    await stub.open();
    clock.advance(10_001);
    expect((await visitor.submit(away, {}, '/franceconnect')).status).toBe(303);
  });
});
