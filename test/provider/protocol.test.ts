import { request as rawRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as oidc from 'openid-client';
import type { TestDatabase } from '../support/database.ts';
import {
  type Account,
  authorizationUrl,
  authorize,
  Browser,
  basic,
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
let other: Service;
let parent: Account;

beforeAll(async () => {
  database = await startDatabase();
  instance = await startInstance(database);
  ent = await seedService(instance.deps, 'ENT', {
    redirectUris: ['https://ent.example.org/callback?from=ec'],
  });
  other = await seedService(instance.deps, 'Other', {
    scope: 'openid profile offline_access',
    authMethod: 'client_secret_post',
  });
  parent = await seedAccount(database);
});

afterAll(async () => {
  await instance.close();
  await database.drop();
});

const plain = { scope: 'openid profile' };

/** As `fetch`, to where the instance listens. */
const customFetch: oidc.CustomFetch = (url, options) =>
  fetch(url.replace('http://localhost:3940', instance.base), options as RequestInit);

test.each(['RS256', 'ES256', 'EdDSA'])(
  'openid-client: discovery, code flow, signature %s, sign-out address',
  async (alg) => {
    const service = await seedService(instance.deps, `Client${alg}`, { alg });
    const config = await oidc.discovery(
      new URL('http://localhost:3940/oidc'),
      service.clientId,
      { client_secret: service.secret as string, id_token_signed_response_alg: alg },
      oidc.ClientSecretBasic(service.secret as string),
      {
        execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
        [oidc.customFetch]: customFetch,
      },
    );
    const { callback, started } = await authorize(new Browser(instance), { service, ...plain }, parent);
    const checks = {
      pkceCodeVerifier: started.verifier,
      expectedState: started.state,
      expectedNonce: started.nonce,
    };
    const tokens = await oidc.authorizationCodeGrant(config, callback, checks);
    const claims = tokens.claims();
    expect(claims).toMatchObject({ acr: 'eidas1', amr: ['pwd'], nonce: started.nonce });
    expect(await oidc.fetchUserInfo(config, tokens.access_token, claims?.sub as string)).toMatchObject({
      given_name: 'Éloïse',
    });
    expect(oidc.buildEndSessionUrl(config, {}).pathname).toBe('/oidc/session/end');
  },
);

test('discovery says what is supported, and nothing else (A02)', async () => {
  const document = (await (
    await fetch(`${instance.base}/oidc/.well-known/openid-configuration`)
  ).json()) as Record<string, unknown>;
  expect(document).toMatchObject({
    issuer: 'http://localhost:3940/oidc',
    authorization_endpoint: 'http://localhost:3940/oidc/auth',
    userinfo_endpoint: 'http://localhost:3940/oidc/userinfo',
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    subject_types_supported: ['pairwise'],
    acr_values_supported: ['eidas1'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'none',
    ],
    id_token_signing_alg_values_supported: ['RS256', 'ES256', 'EdDSA'],
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    authorization_response_iss_parameter_supported: true,
  });
  expect([...(document.grant_types_supported as string[])].sort()).toEqual([
    'authorization_code',
    'refresh_token',
  ]);
  expect(document).not.toHaveProperty('registration_endpoint');
  expect(document).not.toHaveProperty('introspection_endpoint');
});

/** A request line and headers as no browser sends them. */
function raw(
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string; location: string | undefined }> {
  const { hostname, port } = new URL(instance.base);
  return new Promise((resolve, reject) => {
    const request = rawRequest({ hostname, port, path, headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, location: response.headers.location }),
      );
    });
    request.on('error', reject).end();
  });
}

test.each([
  ['Host', '/oidc/.well-known/openid-configuration', { host: 'evil.test' }],
  [
    'X-Forwarded-Host',
    '/oidc/.well-known/openid-configuration',
    { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https' },
  ],
  ['a whole address in the request line', 'http://evil.test/oidc/.well-known/openid-configuration', {}],
])('F07: %s does not change what discovery says', async (_name, path, headers) => {
  const { status, body } = await raw(path, headers as Record<string, string>);
  expect(status).toBe(200);
  expect(body).not.toContain('evil.test');
  expect(JSON.parse(body)).toMatchObject({ token_endpoint: 'http://localhost:3940/oidc/token' });
});

describe('A10 oidcc-ensure-registered-redirect-uri: an address that is not registered, byte for byte, is never redirected to', () => {
  const good = 'https://ent.example.org/callback?from=ec';
  test.each([
    'https://ent.example.org/callback',
    `${good}&x=1`,
    `${good}#`,
    `${good}/`,
    `${good}%20`,
    ` ${good}`,
    `${good} `,
    good.replace('callback', 'Callback'),
    good.replace('callback', 'callback/'),
    good.replace('callback', 'callback/..'),
    good.replace('callback', 'x/../callback'),
    good.replace('callback', 'callback..;/'),
    good.replace('callback', '%63allback'),
    good.replace('callback', '%2563allback'),
    good.replace('/callback', '//callback'),
    good.replace('/callback', '\\callback'),
    good.replace('ent.', 'ENT.'),
    good.replace('ent.', 'ent.example.org@evil.test/'),
    good.replace('ent.example.org', 'user:pass@ent.example.org'),
    good.replace('ent.example.org', 'evil.test#@ent.example.org'),
    good.replace('ent.example.org', 'evil.test?@ent.example.org'),
    good.replace('ent.example.org', 'evil.test\\@ent.example.org'),
    good.replace('ent.example.org', 'ent.example.org.evil.test'),
    good.replace('ent.example.org', 'evil-ent.example.org'),
    good.replace('ent.example.org', 'ent.example.org.'),
    good.replace('ent.example.org', 'ent.example.org:443'),
    good.replace('ent.example.org', 'ent.example.org:8443'),
    good.replace('ent.example.org', 'еnt.example.org'),
    good.replace('ent.example.org', 'xn--nt-mlc.example.org'),
    good.replace('ent.example.org', 'localhost'),
    good.replace('ent.example.org', '127.0.0.1'),
    good.replace('https', 'http'),
    good.replace('https', 'HTTPS'),
    good.replace('https:', ''),
    good.replace('from=ec', 'from=EC'),
    good.replace('from=ec', 'from=e%63'),
    good.replace('?', '%3F'),
    'javascript:alert(1)',
    'data:text/html,x',
    'urn:ietf:wg:oauth:2.0:oob',
    '/callback',
    'https://',
    `${good}\u0000`,
    `${good}\r\nx: y`,
  ])('%j', async (redirect_uri) => {
    const started = await authorizationUrl(instance, {
      service: ent,
      ...plain,
      parameters: { redirect_uri },
    });
    const answer = await new Browser(instance).fetch(started.url);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
    expect(await answer.text()).toContain('EC-400-SERVICE');
  });

  test('the registered one is', async () => {
    const { callback } = await authorize(new Browser(instance), { service: ent, ...plain }, parent);
    expect(callback.href).toMatch(/^https:\/\/ent\.example\.org\/callback\?from=ec&code=/);
    expect(callback.searchParams.get('iss')).toBe('http://localhost:3940/oidc');
  });
});

test.each<[string, Record<string, string>]>([
  ['an unknown service', { client_id: 'nobody' }],
  ['a service id with other letters', { client_id: 'CASE' }],
  ['a NUL in the service id', { client_id: 'a\u0000b' }],
  ['no service id', { client_id: '' }],
  ['a service id of 100 kB', { client_id: 'a'.repeat(12_000) }],
  ['response_mode=form_post', { response_mode: 'form_post' }],
  ['response_mode=fragment', { response_mode: 'fragment' }],
])('%s: an error page of ours, no redirect, no script', async (_name, change) => {
  const swapped = [...ent.clientId]
    .map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()))
    .join('');
  const parameters = change.client_id === 'CASE' ? { client_id: swapped } : change;
  const started = await authorizationUrl(instance, { service: ent, ...plain, parameters });
  const answer = await new Browser(instance).fetch(started.url);
  expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  const html = await answer.text();
  expect(html).toContain('EC-400-SERVICE');
  expect(html).not.toMatch(/<script(?![^>]* src=)/);
});

test.each<[string, Record<string, string>, string]>([
  ['response_type=token (B01)', { response_type: 'token' }, 'unsupported_response_type'],
  ['response_type=code id_token (B01)', { response_type: 'code id_token' }, 'unsupported_response_type'],
  ['PKCE plain (A15)', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['PKCE missing (A15)', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
  ['a request object (A13)', { request: 'e30.e30.' }, 'request_not_supported'],
  ['a request address (A13)', { request_uri: 'https://evil.test/x' }, 'request_uri_not_supported'],
  ['a scope that is not granted', { scope: 'openid educonnect_ine' }, 'invalid_scope'],
  ['an unknown prompt', { prompt: 'whatever' }, 'invalid_request'],
  ['prompt=none and login', { prompt: 'none login' }, 'invalid_request'],
  ['prompt=none when nobody is signed in (A08)', { prompt: 'none' }, 'login_required'],
  [
    'an essential acr that we lack',
    { claims: JSON.stringify({ id_token: { acr: { essential: true, value: 'eidas2' } } }) },
    'unmet_authentication_requirements',
  ],
  [
    'essential acrs that we lack',
    { claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['eidas2', 'eidas3'] } } }) },
    'unmet_authentication_requirements',
  ],
  ['claims that are no JSON', { claims: '{' }, 'invalid_request'],
  ['a negative max_age', { max_age: '-1' }, 'invalid_request'],
])('%s: told to the service, with its state', async (_name, parameters, error) => {
  const { callback, started } = await authorize(new Browser(instance), {
    service: ent,
    ...plain,
    parameters,
  });
  expect(callback.origin).toBe('https://ent.example.org');
  const answered =
    callback.searchParams.size > 1 ? callback.searchParams : new URLSearchParams(callback.hash.slice(1));
  expect(answered.get('error')).toBe(error);
  expect(answered.get('state')).toBe(started.state);
});

test.each<[string, Record<string, string>]>([
  ['prompt=consent, without a page', { prompt: 'consent' }],
  ['acr_values=eidas1', { acr_values: 'eidas1' }],
  ['acr_values that we lack, not essential', { acr_values: 'eidas3 eidas2' }],
  [
    'an essential acr that we have',
    { claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['eidas1', 'eidas2'] } } }) },
  ],
  [
    'login_hint, ui_locales, display, claims_locales, unknown parameters (A05)',
    { login_hint: 'p.x', ui_locales: 'de fr', display: 'popup', claims_locales: 'fr', extra: '1' },
  ],
  ['no nonce (A05)', { nonce: '' }],
])('%s: accepted, on a session too', async (_name, parameters) => {
  const browser = new Browser(instance);
  for (const account of [parent, undefined]) {
    const { callback, started } = await authorize(browser, { service: ent, ...plain, parameters }, account);
    const answer = await exchange(
      instance,
      ent,
      callback.searchParams.get('code') as string,
      started.verifier,
    );
    expect(answer.status).toBe(200);
    const { id_token } = (await answer.json()) as { id_token: string };
    expect(jwtPayload(id_token).acr).toBe('eidas1');
  }
});

test('prompt=login and max_age ask again; max_age=10000 does not (A07)', async () => {
  const browser = new Browser(instance);
  await signIn(browser, { service: ent, ...plain }, parent);
  const asks = async (parameters: Record<string, string>) =>
    (await authorize(browser, { service: ent, ...plain, parameters })).callback.pathname.startsWith(
      '/interaction/',
    );
  expect(await asks({ prompt: 'login' })).toBe(true);
  expect(await asks({ max_age: '0' })).toBe(true);
  expect(await asks({ max_age: '10000' })).toBe(false);
  const fresh = await signIn(browser, { service: ent, ...plain, parameters: { prompt: 'login' } }, parent);
  expect(jwtPayload(fresh.id_token).auth_time).toBeDefined();
});

test('offline_access always gives a refresh token to a service that has it: by default, with prompt=none, pushed (contract)', async () => {
  const scope = 'openid offline_access';
  const login = { client_id: other.clientId, client_secret: other.secret as string };
  const browser = new Browser(instance);
  for (const parameters of [{}, { prompt: 'none' }, { prompt: 'consent' }]) {
    const { callback, started } = await authorize(browser, { service: other, scope, parameters }, parent);
    const grant = {
      grant_type: 'authorization_code',
      redirect_uri: other.redirectUri,
      code_verifier: started.verifier,
    };
    const code = callback.searchParams.get('code') as string;
    const answer = await token(instance, other, { ...grant, ...login, code }, {});
    expect(await answer.json()).toMatchObject({ refresh_token: expect.any(String), scope });
  }
  const started = await authorizationUrl(instance, { service: other, scope });
  const body = new URLSearchParams({ ...Object.fromEntries(new URL(started.url).searchParams), ...login });
  const pushed = await fetch(`${instance.base}/oidc/par`, { method: 'POST', body });
  expect(pushed.status).toBe(201);
  const { request_uri } = (await pushed.json()) as { request_uri: string };
  const { url } = await browser.follow(
    `/oidc/auth?${new URLSearchParams({ client_id: other.clientId, request_uri })}`,
  );
  const code = new URL(url).searchParams.get('code') as string;
  const grant = {
    grant_type: 'authorization_code',
    redirect_uri: other.redirectUri,
    code_verifier: started.verifier,
  };
  const answer = await token(instance, other, { ...grant, ...login, code }, {});
  expect(await answer.json()).toMatchObject({ refresh_token: expect.any(String) });

  const without = await signIn(
    new Browser(instance),
    { service: ent, scope: 'openid offline_access' },
    parent,
  ).catch(String);
  expect(without).not.toHaveProperty('refresh_token');
});

test('A11: a posted request is led on as a link, with 303', async () => {
  const started = await authorizationUrl(instance, { service: ent, ...plain });
  const { searchParams } = new URL(started.url);
  const posted = await new Browser(instance).fetch('/oidc/auth', { method: 'POST', body: searchParams });
  expect([posted.status, posted.headers.get('location')]).toEqual([303, started.url]);
});

test('A12: wrong secret, wrong method, none, another service’s code', async () => {
  const { callback, started } = await authorize(new Browser(instance), { service: ent, ...plain }, parent);
  const fields = {
    grant_type: 'authorization_code',
    code: callback.searchParams.get('code') as string,
    redirect_uri: ent.redirectUri,
    code_verifier: started.verifier,
  };
  const status = async (parameters: Record<string, string>, headers: Record<string, string>) => {
    const answer = await token(instance, ent, { ...fields, ...parameters }, headers);
    return [answer.status, ((await answer.json()) as { error?: string }).error];
  };
  expect(await status({}, basic({ ...ent, secret: 'x' }))).toEqual([401, 'invalid_client']);
  expect(await status({}, basic({ ...ent, secret: `${ent.secret} ` }))).toEqual([401, 'invalid_client']);
  expect(await status({ client_id: ent.clientId }, {})).toEqual([401, 'invalid_client']);
  expect(await status({}, {})).toEqual([400, 'invalid_request']);
  const stranger = { client_id: other.clientId, client_secret: other.secret as string };
  expect(await status(stranger, {})).toEqual([400, 'invalid_grant']);
  expect(await status({ code_verifier: `${started.verifier}x` }, basic(ent))).toEqual([400, 'invalid_grant']);
  expect(await status({ code_verifier: '' }, basic(ent))).toEqual([400, 'invalid_grant']);
  expect(await status({ redirect_uri: 'https://ent.example.org/callback' }, basic(ent))).toEqual([
    400,
    'invalid_grant',
  ]);
  expect(await status({ grant_type: 'password' }, basic(ent))).toEqual([400, 'unsupported_grant_type']);
  expect(await status({ grant_type: 'client_credentials' }, basic(ent))).toEqual([
    400,
    'unsupported_grant_type',
  ]);
  expect(await status({ code: fields.code.toUpperCase() }, basic(ent))).toEqual([400, 'invalid_grant']);
  expect(await status({}, basic(ent))).toEqual([200, undefined]);
});

test('a code lives one minute', async () => {
  const { callback, started } = await authorize(new Browser(instance), { service: ent, ...plain }, parent);
  instance.deps.clock.advance(61_000);
  const late = await exchange(instance, ent, callback.searchParams.get('code') as string, started.verifier);
  expect([late.status, await late.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
});

test('a public service: PKCE and no secret', async () => {
  const app = await seedService(instance.deps, 'App', { authMethod: 'none' });
  expect(app.secret).toBeNull();
  const { callback, started } = await authorize(new Browser(instance), { service: app, ...plain }, parent);
  const code = callback.searchParams.get('code') as string;
  const grant = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: app.redirectUri,
    client_id: app.clientId,
  };
  expect((await token(instance, app, grant, {})).status).toBe(400);
  expect((await token(instance, app, { ...grant, code_verifier: started.verifier }, {})).status).toBe(200);
});

test('userinfo: header, form, not the address; no CORS for tokens and authorization (A04, B04)', async () => {
  const { access_token, id_token } = await signIn(new Browser(instance), { service: ent, ...plain }, parent);
  const post = await fetch(`${instance.base}/oidc/userinfo`, {
    method: 'POST',
    body: new URLSearchParams({ access_token }),
  });
  expect(post.status).toBe(200);
  expect((await fetch(`${instance.base}/oidc/userinfo?access_token=${access_token}`)).status).toBe(400);
  expect((await userinfo(instance, id_token)).status).toBe(401);
  const origin = { origin: 'https://evil.test' };
  for (const path of ['/oidc/token', '/oidc/userinfo', '/oidc/auth', '/oidc/par', '/oidc/revocation']) {
    for (const method of ['OPTIONS', 'POST', 'GET']) {
      const headers = { ...origin, 'access-control-request-method': 'POST' };
      const answer = await fetch(`${instance.base}${path}`, { method, headers, redirect: 'manual' });
      expect([path, method, answer.headers.get('access-control-allow-origin')]).toEqual([path, method, null]);
      expect(answer.status).toBeLessThan(500);
    }
  }
});

test('revocation of a token ends what was granted with it', async () => {
  const scope = 'openid offline_access';
  const login = { client_id: other.clientId, client_secret: other.secret as string };
  const { callback, started } = await authorize(new Browser(instance), { service: other, scope }, parent);
  const grant = {
    grant_type: 'authorization_code',
    redirect_uri: other.redirectUri,
    code_verifier: started.verifier,
  };
  const code = callback.searchParams.get('code') as string;
  const tokens = (await (await token(instance, other, { ...grant, ...login, code }, {})).json()) as {
    access_token: string;
    refresh_token: string;
  };
  const body = new URLSearchParams({ ...login, token: tokens.refresh_token });
  expect((await fetch(`${instance.base}/oidc/revocation`, { method: 'POST', body })).status).toBe(200);
  expect((await userinfo(instance, tokens.access_token)).status).toBe(401);
});

test('B02: repeated parameters are refused', async () => {
  const started = await authorizationUrl(instance, { service: ent, ...plain });
  const { callback } = {
    callback: new URL((await new Browser(instance).follow(`${started.url}&scope=openid`)).url),
  };
  expect(callback.searchParams.get('error') ?? 'page').toMatch(/invalid_request|page/);
  const twice = await new Browser(instance).fetch(`${started.url}&client_id=${ent.clientId}`);
  expect(twice.status).toBe(400);
});
