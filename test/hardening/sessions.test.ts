import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { seedActivated } from '../support/activated.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found, seedFamily } from '../support/family.ts';
import { CHOSEN, firstConnection, linksSent, PROVISIONAL } from '../support/sign-in.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, startWorld, type TestWorld } from '../support/world.ts';

/** Lines F01 and F07 of the matrix: what somebody else planted in the browser, and what a request claims of itself. */

let database: TestDatabase;
let world: TestWorld;
let identifier: string;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database, { env: { LOGIN_ATTEMPTS_PER_ADDRESS: '20' } });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  identifier = `f.hardy${count}`;
  await database.db('throttles').delete();
});

const isHome = (answer: Answer) => pathOf(answer) === '/' && answer.text.includes('Mes informations');
const silently = () => authorizePath(world.ent, { prompt: 'none' });
const jarOf = (who: Visitor) => who.cookies.map((cookie) => ({ ...cookie }));

describe('F01: what an attacker plants in a browser before its owner signs in', () => {
  test('his session, signed by us: hers has another identifier, and his browser is nobody’s afterwards', async () => {
    const attacker = createVisitor(world.app.url);
    const his = `${identifier}b`;
    await seedActivated(world.deps, { identifier: his }, CHOSEN);
    await typePassword(attacker, await attacker.get('/'), { identifier: his });
    const victim = createVisitor(world.app.url);
    victim.cookies.push(...jarOf(attacker));
    await seedActivated(world.deps, { identifier }, CHOSEN);
    const page = await victim.get(authorizePath(world.ent, { prompt: 'login' }));
    await victim.submit(page, { choice: 'switch' });
    const onward = await typePassword(victim, page, { identifier });
    expect(codeOf(onward)).not.toBeNull();
    const { publicId } = await found(world.deps, identifier);
    expect(isHome(await victim.get('/'))).toBe(true);
    for (const name of ['educonnect_session', 'educonnect_account']) {
      const value = (who: Visitor) => who.cookies.find((cookie) => cookie.name === name)?.value;
      expect([name, value(victim)]).not.toEqual([name, value(attacker)]);
    }
    expect(codeOf(await attacker.get(silently()))).toBeNull();
    expect(isHome(await attacker.get('/'))).toBe(false);
    expect(await database.db('oidc_sessions').where({ account_id: publicId })).toHaveLength(1);
  });

  test('his sign-in under way: once she has finished it, it opens nothing for him', async () => {
    const attacker = createVisitor(world.app.url);
    const begun = await attacker.get(authorizePath(world.ent));
    const kept = jarOf(attacker);
    const victim = createVisitor(world.app.url);
    victim.cookies.push(...kept);
    await seedActivated(world.deps, { identifier }, CHOSEN);
    expect(codeOf(await typePassword(victim, begun, { identifier }))).not.toBeNull();
    const uid = pathOf(begun).split('/').at(-1);
    for (const path of [`/oidc/auth/${uid}`, pathOf(begun), `${pathOf(begun)}/continuer`, silently(), '/'])
      expect([path, codeOf(await attacker.get(path)), isHome(await attacker.get(path))]).toEqual([
        path,
        null,
        false,
      ]);
  });

  test('the link to his sign-in without its cookies: refused on every page of it, and hers is not touched', async () => {
    const attacker = createVisitor(world.app.url);
    const start = pathOf(await attacker.get(authorizePath(world.ent)));
    const victim = createVisitor(world.app.url);
    const mine = await victim.get(authorizePath(world.ent));
    for (const page of ['', '/connexion?profil=responsable', '/inscription', '/continuer', '/etat']) {
      const answer = await victim.send(start + page);
      expect([page, answer.status, answer.text.includes('EC-400-LOST')]).toEqual([page, 400, true]);
    }
    await seedActivated(world.deps, { identifier }, CHOSEN);
    expect(codeOf(await typePassword(victim, mine, { identifier }))).not.toBeNull();
  });
});

describe('F07: what a request says of its way', () => {
  const FORGED = {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'for=198.51.100.9;host=evil.example;proto=https',
    'x-original-url': '/admin',
    'x-rewrite-url': '/admin',
  };

  test('changes no address of ours: pages, redirects, mails, discovery', async () => {
    const email = `${identifier}@example.org`;
    await seedFamily(world.deps, { identifier, provisional: PROVISIONAL });
    const visitor = createVisitor(world.app.url, { headers: FORGED, known: world.base });
    const begun = await visitor.get(authorizePath(world.ent));
    const uid = pathOf(begun).split('/').at(-1) ?? '';
    const waiting = await firstConnection(visitor, uid, identifier, email);
    await linksSent(world.deps, email);
    const mails = world.deps.mailer.sent.filter(({ to }) => to === email);
    expect(mails.length).toBeGreaterThan(0);
    for (const { text, html } of mails) {
      expect(text).toContain(`${world.base}/activation/`);
      expect(text + html).not.toContain('evil.example');
    }
    for (const path of ['/oidc/.well-known/openid-configuration', '/oidc/jwks', '/nowhere', '/aide', '/']) {
      const answer = await visitor.send(path);
      expect([path, JSON.stringify([answer.headers, answer.text]).includes('evil')]).toEqual([path, false]);
    }
    const found = await visitor.send('/oidc/.well-known/openid-configuration');
    expect(JSON.parse(found.text).issuer).toBe(`${world.base}/oidc`);
    expect(waiting.text).not.toContain('evil.example');
  });

  test('does not escape the limit of the address that it came from', async () => {
    const statuses = [];
    for (let attempt = 0; attempt < 22; attempt += 1) {
      const headers = { 'x-forwarded-for': `198.51.100.${attempt}`, 'x-real-ip': `198.51.100.${attempt}` };
      const visitor = createVisitor(world.app.url, { headers });
      const page = await visitor.get(authorizePath(world.ent));
      const typed = { identifier: `n.obody${attempt}`, password: 'faux5mot' };
      statuses.push((await typePassword(visitor, page, typed)).status);
    }
    expect(statuses).toEqual([...Array(20).fill(400), 429, 429]);
  });
});
