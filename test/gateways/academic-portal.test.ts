import { createSecretKey } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { AcademicPortal } from '../../src/deps.ts';
import { createAcademicPortal } from '../../src/gateways/academic-portal.ts';
import { closeServer } from '../support/app.ts';
import { testConfig } from '../support/deps.ts';

/** A portal that can lie: each test says how it answers. */
type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
type Lies = {
  idToken?: JWTPayload;
  signedBy?: Keys['privateKey'];
  alg?: string;
  userinfo?: Record<string, unknown> | null;
  status?: number;
  silent?: boolean;
  issuer?: string;
  noRefresh?: boolean;
  refreshStatus?: number;
  noLogout?: boolean;
};

let keys: Keys;
let other: Keys;
let lies: Lies;
let asked: { path: string; body: URLSearchParams; authorization: string | undefined }[];
let issuer: string;
let server: ReturnType<typeof createServer>;
let portal: AcademicPortal;

const CLIENT_ID = 'educonnect-test';
const SECRET = 'secret-of-the-portal-in-tests-0123456789';
const CALLBACK = 'https://educonnect.example.test/admin/retour';
const BEGUN = { state: 'state-1', nonce: 'nonce-1', codeVerifier: 'v'.repeat(43) };

beforeAll(async () => {
  keys = await generateKeyPair('RS256');
  other = await generateKeyPair('RS256');
});
beforeEach(async () => {
  lies = {};
  asked = [];
  server = createServer((req, res) => {
    answer(req, res).catch((error: Error) => res.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const config = testConfig('mysql://x/y', {
    ACADEMIC_PORTAL_ISSUER: issuer,
    ACADEMIC_PORTAL_CLIENT_ID: CLIENT_ID,
    ACADEMIC_PORTAL_CLIENT_SECRET: SECRET,
    ACADEMIC_PORTAL_TIMEOUT_MS: '400',
  });
  portal = createAcademicPortal({ config, clock: { now: () => new Date() } }) as AcademicPortal;
});
afterEach(() => closeServer(server));

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const path = new URL(req.url ?? '/', issuer).pathname;
  let text = '';
  for await (const chunk of req) text += String(chunk);
  asked.push({ path, body: new URLSearchParams(text), authorization: req.headers.authorization });
  if (lies.silent && path !== '/.well-known/openid-configuration') return;
  const json = (body: unknown, status = lies.status ?? 200) => {
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(JSON.stringify(body));
  };
  if (path === '/.well-known/openid-configuration') return json(discovery());
  if (path === '/jwks') {
    const jwk = await exportJWK(keys.publicKey);
    return json({ keys: [{ ...jwk, kid: 'k1', alg: 'RS256', use: 'sig' }] });
  }
  if (path === '/me')
    return json(lies.userinfo === undefined ? { sub: 'chef', FrEduFonctAdm: 'DIR' } : lies.userinfo);
  const refreshing = text.includes('grant_type=refresh_token');
  if (refreshing && lies.refreshStatus) return json({ error: 'invalid_grant' }, lies.refreshStatus);
  return json({
    access_token: 'access-1',
    token_type: 'Bearer',
    id_token: await idToken(refreshing ? {} : { nonce: BEGUN.nonce }),
    ...(lies.noRefresh ? {} : { refresh_token: refreshing ? 'refresh-2' : 'refresh-1' }),
  });
}

const discovery = () => ({
  issuer: lies.issuer ?? issuer,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  userinfo_endpoint: `${issuer}/me`,
  ...(lies.noLogout ? {} : { end_session_endpoint: `${issuer}/logout` }),
  id_token_signing_alg_values_supported: ['HS256', 'RS256'],
});

function idToken(more: JWTPayload): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer,
    aud: CLIENT_ID,
    sub: 'chef',
    iat: now,
    exp: now + 60,
    amr: ['pwd', 'otp'],
    ...more,
  };
  const key =
    lies.alg === 'HS256' ? createSecretKey(Buffer.from(SECRET)) : (lies.signedBy ?? keys.privateKey);
  return new SignJWT({ ...claims, ...lies.idToken })
    .setProtectedHeader({ alg: lies.alg ?? 'RS256', kid: 'k1' })
    .sign(key);
}

const finish = (query: Record<string, string> = {}) => {
  const url = new URL(CALLBACK);
  url.search = new URLSearchParams({ code: 'code-1', state: BEGUN.state, ...query }).toString();
  return portal.finish({ ...BEGUN, callbackUrl: url.href });
};

describe('a sign-in', () => {
  test('begins with PKCE, state and nonce; the key is asked for where it is wanted', async () => {
    const begin = { redirectUri: CALLBACK, ...BEGUN, strong: false };
    const begun = await portal.begin(begin);
    const query = new URL(begun.ok ? begun.url : issuer).searchParams;
    expect(Object.fromEntries(query)).toMatchObject({
      client_id: CLIENT_ID,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'openid profile email',
      state: BEGUN.state,
      nonce: BEGUN.nonce,
      code_challenge_method: 'S256',
    });
    expect(query.get('prompt')).toBeNull();
    expect(query.get('code_challenge')).not.toBe(BEGUN.codeVerifier);
    const strong = await portal.begin({ ...begin, strong: true });
    const asksForKey = new URL(strong.ok ? strong.url : issuer).searchParams;
    expect([asksForKey.get('prompt'), asksForKey.get('acr_values')]).toEqual([
      'login',
      'https://refeds.org/profile/mfa',
    ]);
    expect(asked.map(({ path }) => path)).toEqual(['/.well-known/openid-configuration']);
  });

  test('ends with who it is, from the ID token and userinfo', async () => {
    lies.userinfo = { sub: 'chef', FrEduFonctAdm: 'DIR', amr: ['otp-of-userinfo'] };
    const finished = await finish();
    expect(finished).toMatchObject({
      ok: true,
      identity: { issuer, sub: 'chef', claims: { FrEduFonctAdm: 'DIR', amr: ['pwd', 'otp'] } },
      tokens: { accessToken: 'access-1', refreshToken: 'refresh-1' },
    });
    const exchange = asked.find(({ path }) => path === '/token');
    expect(exchange?.body.get('code_verifier')).toBe(BEGUN.codeVerifier);
    expect(exchange?.authorization).toMatch(/^Basic /);
    expect(exchange?.body.get('client_secret')).toBeNull();
  });

  const forged: [string, () => Lies, Record<string, string>?][] = [
    ['an ID token that another key signed', () => ({ signedBy: other.privateKey })],
    ['an ID token that our own secret signed', () => ({ alg: 'HS256' })],
    ['another nonce', () => ({ idToken: { nonce: 'nonce-2' } })],
    ['no nonce', () => ({ idToken: { nonce: undefined } as never })],
    ['another issuer', () => ({ idToken: { iss: 'https://autre-academie.example.test' } })],
    ['another audience', () => ({ idToken: { aud: 'autre-application' } })],
    ['an ID token that is over', () => ({ idToken: { exp: 1_700_000_000 } })],
    ['a sub that cannot be one', () => ({ idToken: { sub: 'é' }, userinfo: { sub: 'é' } })],
    ['userinfo of somebody else', () => ({ userinfo: { sub: 'autre', FrEduFonctAdm: 'DIR' } })],
    ['another state', () => ({}), { state: 'state-2' }],
    ['another issuer in the answer (RFC 9207)', () => ({}), { iss: 'https://autre.example.test' }],
    ['an error', () => ({}), { error: 'server_error' }],
    ['a token endpoint that refuses', () => ({ status: 400 })],
  ];
  test.each(forged)('G02: is refused: %s', async (_what, told, query = {}) => {
    await portal.begin({ redirectUri: CALLBACK, ...BEGUN, strong: false });
    lies = told();
    expect(await finish(query)).toMatchObject({ ok: false, reason: 'refused' });
  });

  test('that the visitor cancelled is told apart', async () => {
    expect(await finish({ error: 'access_denied' })).toMatchObject({ ok: false, reason: 'cancelled' });
  });
});

describe('a portal that is away', () => {
  test.each([
    ['that answers 500', { status: 500 }],
    ['that never answers', { silent: true }],
  ])('%s: unreachable, within the time', async (_what, told) => {
    await portal.begin({ redirectUri: CALLBACK, ...BEGUN, strong: false });
    lies = told;
    expect(await finish()).toMatchObject({ ok: false, reason: 'unreachable' });
  });

  test('or that calls itself otherwise is not gone to', async () => {
    lies.issuer = 'https://autre.example.test';
    const begin = { redirectUri: CALLBACK, ...BEGUN, strong: false };
    expect(await portal.begin(begin)).toEqual({ ok: false, reason: 'unreachable' });
    const times = asked.length;
    expect(await portal.begin(begin)).toEqual({ ok: false, reason: 'unreachable' });
    // Nobody waits for it again at once.
    expect(asked.length).toBe(times);
    expect(await portal.endSessionUrl({ idToken: 'x', postLogoutRedirectUri: CALLBACK })).toBeNull();
  });
});

describe('asked again', () => {
  const tokens = { idToken: 'x', accessToken: 'access-1', refreshToken: 'refresh-1' };

  test('it says what is true now, and new tokens take the place of the old', async () => {
    const read = await portal.reread({ sub: 'chef', tokens });
    expect(read).toMatchObject({
      ok: true,
      claims: { FrEduFonctAdm: 'DIR' },
      tokens: { refreshToken: 'refresh-2' },
    });
  });

  test.each([
    ['it refuses', { refreshStatus: 400 }, 'ended'],
    ['it speaks of somebody else', { idToken: { sub: 'autre' }, userinfo: { sub: 'autre' } }, 'ended'],
    ['it is away', { status: 503 }, 'unreachable'],
  ])('%s', async (_what, told, reason) => {
    await portal.begin({ redirectUri: CALLBACK, ...BEGUN, strong: false });
    lies = told as Lies;
    expect(await portal.reread({ sub: 'chef', tokens })).toMatchObject({ ok: false, reason });
  });
});

test('where its session ends; nowhere, when it offers none', async () => {
  const logout = { idToken: 'hint', postLogoutRedirectUri: CALLBACK };
  const to = new URL((await portal.endSessionUrl(logout)) ?? '');
  expect(to.pathname).toBe('/logout');
  expect(to.searchParams.get('id_token_hint')).toBe('hint');
  expect(to.searchParams.get('post_logout_redirect_uri')).toBe(CALLBACK);
});

test('its three variables come together, and plain http is for loopback', () => {
  const config = (more: Record<string, string>) => () => testConfig('mysql://u@h/d', more);
  expect(config({ ACADEMIC_PORTAL_ISSUER: 'https://portail.example.test' })).toThrow(
    'ACADEMIC_PORTAL_CLIENT_SECRET: is missing',
  );
  const all = { ACADEMIC_PORTAL_CLIENT_ID: 'a', ACADEMIC_PORTAL_CLIENT_SECRET: SECRET };
  expect(config({ ...all, ACADEMIC_PORTAL_ISSUER: 'http://portail.example.test' })).toThrow('must be https');
  expect(createAcademicPortal({ config: config({})(), clock: { now: () => new Date() } })).toBeNull();
});
