import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { accountRoutes } from '../../src/account/routes.ts';
import type { AccountRoute } from '../../src/account/types.ts';
import { createRelyingService } from '../../src/demo/relying-service.ts';
import type { ServiceSettings } from '../../src/demo/relying-types.ts';
import type { Deps } from '../../src/deps.ts';
import type { Middleware } from '../../src/http/context.ts';
import { createProvider } from '../../src/provider/index.ts';
import { addClient } from '../../src/provider/registration.ts';
import { closeServer, startApp, type TestApp } from './app.ts';
import type { TestDatabase } from './database.ts';
import type { TestDeps } from './deps.ts';
import { keepSecret } from './run-log.ts';
import type { Answer } from './visitor.ts';

export type TestService = { origin: string; clientId: string; clientSecret: string; close(): Promise<void> };

/** EduConnect with its provider, and two services that sign people in with it, each on a port of its own. */
export type TestWorld = {
  app: TestApp;
  deps: TestDeps;
  /** BASE_URL: what browsers and services know. */
  base: string;
  /** Moves the time of EduConnect; browsers and services stay where they are. */
  advance(ms: number): void;
  ent: TestService;
  lsu: TestService;
  close(): Promise<void>;
};

/** The services check tokens against the real time, so the clock runs; tests only move it ahead. */
export async function startWorld(
  database: Pick<TestDatabase, 'db' | 'url'>,
  {
    env = {},
    parts = {},
    accountTable,
  }: {
    env?: Record<string, string>;
    parts?: Partial<Deps>;
    /** In the place of the pages of « Mon compte ». */
    accountTable?: readonly AccountRoute[];
  } = {},
): Promise<TestWorld> {
  let ahead = 0;
  const clock = { now: () => new Date(Date.now() + ahead) };
  const provider = async (its: TestDeps) => {
    const running = await createProvider(its);
    if (accountTable === undefined) return running;
    const pages = accountRoutes({ deps: its, host: running.host }, accountTable).routes() as Middleware;
    const app: Middleware = (ctx, next) => running.app(ctx, async () => pages(ctx, next));
    return { ...running, app };
  };
  const app = await startApp(database, { env, parts: { clock, ...parts }, provider });
  const { deps } = app;
  const ent = await startService(
    deps,
    'ent',
    'openid profile email educonnect educonnect_ref educonnect_eleves',
  );
  const lsu = await startService(deps, 'lsu', 'openid profile educonnect educonnect_eleves educonnect_ine');
  return {
    app,
    deps,
    base: deps.config.BASE_URL,
    advance: (ms) => {
      ahead += ms;
    },
    ent,
    lsu,
    close: async () => {
      await Promise.all([app.close(), ent.close(), lsu.close()]);
    },
  };
}

const NAMES = { ent: 'ENT Exemple', lsu: 'Livret scolaire' } as const;

/** A service that signs people in with this application, on a port of its own. */
export async function startService(deps: TestDeps, kind: 'ent' | 'lsu', scope: string): Promise<TestService> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const added = await addClient(deps, {
    name: NAMES[kind],
    redirectUris: [`${origin}/callback`],
    postLogoutRedirectUris: [`${origin}/deconnecte`],
    initiateLoginUri: `${origin}/connexion`,
    scope,
    schools: ['all'],
  });
  if (!added.ok) throw new Error(added.faults.join('; '));
  const settings: ServiceSettings = {
    kind,
    theme: { name: NAMES[kind], tagline: '', accent: '#0b5f56', tint: '#d7efe9' },
    cookieName: `${kind}_session`,
    origin,
    issuer: deps.config.issuer,
    clientId: added.clientId,
    clientSecret: added.clientSecret ?? '',
    scope,
    connectedSentence: kind === 'ent' ? "Je suis connecté à l'ENT" : 'Je suis connecté au livret scolaire',
  };
  server.on('request', createRelyingService(settings).callback());
  const { clientId, clientSecret } = settings;
  return { origin, clientId, clientSecret, close: () => closeServer(server) };
}

const VERIFIER = 'verifier-of-the-test-suite-0123456789-0123456789';

/** Address, below BASE_URL, of an authorization request of the service. */
export function authorizePath(service: TestService, params: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    client_id: service.clientId,
    redirect_uri: `${service.origin}/callback`,
    response_type: 'code',
    scope: 'openid profile educonnect_eleves',
    state: 'state-of-the-test-suite',
    nonce: 'nonce-of-the-test-suite',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    ...params,
  });
  return `/oidc/auth?${query}`;
}

/** The code in the answer that leads back to the service; null when it leads elsewhere. */
export function codeOf(answer: Answer): string | null {
  const to = answer.headers.location;
  return to === undefined ? null : new URL(to, answer.url).searchParams.get('code');
}

/** Exchanges a code as the service does. */
export async function exchange(world: TestWorld, service: TestService, code: string): Promise<Response> {
  const credentials = Buffer.from(`${service.clientId}:${service.clientSecret}`).toString('base64');
  const answer = await fetch(`${world.app.url}/oidc/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: `${service.origin}/callback`,
      code_verifier: VERIFIER,
    }),
  });
  const tokens = answer.ok ? Object.values((await answer.clone().json()) as object).map(String) : [];
  keepSecret(code, service.clientSecret, ...tokens);
  return answer;
}
