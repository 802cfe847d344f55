import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Knex } from 'knex';
import { createApp, type ProviderParts } from '../../src/app.ts';
import type { Deps } from '../../src/deps.ts';
import { createRenderer } from '../../src/http/render.ts';
import { type TestDeps, testDeps } from './deps.ts';

export type TestApp = { deps: TestDeps; url: string; port: number; close(): Promise<void> };

type Options = {
  env?: Record<string, string>;
  parts?: Partial<Deps>;
  /** The provider, made with the deps whose BASE_URL is the address that the application listens on. */
  provider: (deps: TestDeps) => Promise<ProviderParts> | ProviderParts;
};

/** The whole application on a free port; BASE_URL says so, as browsers and services need it. */
export async function startApp(
  database: { db: Knex; url: string },
  { env = {}, parts = {}, provider }: Options,
): Promise<TestApp> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://localhost:${port}`;
  const render = createRenderer({ rootDir: process.cwd(), production: true });
  const deps = testDeps(database, { render, ...parts, env: { BASE_URL: url, ...env } });
  try {
    server.on('request', createApp(deps, await provider(deps)).callback());
  } catch (error) {
    await closeServer(server);
    throw error;
  }
  return { deps, url: `http://127.0.0.1:${port}`, port, close: () => closeServer(server) };
}

export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
