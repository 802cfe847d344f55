import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createLocalJWKSet,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';
import type { Deps } from '../../src/deps.ts';
import { createProvider, type RunningProvider } from '../../src/provider/index.ts';
import { addClient, type NewClient } from '../../src/provider/registration.ts';
import { seedActivated } from '../support/activated.ts';
import { closeServer, startApp } from '../support/app.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestDeps } from '../support/deps.ts';
import { keepSecret } from '../support/run-log.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor, postOf, type Visitor } from '../support/visitor.ts';

/**
 * What the conformance tests are made with: the whole server on a port, a relying service as the conformance suite of
 * the OpenID Foundation is one, and a browser that signs in at our login page by plain requests. Everything about the
 * server is taken from its discovery document.
 */
export type Kit = {
  deps: TestDeps;
  provider: RunningProvider;
  issuer: string;
  /** Where the server listens. */
  base: string;
  metadata: Metadata;
  /** Moves the server's time ahead. */
  advance(ms: number): void;
  /** Registers a service; its addresses begin with `origin`. */
  service(changes?: Partial<NewClient>): Promise<Service>;
  /** What services were told by the back channel. */
  told: { path: string; contentType: string; body: URLSearchParams }[];
  origin: string;
  identifier: string;
  browser(): Visitor;
  jwks(): Promise<JSONWebKeySet>;
  close(): Promise<void>;
};

export type Metadata = Record<
  | 'issuer'
  | 'authorization_endpoint'
  | 'token_endpoint'
  | 'userinfo_endpoint'
  | 'jwks_uri'
  | 'end_session_endpoint'
  | 'revocation_endpoint'
  | 'pushed_authorization_request_endpoint',
  string
> &
  Record<string, unknown>;

export type Service = {
  clientId: string;
  secret: string;
  redirectUri: string;
  postLogoutUri: string;
  method: string;
};

export const SCOPES = 'openid profile email educonnect educonnect_eleves offline_access';

export async function startKit(database: TestDatabase, parts: Partial<Deps> = {}): Promise<Kit> {
  let ahead = 0;
  let count = 0;
  const told: Kit['told'] = [];
  const services = await listen(told);
  const origin = `http://127.0.0.1:${(services.address() as AddressInfo).port}`;
  let provider: RunningProvider | undefined;
  const app = await startApp(database, {
    // Tokens are checked against the real time, so the clock runs.
    parts: { clock: { now: () => new Date(Date.now() + ahead) }, ...parts },
    provider: async (deps) => {
      provider = await createProvider(deps);
      return provider;
    },
  });
  const { deps } = app;
  const identifier = 'e.conforme';
  await seedActivated(deps, { identifier, givenName: 'Éloïse', familyName: 'CONFORME' }, CHOSEN);
  const metadata = await read<Metadata>(`${deps.config.issuer}/.well-known/openid-configuration`);
  return {
    deps,
    provider: provider as RunningProvider,
    issuer: deps.config.issuer,
    base: app.url,
    metadata,
    advance: (ms) => {
      ahead += ms;
    },
    async service(changes = {}) {
      count += 1;
      const start = `${origin}/s${count}`;
      const input: NewClient = {
        name: `Service ${count}`,
        redirectUris: [`${start}/callback`],
        postLogoutRedirectUris: [`${start}/bye`],
        scope: SCOPES,
        schools: ['all'],
        ...changes,
      };
      const added = await addClient(deps, input);
      if (!added.ok) throw new Error(added.faults.join('; '));
      return {
        clientId: added.clientId,
        secret: added.clientSecret ?? '',
        redirectUri: input.redirectUris[0] as string,
        postLogoutUri: input.postLogoutRedirectUris?.[0] ?? '',
        method: input.authMethod ?? 'client_secret_basic',
      };
    },
    told,
    origin,
    identifier,
    browser: () => createVisitor(app.url, { known: deps.config.BASE_URL }),
    jwks: () => read<JSONWebKeySet>(metadata.jwks_uri),
    close: async () => {
      provider?.close();
      await Promise.all([app.close(), closeServer(services)]);
    },
  };
}

/** Every service's back channel. */
async function listen(told: Kit['told']): Promise<Server> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const contentType = request.headers['content-type'] ?? '';
    told.push({ path: request.url ?? '', contentType, body: new URLSearchParams(body) });
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function read<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status}`);
  return (await answer.json()) as T;
}

export type Sent = { url: string; state: string; nonce: string; verifier: string };

/** An authorization request; a parameter that is `null` is left out. */
export function request(kit: Kit, service: Service, changes: Record<string, string | null> = {}): Sent {
  const [state, nonce, verifier] = [random(), random(), random()];
  const parameters: Record<string, string | null> = {
    client_id: service.clientId,
    redirect_uri: service.redirectUri,
    response_type: 'code',
    scope: 'openid',
    state,
    nonce,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== null) query.append(name, value);
  return { url: `${kit.metadata.authorization_endpoint}?${query}`, state, nonce, verifier };
}

const random = () => randomBytes(32).toString('base64url');

/** Where a request has led: back to the service, or to a page of ours. */
export type Led = Sent & { answer: Answer; callback: URL | null; asked: boolean };

/** Follows the request as a browser does, and types identifier and password if the login page asks for them. */
export async function lead(kit: Kit, browser: Visitor, sent: Sent): Promise<Led> {
  let answer = await browser.get(sent.url.slice(new URL(kit.issuer).origin.length));
  const start = /^\/interaction\/[^/]+/.exec(new URL(answer.url).pathname)?.[0];
  const asked = start !== undefined && answer.status === 200;
  if (asked) {
    const form = await browser.get(`${start}/connexion?profil=responsable`);
    answer = await browser.submit(
      form,
      { identifier: kit.identifier, password: CHOSEN },
      `${start}/connexion`,
    );
  }
  const to = answer.status >= 300 && answer.status < 400 ? (answer.headers.location ?? null) : null;
  return { ...sent, answer, asked, callback: to === null ? null : new URL(to) };
}

/** The same, and back with a code. */
export async function codeFor(
  kit: Kit,
  browser: Visitor,
  service: Service,
  changes: Record<string, string | null> = {},
): Promise<Led & { callback: URL; code: string }> {
  const led = await lead(kit, browser, request(kit, service, changes));
  const code = led.callback?.searchParams.get('code');
  if (!led.callback || !code)
    throw new Error(`no code: ${led.answer.status} ${led.callback ?? led.answer.text}`);
  return { ...led, callback: led.callback, code };
}

export type Tokens = {
  access_token: string;
  token_type: string;
  id_token: string;
  refresh_token?: string;
  expires_in: number;
  scope?: string;
};

/** The token endpoint, the service authenticated in its own way. */
export function token(
  { metadata }: Kit,
  service: Service,
  parameters: Record<string, string>,
): Promise<Response> {
  return fetch(metadata.token_endpoint, { method: 'POST', ...authenticated(service, parameters) });
}

/** Headers and form of a request by a service. */
export function authenticated(
  { clientId, secret, method }: Service,
  parameters: Record<string, string>,
): { headers: Record<string, string>; body: URLSearchParams } {
  if (method === 'client_secret_basic') {
    const pair = Buffer.from(`${clientId}:${secret}`).toString('base64');
    return { headers: { authorization: `Basic ${pair}` }, body: new URLSearchParams(parameters) };
  }
  const credentials =
    method === 'none' ? { client_id: clientId } : { client_id: clientId, client_secret: secret };
  return { headers: {}, body: new URLSearchParams({ ...parameters, ...credentials }) };
}

export function exchange(
  kit: Kit,
  service: Service,
  { code, verifier }: { code: string; verifier: string },
): Promise<Response> {
  return token(kit, service, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: service.redirectUri,
    code_verifier: verifier,
  });
}

/** The whole code flow, with every check that the suite makes of an ordinary sign-in. */
export async function signIn(
  kit: Kit,
  browser: Visitor,
  service: Service,
  changes: Record<string, string | null> = {},
): Promise<{ tokens: Tokens; claims: JWTPayload; led: Led }> {
  const led = await codeFor(kit, browser, service, changes);
  const { callback, state } = led;
  if (callback.href.split('?')[0] !== service.redirectUri) throw new Error(`came back at ${callback}`);
  if (changes.state !== null && callback.searchParams.get('state') !== (changes.state ?? state))
    throw new Error('another state came back');
  if (callback.searchParams.get('iss') !== kit.issuer) throw new Error('no iss came back (RFC 9207)');
  const answer = await exchange(kit, service, led);
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${await answer.text()}`);
  const tokens = (await answer.json()) as Tokens;
  keepSecret(...Object.values(tokens).map(String));
  const { payload } = await verified(kit, service, tokens.id_token);
  if (changes.nonce !== null && payload.nonce !== (changes.nonce ?? led.nonce))
    throw new Error('another nonce is in the ID token');
  return { tokens, claims: payload, led };
}

/** Signature by the published keys, issuer, audience, times. */
export async function verified(kit: Kit, service: Service, idToken: string): Promise<JWTVerifyResult> {
  return jwtVerify(idToken, createLocalJWKSet(await kit.jwks()), {
    issuer: kit.issuer,
    audience: service.clientId,
    requiredClaims: ['sub', 'iat', 'exp'],
    algorithms: ['RS256', 'ES256', 'EdDSA'],
  });
}

export async function userinfo(
  { metadata }: Kit,
  accessToken: string,
  how: 'get' | 'post-header' | 'post-body' = 'get',
): Promise<Response> {
  const header = { authorization: `Bearer ${accessToken}` };
  if (how === 'get') return fetch(metadata.userinfo_endpoint, { headers: header });
  if (how === 'post-header') return fetch(metadata.userinfo_endpoint, { method: 'POST', headers: header });
  const body = new URLSearchParams({ access_token: accessToken });
  return fetch(metadata.userinfo_endpoint, { method: 'POST', body });
}

/** Asks silently whether this browser is signed in. @returns the error, or null when a code came back */
export async function silently(
  kit: Kit,
  browser: Visitor,
  service: Service,
  changes: Record<string, string> = {},
): Promise<string | null> {
  const { callback } = await lead(kit, browser, request(kit, service, { prompt: 'none', ...changes }));
  return callback === null ? 'page' : callback.searchParams.get('error');
}

/** Sends the browser to the end session endpoint; `confirm` presses « Se déconnecter » where our page asks. */
export async function signOut(
  kit: Kit,
  browser: Visitor,
  parameters: Record<string, string>,
): Promise<{ first: Answer; last: Answer; to: URL | null }> {
  const path = new URL(kit.metadata.end_session_endpoint).pathname;
  const first = await browser.get(`${path}?${new URLSearchParams(parameters)}`);
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(first.text)?.[1];
  const answer =
    xsrf === undefined
      ? first
      : await browser.send(
          `${path}/confirm`,
          postOf(new URLSearchParams({ xsrf, logout: 'yes' }).toString()),
        );
  const location = answer.headers.location;
  if (location === undefined) return { first, last: answer, to: null };
  const to = new URL(location);
  // Our own page shows that it is done.
  if (to.origin === new URL(kit.issuer).origin)
    return { first, last: await browser.get(to.pathname + to.search), to: null };
  return { first, last: answer, to };
}
