import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestDatabase } from '../support/database.ts';
import { basic, type Instance, type Service, seedService, startDatabase, startInstance } from './harness.ts';

let database: TestDatabase;
let instance: Instance;
let ent: Service;

beforeAll(async () => {
  database = await startDatabase();
  instance = await startInstance(database);
  ent = await seedService(instance.deps, 'ENT');
});
afterAll(async () => {
  await instance.close();
  await database.drop();
});

const ROUTES = [
  'auth',
  'token',
  'userinfo',
  'jwks',
  'session/end',
  'revocation',
  'par',
  '.well-known/openid-configuration',
];
const SPELLINGS: [string, (route: string) => string][] = [
  ['in capitals', (route) => route.toUpperCase()],
  ['with a slash behind', (route) => `${route}/`],
  ['with two slashes before', (route) => `/${route}`],
];

// The library's router forgives these, and would answer outside our transaction, policy and pages.
test.each(ROUTES.flatMap((route) => SPELLINGS.map(([how, spell]) => [route, how, spell(route)] as const)))(
  '%s written %s is no address of ours',
  async (_route, _how, path) => {
    for (const method of ['GET', 'POST']) {
      const headers = { origin: 'https://evil.example', ...basic(ent) };
      const answer = await fetch(`${instance.base}/oidc/${path}`, { method, headers, redirect: 'manual' });
      expect([404, 405]).toContain(answer.status);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      expect(answer.headers.get('set-cookie')).toBeNull();
      expect(await answer.text()).not.toMatch(/<script(?![^>]* src=)/);
    }
  },
);

test('A11: a pushed request cannot ask for the code in the fragment either', async () => {
  const body = new URLSearchParams({
    client_id: ent.clientId,
    redirect_uri: ent.redirectUri,
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'a'.repeat(43),
    code_challenge_method: 'S256',
    response_mode: 'fragment',
  });
  const pushed = await fetch(`${instance.base}/oidc/par`, { method: 'POST', headers: basic(ent), body });
  const answer = (await pushed.json()) as { request_uri?: string; error?: string };
  if (pushed.status === 201) {
    const query = new URLSearchParams({ client_id: ent.clientId, request_uri: answer.request_uri ?? '' });
    const authorized = await fetch(`${instance.base}/oidc/auth?${query}`, { redirect: 'manual' });
    const to = authorized.headers.get('location') ?? '';
    expect(to).not.toContain('/interaction/');
    expect(to).toContain('error=invalid_request');
  } else {
    expect([pushed.status, answer.error]).toEqual([400, 'invalid_request']);
  }
});

test.each(['id_token', 'userinfo'])(
  'an essential acr that we lack is refused, asked at %s',
  async (place) => {
    const claims = JSON.stringify({ [place]: { acr: { essential: true, value: 'eidas3' } } });
    const query = new URLSearchParams({
      client_id: ent.clientId,
      redirect_uri: ent.redirectUri,
      response_type: 'code',
      scope: 'openid',
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
      claims,
    });
    const answer = await fetch(`${instance.base}/oidc/auth?${query}`, { redirect: 'manual' });
    expect(answer.headers.get('location')).toContain('error=unmet_authentication_requirements');
  },
);
