import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestDatabase } from '../support/database.ts';
import { countStatements } from '../support/deps.ts';
import {
  type Account,
  authorizationUrl,
  authorize,
  Browser,
  exchange,
  type Instance,
  type Service,
  seedAccount,
  seedService,
  signIn,
  startDatabase,
  startInstance,
  token,
  userinfo,
} from './harness.ts';

/**
 * The provider's share of "It must reach". Statements without BEGIN, COMMIT and SET; commits are transactions and
 * autocommitted writes. The limits of the whole login leave the rest to the mire.
 */
let database: TestDatabase;
let instance: Instance;
let ent: Service;
let lsu: Service;
let parent: Account;

beforeAll(async () => {
  database = await startDatabase();
  instance = await startInstance(database);
  ent = await seedService(instance.deps, 'ENT');
  lsu = await seedService(instance.deps, 'LSU', { scope: 'openid profile educonnect offline_access' });
  parent = await seedAccount(database);
  // Services are known to the process: they are read again every 30 s.
  for (const service of [ent, lsu]) await authorize(new Browser(instance), { service, scope: 'openid' });
});

afterAll(async () => {
  await instance.close();
  await database.drop();
});

async function counted<T>(
  work: () => Promise<T>,
): Promise<{ value: T; statements: number; commits: number; sql: string[] }> {
  const count = countStatements(database.db);
  try {
    const value = await work();
    return { value, statements: count.statements.length, commits: count.commits(), sql: count.statements };
  } finally {
    count.stop();
  }
}

test('a login: authorization, the host of the mire, return, token', async () => {
  const browser = new Browser(instance);
  const started = await authorizationUrl(instance, { service: ent });
  const asked = await counted(() => browser.fetch(started.url));
  expect([asked.statements, asked.commits]).toEqual([1, 1]);
  const interaction = asked.value.headers.get('location') as string;

  const details = await counted(() => browser.fetch(`${interaction}/details`));
  expect([details.statements, details.commits]).toEqual([1, 0]);

  const finished = await counted(() =>
    browser.fetch(interaction, { headers: { 'x-test-login': parent.publicId, 'x-test-version': '0' } }),
  );
  expect([finished.statements, finished.commits]).toEqual([1, 1]);

  const resumed = await counted(() => browser.fetch(finished.value.headers.get('location') as string));
  expect([resumed.statements, resumed.commits]).toEqual([7, 1]);
  const callback = new URL(resumed.value.headers.get('location') as string);

  const tokens = await counted(() =>
    exchange(instance, ent, callback.searchParams.get('code') as string, started.verifier),
  );
  expect(tokens.value.status).toBe(200);
  expect([tokens.statements, tokens.commits]).toEqual([4, 1]);
});

test('the code flow on a session, for a service that is new to it', async () => {
  const browser = new Browser(instance);
  await signIn(browser, { service: ent }, parent);
  instance.deps.clock.advance(61_000);
  await authorize(new Browser(instance), { service: lsu, scope: 'openid' });
  const flow = await counted(() => signIn(browser, { service: lsu, scope: 'openid profile offline_access' }));
  expect(flow.value.refresh_token).toBeDefined();
  expect(flow.statements).toBeLessThanOrEqual(13);
  expect([flow.statements, flow.commits]).toEqual([9, 2]);

  const again = await counted(() => signIn(browser, { service: lsu, scope: 'openid profile' }));
  expect([again.statements, again.commits]).toEqual([6, 2]);
});

test('refresh and userinfo', async () => {
  const first = await signIn(
    new Browser(instance),
    { service: lsu, scope: 'openid profile educonnect offline_access' },
    parent,
  );
  const refreshed = await counted(() =>
    token(instance, lsu, { grant_type: 'refresh_token', refresh_token: first.refresh_token as string }),
  );
  expect(refreshed.value.status).toBe(200);
  expect([refreshed.statements, refreshed.commits]).toEqual([4, 1]);
  const { access_token } = (await refreshed.value.json()) as { access_token: string };
  const seen = await counted(() => userinfo(instance, access_token));
  expect(seen.value.status).toBe(200);
  expect([seen.statements, seen.commits]).toEqual([2, 0]);
});
