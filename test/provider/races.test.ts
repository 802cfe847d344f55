import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestDatabase } from '../support/database.ts';
import {
  type Account,
  authorizationUrl,
  authorize,
  Browser,
  exchange,
  type Instance,
  type Service,
  secondPool,
  seedAccount,
  seedService,
  signIn,
  startDatabase,
  startInstance,
  type Tokens,
  token,
  userinfo,
} from './harness.ts';

let database: TestDatabase;
let second: TestDatabase;
let instances: [Instance, Instance];
let ent: Service;
let parent: Account;

beforeAll(async () => {
  database = await startDatabase();
  second = secondPool(database);
  instances = [await startInstance(database), await startInstance(second)];
  ent = await seedService(instances[0].deps, 'ENT', { scope: 'openid profile offline_access' });
  parent = await seedAccount(database);
});

afterAll(async () => {
  for (const instance of instances) await instance.close();
  await second.drop();
  await database.drop();
});

const at = (index: number) => instances[index % 2] as Instance;

async function codeFor(scope: string) {
  const { callback, started } = await authorize(new Browser(...instances), { service: ent, scope }, parent);
  return { code: callback.searchParams.get('code') as string, verifier: started.verifier };
}

async function answers(responses: Response[]) {
  const bodies = await Promise.all(
    responses.map(async (response) => ({
      status: response.status,
      body: (await response.json()) as Record<string, string>,
    })),
  );
  const won = bodies.filter(({ status }) => status === 200);
  const lost = bodies.filter(({ status }) => status !== 200);
  return { won, lost };
}

test.each([2, 20])('L01: one code, %i exchanges at once over two processes', async (times) => {
  for (let round = 0; round < 3; round += 1) {
    const { code, verifier } = await codeFor('openid profile offline_access');
    const { won, lost } = await answers(
      await Promise.all(
        Array.from({ length: times }, (_, index) => exchange(at(index), ent, code, verifier)),
      ),
    );
    expect(won).toHaveLength(1);
    expect(lost.map(({ status, body }) => [status, body.error])).toEqual(
      Array.from({ length: times - 1 }, () => [400, 'invalid_grant']),
    );
    const tokens = won[0]?.body as unknown as Tokens;
    expect((await userinfo(at(0), tokens.access_token)).status).toBe(401);
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string };
    expect((await token(at(1), ent, refresh)).status).toBe(400);
    expect(await database.db('oidc_tokens').count({ count: '*' }).first()).toEqual({ count: 0 });
  }
});

test('L01: one refresh token, 20 uses at once: one is served, the successor lives; used later, the grant dies', async () => {
  const first = await signIn(
    new Browser(...instances),
    { service: ent, scope: 'openid offline_access' },
    parent,
  );
  const use = (value: string, index = 0) =>
    token(at(index), ent, { grant_type: 'refresh_token', refresh_token: value });
  const { won, lost } = await answers(
    await Promise.all(Array.from({ length: 20 }, (_, index) => use(first.refresh_token as string, index))),
  );
  expect(won).toHaveLength(1);
  expect(new Set(lost.map(({ status, body }) => `${status} ${body.error}`))).toEqual(
    new Set(['400 invalid_grant']),
  );
  const successor = won[0]?.body as unknown as Tokens;
  expect((await userinfo(at(0), successor.access_token)).status).toBe(200);
  const third = (await (await use(successor.refresh_token as string, 1)).json()) as Tokens;
  expect(third.refresh_token).toBeDefined();

  for (const { deps } of instances) deps.clock.advance(3001);
  expect((await use(first.refresh_token as string)).status).toBe(400);
  expect((await use(third.refresh_token as string)).status).toBe(400);
  expect((await userinfo(at(1), third.access_token)).status).toBe(401);
});

test('ten services authorize at once on one session, and none is lost', async () => {
  const services = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      seedService(instances[0].deps, `S${index}`, { scope: 'openid' }),
    ),
  );
  const browser = new Browser(...instances);
  const person = await seedAccount(database);
  await signIn(browser, { service: ent, scope: 'openid' }, person);
  const callbacks = await Promise.all(
    services.map((service) => authorize(browser, { service, scope: 'openid' })),
  );
  for (const { callback } of callbacks) expect(callback.searchParams.get('code')).toBeTruthy();
  const rows = await database
    .db('session_clients as c')
    .join('oidc_sessions as s', 's.uid', 'c.session_uid')
    .where('s.account_id', person.publicId)
    .pluck('client_id');
  expect(rows.sort()).toEqual([ent, ...services].map(({ clientId }) => clientId).sort());
  const tokens = await Promise.all(
    callbacks.map(({ callback, started }, index) =>
      exchange(
        at(index),
        services[index] as Service,
        callback.searchParams.get('code') as string,
        started.verifier,
      ),
    ),
  );
  expect(tokens.map(({ status }) => status)).toEqual(services.map(() => 200));
});

test('a logout while 20 requests are on the way is a logout', async () => {
  const person = await seedAccount(database);
  for (let round = 0; round < 3; round += 1) {
    const browser = new Browser(...instances);
    const tokens = await signIn(browser, { service: ent, scope: 'openid' }, person);
    const page = await (await browser.fetch('/oidc/session/end')).text();
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] as string;
    const cookies = new Map(browser.cookies);
    const requests = await Promise.all(
      Array.from({ length: 20 }, async () =>
        authorizationUrl(at(0), { service: ent, scope: 'openid', parameters: { prompt: 'none' } }),
      ),
    );
    const others = requests.map(({ url }) => {
      const tab = new Browser(...instances);
      for (const [name, cookie] of cookies) tab.cookies.set(name, cookie);
      return tab.fetch(url);
    });
    const logout = browser.fetch('/oidc/session/end/confirm', {
      method: 'POST',
      body: new URLSearchParams({ xsrf, logout: 'yes' }),
    });
    const statuses = (await Promise.all([...others, logout])).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([303]));
    const after = new Browser(...instances);
    for (const [name, cookie] of cookies) after.cookies.set(name, cookie);
    const { callback } = await authorize(after, {
      service: ent,
      scope: 'openid',
      parameters: { prompt: 'none' },
    });
    expect(callback.searchParams.get('error')).toBe('login_required');
    expect((await userinfo(at(0), tokens.access_token)).status).toBe(401);
    const sessions = await database.db('oidc_sessions').where({ account_id: person.publicId });
    expect(sessions).toEqual([]);
  }
});
