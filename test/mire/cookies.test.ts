import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createProvider } from '../../src/provider/index.ts';
import { addClient } from '../../src/provider/registration.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedFamily } from '../support/family.ts';
import { firstConnection, linksSent, PROVISIONAL } from '../support/sign-in.ts';
import { createVisitor } from '../support/visitor.ts';
import { authorizePath, startWorld, type TestService } from '../support/world.ts';

let database: TestDatabase;
let app: TestApp;
let ent: TestService;
const KNOWN = 'https://educonnect.example';

beforeAll(async () => {
  database = await createTestDatabase();
  const env = { BASE_URL: KNOWN, ALLOW_INSECURE_ISSUER: '0', HTTP_LOOPBACK_CLIENTS: '0' };
  // The provider's library reads the system's clock.
  const parts = { clock: { now: () => new Date() } };
  app = await startApp(database, { env, parts, provider: createProvider });
  const origin = 'https://ent.example.test';
  const added = await addClient(app.deps, {
    name: 'ENT Exemple',
    redirectUris: [`${origin}/callback`],
    scope: 'openid profile educonnect_eleves',
  });
  if (!added.ok) throw new Error(added.faults.join('; '));
  ent = { origin, clientId: added.clientId, clientSecret: '', close: async () => {} };
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});

test('F03: behind a proxy that speaks https, every cookie is bound to it, out of reach of scripts, small and signed', async () => {
  await seedFamily(app.deps, { identifier: 'g.zoumn1', provisional: PROVISIONAL });
  const visitor = createVisitor(app.url, { known: KNOWN });
  const begun = await visitor.send(authorizePath(ent));
  const uid = new URL(begun.headers.location ?? '', KNOWN).pathname.split('/').at(-1) ?? '';
  const waiting = await firstConnection(visitor, uid, 'g.zoumn1', 'parent@example.org');
  const names = new Set(visitor.cookies.map(({ name }) => name));
  expect(names).toContain('__Secure-educonnect_activation');
  expect(names).toContain('__Secure-educonnect_interaction');

  const [link = ''] = await linksSent(app.deps, 'parent@example.org');
  await visitor.submit(await visitor.get(link), {});
  await visitor.submit(waiting, {}, '/continuer');
  // Two more: the language that is chosen, and a password that is forgotten.
  await visitor.get('/aide?lang=en');
  const again = await visitor.send(authorizePath(ent, { prompt: 'login' }));
  const start = new URL(again.headers.location ?? '', KNOWN).pathname;
  const form = await visitor.get(`${start}/mot-de-passe-oublie`);
  await visitor.submit(form, { identifier: 'g.zoumn1' }, 'oublie');
  for (const { name } of visitor.cookies) names.add(name);
  expect([...names]).toEqual(
    expect.arrayContaining(['__Host-educonnect_language', '__Secure-educonnect_recovery']),
  );

  const lines = visitor.setCookies;
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.some((line) => line.startsWith('__Host-educonnect_session='))).toBe(true);
  for (const line of lines) {
    expect(line).toMatch(/^__(Host|Secure)-educonnect_/);
    expect(line).toMatch(/; secure/i);
    expect(line).toMatch(/; httponly/i);
    expect(line).toMatch(/; samesite=lax/i);
    if (line.startsWith('__Host-')) expect(line).toMatch(/path=\/(;|$)/);
    expect(line.length).toBeLessThan(4096);
  }
  for (const name of names) if (!name.endsWith('.sig')) expect(names).toContain(`${name}.sig`);
});

test('F03: on the plain http of the demo they have plain names', async () => {
  const plain = await startWorld(database);
  const visitor = createVisitor(plain.app.url);
  await visitor.get(authorizePath(plain.ent));
  const names = visitor.cookies.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['educonnect_interaction', 'educonnect_resume']));
  await plain.close();
});
