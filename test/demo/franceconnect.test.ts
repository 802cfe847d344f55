import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { createFranceConnectSimulator, type FranceConnectSimulator } from '../../src/demo/franceconnect.ts';
import { franceConnectPeople } from '../../src/demo/franceconnect-people.ts';
import { closeServer } from '../support/app.ts';
import { createVisitor, postOf, type Visitor } from '../support/visitor.ts';

/** What the real one is strict about (integration.md 1), the simulator is too. */

const NONCE = 'n'.repeat(32);
const SECRET = 'secret-of-the-test-suite-0001';
const client = (clientId: string) => ({
  clientId,
  clientSecret: SECRET,
  name: clientId,
  redirectUris: ['http://localhost:9/retour'],
  postLogoutRedirectUris: ['http://localhost:9/deconnexion'],
});

let server: Server;
let simulator: FranceConnectSimulator;
let visitor: Visitor;

beforeAll(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const clients = [client('one'), client('two')];
  simulator = createFranceConnectSimulator({ origin, clients, people: franceConnectPeople([]) });
  server.on('request', simulator.app.callback());
  visitor = createVisitor(origin);
});
afterAll(() => closeServer(server));

const parameters = (more: Record<string, string> = {}) => ({
  client_id: 'one',
  response_type: 'code',
  redirect_uri: 'http://localhost:9/retour',
  scope: 'openid given_name family_name birthdate email',
  state: 's'.repeat(32),
  nonce: NONCE,
  acr_values: 'eidas1',
  ...more,
});
const authorize = (more: Record<string, string> = {}) =>
  visitor.get(`/api/v2/authorize?${new URLSearchParams(parameters(more))}`);

/** @returns the address that leads back */
async function identify(login: string, more: Record<string, string> = {}): Promise<URL> {
  const page = await visitor.submit(await authorize(more), { login });
  return new URL((await visitor.submit(page, {})).headers.location ?? '');
}

async function tokensFor(login: string, clientId = 'one') {
  const back = await identify(login, { client_id: clientId });
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? '',
    redirect_uri: 'http://localhost:9/retour',
    client_id: clientId,
    client_secret: SECRET,
  });
  const answer = await fetch(`${simulator.issuer}/token`, { method: 'POST', body });
  return (await answer.json()) as Record<string, string>;
}

const read = (token: string | undefined, part: 0 | 1) =>
  JSON.parse(Buffer.from(token?.split('.')[part] ?? '', 'base64url').toString('utf8'));

test.each([
  ['a parameter that it does not know', { login_hint: 'x' }],
  ['PKCE', { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' }],
  ['another level', { acr_values: 'eidas2' }],
  ['a short nonce', { nonce: 'short' }],
  ['no state', { state: '' }],
  ['prompt none', { prompt: 'none' }],
  ['no openid', { scope: 'email' }],
])('%s: a page of its own, Y030007, from which nobody returns', async (_what, more) => {
  const answer = await authorize(more);
  expect([answer.status, answer.text.includes('Y030007')]).toEqual([400, true]);
});

test('an address that was not declared is refused on a page of its own', async () => {
  const answer = await authorize({ redirect_uri: 'http://localhost:9/autre' });
  expect([answer.status, answer.headers.location]).toEqual([400, undefined]);
});

test('ES256, a minute of life, one sub per service, signed user information', async () => {
  const tokens = await tokensFor('homonyme.un');
  expect(tokens).not.toHaveProperty('refresh_token');
  expect(read(tokens.id_token, 0)).toMatchObject({ alg: 'ES256', kid: 'pkcs11:ES256:hsm' });
  const claims = read(tokens.id_token, 1);
  expect(claims).toMatchObject({ acr: 'eidas1', nonce: NONCE, aud: 'one', iss: simulator.issuer });
  expect(claims.exp - claims.iat).toBe(60);
  expect(claims.sub).toMatch(/^[0-9a-f]{64}v1$/);
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  const info = await fetch(`${simulator.issuer}/userinfo`, { headers });
  expect(info.headers.get('content-type')).toContain('application/jwt');
  const told = read(await info.text(), 1);
  expect(told).toMatchObject({ sub: claims.sub, family_name: 'MARTIN', given_name: 'JEAN PAUL' });
  expect(told).not.toHaveProperty('gender');
  expect(read((await tokensFor('homonyme.un', 'two')).id_token, 1).sub).not.toBe(claims.sub);
});

test('a wrong clock: what it signs is dated five minutes early, and signed all the same', async () => {
  simulator.setMode('wrong-clock');
  const tokens = await tokensFor('homonyme.un');
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  const info = await (await fetch(`${simulator.issuer}/userinfo`, { headers })).text();
  simulator.setMode('up');
  const keys = createRemoteJWKSet(new URL(`${simulator.issuer}/jwks`));
  const then = new Date(Date.now() - 300_000);
  for (const token of [tokens.id_token ?? '', info]) {
    await expect(jwtVerify(token, keys)).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' });
    await jwtVerify(token, keys, { currentDate: then });
  }
});

test('the secret in the header is refused; a code is good once', async () => {
  const code = (await identify('homonyme.un')).searchParams.get('code') ?? '';
  const body = { grant_type: 'authorization_code', code, redirect_uri: 'http://localhost:9/retour' };
  const token = (more: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${simulator.issuer}/token`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({ ...body, ...more }),
    });
  const basic = `Basic ${Buffer.from(`one:${SECRET}`).toString('base64')}`;
  expect((await token({}, { authorization: basic })).status).toBe(401);
  const proof = { client_id: 'one', client_secret: SECRET };
  expect((await token(proof)).status).toBe(200);
  expect((await token(proof)).status).toBe(400);
});

test('the logout wants its hint, ends the session, and comes back with its state', async () => {
  const { id_token: hint = '' } = await tokensFor('homonyme.un');
  expect((await authorize()).text).toContain('value="homonyme.un"');
  const to = { post_logout_redirect_uri: 'http://localhost:9/deconnexion', state: 'going-on' };
  const without = await visitor.get(`/api/v2/session/end?${new URLSearchParams(to)}`);
  expect([without.status, without.text.includes('Y030009')]).toEqual([400, true]);
  const page = await visitor.get(
    `/api/v2/session/end?${new URLSearchParams({ ...to, id_token_hint: hint })}`,
  );
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(page.text) ?? [];
  const body = new URLSearchParams({ xsrf, logout: 'yes' }).toString();
  const out = await visitor.send('/api/v2/session/end/confirm', postOf(body));
  expect(out.headers.location).toBe('http://localhost:9/deconnexion?state=going-on');
  expect((await authorize()).text).toContain('name="login" value=""');
});

test('the awkward people: born abroad, without a page back, another name the next time', async () => {
  const stopped = await visitor.submit(await authorize(), { login: 'inconnue.rnipp' });
  expect([stopped.status, stopped.text.includes('Y010004'), stopped.headers.location]).toEqual([
    400,
    true,
    undefined,
  ]);
  const unknown = await visitor.submit(await authorize(), { login: 'personne' });
  expect([unknown.status, unknown.text.includes('inconnu')]).toEqual([400, true]);
  const names = franceConnectPeople([]).map(({ login }) => login);
  expect(names).toEqual(
    expect.arrayContaining(['nee.ailleurs', 'nom.change', 'homonyme.deux', 'decede.rnipp']),
  );
});

test('« Annuler » returns access_denied, with state and iss', async () => {
  const page = await authorize();
  const cancel = /href="([^"]*\/cancel)"/.exec(page.text)?.[1] ?? '';
  const to = new URL((await visitor.get(cancel)).headers.location ?? '');
  expect(Object.fromEntries(to.searchParams)).toEqual({
    error: 'access_denied',
    error_description: 'user authentication aborted',
    state: 's'.repeat(32),
    iss: simulator.issuer,
  });
});

test('down, and a new key', async () => {
  simulator.setMode('down');
  expect((await visitor.get('/api/v2/jwks')).status).toBe(503);
  simulator.setMode('up');
  const kid = async () => JSON.parse((await visitor.get('/api/v2/jwks')).text).keys[0].kid;
  const before = await kid();
  simulator.rotateKey();
  expect(await kid()).not.toBe(before);
});
