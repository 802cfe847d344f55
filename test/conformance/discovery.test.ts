import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startInstance } from '../provider/harness.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { codeFor, exchange, type Kit, lead, request, type Service, signIn, startKit, token } from './kit.ts';

/** `oidcc-config-certification-test-plan`, and what the other plans ask of the discovery document. */

let database: TestDatabase;
let kit: Kit;
let service: Service;

beforeAll(async () => {
  database = await createTestDatabase();
  kit = await startKit(database);
  service = await kit.service();
});
afterAll(async () => {
  await kit?.close();
  await database?.drop();
});

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'end_session_endpoint',
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
] as const;

describe('A02 oidcc-discovery-endpoint-verification', () => {
  test('A02 issuer and endpoints are https below one address, and the issuer is what was asked for', async () => {
    // In production nothing else starts (M03); the tests' own server is on plain http on this machine.
    const instance = await startInstance(database, {
      BASE_URL: 'https://educonnect.example.org',
      ALLOW_INSECURE_ISSUER: '',
      HTTP_LOOPBACK_CLIENTS: '',
    });
    try {
      const answer = await fetch(`${instance.base}/oidc/.well-known/openid-configuration`);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining('application/json'),
      ]);
      const document = (await answer.json()) as Record<string, string>;
      expect(document.issuer).toBe('https://educonnect.example.org/oidc');
      for (const name of ENDPOINTS)
        expect(document[name]).toMatch(/^https:\/\/educonnect\.example\.org\/oidc\//);
    } finally {
      await instance.close();
    }
  });

  test('A02 exactly what is supported, and all that the specification requires', () => {
    expect(kit.metadata).toMatchObject({
      issuer: kit.issuer,
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256', 'EdDSA'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: [
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
        'none',
      ],
      acr_values_supported: ['eidas1'],
      claims_parameter_supported: true,
      request_uri_parameter_supported: false,
      authorization_response_iss_parameter_supported: true,
    });
    expect([...(kit.metadata.grant_types_supported as string[])].sort()).toEqual([
      'authorization_code',
      'refresh_token',
    ]);
    expect(kit.metadata.scopes_supported).toEqual(
      expect.arrayContaining(['openid', 'profile', 'email', 'offline_access', 'educonnect_eleves']),
    );
    expect(kit.metadata.claims_supported).toEqual(
      expect.arrayContaining(['sub', 'iss', 'auth_time', 'acr', 'amr', 'name', 'email', 'eleves']),
    );
    // Left out, it is false.
    expect(kit.metadata.request_parameter_supported ?? false).toBe(false);
    for (const absent of [
      'registration_endpoint',
      'introspection_endpoint',
      'device_authorization_endpoint',
      'backchannel_authentication_endpoint',
      'check_session_iframe',
      'frontchannel_logout_supported',
    ])
      expect(kit.metadata).not.toHaveProperty(absent);
  });

  test('A02 the key set: signing keys only, distinct, strong enough', async () => {
    const { keys } = await kit.jwks();
    expect(keys.map(({ kty, use }) => `${kty} ${use}`).sort()).toEqual(['EC sig', 'OKP sig', 'RSA sig']);
    const rsa = keys.find(({ kty }) => kty === 'RSA');
    expect(Buffer.from(rsa?.n ?? '', 'base64url').length).toBeGreaterThanOrEqual(256);
  });
});

test('A16 oidcc-rp-initiated-logout-discovery-endpoint-verification: where a logout begins', () => {
  expect(kit.metadata.end_session_endpoint).toBe(`${kit.issuer}/session/end`);
});

test('A17 oidcc-backchannel-logout-discovery-endpoint-verification: by the back channel, with the sid', () => {
  expect(kit.metadata).toMatchObject({
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  });
});

describe('B01: what OAuth 2.1 has done away with is not there', () => {
  test.each(['token', 'id_token', 'id_token token', 'code id_token', 'code token', 'none'])(
    'B01 response_type=%s',
    async (response_type) => {
      const { callback, asked, state } = await lead(
        kit,
        kit.browser(),
        request(kit, service, { response_type }),
      );
      const answered = new URLSearchParams(callback?.search || callback?.hash.slice(1));
      expect([asked, answered.get('error'), answered.get('state')]).toEqual([
        false,
        expect.stringMatching(/^unsupported_response_type$|^invalid_request$/),
        state,
      ]);
      for (const name of ['access_token', 'id_token', 'code']) expect(answered.has(name)).toBe(false);
    },
  );

  test.each([
    'password',
    'client_credentials',
    'implicit',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'urn:openid:params:grant-type:ciba',
  ])('B01 grant_type=%s', async (grant_type) => {
    const answer = await token(kit, service, { grant_type, username: 'x', password: 'x' });
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'unsupported_grant_type' }]);
  });
});

test('B07: iss comes back with the code and with an error (RFC 9207), and is the issuer', async () => {
  const { led } = await signIn(kit, kit.browser(), service);
  expect(led.callback?.searchParams.get('iss')).toBe(kit.issuer);
  const { callback } = await lead(kit, kit.browser(), request(kit, service, { prompt: 'none' }));
  expect(callback?.searchParams.get('iss')).toBe(kit.issuer);
});

describe('RFC 9126: pushed authorization requests', () => {
  const push = (of: Service, parameters: Record<string, string>) =>
    fetch(kit.metadata.pushed_authorization_request_endpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${of.clientId}:${of.secret}`).toString('base64')}` },
      body: new URLSearchParams(parameters),
    });
  const parametersOf = (url: string) => Object.fromEntries(new URL(url).searchParams);

  test('RFC 9126 a request that was pushed: 201, short-lived, once, for its own service', async () => {
    const sent = request(kit, service, { scope: 'openid profile' });
    const answer = await push(service, parametersOf(sent.url));
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([
      201,
      expect.stringContaining('no-store'),
    ]);
    const { request_uri, expires_in } = (await answer.json()) as { request_uri: string; expires_in: number };
    expect(request_uri).toMatch(/^urn:ietf:params:oauth:request_uri:/);
    expect(expires_in).toBeGreaterThan(0);
    expect(expires_in).toBeLessThanOrEqual(60);
    const pushed = (client_id: string) => ({
      ...sent,
      url: `${kit.metadata.authorization_endpoint}?${new URLSearchParams({ client_id, request_uri })}`,
    });
    const other = await kit.service();
    const foreign = await lead(kit, kit.browser(), pushed(other.clientId));
    expect([foreign.asked, foreign.callback]).toEqual([false, null]);
    const led = await lead(kit, kit.browser(), pushed(service.clientId));
    expect(led.callback?.searchParams.get('state')).toBe(sent.state);
    const code = led.callback?.searchParams.get('code') as string;
    expect((await exchange(kit, service, { code, verifier: sent.verifier })).status).toBe(200);
    const again = await lead(kit, kit.browser(), pushed(service.clientId));
    expect(again.callback?.searchParams.has('code') ?? false).toBe(false);
  });

  test('RFC 9126 what was pushed counts, not what the address adds', async () => {
    const sent = request(kit, service);
    const { request_uri } = (await (await push(service, parametersOf(sent.url))).json()) as {
      request_uri: string;
    };
    const query = new URLSearchParams({
      client_id: service.clientId,
      request_uri,
      scope: 'openid profile email',
      redirect_uri: 'https://evil.example/callback',
      state: 'another',
    });
    const led = await lead(kit, kit.browser(), {
      ...sent,
      url: `${kit.metadata.authorization_endpoint}?${query}`,
    });
    expect(led.callback?.href.split('?')[0]).toBe(service.redirectUri);
    expect(led.callback?.searchParams.get('state')).toBe(sent.state);
  });

  test('RFC 9126 refused when it is pushed: no secret, an unknown address, request_uri within it, no PKCE', async () => {
    const good = parametersOf(request(kit, service).url);
    const told = async (of: Service, parameters: Record<string, string>) => {
      const answer = await push(of, parameters);
      return [answer.status, ((await answer.json()) as { error: string }).error];
    };
    expect(await told({ ...service, secret: 'wrong' }, good)).toEqual([401, 'invalid_client']);
    expect(await told(service, { ...good, redirect_uri: 'https://evil.example/' })).toEqual([
      400,
      expect.stringMatching(/^invalid_re/),
    ]);
    expect(await told(service, { ...good, request_uri: 'urn:x' })).toEqual([400, expect.any(String)]);
    const { code_challenge: _none, ...without } = good;
    expect(await told(service, without)).toEqual([400, 'invalid_request']);
  });

  test('RFC 9126 one that is over, or was never pushed, is an error page of ours', async () => {
    const sent = request(kit, service);
    const { request_uri } = (await (await push(service, parametersOf(sent.url))).json()) as {
      request_uri: string;
    };
    kit.advance(61_000);
    for (const uri of [request_uri, 'urn:ietf:params:oauth:request_uri:never']) {
      const query = new URLSearchParams({ client_id: service.clientId, request_uri: uri });
      const led = await lead(kit, kit.browser(), {
        ...sent,
        url: `${kit.metadata.authorization_endpoint}?${query}`,
      });
      expect([led.callback, led.answer.status, led.answer.text.includes('EC-400-SERVICE')]).toEqual([
        null,
        400,
        true,
      ]);
    }
    await codeFor(kit, kit.browser(), service);
  });
});
