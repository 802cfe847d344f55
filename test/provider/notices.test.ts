import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { TOLD_WITHIN_MS } from '../../src/accounts/logouts-store.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { measureNotices } from '../../src/provider/measures.ts';
import { removeClient } from '../../src/provider/registration.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  type Account,
  Browser,
  type Instance,
  jwtPayload,
  type Service,
  secondPool,
  seedAccount,
  seedService,
  signIn,
  startDatabase,
  startInstance,
} from './harness.ts';

/** Back-channel logout: what becomes of it where a service is slow, away or gone (A17, J07). */
type Told = { service: string; token: Record<string, unknown> };

let database: TestDatabase;
let second: TestDatabase;
let instances: [Instance, Instance];
let listener: Server;
let origin: string;
let parent: Account;
let log = '';
const told: Told[] = [];
/** What a service says; `null`: nothing, until the test ends the answer. */
const answers = new Map<string, number | null>();
const unanswered: ServerResponse[] = [];

beforeAll(async () => {
  listener = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const service = request.url as string;
    const token = jwtPayload(new URLSearchParams(body).get('logout_token') as string);
    told.push({ service, token });
    const status = answers.get(service) ?? 200;
    if (answers.get(service) === null) unanswered.push(response);
    else response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  database = await startDatabase();
  second = secondPool(database);
  const env = { TRUSTED_CLIENT_ORIGINS: origin };
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log += chunk;
      done();
    },
  });
  instances = [
    await startInstance(database, env, { log: pino({ level: 'info' }, stream) }),
    await startInstance(second, env),
  ];
  parent = await seedAccount(database);
});

beforeEach(async () => {
  told.length = 0;
  unanswered.length = 0;
  answers.clear();
  log = '';
  await database.db('logout_notices').delete();
});

afterAll(async () => {
  listener.closeAllConnections();
  await new Promise((resolve) => listener.close(resolve));
  for (const instance of instances) await instance.close();
  await second.drop();
  await database.drop();
});

let count = 0;
/** A service with a way of its own to be told, e.g. `/s1`. */
async function service(): Promise<Service & { path: string }> {
  count += 1;
  const path = `/s${count}`;
  const added = await seedService(instances[0].deps, `S${count}`, {
    scope: 'openid',
    backchannelLogoutUri: origin + path,
  });
  return { ...added, path };
}

async function signInAt(...services: Service[]): Promise<Browser> {
  const browser = new Browser(...instances);
  for (const [index, one] of services.entries())
    await signIn(browser, { service: one, scope: 'openid' }, index === 0 ? parent : undefined);
  return browser;
}

async function signOut(browser: Browser): Promise<Response> {
  const html = await (await browser.fetch('/oidc/session/end')).text();
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(html)?.[1] ?? '';
  return browser.fetch('/oidc/session/end/confirm', {
    method: 'POST',
    body: new URLSearchParams({ xsrf, logout: 'yes' }),
  });
}

const names = () => told.map(({ service: name }) => name);
const waiting = () => database.db('logout_notices').orderBy('client_id');
const pass = (ms: number) => {
  for (const { deps } of instances) deps.clock.advance(ms);
};
const tell = (index: 0 | 1 = 0) => instances[index].provider.tellServices();

test('A17 J07: a service that is silent holds nobody up, and is told once if it answers at last', async () => {
  const [slow, quick] = [await service(), await service()];
  answers.set(slow.path, null);
  const browser = await signInAt(slow, quick);
  // The answer is here while the service has still said nothing.
  expect((await signOut(browser)).status).toBe(303);
  expect(names().sort()).toEqual([slow.path, quick.path].sort());
  expect(await waiting()).toMatchObject([{ client_id: slow.clientId, attempts: 1 }]);
  await tell(1);
  expect(names()).toHaveLength(2);
  unanswered[0]?.end();
  while ((await waiting()).length > 0) await new Promise(setImmediate);
  pass(3600_000);
  await tell();
  expect(names()).toHaveLength(2);
});

test('A17 J07: a service that is away is told later, by whichever process looks first, with a token of that moment', async () => {
  const away = await service();
  const browser = await signInAt(away);
  answers.set(away.path, 503);
  expect((await signOut(browser)).status).toBe(303);
  expect(log).toContain('it will be told later');
  for (const pause of [5_000, 20_000]) {
    await tell();
    pass(pause);
    await tell(1);
  }
  expect(names()).toHaveLength(3);
  answers.clear();
  pass(80_000);
  expect((await Promise.all([tell(0), tell(1)])).sort()).toEqual([0, 1]);
  expect(names()).toHaveLength(4);
  expect(await waiting()).toEqual([]);
  const [first, ...later] = told.map(({ token }) => token);
  expect(later.at(-1)).toMatchObject({
    sid: first?.sid,
    sub: first?.sub,
    aud: away.clientId,
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  });
  expect(later.at(-1)?.jti).not.toBe(first?.jti);
});

test('A17: it is given up after twelve hours, with a line in the log and one in the audit', async () => {
  const gone = await service();
  const browser = await signInAt(gone);
  answers.set(gone.path, 500);
  await signOut(browser);
  pass(TOLD_WITHIN_MS - 1000);
  await tell();
  expect(await waiting()).toEqual([]);
  expect(log).toContain('not told of a logout any more');
  expect(await database.db('audit_events').where({ event: 'logout-untold' })).toMatchObject([
    { details: gone.clientId, account_id: null, actor_kind: 'system', outcome: 'refused' },
  ]);
  answers.clear();
  pass(TOLD_WITHIN_MS);
  await tell();
  expect(names()).toHaveLength(2);
});

test('a service that does not answer keeps no other’s notices waiting', async () => {
  const [dead, alive] = [await service(), await service()];
  const now = instances[0].deps.clock.now();
  const due = { account_id: parent.publicId, due_at: now, created_at: now };
  const give_up_at = new Date(now.getTime() + TOLD_WITHIN_MS);
  const rows = Array.from({ length: 70 }, (_, index) => ({
    ...due,
    client_id: dead.clientId,
    sid: `sid${index}`,
    give_up_at,
  }));
  await database.db('logout_notices').insert(rows);
  await database.db('logout_notices').insert({
    ...due,
    due_at: new Date(now.getTime() + 1),
    client_id: alive.clientId,
    sid: 'x',
    give_up_at,
  });
  answers.set(dead.path, 503);
  pass(1);
  expect(await tell()).toBe(1);
  // One batch has found out; the others of that service wait without having been tried.
  expect(names().filter((name) => name === dead.path)).toHaveLength(20);
  answers.clear();
  pass(60_000);
  expect(await tell()).toBe(70);
});

test('what each service has still to be told is measured, and since when', async () => {
  const [dead, alive] = [await service(), await service()];
  answers.set(dead.path, 503);
  await signOut(await signInAt(dead, alive));
  pass(120_000);
  const { deps } = instances[0];
  const metrics = createMetrics(deps);
  measureNotices(metrics, deps);
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('educonnect_logout'));
  expect(lines).toEqual([
    `educonnect_logout_notices{service="${dead.clientId}"} 1`,
    `educonnect_logout_notices_oldest_seconds{service="${dead.clientId}"} 120`,
  ]);
});

test('a process that dies between a logout and its notices: another sends them a minute later', async () => {
  const one = await service();
  const now = instances[0].deps.clock.now();
  const notice = { client_id: one.clientId, sid: 'left', account_id: parent.publicId, attempts: 1 };
  const claimed = new Date(now.getTime() + 60_000);
  const give_up_at = new Date(now.getTime() + TOLD_WITHIN_MS);
  await database.db('logout_notices').insert({ ...notice, due_at: claimed, created_at: now, give_up_at });
  expect(await tell(1)).toBe(0);
  pass(60_000);
  expect(await tell(1)).toBe(1);
  expect(told).toMatchObject([{ service: one.path, token: { sid: 'left' } }]);
});

test('a service that is removed, or wants no notices any more, is forgotten', async () => {
  const [removed, changed] = [await service(), await service()];
  const browser = await signInAt(removed, changed);
  for (const { path } of [removed, changed]) answers.set(path, 503);
  await signOut(browser);
  expect(await waiting()).toHaveLength(2);
  await removeClient(instances[0].deps, removed.clientId);
  const row = await database.db('oidc_clients').where({ client_id: changed.clientId }).first('metadata');
  const { backchannel_logout_uri: _gone, ...rest } = JSON.parse(row.metadata);
  await database
    .db('oidc_clients')
    .where({ client_id: changed.clientId })
    .update({ metadata: JSON.stringify(rest) });
  told.length = 0;
  pass(60_000);
  await tell();
  expect([names(), await waiting()]).toEqual([[], []]);
});

test('a server that stops leaves what is under way to the others at once', async () => {
  const slow = await service();
  const third = await startInstance(second, { TRUSTED_CLIENT_ORIGINS: origin });
  third.deps.clock.set(instances[0].deps.clock.now());
  const browser = await signInAt(slow);
  browser.instances.splice(0, 2, third);
  answers.set(slow.path, null);
  const leaving = signOut(browser);
  while (unanswered.length === 0) await new Promise(setImmediate);
  third.provider.close();
  expect((await leaving).status).toBe(303);
  await third.close();
  answers.clear();
  expect(await tell(0)).toBe(1);
});
