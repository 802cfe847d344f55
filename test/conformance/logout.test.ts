import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeJwt, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Kit, type Service, signIn, signOut, silently, startKit, token, userinfo } from './kit.ts';

/**
 * `oidcc-rp-initiated-logout-certification-test-plan` and `oidcc-backchannel-rp-initiated-logout-certification-test-plan`,
 * one test each under the module's own name. We ask « Voulez-vous vous déconnecter ? » at every logout while somebody
 * is signed in, which the plan allows; the tests press « Se déconnecter » there.
 */

let database: TestDatabase;
let kit: Kit;
let service: Service;
let quiet: Service;

beforeAll(async () => {
  database = await createTestDatabase();
  kit = await startKit(database);
  service = await kit.service({ backchannelLogoutUri: `${kit.origin}/told` });
  quiet = await kit.service();
});
beforeEach(() => {
  kit.told.length = 0;
});
afterAll(async () => {
  await kit?.close();
  await database?.drop();
});

const state = 'state of the logout é&=';

/** A page in French, of ours: no script or style in it, and nothing from elsewhere. */
function expectOwnPage({ text, headers }: { text: string; headers: Record<string, unknown> }): void {
  expect(text).toContain('<html lang="fr"');
  expect(text).toContain('EduConnect');
  expect(text).not.toMatch(/<script(?![^>]* src="\/assets)|<style|https?:\/\/(?!localhost)[^"]*\.(js|css)/);
  expect(headers['content-security-policy']).not.toMatch(/unsafe|sha256/);
}

describe('from a service', () => {
  test('A16 oidcc-rp-initiated-logout: back to the service with the state, and nobody is signed in', async () => {
    const browser = kit.browser();
    const { tokens } = await signIn(kit, browser, quiet, { scope: 'openid offline_access' });
    const out = await signOut(kit, browser, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: quiet.postLogoutUri,
      state,
    });
    expectOwnPage(out.first);
    expect(out.first.text).toContain('Voulez-vous vous déconnecter');
    expect(out.last.status).toBe(303);
    expect(out.to?.href.split('?')[0]).toBe(quiet.postLogoutUri);
    expect([...(out.to?.searchParams ?? [])]).toEqual([['state', state]]);
    expect(await silently(kit, browser, quiet)).toBe('login_required');
    expect((await userinfo(kit, tokens.access_token)).status).toBe(401);
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string };
    expect((await token(kit, quiet, refresh)).status).toBe(400);
  });

  test('A16 oidcc-rp-initiated-logout-no-state: back without one', async () => {
    const browser = kit.browser();
    const { tokens } = await signIn(kit, browser, quiet);
    const { to } = await signOut(kit, browser, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: quiet.postLogoutUri,
    });
    expect(to?.href).toBe(quiet.postLogoutUri);
    expect(await silently(kit, browser, quiet)).toBe('login_required');
  });

  test.each<[string, (hint: string) => Record<string, string>]>([
    ['oidcc-rp-initiated-logout-no-params', () => ({})],
    ['oidcc-rp-initiated-logout-only-state', () => ({ state })],
    ['oidcc-rp-initiated-logout-no-post-logout-redirect-uri', (id_token_hint) => ({ id_token_hint, state })],
  ])('A16 %s: signed out, on our own page that says so', async (_name, parameters) => {
    const browser = kit.browser();
    const { tokens } = await signIn(kit, browser, quiet);
    const { to, last } = await signOut(kit, browser, parameters(tokens.id_token));
    expect([to, last.status]).toEqual([null, 200]);
    expectOwnPage(last);
    expect(last.text).toContain('Vous êtes déconnecté');
    expect(last.text).not.toContain(quiet.postLogoutUri);
    expect(await silently(kit, browser, quiet)).toBe('login_required');
  });

  /** A hint that somebody else has made: right in everything but its signature. */
  async function forged(hint: string): Promise<string> {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return new SignJWT(decodeJwt(hint)).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
  }

  test.each<[string, (hint: string) => Record<string, string> | Promise<Record<string, string>>]>([
    ['oidcc-rp-initiated-logout-bad-id-token-hint', async (hint) => ({ id_token_hint: await forged(hint) })],
    [
      'oidcc-rp-initiated-logout-modified-id-token-hint',
      (hint) => ({ id_token_hint: new UnsecuredJWT(decodeJwt(hint)).encode() }),
    ],
    [
      'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri',
      (id_token_hint) => ({ id_token_hint, post_logout_redirect_uri: 'https://evil.example/bye' }),
    ],
    [
      'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri',
      (id_token_hint) => ({ id_token_hint, post_logout_redirect_uri: '?added=1' }),
    ],
  ])('A16 %s: our error page, no way back to anybody, nobody signed out', async (_name, parameters) => {
    const browser = kit.browser();
    const { tokens } = await signIn(kit, browser, quiet);
    const given = await parameters(tokens.id_token);
    const asked = given.post_logout_redirect_uri ?? '';
    const post_logout_redirect_uri = asked.startsWith('https:') ? asked : quiet.postLogoutUri + asked;
    const { to, last } = await signOut(kit, browser, { ...given, post_logout_redirect_uri, state });
    expect([to, last.status]).toEqual([null, 400]);
    expectOwnPage(last);
    expect(last.text).toContain('EC-400-SERVICE');
    // The links to other languages are queries of the page itself.
    expect(last.text).not.toMatch(/href="(?!\?)[^"]*(evil\.example|\/bye)/);
    expect(await silently(kit, browser, quiet)).toBeNull();
  });

  // Who asks is then unknown: the person may sign out, and is sent to nobody.
  test('A16 oidcc-rp-initiated-logout-no-id-token-hint: signed out, on our own page, with no way back', async () => {
    const browser = kit.browser();
    await signIn(kit, browser, quiet);
    const { to, last } = await signOut(kit, browser, {
      post_logout_redirect_uri: quiet.postLogoutUri,
      state,
    });
    expect([to, last.status]).toEqual([null, 200]);
    expectOwnPage(last);
    expect(last.text).not.toContain(quiet.postLogoutUri);
    expect(await silently(kit, browser, quiet)).toBe('login_required');
  });

  test('A16 a hint of another person, or of another service, than is signed in: asked, and only what is registered is gone to', async () => {
    const stranger = await signIn(kit, kit.browser(), service);
    const browser = kit.browser();
    await signIn(kit, browser, quiet);
    const { to, last } = await signOut(kit, browser, {
      id_token_hint: stranger.tokens.id_token,
      post_logout_redirect_uri: quiet.postLogoutUri,
    });
    expect([to, last.status]).toEqual([null, 400]);
  });

  test('A16 without a session: back to the service at once, no page, no script; twice is harmless', async () => {
    const { tokens } = await signIn(kit, kit.browser(), quiet);
    const nobody = kit.browser();
    for (const _time of [1, 2]) {
      const out = await signOut(kit, nobody, {
        id_token_hint: tokens.id_token,
        post_logout_redirect_uri: quiet.postLogoutUri,
        state,
      });
      expect(out.to?.href.split('?')[0]).toBe(quiet.postLogoutUri);
    }
    const bare = await signOut(kit, nobody, {});
    expectOwnPage(bare.last);
    expect(bare.last.text).toContain('Vous êtes déconnecté');
  });

  test('A16 a hint that has expired is taken: a logout comes hours after its token', async () => {
    const browser = kit.browser();
    const { tokens } = await signIn(kit, browser, quiet);
    kit.advance(25 * 60_000);
    const { to } = await signOut(kit, browser, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: quiet.postLogoutUri,
    });
    expect(to?.href).toBe(quiet.postLogoutUri);
  });

  test('A16 a logout cannot be forced: the confirmation needs what the page was given', async () => {
    const browser = kit.browser();
    await signIn(kit, browser, quiet);
    const path = `${new URL(kit.metadata.end_session_endpoint).pathname}/confirm`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' };
    for (const body of ['logout=yes', 'logout=yes&xsrf=guessed']) {
      const answer = await browser.send(path, { method: 'POST', headers, body });
      expect(answer.status).toBe(400);
      expectOwnPage(answer);
    }
    expect(await silently(kit, browser, quiet)).toBeNull();
  });
});

describe('by the back channel', () => {
  test('A17 oidcc-backchannel-rp-initiated-logout: one logout token, right in every claim', async () => {
    const browser = kit.browser();
    const { tokens, claims } = await signIn(kit, browser, service);
    await signOut(kit, browser, { id_token_hint: tokens.id_token });
    expect(kit.told).toHaveLength(1);
    const [one] = kit.told;
    expect(one?.path).toBe('/told');
    expect(one?.contentType).toMatch(/^application\/x-www-form-urlencoded/);
    expect([...(one?.body.keys() ?? [])]).toEqual(['logout_token']);
    const { payload, protectedHeader } = await jwtVerify(
      one?.body.get('logout_token') ?? '',
      createLocalJWKSet(await kit.jwks()),
      { issuer: kit.issuer, audience: service.clientId, typ: 'logout+jwt', maxTokenAge: '1 minute' },
    );
    expect(protectedHeader).toMatchObject({ alg: 'RS256', kid: expect.any(String) });
    expect(payload).toMatchObject({
      sub: claims.sub,
      sid: claims.sid,
      jti: expect.any(String),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    });
    expect(payload).not.toHaveProperty('nonce');
    expect((payload.exp as number) - (payload.iat as number)).toBeLessThanOrEqual(120);
    expect(await silently(kit, browser, service)).toBe('login_required');
  });

  test('A17 every service of the session is told, each with its own sid and sub, whichever begins', async () => {
    const lsu = await kit.service({ backchannelLogoutUri: `${kit.origin}/lsu`, sector: 'lsu.example.org' });
    const browser = kit.browser();
    const first = await signIn(kit, browser, service);
    const second = await signIn(kit, browser, lsu);
    await signIn(kit, browser, quiet);
    await signOut(kit, browser, { id_token_hint: first.tokens.id_token });
    const told = kit.told.map(({ path, body }) => {
      const { sub, sid, aud } = decodeJwt(body.get('logout_token') ?? '');
      return { path, sub, sid, aud };
    });
    const { sub, sid } = first.claims;
    expect(told.sort((a, b) => a.path.localeCompare(b.path))).toEqual([
      { path: '/lsu', sub: second.claims.sub, sid: second.claims.sid, aud: lsu.clientId },
      { path: '/told', sub, sid, aud: service.clientId },
    ]);
    expect(second.claims.sub).not.toBe(sub);
    expect(second.claims.sid).not.toBe(sid);
  });

  test('A17 from « Mon compte »: the same services are told, and our page says that it is done', async () => {
    const browser = kit.browser();
    const { tokens } = await signIn(kit, browser, service);
    const home = await browser.get('/');
    const done = await browser.submit(home, {}, '/compte/deconnexion');
    expect([done.status, new URL(done.url).pathname]).toEqual([200, '/compte/deconnecte']);
    expectOwnPage(done);
    expect(kit.told.map(({ path }) => path)).toEqual(['/told']);
    expect((await userinfo(kit, tokens.access_token)).status).toBe(401);
    expect(await silently(kit, browser, service)).toBe('login_required');
    const again = await browser.get('/compte/deconnecte');
    expect(again.status).toBe(200);
  });

  test('A17 after the idle limit the services are still known and told (decision 9); after twelve hours there is nothing left to end', async () => {
    const browser = kit.browser();
    await signIn(kit, browser, service);
    kit.advance(2 * 3600_000);
    expect(await silently(kit, browser, service)).toBe('login_required');
    await signOut(kit, browser, {});
    expect(kit.told.map(({ path }) => path)).toEqual(['/told']);
    const late = kit.browser();
    await signIn(kit, late, service);
    kit.told.length = 0;
    kit.advance(12 * 3600_000 + 1000);
    const { last } = await signOut(kit, late, {});
    expect([last.status, kit.told]).toEqual([200, []]);
    expectOwnPage(last);
  });
});
