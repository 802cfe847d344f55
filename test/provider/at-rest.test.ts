import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestDatabase } from '../support/database.ts';
import {
  type Account,
  authorizationUrl,
  Browser,
  basic,
  exchange,
  type Instance,
  type Service,
  seedAccount,
  seedService,
  startDatabase,
  startInstance,
  type Tokens,
  token,
} from './harness.ts';

let database: TestDatabase;
let instance: Instance;
let ent: Service;
let parent: Account;

beforeAll(async () => {
  database = await startDatabase();
  instance = await startInstance(database);
  ent = await seedService(instance.deps, 'ENT', { scope: 'openid profile offline_access' });
  parent = await seedAccount(database);
});

afterAll(async () => {
  await instance.close();
  await database.drop();
});

/** Everything that the database holds, as one text. */
async function dump(): Promise<string> {
  const tables: string[] = (await database.db.raw('SHOW TABLES'))[0].map(
    (row: object) => Object.values(row)[0],
  );
  const rows = await Promise.all(tables.map((table) => database.db(table)));
  return JSON.stringify(rows);
}

test('no table holds a value that opens anything: cookies, interactions, codes, tokens, secrets, keys', async () => {
  const browser = new Browser(instance);
  const live: Record<string, string> = { secret: ent.secret as string };
  const remember = async (more: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(more)) {
      expect(value).toBeTruthy();
      live[name] = value as string;
    }
    const text = await dump();
    for (const [name, value] of Object.entries(live))
      expect([name, text.includes(value)]).toEqual([name, false]);
  };
  const cookie = (name: string) => browser.cookies.get(name)?.value;

  const started = await authorizationUrl(instance, { service: ent, scope: 'openid profile offline_access' });
  const parameters = new URL(started.url).searchParams;
  const pushed = (await (
    await fetch(`${instance.base}/oidc/par`, { method: 'POST', body: parameters, headers: basic(ent) })
  ).json()) as { request_uri: string };
  await remember({ pushedRequest: pushed.request_uri.split(':').at(-1) });

  const short = new URLSearchParams({ client_id: ent.clientId, request_uri: pushed.request_uri });
  const asked = await browser.fetch(`/oidc/auth?${short}`);
  const interaction = asked.headers.get('location') as string;
  await remember({ interaction: interaction.split('/').at(-1), cookie: cookie('educonnect_interaction') });

  const finished = await browser.fetch(interaction, { headers: { 'x-test-login': parent.publicId } });
  await remember({});
  const resumed = await browser.fetch(finished.headers.get('location') as string);
  const callback = new URL(resumed.headers.get('location') as string);
  const code = callback.searchParams.get('code') as string;
  await remember({ code, session: cookie('educonnect_session') });

  const tokens = (await (await exchange(instance, ent, code, started.verifier)).json()) as Tokens;
  await remember({ access: tokens.access_token, refresh: tokens.refresh_token });
  const next = (await (
    await token(instance, ent, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string })
  ).json()) as Tokens;
  await remember({ nextAccess: next.access_token, nextRefresh: next.refresh_token });

  // A second sign-in on the session: its interaction knows the session, not its cookie.
  const again = await authorizationUrl(instance, {
    service: ent,
    parameters: { prompt: 'login' },
    scope: 'openid',
  });
  const second = await browser.fetch(again.url);
  await remember({ secondInteraction: (second.headers.get('location') as string).split('/').at(-1) });

  const keys = await database.db('signing_keys').pluck('private_sealed');
  expect(keys).toHaveLength(3);
  for (const key of keys) expect(key).toMatch(/^v1\./);

  // A pushed request is good once.
  const reused = await new Browser(instance).fetch(`/oidc/auth?${short}`);
  expect(reused.status).toBe(400);
});
