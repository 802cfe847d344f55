import { Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { compareAddresses } from '../../src/provider/address-mistake.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  authorizationUrl,
  Browser,
  basic,
  type Instance,
  type Service,
  seedService,
  startDatabase,
  startInstance,
} from './harness.ts';

let database: TestDatabase;
let instance: Instance;
let ent: Service;
let log = '';

beforeAll(async () => {
  database = await startDatabase();
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log += chunk;
      done();
    },
  });
  instance = await startInstance(database, {}, { log: pino({ level: 'info' }, stream) });
  ent = await seedService(instance.deps, 'ENT', {
    redirectUris: ['https://ent.example.org/callback', 'https://recette.ent.example.org/secret-path'],
  });
});
beforeEach(() => {
  log = '';
});
afterAll(async () => {
  await instance.close();
  await database.drop();
});

const strip = (html: string) =>
  html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&#39;', "'")
    .replaceAll('&#92;', '\\');
const marked = (html: string) => [...html.matchAll(/<mark[^>]*>([^<]*)<\/mark>/g)].map(([, text]) => text);

async function mistaken(redirect_uri: string, headers: Record<string, string> = {}) {
  const { url } = await authorizationUrl(instance, {
    service: ent,
    scope: 'openid',
    parameters: { redirect_uri },
  });
  const answer = await new Browser(instance).fetch(url, { headers });
  expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  return { html: await answer.text(), answer };
}

describe('an address that is not registered', () => {
  test('both addresses side by side, what differs marked, a reference that is in the log', async () => {
    const { html } = await mistaken('https://ent.example.org/Callback/?x=1');
    expect(strip(html)).toContain('https://ent.example.org/Callback/?x=1');
    expect(strip(html)).toContain('https://ent.example.org/callback');
    expect(marked(html)).toEqual(['Callback/?x=1', 'callback']);
    expect(html).toContain('à partir du caractère 25');
    const reference = /\b[0-9a-f]{24}\b/.exec(strip(html))?.[0] ?? 'none';
    const [line] = log
      .split('\n')
      .filter((text) => text.includes('refused'))
      .map((text) => JSON.parse(text));
    expect(line).toMatchObject({
      requestId: reference,
      event: 'authorization',
      clientId: ent.clientId,
      address: {
        kind: 'redirect',
        received: 'https://ent.example.org/Callback/',
        registered: ['https://ent.example.org/callback', 'https://recette.ent.example.org/secret-path'],
      },
    });
    // What a query carries is nobody's to log.
    expect(log).not.toContain('x=1');
  });

  test('of another host: what is registered stays unknown, whoever asks', async () => {
    for (const address of [
      'https://evil.example/callback',
      'http://localhost:3000/callback',
      'https://ent.example.org@evil.example/',
    ]) {
      const { html } = await mistaken(address);
      expect(strip(html)).toContain(address);
      expect(html).not.toMatch(/href="[^?"][^"]*evil/);
      expect(strip(html)).not.toMatch(/secret-path|ent\.example\.org\/callback/);
      expect(html).toContain('Aucune de ce site');
    }
    const { html } = await mistaken('https://ent.example.org/callback2');
    expect(strip(html)).not.toMatch(/recette|secret-path/);
  });

  test('everything is escaped, and letters that deceive are written out', async () => {
    const { html } = await mistaken('https://ent.example.org/<script>alert(1)</script>"\'&');
    expect(html).not.toContain('<script>alert');
    expect(html).toContain('&lt;script&gt;');
    const deceiving = await mistaken('https://ent.example.org/cаllback\u202e\u0000');
    expect(strip(deceiving.html)).toContain('\\u{430}');
    for (const hidden of ['\u202e', '\u0000', 'а']) expect(strip(deceiving.html)).not.toContain(hidden);
    const long = await mistaken(`https://ent.example.org/${'a'.repeat(3000)}`);
    expect(strip(long.html)).not.toContain('a'.repeat(400));
  });

  test('in English for whoever chooses it', async () => {
    const parameters = { redirect_uri: 'https://ent.example.org/callbac', lang: 'en' };
    const { url } = await authorizationUrl(instance, { service: ent, scope: 'openid', parameters });
    const html = await (await new Browser(instance).fetch(url)).text();
    expect(html).toContain('<html lang="en"');
    expect(html).toContain('Redirect address registered');
    expect(html).toContain('they differ from character 32 on');
  });

  test('none at all, an unknown service: an error without addresses', async () => {
    const none = await mistaken('');
    expect(none.html).not.toContain('Adresse de retour');
    const parameters = { client_id: 'nobody', redirect_uri: 'https://ent.example.org/callback' };
    const { url } = await authorizationUrl(instance, { service: ent, scope: 'openid', parameters });
    const html = await (await new Browser(instance).fetch(url)).text();
    expect(strip(html)).not.toMatch(/Adresse de retour|ent\.example\.org/);
  });

  test('after a sign-out too', async () => {
    const query = new URLSearchParams({
      client_id: ent.clientId,
      post_logout_redirect_uri: 'https://ent.example.org/bye/',
    });
    const answer = await new Browser(instance).fetch(`/oidc/session/end?${query}`);
    const html = await answer.text();
    expect(answer.status).toBe(400);
    expect(html).toContain('Adresse de retour après déconnexion enregistrée');
    expect(marked(html)).toEqual(['/']);
    expect(log).toContain('"kind":"post-logout"');
  });

  test('pushed: told to the service in JSON, and to the operator in the log', async () => {
    const { url } = await authorizationUrl(instance, { service: ent, scope: 'openid' });
    const body = new URL(url).searchParams;
    body.set('redirect_uri', 'https://ent.example.org/other');
    const answer = await fetch(`${instance.base}/oidc/par`, { method: 'POST', headers: basic(ent), body });
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain('callback');
    expect(log).toContain('"received":"https://ent.example.org/other"');
  });
});

test.each<[string, string[], string[] | null]>([
  ['https://a.example.org/cb', ['https://a.example.org/cb/'], ['https://a.example.org/cb', '/']],
  ['http://a.example.org/cb', ['https://a.example.org/cb'], ['http', 's', '://a.example.org/cb']],
  ['https://a.example.org:8443/cb', ['https://a.example.org/cb'], ['https://a.example.org', '/cb']],
  ['https://A.example.org/cb', ['https://a.example.org/cb'], ['https://', 'a', '.example.org/cb']],
  [
    'https://a.example.org/aa',
    ['https://a.example.org/zz', 'https://a.example.org/a'],
    ['https://a.example.org/a'],
  ],
  ['nonsense', ['https://a.example.org/cb'], null],
  ['https://b.example.org/cb', ['https://a.example.org/cb'], null],
])('%s beside %j', (received, registered, shown) => {
  const comparison = compareAddresses({ kind: 'redirect', received, registered });
  expect(comparison.registered?.map(({ text }) => text) ?? null).toEqual(shown);
  expect(comparison.received.map(({ text }) => text).join('')).toBe(received);
});
