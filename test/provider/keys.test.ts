import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import Koa from 'koa';
import type { RequestState } from '../../src/http/context.ts';
import { createProvider } from '../../src/provider/index.ts';
import { KEPT_AFTER_MS, PUBLISHED_AHEAD_MS, rotateSigningKeys } from '../../src/provider/keys.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  type Account,
  authorize,
  Browser,
  type Instance,
  jwtPayload,
  type Service,
  seedAccount,
  seedService,
  signIn,
  startDatabase,
  startInstance,
  token,
} from './harness.ts';

let database: TestDatabase;
let instances: [Instance, Instance];
let ent: Service;
let parent: Account;
let listener: Server;
let origin: string;
let whileFetching = () => {};
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });

beforeAll(async () => {
  listener = createServer((_request, response) => {
    whileFetching();
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }],
      }),
    );
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  database = await startDatabase();
  // Two processes that start at once on an empty database make one set of keys.
  const env = { TRUSTED_CLIENT_ORIGINS: origin };
  instances = await Promise.all([startInstance(database, env), startInstance(database, env)]);
  ent = await seedService(instances[0].deps, 'ENT');
  parent = await seedAccount(database);
});

afterAll(async () => {
  for (const instance of instances) await instance.close();
  await new Promise((resolve) => listener.close(resolve));
  await database.drop();
});

const kid = (jwt: string) =>
  JSON.parse(Buffer.from(jwt.split('.')[0] as string, 'base64url').toString()).kid as string;

async function published(instance: Pick<Instance, 'base'>): Promise<string[]> {
  const { keys } = (await (await fetch(`${instance.base}/oidc/jwks`)).json()) as {
    keys: Record<string, string>[];
  };
  for (const key of keys) expect(Object.keys(key)).not.toContain('d');
  return keys.map((key) => key.kid as string);
}

const pass = (ms: number) => {
  for (const { deps } of instances) deps.clock.advance(ms);
};

const lookAgain = () => Promise.all(instances.map(({ provider }) => provider.reloadKeys()));

test('one key for each algorithm, the same in both processes, with distinct ids', async () => {
  const [one, two] = await Promise.all(instances.map(published));
  expect(one).toHaveLength(3);
  expect(new Set(one).size).toBe(3);
  expect(two).toEqual(one);
});

test('M01: a new key is published before it signs, the old one stays for what it has signed', async () => {
  const browser = new Browser(...instances);
  const before = await signIn(browser, { service: ent, scope: 'openid' }, parent);
  const old = await published(instances[0]);

  const made = await rotateSigningKeys(instances[0].deps);
  expect(made.map(({ alg }) => alg)).toEqual(['RS256', 'ES256', 'EdDSA']);
  expect(await rotateSigningKeys(instances[0].deps)).toEqual([]);
  await lookAgain();
  expect(await published(instances[1])).toEqual(
    expect.arrayContaining([...old, ...made.map((key) => key.kid)]),
  );
  expect((await published(instances[1])).slice(0, 3)).toEqual(old);
  const during = await signIn(browser, { service: ent, scope: 'openid' });
  expect(kid(during.id_token)).toBe(kid(before.id_token));

  pass(PUBLISHED_AHEAD_MS);
  await lookAgain();
  const after = await signIn(new Browser(...instances), { service: ent, scope: 'openid' }, parent);
  expect(kid(after.id_token)).toBe(made[0]?.kid);
  expect(await published(instances[0])).toEqual(expect.arrayContaining(old));
  const hint = new URLSearchParams({
    id_token_hint: before.id_token,
    post_logout_redirect_uri: ent.postLogoutUri,
  });
  expect((await new Browser(...instances).fetch(`/oidc/session/end?${hint}`)).status).toBe(303);

  pass(KEPT_AFTER_MS);
  await lookAgain();
  expect((await published(instances[0])).sort()).toEqual(made.map((key) => key.kid).sort());
});

test('a process looks at the keys by itself, without any request', async () => {
  const provider = await createProvider(instances[0].deps, { keysEveryMs: 10 });
  const app = new Koa<RequestState>().use(provider.app);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await rotateSigningKeys(instances[0].deps);
    // Key sets come from memory: to ask for one reads nothing. They are there in time, or the test runs out of its
    // own; a look in the middle of the rotation has seen a part of them.
    while ((await published({ base })).length < 6) await setImmediate();
    expect(await published({ base })).toHaveLength(6);
  } finally {
    provider.close();
    server.close();
  }
});

function assertion(service: Service, changes: Record<string, unknown> = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: service.clientId,
    sub: service.clientId,
    aud: 'http://localhost:3940/oidc',
    jti: `${now}${Math.random()}`,
    iat: now,
    exp: now + 60,
    ...changes,
  };
  const signed = `${part({ alg: 'ES256', kid: 'k1' })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

test('private_key_jwt: keys fetched from the service, each assertion good once, also for two at once', async () => {
  const service = await seedService(instances[0].deps, 'Keyed', {
    authMethod: 'private_key_jwt',
    jwksUri: `${origin}/jwks`,
  });
  expect(service.secret).toBeNull();
  const attempt = async (client_assertion: string, instance = instances[0]) => {
    const { callback, started } = await authorize(
      new Browser(...instances),
      { service, scope: 'openid' },
      parent,
    );
    return token(
      instance,
      service,
      {
        grant_type: 'authorization_code',
        code: callback.searchParams.get('code') as string,
        redirect_uri: service.redirectUri,
        code_verifier: started.verifier,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion,
      },
      {},
    );
  };
  const good = assertion(service);
  const served = await attempt(good);
  expect(served.status).toBe(200);
  expect(jwtPayload(((await served.json()) as { id_token: string }).id_token).aud).toBe(service.clientId);
  expect((await attempt(good)).status).toBe(401);
  expect((await attempt(assertion(service, { aud: 'https://evil.test' }))).status).toBe(401);
  const twin = assertion(service);
  const both = await Promise.all([attempt(twin, instances[0]), attempt(twin, instances[1])]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
});

test('no connection is held while a key set is fetched, though the service is not known to the process', async () => {
  const service = await seedService(instances[0].deps, 'Unknown', {
    authMethod: 'private_key_jwt',
    jwksUri: `${origin}/jwks`,
  });
  const held: number[] = [];
  whileFetching = () => held.push(database.db.client.pool.numUsed());
  const fields = {
    grant_type: 'refresh_token',
    refresh_token: 'x',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion(service),
  };
  expect((await token(instances[0], service, fields, {})).status).toBe(400);
  whileFetching = () => {};
  expect(held).toEqual([0]);
});

test('a key set on a private address that nobody has trusted is not fetched', async () => {
  const service = await seedService(instances[0].deps, 'Private', {
    authMethod: 'private_key_jwt',
    jwksUri: 'http://127.0.0.1:9/jwks',
  });
  const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  const fields = {
    grant_type: 'refresh_token',
    refresh_token: 'x',
    client_assertion_type,
    client_assertion: assertion(service),
  };
  const answer = await token(instances[0], service, fields, {});
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
});

test('a database that is away stops neither discovery nor the key set', async () => {
  const lone = await startDatabase();
  const instance = await startInstance(lone);
  await lone.drop();
  try {
    expect((await fetch(`${instance.base}/oidc/.well-known/openid-configuration`)).status).toBe(200);
    expect(await published(instance)).toHaveLength(3);
    const answer = await fetch(`${instance.base}/oidc/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x', client_id: 'x' }),
    });
    expect([500, 503]).toContain(answer.status);
  } finally {
    await instance.close();
  }
  await expect(createProvider(instance.deps)).rejects.toThrow();
});
