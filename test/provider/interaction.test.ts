import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestDatabase } from '../support/database.ts';
import { countStatements } from '../support/deps.ts';
import {
  type Account,
  authorizationUrl,
  authorize,
  Browser,
  type Instance,
  type Service,
  seedAccount,
  seedService,
  signIn,
  startDatabase,
  startInstance,
} from './harness.ts';

let database: TestDatabase;
let instance: Instance;
let secure: Instance;
let ent: Service;
let parent: Account;

beforeAll(async () => {
  database = await startDatabase();
  instance = await startInstance(database);
  secure = await startInstance(database, {
    BASE_URL: 'https://educonnect.example.org',
    ALLOW_INSECURE_ISSUER: '0',
    HTTP_LOOPBACK_CLIENTS: '0',
  });
  ent = await seedService(instance.deps, 'ENT', { initiateLoginUri: 'https://ent.example.org/login' });
  parent = await seedAccount(database);
});

afterAll(async () => {
  await instance.close();
  await secure.close();
  await database.drop();
});

type Details = { details: Record<string, unknown> | null };

async function begin(
  browser: Browser,
  parameters: Record<string, string> = {},
  of = instance,
): Promise<string> {
  const started = await authorizationUrl(of, { service: ent, scope: 'openid', parameters });
  const answer = await browser.fetch(started.url);
  return answer.headers.get('location') as string;
}

const detailsOf = async (browser: Browser, interaction: string) =>
  ((await (await browser.fetch(`${interaction}/details`)).json()) as Details).details;

test('what the mire is told', async () => {
  const browser = new Browser(instance);
  const interaction = await begin(browser, { login_hint: 'p.dupont' });
  expect(interaction).toMatch(/^\/interaction\/[\w-]{43}$/);
  expect(await detailsOf(browser, interaction)).toEqual({
    uid: interaction.split('/')[2],
    prompt: 'login',
    reasons: ['no_session'],
    clientId: ent.clientId,
    clientName: 'ENT',
    loginHint: 'p.dupont',
    initiateLoginUri: 'https://ent.example.org/login',
    expiresAt: '2026-11-22T08:30:00.000Z',
  });
  await signIn(browser, { service: ent, scope: 'openid' }, parent);
  const again = await begin(browser, { prompt: 'login' });
  expect(await detailsOf(browser, again)).toMatchObject({
    reasons: ['login_prompt'],
    session: { accountId: parent.publicId },
  });
});

test('prompt=select_account: whoever is signed in is asked whether it is still he, and asked once', async () => {
  const browser = new Browser(instance);
  const account = { service: ent, scope: 'openid', parameters: { prompt: 'select_account' } };
  const { callback } = await authorize(browser, account, parent);
  expect(callback.searchParams.get('code')).not.toBeNull();

  const again = await begin(browser, { prompt: 'select_account' });
  expect(await detailsOf(browser, again)).toMatchObject({
    prompt: 'select_account',
    session: { accountId: parent.publicId },
  });
  const finished = await browser.fetch(again, { headers: { 'x-test-login': parent.publicId } });
  const resumed = await browser.fetch(finished.headers.get('location') as string);
  expect(new URL(resumed.headers.get('location') as string).searchParams.get('code')).not.toBeNull();
});

test('where sign-ins begin: of the services active for these schools, without what is secret', async () => {
  const { host } = instance.provider;
  const begins = { clientId: ent.clientId, name: 'ENT', initiateLoginUri: 'https://ent.example.org/login' };
  const silent = await seedService(instance.deps, 'Silent');
  await seedService(instance.deps, 'Idle', { initiateLoginUri: 'https://idle.example.org/in', schools: [] });
  const count = countStatements(database.db);
  expect(await host.servicesOfSchools([])).toEqual([begins]);
  count.stop();
  expect(count.statements).toEqual([expect.not.stringMatching(/\*|secret/)]);
  expect(await host.service(ent.clientId)).toEqual(begins);
  expect(await host.service(silent.clientId)).toBeNull();
  expect(await host.service('nobody')).toBeNull();
});

test('another browser’s interaction is nobody’s, and cannot be resumed (F01)', async () => {
  const [attacker, victim] = [new Browser(instance), new Browser(instance)];
  const interaction = await begin(attacker);
  expect(await detailsOf(victim, interaction)).toBeNull();
  const own = await begin(victim);
  expect(await detailsOf(victim, interaction)).toBeNull();
  expect(await detailsOf(victim, own)).not.toBeNull();

  const finished = await attacker.fetch(interaction, { headers: { 'x-test-login': parent.publicId } });
  const stolen = await victim.fetch(finished.headers.get('location') as string);
  expect([stolen.status, stolen.headers.get('location')]).toEqual([400, null]);
  expect(await stolen.text()).toContain('EC-400-LOST');

  const forged = new Browser(instance);
  forged.cookies.set('educonnect_interaction', {
    value: interaction.split('/')[2] as string,
    path: interaction,
  });
  forged.cookies.set('educonnect_interaction.sig', { value: 'x'.repeat(27), path: interaction });
  expect(await detailsOf(forged, interaction)).toBeNull();
});

test('half an hour, unless it is extended; used once (F08)', async () => {
  const browser = new Browser(instance);
  const interaction = await begin(browser);
  instance.deps.clock.advance(31 * 60_000);
  expect(await detailsOf(browser, interaction)).toBeNull();
  expect((await browser.fetch(interaction, { headers: { 'x-test-login': parent.publicId } })).status).toBe(
    400,
  );

  const again = await begin(browser);
  const until = new Date(instance.deps.clock.now().getTime() + 3 * 24 * 3600_000).toISOString();
  await browser.fetch(`${again}/extend`, { headers: { 'x-test-extend': until } });
  instance.deps.clock.advance(2 * 24 * 3600_000);
  expect(await detailsOf(browser, again)).toMatchObject({ expiresAt: until });
  const finished = await browser.fetch(again, { headers: { 'x-test-login': parent.publicId } });
  const back = finished.headers.get('location') as string;
  const both = await Promise.all([browser.fetch(back), browser.fetch(back)]);
  expect(both.map(({ status }) => status).sort()).toEqual([303, 400]);
});

test('an account that is not activated cannot be handed over', async () => {
  const pending = await seedAccount(database, { state: 'activating', activated_at: null });
  const browser = new Browser(instance);
  const interaction = await begin(browser);
  const refused = await browser.fetch(interaction, { headers: { 'x-test-login': pending.publicId } });
  expect(refused.status).toBe(400);
  const now = instance.deps.clock.now();
  const handedOver = await database
    .db('oidc_interactions')
    .whereNotNull('result')
    .where('expires_at', '>', now);
  expect(handedOver).toEqual([]);
});

test('cookies: prefixed and Secure under https, HttpOnly, Lax, small; the session’s ends with the browser (F03)', async () => {
  const browser = new Browser(secure);
  const started = await authorizationUrl(secure, { service: ent, scope: 'openid' });
  const asked = await browser.fetch(started.url);
  const interaction = asked.headers.get('location') as string;
  const finished = await browser.fetch(interaction, { headers: { 'x-test-login': parent.publicId } });
  const resumed = await browser.fetch(finished.headers.get('location') as string);
  const lines = [...asked.headers.getSetCookie(), ...resumed.headers.getSetCookie()];
  const names = new Set(lines.map((line) => line.split('=')[0]));
  expect([...names].filter((name) => !name?.endsWith('.sig')).sort()).toEqual([
    '__Host-educonnect_session',
    '__Secure-educonnect_interaction',
    '__Secure-educonnect_resume',
  ]);
  for (const line of lines) {
    expect(line).toMatch(/; secure/i);
    expect(line).toMatch(/; httponly/i);
    expect(line).toMatch(/; samesite=lax/i);
    expect(line).not.toMatch(/; domain=/i);
    expect(line.length).toBeLessThan(4096);
    if (line.startsWith('__Host-')) {
      expect(line).toMatch(/; path=\/(;|$)/);
      expect(line).not.toMatch(/expires|max-age/i);
    }
  }
});

test('cookie keys: the first signs, all are accepted (M02)', async () => {
  const browser = new Browser(instance);
  await signIn(browser, { service: ent, scope: 'openid' }, parent);
  const rotated = await startInstance(database, {
    COOKIE_KEYS: 'cookie-key-that-is-quite-new-3,cookie-key-of-the-test-suite-1',
  });
  const later = await startInstance(database, { COOKIE_KEYS: 'cookie-key-that-is-quite-new-3' });
  const errorAt = async (of: Instance) => {
    const other = new Browser(of);
    for (const [name, cookie] of browser.cookies) other.cookies.set(name, cookie);
    of.deps.clock.set(instance.deps.clock.now());
    const started = await authorizationUrl(of, {
      service: ent,
      scope: 'openid',
      parameters: { prompt: 'none' },
    });
    const answer = await other.fetch(started.url);
    return new URL(answer.headers.get('location') as string).searchParams.get('error');
  };
  expect(await errorAt(rotated)).toBeNull();
  expect(await errorAt(later)).toBe('login_required');
  await rotated.close();
  await later.close();
});
