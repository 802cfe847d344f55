import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRelyingService } from '../../src/demo/relying-service.ts';
import type { ServiceSettings } from '../../src/demo/relying-types.ts';
import { createProvider } from '../../src/provider/index.ts';
import { addClient } from '../../src/provider/registration.ts';
import { closeServer, startApp, type TestApp } from './app.ts';
import type { TestDatabase } from './database.ts';
import type { TestDeps } from './deps.ts';

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
  database: TestDatabase,
  env: Record<string, string> = {},
): Promise<TestWorld> {
  let ahead = 0;
  const clock = { now: () => new Date(Date.now() + ahead) };
  const app = await startApp(database, { env, parts: { clock }, provider: createProvider });
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

async function startService(deps: TestDeps, kind: 'ent' | 'lsu', scope: string): Promise<TestService> {
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
