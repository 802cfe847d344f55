import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestDatabase } from '../support/database.ts';
import {
  authorizationUrl,
  authorize,
  Browser,
  basic,
  exchange,
  type Instance,
  type Service,
  secondPool,
  seedAccount,
  seedService,
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
let lsu: Service;

beforeAll(async () => {
  database = await startDatabase();
  second = secondPool(database);
  instances = [await startInstance(database), await startInstance(second)];
  const scope = 'openid profile offline_access';
  ent = await seedService(instances[0].deps, 'ENT', { scope });
  lsu = await seedService(instances[0].deps, 'LSU', { scope });
});

afterAll(async () => {
  for (const instance of instances) await instance.close();
  await second.drop();
  await database.drop();
});

/** Locks are taken in one order (session, interaction, grant, token), so nobody is ever a deadlock's victim. */
test('everything that can happen to one session at once, over two processes: no fault, and it ends dead', async () => {
  for (let round = 0; round < 5; round += 1) {
    const person = await seedAccount(database);
    const browser = new Browser(...instances);
    const scope = 'openid offline_access';
    const first = await authorize(browser, { service: ent, scope }, person);
    const code = first.callback.searchParams.get('code') as string;
    const tokens = (await (await exchange(instances[0], ent, code, first.started.verifier)).json()) as Tokens;
    const html = await (await browser.fetch('/oidc/session/end')).text();
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(html)?.[1] as string;
    const cookies = new Map(browser.cookies);
    const tab = () => {
      const other = new Browser(...(round % 2 ? instances : [...instances].reverse()));
      for (const [name, cookie] of cookies) other.cookies.set(name, cookie);
      return other;
    };
    const at = (index: number) => instances[index % 2] as Instance;
    const silent = await Promise.all(
      [ent, lsu, ent, lsu, ent, lsu].map((service) =>
        authorizationUrl(at(0), { service, scope, parameters: { prompt: 'none' } }),
      ),
    );
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string };
    const revocation = {
      method: 'POST',
      body: new URLSearchParams({ token: tokens.access_token }),
      headers: basic(ent),
    };
    const answers = await Promise.all([
      ...silent.map(({ url }) => tab().fetch(url)),
      ...[0, 1, 2, 3].map((index) => token(at(index), ent, refresh)),
      ...[0, 1].map((index) => exchange(at(index), ent, code, first.started.verifier)),
      ...[0, 1].map((index) => fetch(`${at(index).base}/oidc/revocation`, revocation)),
      ...[0, 1].map((index) => userinfo(at(index), tokens.access_token)),
      tab().fetch('/oidc/session/end/confirm', {
        method: 'POST',
        body: new URLSearchParams({ xsrf, logout: 'yes' }),
      }),
    ]);
    expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
    expect((await userinfo(at(0), tokens.access_token)).status).toBe(401);
    expect(await database.db('oidc_sessions').where({ account_id: person.publicId })).toEqual([]);
  }
});
