import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { csrfOf } from '../../src/account/frame.ts';
import { ACCOUNT_ROUTES } from '../../src/account/route-table.ts';
import type { AccountRoute } from '../../src/account/types.ts';
import { seedActivated } from '../support/activated.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found } from '../support/family.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, startWorld, type TestWorld } from '../support/world.ts';

/** A page with a form that asks for a fresh proof, as any of them does; what was done is in `done`. */
let done: string[] = [];
const PAGES: AccountRoute[] = [
  {
    method: 'get',
    path: '/compte/essai/:thing',
    needs: 'proof',
    kinds: ['guardian'],
    handle: (door, ctx, { account }) => {
      ctx.type = 'html';
      ctx.body = `essai de ${account.identifier}${ctx.search}
        <form method="post" action="${ctx.path}/faire"><input type="hidden" name="_csrf" value="${csrfOf(door, ctx)}"></form>`;
    },
  },
  {
    method: 'post',
    path: '/compte/essai/:thing/faire',
    needs: 'proof',
    handle: (_door, ctx, { account }) => {
      done.push(account.identifier);
      ctx.status = 200;
      ctx.body = 'fait';
    },
  },
  { method: 'get', path: '/compte/eleve', needs: 'session', kinds: ['pupil'], handle: () => {} },
];
const PAGE = '/compte/essai/7';

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let identifier: string;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database, { accountTable: [...ACCOUNT_ROUTES, ...PAGES] });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  count += 1;
  identifier = `p.preuve${count}`;
  visitor = createVisitor(world.app.url);
  done = [];
});

const MINUTE_MS = 60_000;
const asksAgain = (answer: Answer) => answer.text.includes('Confirmez que c&#39;est bien vous');
const isPage = (answer: Answer) =>
  pathOf(answer) === PAGE && answer.text.startsWith(`essai de ${identifier}`);
const isHome = (answer: Answer) => pathOf(answer) === '/' && answer.text.includes('Mes informations');

/** An activated guardian who has just signed in. */
async function signedIn(): Promise<void> {
  await seedActivated(world.deps, { identifier }, 'chaise3verte');
  expect(isHome(await typePassword(visitor, await visitor.get('/'), { identifier }))).toBe(true);
}

const sessions = () => world.deps.db('oidc_sessions').select('uid', 'account_id');

describe('a page that asks for a fresh proof', () => {
  test('has it from the sign-in itself, for ten minutes; then asks once, and comes back to that very page', async () => {
    await signedIn();
    expect(isPage(await visitor.get(PAGE))).toBe(true);
    world.advance(9 * MINUTE_MS);
    expect(isPage(await visitor.get(PAGE))).toBe(true);
    world.advance(2 * MINUTE_MS);
    const asked = await visitor.get(`${PAGE}?page=3`);
    expect(asksAgain(asked)).toBe(true);
    expect(asked.text).toContain(`value="${identifier}"`);
    expect(asked.text).not.toContain('Je crée un compte EduConnect');
    const back = await visitor.submit(asked, { identifier, password: 'chaise3verte' }, '/connexion');
    expect(back.text).toContain(`essai de ${identifier}?page=3`);
    expect(isPage(await visitor.get(PAGE))).toBe(true);
  });

  test('for nobody leads to the sign-in, and from there to that page', async () => {
    await seedActivated(world.deps, { identifier }, 'chaise3verte');
    const profiles = await visitor.get(PAGE);
    expect(profiles.text).toContain('Je sélectionne mon profil');
    expect(isPage(await typePassword(visitor, profiles, { identifier }))).toBe(true);
  });

  test('does not take a sign-in of long ago for one, when a service had it first', async () => {
    await seedActivated(world.deps, { identifier }, 'chaise3verte');
    const atService = await typePassword(visitor, await visitor.get(authorizePath(world.ent)), {
      identifier,
    });
    expect(codeOf(atService)).not.toBeNull();
    const { publicId } = await found(world.deps, identifier);
    await world.deps.db.raw(
      "UPDATE oidc_sessions SET payload = JSON_SET(payload, '$.loginTs', JSON_EXTRACT(payload, '$.loginTs') - 660) WHERE account_id = ?",
      [publicId],
    );
    expect(isHome(await visitor.get('/'))).toBe(true);
    expect(asksAgain(await visitor.get(PAGE))).toBe(true);
  });

  test('a form whose proof is over does nothing and comes back to the page of the form, which then does it', async () => {
    await signedIn();
    const form = await visitor.get(PAGE);
    world.advance(11 * MINUTE_MS);
    const asked = await visitor.submit(form, {});
    expect(asksAgain(asked)).toBe(true);
    expect(done).toEqual([]);
    const back = await visitor.submit(asked, { identifier, password: 'chaise3verte' }, '/connexion');
    expect([isPage(back), back.text.includes('?avis=preuve')]).toEqual([true, true]);
    expect((await visitor.submit(back, {})).text).toBe('fait');
    // A form that was open in another tab before the proof is still good.
    expect((await visitor.submit(form, {})).text).toBe('fait');
    expect(done).toEqual([identifier, identifier]);
  });

  test('given up, or with a wrong password: the session stays, nothing is done', async () => {
    await signedIn();
    world.advance(11 * MINUTE_MS);
    const asked = await visitor.get(PAGE);
    const wrong = await visitor.submit(asked, { identifier, password: 'autre4chose' }, '/connexion');
    expect([wrong.status, asksAgain(wrong)]).toEqual([400, true]);
    const [, cancel = ''] = /href="([^"]+)">Annuler/.exec(wrong.text) ?? [];
    expect(isHome(await visitor.get(cancel))).toBe(true);
    expect(asksAgain(await visitor.get(PAGE))).toBe(true);
  });

  test('another person who signs in there is refused: no login, no session of hers, his stays', async () => {
    await signedIn();
    const other = `${identifier}b`;
    await seedActivated(world.deps, { identifier: other, givenName: 'Hélène' }, 'chaise3verte');
    world.advance(11 * MINUTE_MS);
    const before = await sessions();
    const asked = await visitor.get(PAGE);
    const refused = await visitor.submit(
      asked,
      { identifier: other, password: 'chaise3verte' },
      '/connexion',
    );
    expect([refused.status, refused.text.includes('Ce n&#39;est pas le compte attendu')]).toEqual([
      400,
      true,
    ]);
    expect(refused.text).not.toContain('Hélène');
    expect(await sessions()).toEqual(before);
    expect((await found(world.deps, other)).lastLoginAt).toBeNull();
    const [, again = ''] = /href="(\/interaction[^"]+)"/.exec(refused.text) ?? [];
    const back = await visitor.submit(
      await visitor.get(again),
      { identifier, password: 'chaise3verte' },
      '/connexion',
    );
    expect(isPage(back)).toBe(true);
  });

  test('even by an address that was made to forget who was asked', async () => {
    await signedIn();
    const other = `${identifier}b`;
    await seedActivated(world.deps, { identifier: other, givenName: 'Hélène' }, 'chaise3verte');
    world.advance(11 * MINUTE_MS);
    const begun = new URL((await visitor.send(PAGE)).headers.location ?? '', world.base);
    for (const name of ['preuve', 'login_hint']) begun.searchParams.delete(name);
    const asked = await visitor.get(begun.pathname + begun.search);
    const form = await visitor.submit(asked, { choice: 'switch' });
    const refused = await typePassword(visitor, form, { identifier: other });
    expect([refused.status, pathOf(refused)]).toEqual([400, '/compte/retour']);
    const account = await found(world.deps, other);
    expect(await world.deps.db('account_sessions').where({ account_id: account.publicId })).toEqual([]);
  });

  test('without `prompt=login` in the address the old sign-in is no proof', async () => {
    await signedIn();
    const { publicId } = await found(world.deps, identifier);
    await world.deps.db.raw(
      "UPDATE oidc_sessions SET payload = JSON_SET(payload, '$.loginTs', JSON_EXTRACT(payload, '$.loginTs') - 660) WHERE account_id = ?",
      [publicId],
    );
    world.advance(11 * MINUTE_MS);
    const begun = new URL((await visitor.send(PAGE)).headers.location ?? '', world.base);
    begun.searchParams.delete('prompt');
    expect(asksAgain(await visitor.get(begun.pathname + begun.search))).toBe(true);
  });

  test('the page to come back to cannot be another site, nor be changed on the way', async () => {
    await signedIn();
    world.advance(11 * MINUTE_MS);
    for (const path of ['/compte/essai//example.org', '/compte/essai/%2f%2fexample.org', `${PAGE}/`]) {
      const answer = await visitor.send(path);
      expect([303, 404]).toContain(answer.status);
      expect(new URL(answer.headers.location ?? '/', world.base).origin).toBe(new URL(world.base).origin);
    }
    const begun = new URL((await visitor.send(PAGE)).headers.location ?? '', world.base);
    const [once, mark] = (begun.searchParams.get('state') ?? '').split('.');
    const forged = Buffer.from(JSON.stringify({ to: 'https://example.org/' })).toString('base64url');
    for (const state of [`${once}.${mark}.${forged}`, `${once}.${mark}`]) {
      begun.searchParams.set('state', state);
      const asked = await visitor.get(begun.pathname + begun.search);
      const back = await visitor.submit(asked, { identifier, password: 'chaise3verte' }, '/connexion');
      expect([back.status, back.text.includes('EC-400-LOST')]).toEqual([400, true]);
    }
  });

  test('is not there for those it is not for', async () => {
    await signedIn();
    expect((await visitor.send('/compte/eleve')).status).toBe(404);
  });

  test('two tabs prove at once: both come to their page', async () => {
    await signedIn();
    world.advance(11 * MINUTE_MS);
    const first = await visitor.get(PAGE);
    const second = await visitor.get('/compte/essai/8');
    const typed = { identifier, password: 'chaise3verte' };
    expect(pathOf(await visitor.submit(first, typed, '/connexion'))).toBe(PAGE);
    expect(pathOf(await visitor.submit(second, typed, '/connexion'))).toBe('/compte/essai/8');
  });
});
