import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { stubProvider } from '../support/stub-provider.ts';
import { createVisitor } from '../support/visitor.ts';

let database: TestDatabase;
const apps: TestApp[] = [];

/** An application that says what it believes of a request. */
async function mirror(env: Record<string, string> = {}) {
  const provider = stubProvider();
  const app = await startApp(database, {
    env,
    provider: () => ({
      ...provider,
      app: (ctx) => {
        const { ip, protocol, host, href } = ctx;
        ctx.body = { ip, protocol, host, href };
      },
    }),
  });
  apps.push(app);
  return async (headers: Record<string, string>) =>
    JSON.parse((await createVisitor(app.url).send('/mirror', { headers })).text);
}

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  for (const app of apps) await app.close();
  await database?.drop();
});

const OVER_HTTPS = {
  BASE_URL: 'https://educonnect.example',
  ALLOW_INSECURE_ISSUER: '0',
  HTTP_LOOPBACK_CLIENTS: '0',
};

const FORGED = {
  host: 'evil.example',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'gopher',
  'x-forwarded-for': '198.51.100.9',
  forwarded: 'for=198.51.100.9;host=evil.example',
  'x-request-id': 'chosen-by-them',
};

describe('F07: what a request says of its way is believed only from a trusted proxy', () => {
  test('host and scheme are those of the configuration, whatever is claimed', async () => {
    const ask = await mirror({ ...OVER_HTTPS, TRUSTED_PROXIES: '127.0.0.1' });
    expect(await ask(FORGED)).toMatchObject({
      host: 'educonnect.example',
      protocol: 'https',
      href: 'https://educonnect.example/mirror',
    });
  });

  test('without a trusted proxy the address is the socket’s', async () => {
    const ask = await mirror();
    expect(await ask(FORGED)).toMatchObject({ ip: '127.0.0.1' });
    const other = await mirror({ TRUSTED_PROXIES: '192.0.2.0/24' });
    expect(await other(FORGED)).toMatchObject({ ip: '127.0.0.1' });
  });

  test('behind trusted proxies it is the last one that they did not write themselves', async () => {
    const ask = await mirror({ TRUSTED_PROXIES: '127.0.0.0/8,10.0.0.0/8,2001:db8::/32' });
    const ipFor = async (chain: string) => (await ask({ 'x-forwarded-for': chain })).ip;
    expect(await ipFor('198.51.100.9')).toBe('198.51.100.9');
    expect(await ipFor('203.0.113.1, 198.51.100.9, 10.1.2.3')).toBe('198.51.100.9');
    expect(await ipFor('198.51.100.9, 2001:db8::7')).toBe('198.51.100.9');
    expect(await ipFor('nonsense, 10.1.2.3')).toBe('10.1.2.3');
    expect(await ipFor('::ffff:198.51.100.9')).toBe('198.51.100.9');
    expect(await ipFor('')).toBe('127.0.0.1');
  });

  test('a request id is taken over from a trusted proxy only', async () => {
    const provider = stubProvider();
    for (const [proxies, expected] of [
      ['', /^[0-9a-f]{24}$/],
      ['127.0.0.1', /^chosen-by-them$/],
    ] as const) {
      const app = await startApp(database, { env: { TRUSTED_PROXIES: proxies }, provider: () => provider });
      apps.push(app);
      const answer = await createVisitor(app.url).send('/nowhere', { headers: FORGED });
      expect(answer.headers['x-request-id']).toMatch(expected);
      expect(answer.text).not.toContain('evil.example');
    }
  });

  test('an entry that is no address is refused at start', async () => {
    await expect(mirror({ TRUSTED_PROXIES: 'proxy.internal' })).rejects.toThrow('TRUSTED_PROXIES');
  });
});
