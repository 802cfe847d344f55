import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createProvider } from '../../src/provider/index.ts';
import { secondPool } from '../provider/harness.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createVisitor, postOf, type Visitor } from '../support/visitor.ts';
import {
  authenticated,
  codeFor,
  exchange,
  type Kit,
  lead,
  request,
  type Service,
  signIn,
  silently,
  startKit,
  userinfo,
} from './kit.ts';

/** OAuth 2.0 Security Best Current Practice (RFC 9700) and ASVS V10, lines A10, B02 to B06 and M02, M04 of the matrix. */

let database: TestDatabase;
let kit: Kit;
let service: Service;
let other: Service;

beforeAll(async () => {
  database = await createTestDatabase();
  kit = await startKit(database);
  service = await kit.service();
  other = await kit.service({ sector: 'other.example.org' });
});
afterAll(async () => {
  await kit?.close();
  await database?.drop();
});

/** Sent as it is, and answered with a page or JSON of ours below 500. */
async function rawly(path: string, headers: Record<string, string> = {}): Promise<string> {
  const { port } = new URL(kit.base);
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port: Number(port), host: '127.0.0.1' });
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject).on('end', () => resolve(text));
    const lines = Object.entries({ host: 'localhost', connection: 'close', ...headers });
    socket.write(
      `GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    );
  });
}

test('A10 oidcc-ensure-registered-redirect-uri: an error page, before anybody types a password and after', async () => {
  const redirect_uri = `${service.redirectUri}/unregistered`;
  const browser = kit.browser();
  for (const signedIn of [false, true]) {
    if (signedIn) await signIn(kit, browser, service);
    const { answer, callback, asked } = await lead(kit, browser, request(kit, service, { redirect_uri }));
    expect([asked, callback, answer.status]).toEqual([false, null, 400]);
    expect(answer.text).toContain('EC-400-SERVICE');
    const none = await lead(kit, browser, request(kit, service, { redirect_uri: null }));
    expect([none.callback, none.answer.status]).toEqual([null, 400]);
    const foreign = await lead(kit, browser, request(kit, service, { redirect_uri: other.redirectUri }));
    expect([foreign.callback, foreign.answer.status]).toEqual([null, 400]);
  }
});

describe('B02', () => {
  const odd: [string, (url: string) => string][] = [
    ['client_id twice', (url) => `${url}&client_id=${'x'}`],
    ['redirect_uri twice', (url) => `${url}&redirect_uri=https%3A%2F%2Fevil.example%2F`],
    ['scope twice', (url) => `${url}&scope=openid`],
    ['state twice', (url) => `${url}&state=x`],
    ['a NUL in the client id', (url) => url.replace('client_id=', 'client_id=%00')],
    ['a NUL in the scope', (url) => url.replace('scope=openid', 'scope=openid%00')],
    [
      'letters beyond ASCII in the client id',
      (url) => url.replace('client_id=', 'client_id=%D0%B5%F0%9F%98%80'),
    ],
    ['bytes that are no UTF-8', (url) => url.replace('client_id=', 'client_id=%FF%FE')],
    ['an object for a parameter', (url) => `${url}&scope[x]=1&claims[]=1`],
    ['line breaks in the client id', (url) => url.replace('client_id=', 'client_id=%0D%0ASet-Cookie:x=1')],
    ['max_age that is no number', (url) => `${url}&max_age=soon`],
    ['claims that are no object', (url) => `${url}&claims=%5B1%5D`],
    [
      'an endless nesting of claims',
      (url) => `${url}&claims=${'%7B%22a%22:'.repeat(200)}1${'%7D'.repeat(200)}`,
    ],
  ];
  test.each(odd)('B02 %s: refused or ignored, never a fault', async (_name, change) => {
    const sent = request(kit, service);
    const answer = await kit.browser().get(change(sent.url).slice(new URL(kit.issuer).origin.length));
    expect(answer.status).toBeLessThan(500);
    const to = answer.headers.location;
    if (to !== undefined && answer.status < 400) expect(to.startsWith(service.redirectUri)).toBe(true);
    expect(answer.headers['set-cookie'] ?? []).not.toContain('x=1');
  });

  test('B02 a state of 100 kB: refused, in the address and posted, without a fault', async () => {
    const state = 's'.repeat(100_000);
    const sent = request(kit, service, { state, prompt: 'none' });
    const { pathname, search, searchParams } = new URL(sent.url);
    expect(await rawly(pathname + search)).toMatch(/^HTTP\/1\.1 431 /);
    const posted = await kit.browser().send(pathname, postOf(searchParams.toString()));
    expect(posted.status).toBeLessThan(500);
    expect(posted.status).toBeGreaterThanOrEqual(300);
  });

  test('B02 at the token endpoint: parameters twice, NUL, other types of content, broken Basic', async () => {
    const send = (init: RequestInit) => fetch(kit.metadata.token_endpoint, { method: 'POST', ...init });
    const { headers } = authenticated(service, {});
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
    const answers = await Promise.all([
      send({ headers: form, body: 'grant_type=authorization_code&grant_type=refresh_token' }),
      send({
        headers: form,
        body: 'grant_type=authorization_code&code=%00&redirect_uri=x&code_verifier=%00',
      }),
      send({ headers: form, body: `grant_type=refresh_token&refresh_token=${'r'.repeat(40_000)}` }),
      send({ headers: { ...headers, 'content-type': 'application/json' }, body: '{"grant_type":{}}' }),
      send({ headers: { ...form, authorization: 'Basic ####' }, body: 'grant_type=authorization_code' }),
      send({ headers: { ...form, authorization: 'Basic' }, body: 'grant_type=authorization_code' }),
      send({ headers: { ...form, authorization: `Bearer x` }, body: 'grant_type=authorization_code' }),
      send({ headers: form, body: '' }),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(await answer.text()).not.toMatch(/ at |node_modules|stack/);
    }
  });
});

test('B03 what leads away from the provider is what the service has registered, whatever is added', async () => {
  const evil = 'https://evil.example/';
  const extra = `&returnTo=${evil}&next=${evil}&redirect=${evil}&iss=${evil}&target_link_uri=${evil}`;
  const sent = request(kit, service);
  const led = await lead(kit, kit.browser(), { ...sent, url: sent.url + extra });
  expect(led.callback?.href.split('?')[0]).toBe(service.redirectUri);
  for (const path of [
    '/oidc/session/end',
    '/oidc/session/end/success',
    '/franceconnect/deconnexion?state=x',
  ]) {
    const glue = path.includes('?') ? '&' : '?';
    const answer = await kit
      .browser()
      .send(`${path}${glue}returnTo=${evil}&post_logout_redirect_uri=${evil}`, {
        headers: { referer: evil },
      });
    expect(answer.headers.location ?? '').not.toContain('evil.example');
  }
});

test('B04 a page of another origin reads nothing: no CORS but for what is public', async () => {
  const headers = { origin: 'https://evil.example' };
  const { tokens } = await signIn(kit, kit.browser(), service);
  const read = async (url: string, init: RequestInit = {}) => {
    const answer = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: { ...headers, ...init.headers },
    });
    return answer.headers.get('access-control-allow-origin');
  };
  const bearer = { authorization: `Bearer ${tokens.access_token}` };
  expect(await read(request(kit, service).url)).toBeNull();
  expect(await read(kit.metadata.userinfo_endpoint, { headers: bearer })).toBeNull();
  for (const endpoint of [
    'token_endpoint',
    'revocation_endpoint',
    'pushed_authorization_request_endpoint',
  ] as const)
    expect(await read(kit.metadata[endpoint], { method: 'POST', ...authenticated(service, {}) })).toBeNull();
  expect(await read(kit.metadata.end_session_endpoint)).toBeNull();
});

test('B05 whatever is posted with a password in it is left by a 303', async () => {
  const browser = kit.browser();
  const seen: number[] = [];
  const { send } = browser;
  browser.send = async (path, options) => {
    const answer = await send(path, options);
    if (options?.method === 'POST') seen.push(answer.status);
    return answer;
  };
  const page = await browser.get(request(kit, service).url.slice(new URL(kit.issuer).origin.length));
  const start = new URL(page.url).pathname.split('/').slice(0, 3).join('/');
  const form = await browser.get(`${start}/connexion?profil=responsable`);
  const csrf = /name="_csrf" value="([^"]+)"/.exec(form.text)?.[1] ?? '';
  const body = new URLSearchParams({ _csrf: csrf, identifier: kit.identifier, password: 'chaise3verte' });
  const answer = await browser.send(`${start}/connexion?profil=responsable`, postOf(body.toString()));
  expect([answer.status, seen]).toEqual([303, [303]]);
  const on = await browser.send(new URL(answer.headers.location ?? '', kit.base).pathname);
  expect(on.status).toBe(303);
});

test('B06 each token is good for its own purpose and its own service only', async () => {
  const { tokens } = await signIn(kit, kit.browser(), service, { scope: 'openid offline_access' });
  const foreign = await signIn(kit, kit.browser(), other);
  const status = async (token: string) => (await userinfo(kit, token)).status;
  expect(await status(tokens.access_token)).toBe(200);
  for (const token of [tokens.id_token, tokens.refresh_token as string, `${tokens.access_token}x`, 'x', ''])
    expect(await status(token)).toBeGreaterThanOrEqual(400);
  const refresh = async (of: Service, value: string) => {
    const fields = { grant_type: 'refresh_token', refresh_token: value };
    const answer = await fetch(kit.metadata.token_endpoint, { method: 'POST', ...authenticated(of, fields) });
    return [answer.status, ((await answer.json()) as { error?: string }).error];
  };
  expect(await refresh(service, tokens.access_token)).toEqual([400, 'invalid_grant']);
  expect(await refresh(service, tokens.id_token)).toEqual([400, 'invalid_grant']);
  expect(await refresh(other, tokens.refresh_token as string)).toEqual([400, 'invalid_grant']);
  // An access token is no ID token: a service that asks for one as a hint is refused, and so is another's hint.
  const browser = kit.browser();
  await signIn(kit, browser, service);
  for (const hint of [tokens.access_token, foreign.tokens.id_token.replace(/\.[^.]+$/, '.AAAA')])
    expect(await silently(kit, browser, service, { id_token_hint: hint })).not.toBeNull();
  // Nobody may revoke what is another's.
  const body = { token: tokens.refresh_token as string };
  const revoked = await fetch(kit.metadata.revocation_endpoint, {
    method: 'POST',
    ...authenticated(other, body),
  });
  expect(revoked.status).toBeLessThan(500);
  expect(await status(tokens.access_token)).toBe(200);
  // Different services know different persons.
  expect(foreign.claims.sub).not.toBe((await signIn(kit, browser, service)).claims.sub);
});

test('B08 no code in Referer: pages name no referrer, and none is kept by a browser’s cache', async () => {
  const led = await codeFor(kit, kit.browser(), service);
  expect(led.answer.headers['referrer-policy']).toMatch(/no-referrer/);
  expect(led.answer.headers['cache-control']).toContain('no-store');
  const answer = await exchange(kit, service, led);
  expect(answer.headers.get('cache-control')).toContain('no-store');
});

describe('secrets change, and nobody is signed out', () => {
  const running: TestApp[] = [];
  afterAll(async () => {
    for (const app of running) await app.close();
  });

  /** The process after a restart with these settings, and the same browser at it. */
  async function restarted(env: Record<string, string>, before: Visitor, pool = database) {
    const app = await startApp(pool, {
      env: { BASE_URL: kit.deps.config.BASE_URL, ...env },
      provider: createProvider,
    });
    app.deps.clock.set(kit.deps.clock.now());
    running.push(app);
    const browser = createVisitor(app.url, { known: kit.deps.config.BASE_URL });
    browser.cookies.push(...before.cookies);
    return { app, browser };
  }

  test('M02 cookie keys: a new one in front signs nobody out; without the old one its cookies are nobody’s', async () => {
    const [old = ''] = kit.deps.config.COOKIE_KEYS;
    const browser = kit.browser();
    await signIn(kit, browser, service);
    const both = await restarted({ COOKIE_KEYS: `cookie-key-that-is-new-1,${old}` }, browser);
    expect(await silently(kit, both.browser, service)).toBeNull();
    const without = await restarted({ COOKIE_KEYS: 'cookie-key-that-is-new-1' }, browser);
    expect(await silently(kit, without.browser, service)).toBe('login_required');
    // What the new key has signed goes on.
    const after = await restarted({ COOKIE_KEYS: 'cookie-key-that-is-new-1' }, both.browser);
    expect(await silently(kit, after.browser, service)).toBeNull();
  });

  test('M04 the keys that seal: a new one in front, and secrets of services and signing keys are read as before', async () => {
    const browser = kit.browser();
    const { tokens } = await signIn(kit, browser, service);
    const keys = kit.deps.config.SEALING_KEYS.join(',');
    const { app, browser: same } = await restarted(
      { SEALING_KEYS: `sealing-key-that-is-new-1,${keys}` },
      browser,
    );
    const led = await codeFor(kit, same, service, { prompt: 'none' });
    const answer = await fetch(`${app.url}/oidc/token`, {
      method: 'POST',
      ...authenticated(service, {
        grant_type: 'authorization_code',
        code: led.code,
        redirect_uri: service.redirectUri,
        code_verifier: led.verifier,
      }),
    });
    expect(answer.status).toBe(200);
    const { id_token } = (await answer.json()) as { id_token: string };
    expect(id_token.split('.')[0]).toBe(tokens.id_token.split('.')[0]);
  });

  test('M04 the database’s password: one restart, no change of code, and the sign-in goes on', async () => {
    const browser = kit.browser();
    await signIn(kit, browser, service);
    const user = `rotating_${database.name}`.slice(0, 32);
    const pools: TestDatabase[] = [];
    /** A pool that signs in to the database with this password. */
    const withPassword = (password: string) => {
      const url = new URL(database.url);
      [url.username, url.password] = [user, password];
      const pool = secondPool({ ...database, url: url.href });
      pools.push(pool);
      return pool;
    };
    try {
      await database.db.raw('CREATE USER ?@? IDENTIFIED BY ?', [user, '%', 'first-password']);
      await database.db.raw(`GRANT ALL ON ${database.name}.* TO ?@?`, [user, '%']);
      const before = await restarted({}, browser, withPassword('first-password'));
      expect(await silently(kit, before.browser, service)).toBeNull();
      await database.db.raw('ALTER USER ?@? IDENTIFIED BY ?', [user, '%', 'second-password']);
      const after = await restarted({}, before.browser, withPassword('second-password'));
      expect(await silently(kit, after.browser, service)).toBeNull();
    } finally {
      for (const app of running.splice(0)) await app.close();
      for (const pool of pools) await pool.drop();
      await database.db.raw('DROP USER IF EXISTS ?@?', [user, '%']);
    }
  });
});
