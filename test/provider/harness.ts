import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import * as oidc from 'openid-client';
import { openDatabase } from '../../src/db/database.ts';
import type { RequestState } from '../../src/http/context.ts';
import { errorPages } from '../../src/http/errors.ts';
import { knownWay } from '../../src/http/forwarded.ts';
import { languages } from '../../src/http/language.ts';
import { securityHeaders } from '../../src/http/security-headers.ts';
import { createProvider, type RunningProvider } from '../../src/provider/index.ts';
import { addClient, type NewClient } from '../../src/provider/registration.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { keepSecret } from '../support/run-log.ts';

/** One process of ours: the real application around the provider, with a mire that asks nothing. */
export type Instance = { deps: TestDeps; provider: RunningProvider; base: string; close(): Promise<void> };

/**
 * Two instances need one public address: they listen where they can, and answer as `http://localhost:3940`.
 * `GET /interaction/:uid` finishes the sign-in at once as the account that the header `x-test-login` names.
 */
export async function startInstance(
  database: TestDatabase,
  env: Record<string, string> = {},
  parts: Partial<TestDeps> = {},
): Promise<Instance> {
  const deps = testDeps(database, { ...parts, env: { BASE_URL: 'http://localhost:3940', ...env } });
  const provider = await createProvider(deps);
  const app = new Koa<RequestState>();
  app.proxy = true;
  app.keys = [...deps.config.COOKIE_KEYS];
  app.use(knownWay(deps.config, deps.random));
  app.use(languages(deps.config, deps.clock));
  app.use(securityHeaders(deps.config));
  app.use(errorPages(deps));
  app.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    const { host } = provider;
    if (ctx.path.endsWith('/details')) {
      ctx.body = { details: await host.details(ctx) };
      return;
    }
    if (ctx.get('x-test-extend') !== '') {
      await host.extend(ctx, new Date(ctx.get('x-test-extend')));
      ctx.body = {};
      return;
    }
    if (ctx.get('x-test-end-session') !== '') await host.endSession(ctx);
    if (ctx.get('x-test-abort') !== '') return ctx.redirect(await host.abort(ctx, 'access_denied'));
    const accountPublicId = ctx.get('x-test-login');
    if (accountPublicId === '') {
      ctx.body = { waiting: true };
      return;
    }
    const amr = ctx.get('x-test-amr') || 'pwd';
    ctx.status = 303;
    // As the mire knows it from the account that it has read; a test that counts statements says it itself.
    const known = ctx.get('x-test-version');
    const person =
      known === '' ? await deps.db('accounts').where({ public_id: accountPublicId }).first() : null;
    const credentialsVersion = Number(known || person?.credentials_version);
    const login = { accountPublicId, credentialsVersion, amr: [amr] };
    ctx.redirect(await host.finish(ctx, login, async () => {}));
  });
  app.use(provider.app);
  app.silent = true;
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    provider.close();
    return stop(server);
  };
  return { deps, provider, base, close };
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** The same database through a pool of its own, as a second process has it. */
export function secondPool(database: TestDatabase): TestDatabase {
  const db = openDatabase({
    url: database.url,
    pool: 12,
    connectTimeoutMs: 5000,
    acquireTimeoutMs: 10_000,
    statementTimeoutMs: 10_000,
    lockWaitSeconds: 5,
  });
  return { ...database, db, drop: () => db.destroy() };
}

export async function startDatabase(): Promise<TestDatabase> {
  return createTestDatabase({ pool: 12 });
}

export type Account = { publicId: string; id: number };
let sequence = 0;

/** An activated guardian. */
export async function seedAccount(
  database: TestDatabase,
  { kind = 'guardian', ...changes }: Record<string, unknown> & { kind?: string } = {},
): Promise<Account> {
  sequence += 1;
  const publicId = `account${String(sequence).padStart(15, '0')}`;
  const now = new Date('2026-11-01T10:00:00.000Z');
  const [id] = await database.db('accounts').insert({
    public_id: publicId,
    kind,
    identifier: `p.person${sequence}`,
    state: 'activated',
    origin: 'guardian',
    given_name: 'Éloïse',
    family_name: 'Łukasik',
    email: 'eloise@example.org',
    email_verified_at: now,
    password_kind: 'personal',
    password_hash: 'x',
    activated_at: now,
    last_login_at: new Date('2026-11-20T22:30:05.007Z'),
    created_at: now,
    updated_at: now,
    ...changes,
  });
  return { publicId, id: id as number };
}

export type Service = {
  clientId: string;
  secret: string | null;
  redirectUri: string;
  postLogoutUri: string;
};

export async function seedService(
  deps: TestDeps,
  name: string,
  changes: Partial<NewClient> = {},
): Promise<Service> {
  const origin = `https://${name.toLowerCase()}.example.org`;
  const input: NewClient = {
    name,
    redirectUris: [`${origin}/callback`],
    postLogoutRedirectUris: [`${origin}/bye`],
    scope: 'openid profile email educonnect educonnect_ref educonnect_eleves',
    schools: ['all'],
    ...changes,
  };
  const added = await addClient(deps, input);
  if (!added.ok) throw new Error(added.faults.join('; '));
  return {
    clientId: added.clientId,
    secret: added.clientSecret,
    redirectUri: input.redirectUris[0] as string,
    postLogoutUri: `${origin}/bye`,
  };
}

/** A browser: cookies with their paths, and redirects followed one by one by the test. */
export class Browser {
  readonly cookies = new Map<string, { value: string; path: string }>();
  readonly instances: Instance[];
  #turn = 0;
  constructor(...instances: Instance[]) {
    this.instances = instances;
  }

  /** @param url an address under the public base; instances take turns */
  async fetch(url: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const instance = this.instances[this.#turn++ % this.instances.length] as Instance;
    const target = new URL(url, instance.deps.config.BASE_URL);
    const cookie = [...this.cookies]
      .filter(
        ([, { path }]) => target.pathname === path || path === '/' || target.pathname.startsWith(`${path}/`),
      )
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const response = await fetch(`${instance.base}${target.pathname}${target.search}`, {
      ...init,
      redirect: 'manual',
      headers: { accept: 'text/html', ...(cookie && { cookie }), ...init.headers },
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const cut = pair.indexOf('=');
    const name = pair.slice(0, cut);
    const path = attributes.find((part) => part.toLowerCase().startsWith('path='))?.slice(5) ?? '/';
    const gone = attributes.some((part) => part.includes('1970'));
    if (gone) this.cookies.delete(name);
    else this.cookies.set(name, { value: pair.slice(cut + 1), path });
    keepSecret(pair.slice(cut + 1));
  }

  /** Follows redirects of ours until one leaves, or an answer is not a redirect. */
  async follow(
    url: string,
    headers: Record<string, string> = {},
  ): Promise<{ response: Response; url: string; steps: string[] }> {
    const steps: string[] = [];
    let next = url;
    for (let step = 0; step < 12; step += 1) {
      const response = await this.fetch(next, { headers });
      const location = response.headers.get('location');
      if (location === null) return { response, url: next, steps };
      const base = (this.instances[0] as Instance).deps.config.BASE_URL;
      next = new URL(location, base).href;
      steps.push(next);
      if (!next.startsWith(`${base}/`)) return { response, url: next, steps };
    }
    throw new Error(`too many redirects: ${steps.join(' ')}`);
  }
}

export type Request = {
  service: Service;
  scope?: string;
  parameters?: Record<string, string>;
};

export type Started = { url: string; verifier: string; state: string; nonce: string };

export async function authorizationUrl(instance: Instance, request: Request): Promise<Started> {
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const parameters = new URLSearchParams({
    client_id: request.service.clientId,
    redirect_uri: request.service.redirectUri,
    response_type: 'code',
    scope: request.scope ?? 'openid profile email educonnect educonnect_ref educonnect_eleves',
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...request.parameters,
  });
  return { url: `${instance.deps.config.issuer}/auth?${parameters}`, verifier, state, nonce };
}

/** Through the provider to the service's callback. @returns its address, with code or error */
export async function authorize(
  browser: Browser,
  request: Request,
  account?: Account,
  headers: Record<string, string> = {},
): Promise<{ callback: URL; started: Started; response: Response }> {
  const started = await authorizationUrl(browser.instances[0] as Instance, request);
  const login = account ? { 'x-test-login': account.publicId } : {};
  const { url, response } = await browser.follow(started.url, { ...login, ...headers });
  return { callback: new URL(url), started, response };
}

export function basic(service: Service): Record<string, string> {
  return {
    authorization: `Basic ${Buffer.from(`${service.clientId}:${service.secret}`).toString('base64')}`,
  };
}

export async function token(
  instance: Instance,
  service: Service,
  parameters: Record<string, string>,
  headers: Record<string, string> = basic(service),
): Promise<Response> {
  const answer = await fetch(`${instance.base}/oidc/token`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
    headers: { accept: 'application/json', ...headers },
  });
  const given = answer.ok ? Object.values((await answer.clone().json()) as object).map(String) : [];
  keepSecret(service.secret ?? undefined, parameters.code, parameters.refresh_token, ...given);
  return answer;
}

export type Tokens = {
  access_token: string;
  id_token: string;
  refresh_token?: string;
  expires_in: number;
  scope: string;
};

export function exchange(
  instance: Instance,
  service: Service,
  code: string,
  verifier: string,
): Promise<Response> {
  return token(instance, service, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: service.redirectUri,
    code_verifier: verifier,
  });
}

/** The whole code flow. */
export async function signIn(
  browser: Browser,
  request: Request,
  account?: Account,
  headers: Record<string, string> = {},
): Promise<Tokens> {
  const { callback, started } = await authorize(browser, request, account, headers);
  const code = callback.searchParams.get('code');
  if (code === null) throw new Error(`no code: ${callback}`);
  const answer = await exchange(browser.instances[0] as Instance, request.service, code, started.verifier);
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Tokens;
}

export async function userinfo(instance: Instance, accessToken: string): Promise<Response> {
  return fetch(`${instance.base}/oidc/userinfo`, {
    headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
  });
}

export function jwtPayload(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] as string, 'base64url').toString('utf8'));
}
