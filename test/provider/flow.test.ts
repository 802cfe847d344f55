import { afterAll, beforeAll, expect, test } from '@jest/globals';
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
  userinfo,
} from './harness.ts';

let database: TestDatabase;
let instance: Instance;
let ent: Service;
let lsu: Service;
let parent: Account;

beforeAll(async () => {
  database = await startDatabase();
  instance = await startInstance(database);
  ent = await seedService(instance.deps, 'ENT');
  lsu = await seedService(instance.deps, 'LSU', { scope: 'openid profile offline_access' });
  parent = await seedAccount(database);
});

afterAll(async () => {
  await instance.close();
  await database.drop();
});

test('code flow: a code by the mire, tokens, userinfo, a second service without a login', async () => {
  const browser = new Browser(instance);
  const tokens = await signIn(browser, { service: ent }, parent);
  const idToken = jwtPayload(tokens.id_token);
  expect(idToken).toMatchObject({
    iss: 'http://localhost:3940/oidc',
    aud: ent.clientId,
    acr: 'eidas1',
    amr: ['pwd'],
  });
  expect(idToken).not.toHaveProperty('given_name');
  const answer = await userinfo(instance, tokens.access_token);
  expect(answer.status).toBe(200);
  const claims = (await answer.json()) as Record<string, unknown>;
  expect(claims).toMatchObject({
    sub: idToken.sub,
    given_name: 'Éloïse',
    email_verified: true,
    acr: 'eidas1',
    amr: ['pwd'],
  });

  const second = await signIn(browser, { service: lsu, scope: 'openid profile' });
  const other = jwtPayload(second.id_token);
  expect(other.sub).not.toBe(idToken.sub);
  expect(other.auth_time).toBe(idToken.auth_time);
  expect(second.refresh_token).toBeUndefined();
});

test('somebody who gives up is sent back with access_denied', async () => {
  const { callback } = await authorize(new Browser(instance), { service: ent }, undefined, {
    'x-test-abort': '1',
  });
  expect(callback.origin + callback.pathname).toBe(ent.redirectUri);
  expect(callback.searchParams.get('error')).toBe('access_denied');
});
