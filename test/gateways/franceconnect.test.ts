import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { FranceConnect } from '../../src/deps.ts';
import { createFranceConnect } from '../../src/gateways/franceconnect.ts';
import { createTestClock, type TestClock, testConfig } from '../support/deps.ts';
import { CLIENT, type StubFranceConnect, startStubFranceConnect } from '../support/stub-franceconnect.ts';

const REDIRECT = 'http://localhost:3000/franceconnect/retour';
const STATE = 'state-of-the-test-suite-0123456789-0123456789';
const NONCE = 'nonce-of-the-test-suite-0123456789-0123456789';

let clock: TestClock;
let stub: StubFranceConnect;

beforeAll(async () => {
  clock = createTestClock();
  stub = await startStubFranceConnect(clock);
});
afterAll(() => stub.close());
beforeEach(() => {
  stub.reset();
  stub.nonce = NONCE;
});

function gateway(env: Record<string, string> = {}): FranceConnect {
  const config = testConfig('mysql://root@localhost/none', {
    FRANCECONNECT_ISSUER: stub.issuer,
    FRANCECONNECT_CLIENT_ID: CLIENT.id,
    FRANCECONNECT_CLIENT_SECRET: CLIENT.secret,
    ...env,
  });
  const made = createFranceConnect({ config, clock });
  if (made === null) throw new Error('not configured');
  return made;
}

const callback = (parameters: Record<string, string> = {}) =>
  `${REDIRECT}?${new URLSearchParams({ code: 'code', state: STATE, iss: stub.issuer, ...parameters })}`;
const finish = (from: FranceConnect, parameters: Record<string, string> = {}) =>
  from.finish({ callbackUrl: callback(parameters), state: STATE, nonce: NONCE });
const askedFor = (path: string) => stub.asked.filter((request) => request.path === path).length;

test('not configured: there is none', () => {
  expect(createFranceConnect({ config: testConfig('mysql://root@localhost/none'), clock })).toBeNull();
});

test('the address has what the white list lets through and nothing more', async () => {
  const begun = await gateway().begin({ redirectUri: REDIRECT, state: STATE, nonce: NONCE });
  if (!begun.ok) throw new Error(begun.reason);
  const url = new URL(begun.url);
  expect(url.origin + url.pathname).toBe(`${stub.issuer}/authorize`);
  expect(Object.fromEntries(url.searchParams)).toEqual({
    client_id: CLIENT.id,
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: 'openid given_name family_name preferred_username',
    state: STATE,
    nonce: NONCE,
    acr_values: 'eidas1',
  });
});

test('who it is, with the secret in the body of the request', async () => {
  const answer = await finish(gateway());
  expect(answer).toEqual({
    ok: true,
    idToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    identity: {
      issuer: stub.issuer,
      sub: 'a1b2c3v1',
      givenName: 'HELENE MARIE',
      familyName: 'MOREAU',
      preferredName: 'DE LA FONTAINE',
    },
  });
  const body = new URLSearchParams(stub.asked.find(({ path }) => path === '/token')?.body);
  expect(body.get('client_secret')).toBe(CLIENT.secret);
  expect(body.get('redirect_uri')).toBe(REDIRECT);
  expect(body.has('code_verifier')).toBe(false);
});

test.each([
  ['RS256', () => Object.assign(stub.forgery, { idToken: 'rs256', userinfo: 'rs256' })],
  ['no kid where one key fits', () => Object.assign(stub.forgery, { idToken: 'no-kid' })],
])('%s is accepted', async (_what, prepare) => {
  prepare();
  expect(await finish(gateway())).toMatchObject({ ok: true });
});

test('what is told of a person is cleaned, and what is unusable counts as not told', async () => {
  stub.forgery.userinfoClaims = {
    given_name: '  Anne\u202e\u0000  Marie ',
    family_name: 'X'.repeat(5000),
    preferred_username: 42,
  };
  expect(await finish(gateway())).toMatchObject({
    identity: {
      givenName: 'Anne Marie',
      familyName: null,
      preferredName: null,
    },
  });
});

describe('refused, with a word for the log that nobody else wrote', () => {
  test.each([
    [
      'access_denied',
      { error: 'access_denied', error_description: '<b>x</b>' },
      'cancelled',
      'access_denied',
    ],
    ['another error', { error: 'server_error' }, 'refused', 'server_error'],
    ['an error made of HTML', { error: '<script>' }, 'refused', 'unknown'],
    ['no code', { code: '' }, 'refused', 'OAUTH_INVALID_RESPONSE'],
    ['another state', { state: 'other' }, 'refused', 'OAUTH_INVALID_RESPONSE'],
    ['another iss', { iss: 'https://evil.example.test' }, 'refused', 'OAUTH_INVALID_RESPONSE'],
  ])('%s', async (_what, parameters, reason, detail) => {
    const given = Object.entries({ code: 'code', state: STATE, iss: stub.issuer, ...parameters });
    const sent = new URLSearchParams(given.filter(([, value]) => value !== ''));
    const answer = await gateway().finish({ callbackUrl: `${REDIRECT}?${sent}`, state: STATE, nonce: NONCE });
    expect(answer).toEqual({ ok: false, reason, detail });
    expect(askedFor('/token')).toBe(0);
  });

  test('a code that FranceConnect refuses', async () => {
    stub.forgery.trouble = { '/token': 400 };
    expect(await finish(gateway())).toMatchObject({ ok: false, reason: 'refused' });
  });
});

describe('keys', () => {
  test('a new one is fetched once, and the code is not presented twice', async () => {
    const franceConnect = gateway();
    await finish(franceConnect);
    stub.rotate();
    clock.advance(61_000);
    stub.asked.length = 0;
    expect(await finish(franceConnect)).toMatchObject({ ok: true });
    expect([askedFor('/jwks'), askedFor('/token'), askedFor('/userinfo')]).toEqual([1, 1, 1]);
  });

  test('a new one under the old name too', async () => {
    const franceConnect = gateway();
    await finish(franceConnect);
    stub.rotate('pkcs11:ES256:hsm');
    await finish(franceConnect);
    clock.advance(61_000);
    expect(await finish(franceConnect)).toMatchObject({ ok: true });
  });

  test('at most once a minute, however many unknown ones come', async () => {
    const franceConnect = gateway();
    await finish(franceConnect);
    stub.forgery.idToken = 'unknown-kid';
    clock.advance(61_000);
    stub.asked.length = 0;
    for (let tries = 0; tries < 5; tries += 1)
      expect(await finish(franceConnect)).toMatchObject({ ok: false, reason: 'refused' });
    expect(askedFor('/jwks')).toBe(1);
  });

  test('no kid where two keys fit is refused', async () => {
    stub.publishAnother();
    stub.forgery.idToken = 'no-kid';
    expect(await finish(gateway())).toMatchObject({ ok: false, reason: 'refused' });
    stub.rotate();
  });
});

describe('J06: away or slow', () => {
  /** Only where nothing else than an outage is expected: beside other tests, a good answer takes its time. */
  const hasty = () => gateway({ FRANCECONNECT_TIMEOUT_MS: '150' });
  const begin = (from: FranceConnect) => from.begin({ redirectUri: REDIRECT, state: STATE, nonce: NONCE });

  test.each([500, 404, 'silence'] as const)('discovery answers with %s: known in time', async (trouble) => {
    stub.forgery.trouble = { '/.well-known/openid-configuration': trouble };
    expect(await begin(hasty())).toEqual({ ok: false, reason: 'unreachable' });
  });

  test('one question for all who wait, none for ten seconds, then it is tried again', async () => {
    const franceConnect = gateway();
    stub.forgery.trouble = { '/.well-known/openid-configuration': 503 };
    await Promise.all(Array.from({ length: 20 }, () => begin(franceConnect)));
    expect(stub.asked).toHaveLength(1);
    stub.reset();
    expect(await begin(franceConnect)).toMatchObject({ ok: false });
    expect(stub.asked).toEqual([]);
    clock.advance(10_001);
    expect(await begin(franceConnect)).toMatchObject({ ok: true });
    await begin(franceConnect);
    expect(stub.asked.length).toBe(1);
  });

  test('an outage after a good start is known to the next but one, and to a logout at once', async () => {
    const franceConnect = gateway();
    const logout = { idToken: 'x', postLogoutRedirectUri: REDIRECT, state: STATE };
    await begin(franceConnect);
    stub.forgery.trouble = { '/.well-known/openid-configuration': 503 };
    clock.advance(61_000);
    expect(await begin(franceConnect)).toMatchObject({ ok: true });
    expect(await franceConnect.endSessionUrl(logout)).toBeNull();
    expect(await begin(franceConnect)).toMatchObject({ ok: false });
    // Who comes back from there all the same is taken.
    expect(await finish(franceConnect)).toMatchObject({ ok: true });
    stub.reset();
    clock.advance(10_001);
    expect(await franceConnect.endSessionUrl(logout)).not.toBeNull();
  });

  test('gone altogether, then back', async () => {
    const franceConnect = gateway();
    await stub.close();
    expect(await begin(franceConnect)).toMatchObject({ ok: false, reason: 'unreachable' });
    expect(
      await franceConnect.endSessionUrl({ idToken: 'x', postLogoutRedirectUri: REDIRECT, state: STATE }),
    ).toBeNull();
    await stub.open();
    clock.advance(10_001);
    expect(await begin(franceConnect)).toMatchObject({ ok: true });
  });

  test.each(['/token', '/userinfo', '/jwks'])('%s fails or is silent', async (path) => {
    for (const trouble of [503, 'silence'] as const) {
      stub.forgery.trouble = { [path]: trouble };
      expect(await finish(hasty())).toMatchObject({ ok: false, reason: 'unreachable' });
    }
  });
});

test('the logout carries the ID token and what FranceConnect allows', async () => {
  const logout = {
    idToken: 'a.b.c',
    postLogoutRedirectUri: 'http://localhost:3000/franceconnect/deconnexion',
  };
  const url = new URL((await gateway().endSessionUrl({ ...logout, state: STATE })) ?? '');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    id_token_hint: 'a.b.c',
    post_logout_redirect_uri: logout.postLogoutRedirectUri,
    state: STATE,
    client_id: CLIENT.id,
  });
});
