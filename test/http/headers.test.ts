import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectPolicy } from '../hardening/policy.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { anInteraction, stubProvider } from '../support/stub-provider.ts';
import { createVisitor, postOf } from '../support/visitor.ts';

let database: TestDatabase;
let app: TestApp;
let secure: TestApp;

function providerWithOneVisitor() {
  const provider = stubProvider();
  provider.interactions.set('one', anInteraction('one'));
  provider.interactions.set('broken', { ...anInteraction('broken'), clientName: null as never });
  provider.host.extend = async () => {
    throw new Error('a defect');
  };
  return {
    ...provider,
    host: {
      ...provider.host,
      ownAuthorizationPath: () => {
        throw new Error('a defect');
      },
    },
  };
}

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApp(database, { provider: providerWithOneVisitor });
  const env = {
    BASE_URL: 'https://educonnect.example',
    ALLOW_INSECURE_ISSUER: '0',
    HTTP_LOOPBACK_CLIENTS: '0',
  };
  secure = await startApp(database, { provider: providerWithOneVisitor, env });
});
afterAll(async () => {
  await app?.close();
  await secure?.close();
  await database?.drop();
});

const ROUTES: [string, number, string?][] = [
  ['/aide', 200],
  ['/educt-aide/contacts/', 303],
  ['/educt-aide/aide/', 303],
  ['/favicon.ico', 204],
  ['/robots.txt', 200],
  ['/accessibilite', 200],
  ['/mentions-legales', 200],
  ['/donnees-personnelles', 200],
  ['/healthz', 200],
  ['/readyz', 200],
  ['/interaction/one', 200],
  ['/interaction/one/connexion?profil=responsable', 200],
  ['/interaction/one/connexion?profil=eleve', 200],
  ['/interaction/one/connexion', 303],
  ['/interaction/one/inscription', 200],
  ['/interaction/one/identifiant-oublie', 200],
  ['/interaction/one/mot-de-passe-oublie', 200],
  ['/interaction/other', 400],
  ['/activation/nothing', 400],
  ['/nowhere', 404],
  ['/%E0%A4%A', 404],
  ['/interaction/%E0%A4%A', 400],
  ['/assets/none.css', 404],
  ['/interaction/one/connexion?profil=responsable', 403, 'POST'],
  ['/activation/nothing', 403, 'POST'],
  ['/compte/retour', 400],
  ['/compte/deconnecte', 200],
  ['/compte/deconnexion', 403, 'POST'],
  ['/aide', 405, 'DELETE'],
  ['/', 500],
];

describe('F04: headers on every answer, errors included', () => {
  test.each(ROUTES)('%s answers %i %s', async (path, status, method = 'GET') => {
    const visitor = createVisitor(app.url);
    const answer = await visitor.send(path, { method });
    expect(answer.status).toBe(status);
    expectPolicy(answer);
    expect(answer.headers['strict-transport-security']).toBeUndefined();
  });

  test('413 too', async () => {
    const answer = await createVisitor(app.url).send(
      '/interaction/one/connexion?profil=responsable',
      postOf(`password=${'x'.repeat(20_000)}`),
    );
    expect(answer.status).toBe(413);
    expectPolicy(answer);
    expect(answer.text).toContain('EC-413-SIZE');
  });

  test('over https: a year of HSTS, forms to https only', async () => {
    const answer = await createVisitor(secure.url).send('/nowhere');
    expectPolicy(answer);
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
    expect(answer.headers['content-security-policy']).toContain("form-action 'self' https:;");
    const demo = await createVisitor(app.url).send('/nowhere');
    expect(demo.headers['content-security-policy']).toContain(
      "form-action 'self' https: http://localhost:* http://127.0.0.1:*;",
    );
  });
});

describe('errors', () => {
  test('a page names its code and the request; a program is told in JSON; neither shows a stack', async () => {
    const visitor = createVisitor(app.url);
    const page = await visitor.send('/nowhere');
    expect(page.text).toContain('EC-404-PAGE');
    expect(page.text).toContain(page.headers['x-request-id']);
    const json = await visitor.send('/', { headers: { accept: 'application/json' } });
    expect(json.status).toBe(500);
    expect(JSON.parse(json.text)).toEqual({
      error: 'EC-500-FAULT',
      requestId: json.headers['x-request-id'],
    });
    expect(json.text + page.text).not.toContain('a defect');
  });

  test('a sign-in that is not under way in this browser says so with a code, and where to begin again', async () => {
    const answer = await createVisitor(app.url).send('/interaction/other/adresse');
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('EC-400-LOST');
    expect(answer.text).toContain('href="/"');
  });

  test('a reading method on a page that only posts, and the reverse, are 405 with Allow', async () => {
    const visitor = createVisitor(app.url);
    const read = await visitor.send('/interaction/one/cle/options');
    expect([read.status, read.headers.allow]).toEqual([405, 'POST']);
    const put = await visitor.send('/interaction/one', { method: 'PUT' });
    expect([put.status, put.headers.allow]).toEqual([405, 'HEAD, GET']);
  });

  test('HEAD answers like GET, without a body', async () => {
    const head = await createVisitor(app.url).send('/aide', { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(1000);
  });
});
