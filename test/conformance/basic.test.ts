import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeProtectedHeader, SignJWT, UnsecuredJWT } from 'jose';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { postOf } from '../support/visitor.ts';
import {
  codeFor,
  exchange,
  type Kit,
  lead,
  request,
  SCOPES,
  type Service,
  signIn,
  silently,
  startKit,
  token,
  userinfo,
  verified,
} from './kit.ts';

/**
 * The modules of the OpenID Foundation's plan `oidcc-basic-certification-test-plan`, one test each under the module's
 * own name. Where our answer differs on purpose the test says so and why; README, « What differs from the OIDF plans »,
 * has the list. All requests carry PKCE, which we require (A15).
 */

let database: TestDatabase;
let kit: Kit;
let service: Service;
let second: Service;

beforeAll(async () => {
  database = await createTestDatabase();
  kit = await startKit(database);
  service = await kit.service();
  second = await kit.service({ authMethod: 'client_secret_post' });
});
afterAll(async () => {
  await kit?.close();
  await database?.drop();
});

/** Whole flow from a fresh browser; what userinfo says. */
async function claimsFor(changes: Record<string, string | null>) {
  const signedIn = await signIn(kit, kit.browser(), service, changes);
  const answer = await userinfo(kit, signedIn.tokens.access_token);
  expect(answer.status).toBe(200);
  const info = (await answer.json()) as Record<string, unknown>;
  expect(info.sub).toBe(signedIn.claims.sub);
  return { ...signedIn, info };
}

describe('the code flow', () => {
  test('A01 oidcc-server: a code, tokens, an ID token that is right in every claim, userinfo', async () => {
    const began = Math.floor(Date.now() / 1000);
    const { tokens, claims, info, led } = await claimsFor({});
    expect(tokens).toMatchObject({ token_type: 'Bearer', scope: 'openid' });
    expect(tokens.expires_in).toBeLessThanOrEqual(600);
    expect(tokens.expires_in).toBeGreaterThan(590);
    expect(claims).toMatchObject({
      iss: kit.issuer,
      aud: service.clientId,
      nonce: led.nonce,
      acr: 'eidas1',
      amr: ['pwd'],
    });
    expect(claims.iat).toBeGreaterThanOrEqual(began);
    expect(claims.exp).toBeGreaterThan(claims.iat as number);
    expect(Math.abs((claims.auth_time as number) - began)).toBeLessThanOrEqual(30);
    expect(String(claims.sub)).toMatch(/^[\x21-\x7e]{1,255}$/);
    expect(info).toEqual({ sub: claims.sub, auth_time: claims.auth_time, acr: 'eidas1', amr: ['pwd'] });
  });

  test('A01 oidcc-idtoken-signature: RS256 by a published key whose kid no other has; ES256 and EdDSA where asked', async () => {
    const { keys } = await kit.jwks();
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
    // Nothing of a private key is published.
    for (const key of keys) {
      expect(key).toMatchObject({ use: 'sig', kid: expect.any(String), alg: expect.any(String) });
      for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(part);
    }
    for (const alg of ['RS256', 'ES256', 'EdDSA']) {
      const one = alg === 'RS256' ? service : await kit.service({ alg });
      const { tokens } = await signIn(kit, kit.browser(), one);
      const header = decodeProtectedHeader(tokens.id_token);
      expect(header).toMatchObject({ alg, kid: expect.any(String) });
      expect(keys.filter(({ kid }) => kid === header.kid)).toMatchObject([{ alg }]);
      const cut = tokens.id_token.lastIndexOf('.');
      const forged = `${tokens.id_token.slice(0, cut)}.${'A'.repeat(tokens.id_token.length - cut - 1)}`;
      await expect(verified(kit, one, forged)).rejects.toThrow('signature');
    }
  });

  // The module asks for an unsigned ID token. We never sign with `none`: a service cannot be registered for it.
  test('A01 oidcc-idtoken-unsigned: no service can have its ID tokens unsigned', async () => {
    await expect(kit.service({ alg: 'none' })).rejects.toThrow('--alg');
    expect(kit.metadata.id_token_signing_alg_values_supported).not.toContain('none');
  });

  test('A03 oidcc-response-type-missing: invalid_request, told to the service; no login page, no loop', async () => {
    const led = await lead(kit, kit.browser(), request(kit, service, { response_type: null }));
    expect(led.asked).toBe(false);
    expect(Object.fromEntries(led.callback?.searchParams ?? [])).toMatchObject({
      error: 'invalid_request',
      state: led.state,
      iss: kit.issuer,
    });
    expect(led.callback?.searchParams.has('code')).toBe(false);
  });

  test('A06 oidcc-alternate-happy-flow: scopes and parameters in another order', async () => {
    const sent = request(kit, service, { scope: 'email openid' });
    const url = new URL(sent.url);
    url.search = new URLSearchParams([...url.searchParams].reverse()).toString();
    const led = await lead(kit, kit.browser(), { ...sent, url: url.href });
    const code = led.callback?.searchParams.get('code') ?? '';
    expect((await exchange(kit, service, { code, verifier: sent.verifier })).status).toBe(200);
  });

  test('A11 oidcc-ensure-post-request-succeeds: a posted request leads to the same sign-in (by a 303, decision 7)', async () => {
    const sent = request(kit, service);
    const { pathname, searchParams } = new URL(sent.url);
    const browser = kit.browser();
    const posted = await browser.send(pathname, postOf(searchParams.toString()));
    expect([posted.status, posted.headers.location]).toEqual([303, sent.url]);
    const led = await lead(kit, browser, { ...sent, url: posted.headers.location ?? '' });
    const code = led.callback?.searchParams.get('code') ?? '';
    expect((await exchange(kit, service, { code, verifier: sent.verifier })).status).toBe(200);
  });

  test('A12 oidcc-server-client-secret-post: the secret in the form', async () => {
    const { claims } = await signIn(kit, kit.browser(), second);
    expect(claims.aud).toBe(second.clientId);
    // A secret is a secret: the header is taken from it as well.
    expect((await signIn(kit, kit.browser(), { ...second, method: 'client_secret_basic' })).claims.aud).toBe(
      second.clientId,
    );
  });

  test('A12 a wrong secret, none, another’s code', async () => {
    const led = await codeFor(kit, kit.browser(), service);
    const told = async (of: Service) => {
      const answer = await exchange(kit, of, led);
      return [answer.status, ((await answer.json()) as { error: string }).error];
    };
    expect(await told({ ...service, secret: 'wrong' })).toEqual([401, 'invalid_client']);
    expect(await told({ ...service, secret: '', method: 'none' })).toEqual([401, 'invalid_client']);
    expect(await told({ ...second, redirectUri: service.redirectUri })).toEqual([400, 'invalid_grant']);
    expect((await exchange(kit, service, led)).status).toBe(200);
  });

  test('A15 oidcc-ensure-request-with-valid-pkce-succeeds: S256; nothing else is taken', async () => {
    const led = await codeFor(kit, kit.browser(), service);
    for (const verifier of ['', `${led.verifier}x`, [...led.verifier].reverse().join('')]) {
      const refused = await exchange(kit, service, { code: led.code, verifier });
      expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
    }
    expect((await exchange(kit, service, led)).status).toBe(200);
    for (const changes of [
      { code_challenge: null, code_challenge_method: null },
      { code_challenge_method: 'plain' },
      { code_challenge_method: null },
      { code_challenge: 'short' },
    ]) {
      const { callback } = await lead(kit, kit.browser(), request(kit, service, changes));
      expect(callback?.searchParams.get('error')).toBe('invalid_request');
    }
  });
});

describe('userinfo', () => {
  test.each([
    ['A04 oidcc-userinfo-get', 'get'],
    ['A04 oidcc-userinfo-post-header', 'post-header'],
    ['A04 oidcc-userinfo-post-body', 'post-body'],
  ] as const)('%s: the sub of the ID token, as JSON that nobody keeps', async (_name, how) => {
    const { tokens, claims } = await signIn(kit, kit.browser(), service);
    const answer = await userinfo(kit, tokens.access_token, how);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('cache-control')).toContain('no-store');
    expect(await answer.json()).toMatchObject({ sub: claims.sub });
  });

  // FranceConnect takes it; an address ends in logs and in Referer (RFC 9700, 4.3.2).
  test('A04 a token in the address is refused', async () => {
    const { tokens } = await signIn(kit, kit.browser(), service);
    const answer = await fetch(`${kit.metadata.userinfo_endpoint}?access_token=${tokens.access_token}`);
    expect(answer.status).toBe(400);
    const none = await fetch(kit.metadata.userinfo_endpoint);
    expect(none.status).toBeGreaterThanOrEqual(400);
  });
});

describe('claims', () => {
  test('A06 oidcc-scope-profile: names at userinfo, not in the ID token', async () => {
    const { claims, info } = await claimsFor({ scope: 'openid profile' });
    expect(info).toMatchObject({
      given_name: 'Éloïse',
      family_name: 'CONFORME',
      name: 'Éloïse CONFORME',
    });
    for (const name of ['given_name', 'family_name', 'name']) expect(claims).not.toHaveProperty(name);
    expect(info).not.toHaveProperty('email');
  });

  test('A06 oidcc-scope-email: the address and whether it was verified', async () => {
    const { claims, info } = await claimsFor({ scope: 'openid email' });
    expect(info).toMatchObject({ email: `${kit.identifier}@example.org`, email_verified: true });
    expect(claims).not.toHaveProperty('email');
    expect(info).not.toHaveProperty('name');
  });

  // We have neither postal addresses nor telephone numbers to give: discovery does not offer these scopes, and they
  // are ignored as any scope that is not understood (OpenID Connect Core 3.1.2.1); the answer names what was granted.
  test.each([
    ['A06 oidcc-scope-address', 'openid address', 'openid'],
    ['A06 oidcc-scope-phone', 'openid phone', 'openid'],
    ['A06 oidcc-scope-all', 'openid profile email address phone', 'openid profile email'],
  ])('%s: ignored where it is unknown', async (_name, scope, granted) => {
    for (const unknown of ['address', 'phone']) {
      expect(kit.metadata.scopes_supported).not.toContain(unknown);
      expect(kit.metadata.claims_supported).not.toContain(unknown);
    }
    const { info, tokens } = await claimsFor({ scope });
    expect(tokens.scope).toBe(granted);
    for (const name of ['address', 'phone_number', 'phone_number_verified'])
      expect(info).not.toHaveProperty(name);
    expect('email' in info && 'name' in info).toBe(granted !== 'openid');
  });

  test('A06 oidcc-scope-all: all that a service is granted, in one request', async () => {
    const { info, tokens } = await claimsFor({ scope: SCOPES });
    expect(tokens.scope?.split(' ').sort()).toEqual(SCOPES.split(' ').sort());
    expect(info).toMatchObject({
      name: 'Éloïse CONFORME',
      email_verified: true,
      eleves: [{ given_name: 'Lucie' }],
    });
  });

  // `name` belongs to `profile`. The claims parameter chooses among what the scopes of the request give: it would
  // otherwise be a way around the scopes that a service was granted.
  test('A06 oidcc-claims-essential: an essential name comes with its scope, never without', async () => {
    const claims = JSON.stringify({ userinfo: { name: { essential: true } } });
    const without = await claimsFor({ claims });
    expect(without.info).not.toHaveProperty('name');
    const withScope = await claimsFor({ claims, scope: 'openid profile' });
    expect(withScope.info).toMatchObject({ name: 'Éloïse CONFORME' });
    expect(withScope.claims).not.toHaveProperty('name');
  });
});

describe('what a request may carry', () => {
  test('A05 oidcc-ensure-request-without-nonce-succeeds-for-code-flow', async () => {
    const { claims } = await signIn(kit, kit.browser(), service, { nonce: null });
    expect(claims).not.toHaveProperty('nonce');
  });

  test.each<[string, Record<string, string>]>([
    ['oidcc-ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }],
    ['oidcc-display-page', { display: 'page' }],
    ['oidcc-display-popup', { display: 'popup' }],
    ['oidcc-ui-locales', { ui_locales: 'se fr' }],
    ['oidcc-claims-locales', { claims_locales: 'se' }],
  ])('A05 %s', async (_name, changes) => {
    const { claims, led } = await signIn(kit, kit.browser(), service, changes);
    expect([led.asked, claims.aud]).toEqual([true, service.clientId]);
  });

  test('A05 oidcc-login-hint: the login page is filled in with it', async () => {
    const browser = kit.browser();
    const sent = request(kit, service, { login_hint: 'buffy@example.org' });
    const page = await browser.get(sent.url.slice(new URL(kit.issuer).origin.length));
    const start = new URL(page.url).pathname.split('/').slice(0, 3).join('/');
    const form = await browser.get(`${start}/connexion?profil=responsable`);
    expect(form.text).toContain('value="buffy@example.org"');
    expect((await lead(kit, kit.browser(), sent)).callback?.searchParams.get('code')).toBeTruthy();
  });

  test('A05 oidcc-ensure-request-with-acr-values-succeeds: the ID token has the level that we have', async () => {
    for (const acr_values of ['eidas1', '1 2', 'eidas3 eidas1']) {
      const { claims } = await signIn(kit, kit.browser(), service, { acr_values });
      expect(claims.acr).toBe('eidas1');
    }
  });

  test('A08 oidcc-id-token-hint: a hint of the person who is signed in passes silently, with the same sub', async () => {
    const browser = kit.browser();
    const { tokens, claims } = await signIn(kit, browser, service);
    const again = await signIn(kit, browser, service, { prompt: 'none', id_token_hint: tokens.id_token });
    expect([again.led.asked, again.claims.sub]).toEqual([false, claims.sub]);
  });

  test('A13 oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported: rejected, and nothing is fetched', async () => {
    expect(kit.metadata).toMatchObject({ request_uri_parameter_supported: false });
    const before = kit.told.length;
    const request_uri = `${kit.origin}/request.jwt`;
    const { callback, state } = await lead(kit, kit.browser(), request(kit, service, { request_uri }));
    expect(Object.fromEntries(callback?.searchParams ?? [])).toMatchObject({
      error: 'request_uri_not_supported',
      state,
    });
    expect(kit.told).toHaveLength(before);
  });

  test('A13 oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported: rejected', async () => {
    const object = new UnsecuredJWT({
      client_id: service.clientId,
      redirect_uri: service.redirectUri,
    }).encode();
    const { callback } = await lead(kit, kit.browser(), request(kit, service, { request: object }));
    expect(callback?.searchParams.get('error')).toBe('request_not_supported');
  });

  test('A13 oidcc-ensure-request-object-with-redirect-uri: an address within a request object is not gone to', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const object = await new SignJWT({
      client_id: service.clientId,
      redirect_uri: 'https://evil.example/callback',
      response_type: 'code',
    })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(privateKey);
    for (const changes of [{ request: object }, { request: object, redirect_uri: null }]) {
      const { callback, answer } = await lead(kit, kit.browser(), request(kit, service, changes));
      expect(callback?.href ?? '').not.toContain('evil.example');
      expect(answer.status).toBe(callback === null ? 400 : 303);
    }
  });
});

describe('sessions', () => {
  test('A07 oidcc-prompt-login: asks again, and the time of the login is the new one', async () => {
    const browser = kit.browser();
    const first = await signIn(kit, browser, service);
    await passed(2);
    const again = await signIn(kit, browser, service, { prompt: 'login' });
    expect([again.led.asked, again.claims.sub]).toEqual([true, first.claims.sub]);
    expect(again.claims.auth_time).toBeGreaterThan((first.claims.auth_time as number) - 2);
  });

  test('A07 oidcc-max-age-1: a login of two seconds ago is too old', async () => {
    const browser = kit.browser();
    const first = await signIn(kit, browser, service);
    await passed(2);
    const again = await signIn(kit, browser, service, { max_age: '1' });
    expect([again.led.asked, again.claims.sub]).toEqual([true, first.claims.sub]);
    expect(again.claims.auth_time).toEqual(expect.any(Number));
  });

  test('A07 oidcc-max-age-10000: nobody is asked, and the time of the login is told and the same', async () => {
    const browser = kit.browser();
    const first = await signIn(kit, browser, service);
    const again = await signIn(kit, browser, service, { max_age: '10000' });
    expect([again.led.asked, again.claims.auth_time]).toEqual([false, first.claims.auth_time]);
  });

  test('A08 oidcc-prompt-none-not-logged-in: login_required, with the state', async () => {
    const { callback, state } = await lead(kit, kit.browser(), request(kit, service, { prompt: 'none' }));
    expect(Object.fromEntries(callback?.searchParams ?? [])).toMatchObject({
      error: 'login_required',
      state,
    });
  });

  test('A08 oidcc-prompt-none-logged-in: a code without a page, the same sub and time of login', async () => {
    const browser = kit.browser();
    const first = await signIn(kit, browser, service);
    expect(await silently(kit, browser, service)).toBeNull();
    const again = await signIn(kit, browser, service, { prompt: 'none' });
    expect([again.led.asked, again.claims.sub, again.claims.auth_time]).toEqual([
      false,
      first.claims.sub,
      first.claims.auth_time,
    ]);
  });

  /** So many seconds go by: the library reads the system's clock, so sessions are made older instead. */
  async function passed(seconds: number) {
    const rows = await database.db('oidc_sessions').select('uid', 'payload');
    for (const { uid, payload } of rows) {
      const older = JSON.parse(payload);
      older.loginTs -= seconds;
      await database
        .db('oidc_sessions')
        .where({ uid })
        .update({ payload: JSON.stringify(older) });
    }
  }
});

describe('codes and refresh tokens', () => {
  async function twice(pause: number) {
    const led = await codeFor(kit, kit.browser(), service, { scope: 'openid offline_access' });
    const first = await exchange(kit, service, led);
    const tokens = (await first.json()) as { access_token: string; refresh_token: string };
    expect([first.status, (await userinfo(kit, tokens.access_token)).status]).toEqual([200, 200]);
    kit.advance(pause);
    const again = await exchange(kit, service, led);
    return { tokens, again: [again.status, ((await again.json()) as { error: string }).error] };
  }

  // The suite only warns where the tokens go on living; ours die (RFC 6749 4.1.2, ASVS 10.4.2).
  test.each([
    ['A09 oidcc-codereuse', 0],
    ['A09 oidcc-codereuse-30seconds', 30_000],
  ])('%s: invalid_grant, and what the code had given is dead', async (_name, pause) => {
    const { tokens, again } = await twice(pause);
    expect(again).toEqual([400, 'invalid_grant']);
    expect((await userinfo(kit, tokens.access_token)).status).toBe(401);
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
    expect((await token(kit, service, refresh)).status).toBe(400);
  });

  test('A14 oidcc-refresh-token: new tokens of the same person, once, for its own service', async () => {
    const { tokens, claims } = await signIn(kit, kit.browser(), service, { scope: 'openid offline_access' });
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string };
    const stranger = await token(kit, second, refresh);
    expect([stranger.status, await stranger.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
    const answer = await token(kit, service, refresh);
    expect(answer.status).toBe(200);
    const next = (await answer.json()) as { id_token: string; access_token: string; refresh_token: string };
    expect(next.refresh_token).not.toBe(tokens.refresh_token);
    expect(next.access_token).not.toBe(tokens.access_token);
    // OpenID Connect Core 12.2: the same person, service and login.
    const { payload } = await verified(kit, service, next.id_token);
    expect(payload).toMatchObject({
      iss: claims.iss,
      sub: claims.sub,
      aud: claims.aud,
      auth_time: claims.auth_time,
    });
    expect((await userinfo(kit, next.access_token)).status).toBe(200);
    kit.advance(4000);
    expect((await token(kit, service, refresh)).status).toBe(400);
  });
});
