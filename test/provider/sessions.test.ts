import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { TestDatabase } from '../support/database.ts';
import {
  type Account,
  authorizationUrl,
  authorize,
  Browser,
  exchange,
  type Instance,
  jwtPayload,
  type Service,
  seedAccount,
  seedService,
  signIn,
  startDatabase,
  startInstance,
  token,
  userinfo,
} from './harness.ts';

let database: TestDatabase;
let instance: Instance;
let ent: Service;
let lsu: Service;
let silent: Service;
let parent: Account;
let listener: Server;
const told: { service: string; token: Record<string, unknown> }[] = [];

beforeAll(async () => {
  listener = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.url === '/silent') return;
    const logoutToken = new URLSearchParams(body).get('logout_token') as string;
    told.push({ service: request.url as string, token: jwtPayload(logoutToken) });
    response.end();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  database = await startDatabase();
  instance = await startInstance(database, { TRUSTED_CLIENT_ORIGINS: origin });
  const service = (name: string) =>
    seedService(instance.deps, name, {
      scope: 'openid profile offline_access',
      backchannelLogoutUri: `${origin}/${name.toLowerCase()}`,
    });
  [ent, lsu, silent] = [await service('ENT'), await service('LSU'), await service('Silent')];
  parent = await seedAccount(database);
});

afterEach(() => {
  told.length = 0;
});

afterAll(async () => {
  listener.closeAllConnections();
  await new Promise((resolve) => listener.close(resolve));
  await instance.close();
  await database.drop();
});

const plain = { scope: 'openid profile' };
const silently = { ...plain, parameters: { prompt: 'none' } };

async function errorOf(browser: Browser, service: Service): Promise<string | null> {
  return (await authorize(browser, { service, ...silently })).callback.searchParams.get('error');
}

async function logout(browser: Browser, query = '', fields: Record<string, string> = { logout: 'yes' }) {
  const page = await browser.fetch(`/oidc/session/end${query}`);
  const html = await page.text();
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(html)?.[1] ?? '';
  const action = /<form id="op.logoutForm" method="post" action="([^"]+)"/.exec(html)?.[1] ?? '';
  if (action === '') return { page, html, done: page };
  const done = await browser.fetch(action, {
    method: 'POST',
    body: new URLSearchParams({ xsrf, ...fields }),
  });
  return { page, html, done };
}

test('sign-out from a service: our page, every service told, tokens dead, the old cookie worth nothing (F06)', async () => {
  const browser = new Browser(instance);
  const first = await signIn(browser, { service: ent, ...plain }, parent);
  const second = await signIn(browser, { service: lsu, scope: 'openid offline_access' });
  expect(second.refresh_token).toBeDefined();
  const old = new Map(browser.cookies);
  const query = new URLSearchParams({
    id_token_hint: first.id_token,
    post_logout_redirect_uri: ent.postLogoutUri,
    state: 'x y',
  });
  const { page, html, done } = await logout(browser, `?${query}`);
  expect(page.status).toBe(200);
  expect(html).toContain('Se déconnecter');
  expect(html).not.toMatch(/<script(?![^>]* src=)/);
  expect(page.headers.get('content-security-policy')).not.toMatch(/sha256|unsafe/);
  expect(done.status).toBe(303);
  expect(done.headers.get('location')).toBe(`${ent.postLogoutUri}?state=x+y`);
  expect(told.map(({ service }) => service).sort()).toEqual(['/ent', '/lsu']);
  const ofEnt = told.find(({ service }) => service === '/ent')?.token;
  expect(ofEnt).toMatchObject({
    aud: ent.clientId,
    sub: jwtPayload(first.id_token).sub,
    sid: jwtPayload(first.id_token).sid,
  });
  expect(ofEnt).not.toHaveProperty('nonce');

  expect((await userinfo(instance, first.access_token)).status).toBe(401);
  const refresh = { grant_type: 'refresh_token', refresh_token: second.refresh_token as string };
  expect((await token(instance, lsu, refresh)).status).toBe(400);
  expect(await errorOf(browser, ent)).toBe('login_required');
  const thief = new Browser(instance);
  for (const [name, cookie] of old) thief.cookies.set(name, cookie);
  expect(await errorOf(thief, ent)).toBe('login_required');
});

test('« Rester connecté » leaves this service only', async () => {
  const browser = new Browser(instance);
  const first = await signIn(browser, { service: ent, ...plain }, parent);
  const second = await signIn(browser, { service: lsu, ...plain });
  const { done } = await logout(browser, `?client_id=${ent.clientId}`, {});
  expect(done.headers.get('location')).toBe(
    `http://localhost:3940/oidc/session/end/success?client_id=${ent.clientId}`,
  );
  const page = await browser.fetch(done.headers.get('location') as string);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Vous avez quitté')]);
  expect(told.map(({ service }) => service)).toEqual(['/ent']);
  expect((await userinfo(instance, first.access_token)).status).toBe(401);
  expect((await userinfo(instance, second.access_token)).status).toBe(200);
  expect(await errorOf(browser, lsu)).toBeNull();
});

test('sign-out when nobody is signed in needs no page and no script (A16)', async () => {
  const nobody = () => new Browser(instance);
  const tokens = await signIn(nobody(), { service: ent, ...plain }, parent);
  const query = new URLSearchParams({
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: ent.postLogoutUri,
    state: 's',
  });
  const back = await nobody().fetch(`/oidc/session/end?${query}`);
  expect([back.status, back.headers.get('location')]).toEqual([303, `${ent.postLogoutUri}?state=s`]);
  const bare = await nobody().fetch('/oidc/session/end');
  expect([bare.status, bare.headers.get('location')]).toEqual([
    303,
    'http://localhost:3940/oidc/session/end/success',
  ]);
  const posted = await nobody().fetch('/oidc/session/end', { method: 'POST', body: query });
  expect(posted.status).toBe(303);
  expect(new URL(posted.headers.get('location') as string).search).toBe(`?${query}`);
});

test.each<[string, Record<string, string>]>([
  ['a hint that is no token', { id_token_hint: 'abc' }],
  ['a hint that was changed', { id_token_hint: 'changed' }],
  ['an address that is not registered', { post_logout_redirect_uri: 'https://ent.example.org/elsewhere' }],
  ['an address with a query added', { post_logout_redirect_uri: 'https://ent.example.org/bye?x=1' }],
  ['an unknown service', { client_id: 'nobody' }],
])('sign-out with %s: our error page, and nobody is signed out', async (_name, change) => {
  const browser = new Browser(instance);
  const tokens = await signIn(browser, { service: ent, ...plain }, parent);
  const hint = `${tokens.id_token.slice(0, -6)}AAAAAA`;
  const parameters = new URLSearchParams({
    post_logout_redirect_uri: ent.postLogoutUri,
    client_id: ent.clientId,
    ...change,
    ...(change.id_token_hint === 'changed' && { id_token_hint: hint }),
  });
  const answer = await browser.fetch(`/oidc/session/end?${parameters}`);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('EC-400-SERVICE');
  expect(await errorOf(browser, ent)).toBeNull();
});

test('a service that does not answer delays a sign-out by 2 s at most (A17)', async () => {
  const browser = new Browser(instance);
  await signIn(browser, { service: ent, ...plain }, parent);
  await signIn(browser, { service: silent, ...plain });
  const began = performance.now();
  const { done } = await logout(browser);
  expect(done.status).toBe(303);
  expect(performance.now() - began).toBeLessThan(2500);
  expect(told.map(({ service }) => service)).toEqual(['/ent']);
});

test('30 minutes of idleness end a session, use keeps it, 12 hours end it in any case (F05)', async () => {
  const person = await seedAccount(database);
  const { clock } = instance.deps;
  const browser = new Browser(instance);
  await signIn(browser, { service: ent, ...plain }, person);
  clock.advance(29 * 60_000);
  expect(await errorOf(browser, ent)).toBeNull();
  clock.advance(29 * 60_000);
  expect(await errorOf(browser, ent)).toBeNull();
  clock.advance(31 * 60_000);
  expect(await errorOf(browser, ent)).toBe('login_required');

  const busy = new Browser(instance);
  await signIn(busy, { service: ent, ...plain }, person);
  for (let used = 0; used < 24; used += 1) {
    clock.advance(29 * 60_000);
    expect(await errorOf(busy, ent)).toBeNull();
  }
  clock.advance(29 * 60_000);
  expect(await errorOf(busy, ent)).toBe('login_required');
});

test('after the idle limit a sign-out still reaches every service, in that session or in the next (decision 9)', async () => {
  const person = await seedAccount(database);
  const browser = new Browser(instance);
  await signIn(browser, { service: ent, ...plain }, person);
  instance.deps.clock.advance(40 * 60_000);
  await signIn(browser, { service: lsu, ...plain }, person);
  await logout(browser);
  expect(told.map(({ service }) => service).sort()).toEqual(['/ent', '/lsu']);
  told.length = 0;

  const left = new Browser(instance);
  await signIn(left, { service: ent, ...plain }, person);
  instance.deps.clock.advance(40 * 60_000);
  const { page } = await logout(left);
  expect(page.status).toBe(200);
  expect(told.map(({ service }) => service)).toEqual(['/ent']);
});

test('somebody else on a session left idle: the services of the first person are told, once', async () => {
  const [first, second] = [await seedAccount(database), await seedAccount(database)];
  const browser = new Browser(instance);
  await signIn(browser, { service: ent, ...plain }, first);
  instance.deps.clock.advance(40 * 60_000);
  told.length = 0;
  await signIn(browser, { service: lsu, ...plain }, second);
  expect(told.map(({ service }) => service)).toEqual(['/ent']);
  await signIn(browser, { service: ent, ...plain });
  await logout(browser);
  expect(told.map(({ service }) => service).sort()).toEqual(['/ent', '/ent', '/lsu']);
});

test('a refresh token outlives the idle session; a changed password ends session and tokens', async () => {
  const person = await seedAccount(database);
  const browser = new Browser(instance);
  const tokens = await signIn(browser, { service: lsu, scope: 'openid offline_access' }, person);
  instance.deps.clock.advance(26 * 3600_000);
  const answer = await token(instance, lsu, {
    grant_type: 'refresh_token',
    refresh_token: tokens.refresh_token as string,
  });
  expect(answer.status).toBe(200);
  const next = (await answer.json()) as { access_token: string; refresh_token: string };
  expect((await userinfo(instance, next.access_token)).status).toBe(200);
  await signIn(browser, { service: ent, ...plain }, person);

  await database.db('accounts').where({ id: person.id }).increment('credentials_version', 1);
  expect((await userinfo(instance, next.access_token)).status).toBe(401);
  const refused = await token(instance, lsu, {
    grant_type: 'refresh_token',
    refresh_token: next.refresh_token,
  });
  expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
  expect(await errorOf(browser, ent)).toBe('login_required');
});

test('a refresh token ends thirty days after the login, however often it is used (A14)', async () => {
  const person = await seedAccount(database);
  let { refresh_token: value } = await signIn(
    new Browser(instance),
    { service: lsu, scope: 'openid offline_access' },
    person,
  );
  const use = () => token(instance, lsu, { grant_type: 'refresh_token', refresh_token: value as string });
  for (const days of [10, 10, 9]) {
    instance.deps.clock.advance(days * 24 * 3600_000);
    const answer = await use();
    expect(answer.status).toBe(200);
    value = ((await answer.json()) as { refresh_token: string }).refresh_token;
  }
  instance.deps.clock.advance(25 * 3600_000);
  expect((await use()).status).toBe(400);
});

test.each([
  ['closed', { closed_at: new Date() }],
  ['no longer activated', { state: 'activating' }],
])('an account that is %s is nobody at once', async (_name, change) => {
  const person = await seedAccount(database);
  const browser = new Browser(instance);
  const tokens = await signIn(browser, { service: ent, ...plain }, person);
  const { callback, started } = await authorize(browser, { service: lsu, ...plain });
  await database.db('accounts').where({ id: person.id }).update(change);
  expect((await userinfo(instance, tokens.access_token)).status).toBe(401);
  const code = callback.searchParams.get('code') as string;
  expect((await exchange(instance, lsu, code, started.verifier)).status).toBe(400);
  expect(await errorOf(browser, ent)).toBe('login_required');
});

test('a password changed between the login page and the return asks again', async () => {
  const person = await seedAccount(database);
  const browser = new Browser(instance);
  const started = await authorizationUrl(instance, { service: ent, ...plain });
  const interaction = (await browser.fetch(started.url)).headers.get('location') as string;
  const finished = await browser.fetch(interaction, { headers: { 'x-test-login': person.publicId } });
  await database.db('accounts').where({ id: person.id }).increment('credentials_version', 1);
  const resumed = await browser.fetch(finished.headers.get('location') as string);
  expect(resumed.headers.get('location')).toMatch(/\/interaction\//);
  expect(await errorOf(browser, ent)).toBe('login_required');
});

test('another person in the same browser: the host ends the first session, the services learn it', async () => {
  const [first, second] = [await seedAccount(database), await seedAccount(database)];
  const browser = new Browser(instance);
  const tokens = await signIn(browser, { service: ent, ...plain }, first);
  const login = { ...plain, parameters: { prompt: 'login' } };
  const change = { 'x-test-end-session': '1' };
  const again = await signIn(browser, { service: lsu, ...login }, second, change);
  expect(told.map(({ service }) => service)).toEqual(['/ent']);
  expect((await userinfo(instance, tokens.access_token)).status).toBe(401);
  expect((await userinfo(instance, again.access_token)).status).toBe(200);
});

test('another person, unseen by the login page (two tabs): our page asks, and goes on (F09)', async () => {
  const [first, second] = [await seedAccount(database), await seedAccount(database, { given_name: 'Zoé' })];
  const browser = new Browser(instance);
  const tokens = await signIn(browser, { service: ent, ...plain }, first);
  const { response, callback } = await authorize(
    browser,
    { service: lsu, ...plain, parameters: { prompt: 'login' } },
    second,
  );
  expect(callback.pathname).toMatch(/^\/oidc\/auth\//);
  const html = await response.text();
  expect(html).toContain('Vous êtes connecté en tant que Éloïse Łukasik');
  expect(html).not.toMatch(/<script(?![^>]* src=)/);
  expect(response.headers.get('content-security-policy')).not.toContain('sha256');
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(html)?.[1] as string;
  const action = /action="([^"]+\/confirm)"/.exec(html)?.[1] as string;
  const posted = await browser.fetch(action, {
    method: 'POST',
    body: new URLSearchParams({ xsrf, logout: 'yes' }),
  });
  const { url } = await browser.follow(posted.headers.get('location') as string);
  expect(new URL(url).searchParams.get('code')).toBeTruthy();
  expect(told.map(({ service }) => service)).toEqual(['/ent']);
  expect((await userinfo(instance, tokens.access_token)).status).toBe(401);
});

test('the session identifier changes at each login (F01)', async () => {
  const person = await seedAccount(database);
  const browser = new Browser(instance);
  await signIn(browser, { service: ent, ...plain }, person);
  const before = browser.cookies.get('educonnect_session')?.value;
  await signIn(browser, { service: ent, ...plain, parameters: { prompt: 'login' } }, person);
  const after = browser.cookies.get('educonnect_session')?.value;
  expect(after).not.toBe(before);
  browser.cookies.set('educonnect_session', { value: before as string, path: '/' });
  expect(await errorOf(browser, ent)).toBe('login_required');
});
