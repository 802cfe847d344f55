import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import {
  KEPT_AFTER_MS,
  listSigningKeys,
  PUBLISHED_AHEAD_MS,
  rotateSigningKeys,
  rotateWhenDue,
} from '../../src/provider/keys.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  type Account,
  Browser,
  type Instance,
  type Service,
  secondPool,
  seedAccount,
  seedService,
  signIn,
  startDatabase,
  startInstance,
} from './harness.ts';

const MINUTE = 60_000;
const DAY = 24 * 3600_000;
const CACHED_MS = 10 * MINUTE;
const STEP_MS = 5 * MINUTE;

let database: TestDatabase;
let second: TestDatabase;
let instances: [Instance, Instance];
let services: Service[];
let parent: Account;

beforeAll(async () => {
  database = await startDatabase();
  second = secondPool(database);
  instances = [await startInstance(database), await startInstance(second)];
  // Their clocks differ a little.
  instances[1].deps.clock.advance(-2000);
  const algorithms = ['RS256', 'ES256', 'EdDSA'];
  services = await Promise.all(
    algorithms.map((alg, index) => seedService(instances[0].deps, `S${index}`, { alg, scope: 'openid' })),
  );
  parent = await seedAccount(database);
});

afterAll(async () => {
  for (const instance of instances) await instance.close();
  await second.drop();
  await database.drop();
});

const now = () => instances[0].deps.clock.now().getTime();
const pass = (ms: number) => {
  for (const { deps } of instances) deps.clock.advance(ms);
};

/** A service that keeps the key set for ten minutes and never looks again before, not even for an unknown key. */
function strictService(service: Service, turn: number) {
  let cached: { keys: JSONWebKeySet; at: number } | undefined;
  const known = async () => {
    if (cached === undefined || now() - cached.at >= CACHED_MS) {
      const from = instances[turn++ % 2] as Instance;
      const keys = (await (await fetch(`${from.base}/oidc/jwks`)).json()) as JSONWebKeySet;
      cached = { keys, at: now() };
    }
    return createLocalJWKSet(cached.keys);
  };
  const issued: { token: string; until: number }[] = [];
  let failed = 0;
  return {
    failed: () => failed,
    forget: () => {
      cached = undefined;
    },
    async signIn(browser: Browser) {
      const { id_token } = await signIn(browser, { service, scope: 'openid' }, parent);
      issued.push({ token: id_token, until: now() + 10 * MINUTE });
      return id_token;
    },
    /** Everything that has not expired, again and again. */
    async verify() {
      const keys = await known();
      const living = issued.filter(({ until }) => until >= now());
      for (const { token } of living) await compactVerify(token, keys).catch(() => (failed += 1));
      return living.length;
    },
  };
}

test('M01 A18 oidcc-server-rotate-keys: under load, on two processes, no service with a key set ten minutes old refuses a token', async () => {
  const clients = services.map((service, index) => strictService(service, index));
  const kids = new Set<string>();
  let verified = 0;
  /** Five minutes: the first process looks at the keys at their beginning, the second only after their sign-ins. */
  const step = async (during: () => Promise<unknown> = async () => {}) => {
    const browsers = clients.map((_, i) => new Browser(...(i % 2 ? instances : [...instances].reverse())));
    const work = clients.map((client, i) => client.signIn(browsers[i] as Browser));
    const [tokens] = await Promise.all([Promise.all(work), instances[0].provider.reloadKeys().then(during)]);
    for (const token of tokens) kids.add(token.split('.')[0] as string);
    for (const client of clients) verified += await client.verify();
    await instances[1].provider.reloadKeys();
    pass(STEP_MS);
  };
  const steps = async (count: number) => {
    for (let done = 0; done < count; done += 1) await step();
  };
  /** From five minutes after a rotation until a quarter of an hour after the new keys sign; nothing in between. */
  const untilSigned = async () => {
    await steps(3);
    pass(PUBLISHED_AHEAD_MS - 6 * STEP_MS);
    await steps(5);
  };

  await steps(3);
  const [old] = await Promise.all(clients.map((client) => client.signIn(new Browser(...instances))));
  // By command, in both processes at once.
  await step(() => Promise.all(instances.map(({ deps }) => rotateSigningKeys(deps))));
  await untilSigned();
  pass(KEPT_AFTER_MS - PUBLISHED_AHEAD_MS - DAY);
  await steps(1);
  const hint = new URLSearchParams({
    id_token_hint: old as string,
    client_id: services[0]?.clientId as string,
  });
  expect((await new Browser(...instances).fetch(`/oidc/session/end?${hint}`)).status).toBeLessThan(400);

  // By the clock: not before its time, and then once.
  expect(await rotateWhenDue(instances[0].deps)).toBe(0);
  pass(62 * DAY);
  const made: number[] = [];
  await step(async () => {
    made.push(...(await Promise.all(instances.map(({ deps }) => rotateWhenDue(deps)))));
  });
  expect(made.reduce((sum, count) => sum + count)).toBe(3);
  await untilSigned();

  expect(clients.map((client) => client.failed())).toEqual([0, 0, 0]);
  // Three generations of three algorithms have signed.
  expect([kids.size, verified > 100]).toEqual([9, true]);
});

test('a key that leaked is withdrawn at once, and the test above can fail', async () => {
  const client = strictService(services[0] as Service, 0);
  await client.signIn(new Browser(...instances));
  await client.verify();
  expect(client.failed()).toBe(0);
  const made = await rotateSigningKeys(instances[0].deps, { leaked: true });
  pass(2000);
  for (const { provider } of instances) await provider.reloadKeys();
  expect((await listSigningKeys(instances[0].deps)).map(({ kid, state }) => [kid, state]).sort()).toEqual(
    made.map(({ kid }) => [kid, 'signing']).sort(),
  );
  await client.signIn(new Browser(...instances));
  await client.verify();
  expect(client.failed()).toBe(1);
  client.forget();
  await client.verify();
  expect(client.failed()).toBe(2);
});
