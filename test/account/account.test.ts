import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { updateAccount } from '../../src/accounts/store.ts';
import { tokenHash } from '../../src/crypto/digests.ts';
import { createProvider } from '../../src/provider/index.ts';
import { changeClient, removeClient, setService } from '../../src/provider/registration.ts';
import { seedActivated } from '../support/activated.ts';
import { startApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements } from '../support/deps.ts';
import { found, LUCIE, seedFamily } from '../support/family.ts';
import { CHOSEN, linksSent, PROVISIONAL } from '../support/sign-in.ts';
import { type Answer, createVisitor, postOf, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, startWorld, type TestWorld } from '../support/world.ts';

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let identifier: string;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database);
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  count += 1;
  identifier = `m.compte${count}`;
  visitor = createVisitor(world.app.url);
});

const MINUTE_MS = 60_000;
const pathOf = (answer: Answer) => new URL(answer.url).pathname;
const isHome = (answer: Answer) => answer.status === 200 && answer.text.includes('Mes informations');
const cookieOf = (name: string, who = visitor) => who.cookies.find((cookie) => cookie.name === name)?.value;

/** From the profiles' page, or the guardians' form, to what follows the password. */
async function typePassword(page: Answer, password = CHOSEN, who = visitor, typed = identifier) {
  const start = /^\/interaction\/[^/]+/.exec(pathOf(page))?.[0] ?? 'nowhere';
  const form = await who.get(`${start}/connexion?profil=responsable`);
  return who.submit(form, { identifier: typed, password }, '/connexion');
}

/** An activated guardian at « Mon compte ». */
async function atHome(family = {}): Promise<Answer> {
  await seedActivated(world.deps, { identifier, ...family }, CHOSEN);
  return typePassword(await visitor.get('/'));
}

/** Up to the answer of the provider, which is not followed. @returns its address on our host */
async function upToTheReturn(who = visitor): Promise<string> {
  const begun = await who.send('/');
  const answer = await who.send(begun.headers.location ?? '');
  const to = new URL(answer.headers.location ?? '', world.base);
  expect(to.pathname).toBe('/compte/retour');
  return to.pathname + to.search;
}

describe('the QR code of the letter', () => {
  test('opens the login page with the identifier, and the first connection ends at « Mon compte »', async () => {
    await seedFamily(world.deps, { identifier, provisional: PROVISIONAL });
    const form = await visitor.get(`/connexion?identifiant=${identifier}`);
    expect(form.text).toContain(`value="${identifier}"`);
    expect(form.text).toContain('Je me connecte avec mon compte ÉduConnect');
    const profiles = await visitor.get(/href="([^"]+choix=profil)"/.exec(form.text)?.[1] ?? '');
    expect(profiles.text).toContain('Je sélectionne mon profil');

    const password = await visitor.submit(form, { identifier, password: PROVISIONAL }, '/connexion');
    const address = await visitor.submit(password, { new_password: CHOSEN, confirmation: CHOSEN });
    const birth = await visitor.submit(address, { email: `${identifier}@example.org` });
    const waiting = await visitor.submit(birth, { day: '9', month: '3', year: '2017' });
    world.advance(20 * 60 * MINUTE_MS);
    const [link = ''] = await linksSent(world.deps, `${identifier}@example.org`);
    await visitor.submit(await visitor.get(link), {});
    const home = await visitor.submit(waiting, {}, '/continuer');
    expect(pathOf(home)).toBe('/');
    for (const text of ['Guillaume ZOUMN', 'Lucie ZOUMN', 'E.E.PU-DES TILLEULS', identifier, 'vérifiée'])
      expect(home.text).toContain(text);
    expect(home.headers['cache-control']).toBe('no-store');
  });

  test.each(['x y', '<b>', 'a'.repeat(91)])('%s is no identifier and is not passed on', async (typed) => {
    const answer = await visitor.send(`/connexion?identifiant=${encodeURIComponent(typed)}`);
    expect(answer.headers.location).not.toMatch(/login_hint|prompt/);
  });

  test("of another person than the one signed in: she is asked, never shown the other's account", async () => {
    await atHome();
    expect(pathOf(await visitor.get(`/connexion?identifiant=${identifier}`))).toBe('/');
    const other = `${identifier}b`;
    await seedActivated(world.deps, { identifier: other, givenName: 'Hélène' }, CHOSEN);
    const asked = await visitor.get(`/connexion?identifiant=${other}`);
    expect(asked.text).toContain('Vous êtes connecté en tant que Guillaume ZOUMN');
    const form = await visitor.submit(asked, { choice: 'switch' });
    const home = await visitor.submit(form, { identifier: other, password: CHOSEN }, '/connexion');
    expect(home.text).toContain('Hélène ZOUMN');
    expect(isHome(home)).toBe(true);
  });
});

describe('« Mon compte »', () => {
  test('without a session leads to the choice of the profile', async () => {
    expect((await visitor.get('/')).text).toContain('Je sélectionne mon profil');
    expect(cookieOf('educonnect_account')).toBeUndefined();
  });

  test('asks nothing of somebody who is signed in already, and opens his services with one click', async () => {
    await seedActivated(world.deps, { identifier }, CHOSEN);
    expect(codeOf(await typePassword(await visitor.get(authorizePath(world.ent))))).not.toBeNull();
    const home = await visitor.get('/');
    expect(isHome(home)).toBe(true);
    const [, href = ''] = /href="([^"]+)">ENT Exemple/.exec(home.text) ?? [];
    expect(href).toBe(`${world.ent.origin}/connexion?iss=${encodeURIComponent(world.deps.config.issuer)}`);
    expect(codeOf(await visitor.get(authorizePath(world.lsu)))).not.toBeNull();
  });

  test('in five statements; shows no child and no service of others', async () => {
    await seedFamily(world.deps, {
      identifier: `${identifier}x`,
      children: [{ ...LUCIE, givenName: 'Zéphyrine' }],
    });
    const own = await atHome();
    const counted = countStatements(world.deps.db);
    const again = await visitor.get('/');
    counted.stop();
    expect(counted.statements).toHaveLength(5);
    expect([own.text, again.text].join()).not.toContain('Zéphyrine');
    expect(again.text).not.toContain('Mon compte</a>');

    const [{ uai: elsewhere }] = await world.deps.db('schools').orderBy('id').select('uai').limit(1);
    await setService(world.deps, world.lsu.clientId, 'all', false);
    await setService(world.deps, world.lsu.clientId, elsewhere, true);
    const narrowed = await visitor.get('/');
    await setService(world.deps, world.lsu.clientId, 'all', true);
    expect(narrowed.text).toContain('ENT Exemple');
    expect(narrowed.text).not.toContain('Livret scolaire');
  });

  test('the registration behind it is no service: not to be changed, removed or given schools', async () => {
    const id = 'educonnect-mon-compte';
    const refused = { ok: false, faults: [`no client ${id}`] };
    expect(await removeClient(world.deps, id)).toEqual(refused);
    expect(await changeClient(world.deps, id, { name: 'x' })).toEqual(refused);
    expect(await setService(world.deps, id, 'all', true)).toEqual(refused);
    expect(isHome(await atHome())).toBe(true);
  });
});

describe('how the session begins', () => {
  test('under a new identifier each time, known to the database by its hash only (F01)', async () => {
    await atHome();
    const first = cookieOf('educonnect_account') ?? '';
    await visitor.get(await upToTheReturnAgain());
    const second = cookieOf('educonnect_account') ?? '';
    expect(second).not.toBe(first);
    const rows = await world.deps.db('account_sessions').select('id_hash');
    const hashes = rows.map((row: { id_hash: string }) => row.id_hash);
    expect(hashes).toContain(tokenHash(second.split('.')[0] ?? ''));
    expect(hashes).not.toContain(tokenHash(first.split('.')[0] ?? ''));
    expect(JSON.stringify(rows)).not.toContain(second);
  });

  /** The same browser, its session forgotten, goes through the provider once more. */
  async function upToTheReturnAgain(): Promise<string> {
    const kept = visitor.cookies.filter(({ name }) => name.startsWith('educonnect_account'));
    const session = kept.filter(({ name }) => !name.includes('start'));
    for (const cookie of session) visitor.cookies.splice(visitor.cookies.indexOf(cookie), 1);
    const to = await upToTheReturn();
    visitor.cookies.push(...session);
    return to;
  }

  test("F01: login CSRF, another browser's answer is refused, with or without a sign-in of its own under way", async () => {
    await atHome();
    const to = await upToTheReturnAgain();
    const victim = createVisitor(world.app.url);
    const answers = [await victim.send(to)];
    await victim.get('/');
    answers.push(await victim.send(to));
    // His own state with the attacker's code: the code was issued for another verifier.
    const begun = new URL((await victim.send('/')).headers.location ?? '', world.base);
    const mixed = new URLSearchParams(to.split('?')[1]);
    mixed.set('state', begun.searchParams.get('state') ?? '');
    answers.push(await victim.send(`/compte/retour?${mixed}`));
    for (const answer of answers) {
      expect([answer.status, answer.text.includes('EC-400-LOST')]).toEqual([400, true]);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    expect(cookieOf('educonnect_account', victim)).toBeUndefined();
    // The code is not spent by that: its own browser still gets in.
    expect(isHome(await visitor.get(to))).toBe(true);
  });

  test('a code is good once, of ten at once too, for a minute, and not at the token endpoint', async () => {
    await atHome();
    const to = await upToTheReturnAgain();
    const before = await sessionsOf();
    const answers = await Promise.all(Array.from({ length: 10 }, () => visitor.send(to)));
    expect(answers.every(({ status }) => status === 303 || status === 400)).toBe(true);
    expect((await sessionsOf()) - before).toBeLessThanOrEqual(1);

    const bare = createVisitor(world.app.url);
    bare.cookies.push(...visitor.cookies.filter(({ name }) => name.startsWith('educonnect_account_start')));
    const replayed = await bare.send(to);
    expect([replayed.status, cookieOf('educonnect_account', bare)]).toEqual([400, undefined]);

    visitor = createVisitor(world.app.url);
    await typePassword(await visitor.get('/'));
    const late = await upToTheReturnAgain();
    const code = new URLSearchParams(late.split('?')[1]).get('code') ?? '';
    const taken = await fetch(`${world.app.url}/oidc/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        client_id: 'educonnect-mon-compte',
        redirect_uri: `${world.base}/compte/retour`,
        code_verifier: 'x'.repeat(43),
      }),
    });
    expect(taken.status).toBe(401);
    for (const cookie of visitor.cookies.filter(({ name }) => name === 'educonnect_account'))
      visitor.cookies.splice(visitor.cookies.indexOf(cookie), 1);
    world.advance(61_000);
    expect((await visitor.send(late)).status).toBe(400);
  });

  async function sessionsOf(): Promise<number> {
    const { publicId } = await found(world.deps, identifier);
    return (await world.deps.db('account_sessions').where({ account_id: publicId })).length;
  }

  test('over https its cookies are bound to the host (F03)', async () => {
    const known = 'https://educonnect.example';
    const env = { BASE_URL: known, ALLOW_INSECURE_ISSUER: '0', HTTP_LOOPBACK_CLIENTS: '0' };
    const parts = { clock: world.deps.clock };
    const app = await startApp(database, { env, parts, provider: createProvider });
    try {
      visitor = createVisitor(app.url, { known });
      await seedActivated(app.deps, { identifier }, CHOSEN);
      const lines: string[] = [];
      const { send } = visitor;
      visitor.send = async (...args) => {
        const answer = await send(...args);
        lines.push(...(answer.headers['set-cookie'] ?? []));
        return answer;
      };
      const begun = await visitor.send('/');
      const page = await visitor.send(begun.headers.location ?? '');
      const form = await visitor.get(`${page.headers.location}/connexion?profil=responsable`);
      const resume = await visitor.submit(form, { identifier, password: CHOSEN }, '/connexion');
      const back = new URL(resume.headers.location ?? resume.url, known);
      if (back.pathname !== '/') await visitor.send(back.pathname + back.search);
      expect(cookieOf('__Host-educonnect_account')).toBeDefined();
      const own = lines.filter((line) => line.includes('educonnect_account'));
      for (const line of own) expect(line).toMatch(/^__Host-.*path=\/;.*samesite=lax; secure; httponly$/i);
    } finally {
      await app.close();
    }
  });
});

describe('how it ends', () => {
  test('« Se déconnecter » signs out of EduConnect as a whole; a forged form does not, and cookies kept are worth nothing (F06)', async () => {
    const home = await atHome();
    const kept = visitor.cookies.map((cookie) => ({ ...cookie }));
    const forged = await visitor.send('/compte/deconnexion', postOf('_csrf=x'));
    expect(forged.status).toBe(403);
    expect(isHome(await visitor.get('/'))).toBe(true);

    const out = await visitor.submit(home, {}, '/compte/deconnexion');
    expect([pathOf(out), out.text.includes('Vous êtes déconnecté')]).toEqual(['/compte/deconnecte', true]);
    expect(cookieOf('educonnect_account')).toBeUndefined();
    const thief = createVisitor(world.app.url);
    thief.cookies.push(...kept);
    expect(isHome(await thief.get('/'))).toBe(false);
    for (const who of [visitor, thief])
      expect((await who.get(authorizePath(world.ent, { prompt: 'none' }))).headers.location).toContain(
        'login_required',
      );
    expect((await visitor.get('/')).text).toContain('Je sélectionne mon profil');
  });

  test('with a sign-out elsewhere', async () => {
    await atHome();
    const confirm = await visitor.get('/oidc/session/end');
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(confirm.text)?.[1] ?? '';
    await visitor.send('/oidc/session/end/confirm', postOf(`xsrf=${xsrf}&logout=yes`));
    expect(cookieOf('educonnect_account')).toBeDefined();
    expect((await visitor.get('/')).text).toContain('Je sélectionne mon profil');
  });

  test('with the credentials that it rests on, and with the account', async () => {
    await atHome();
    const { id } = await found(world.deps, identifier);
    await updateAccount(world.deps.db, id, {}, world.deps.clock.now(), true);
    expect(isHome(await visitor.get('/'))).toBe(false);
    expect(isHome(await typePassword(await visitor.get('/')))).toBe(true);
    await world.deps.db('accounts').where({ id }).update({ closed_at: world.deps.clock.now() });
    expect(isHome(await visitor.get('/'))).toBe(false);
  });

  test('after half an hour without use; use keeps it and the services alive, for twelve hours at most (F05)', async () => {
    await atHome();
    for (let minutes = 0; minutes < 100; minutes += 20) {
      expect(isHome(await visitor.get('/'))).toBe(true);
      world.advance(20 * MINUTE_MS);
    }
    expect(codeOf(await visitor.get(authorizePath(world.ent, { prompt: 'none' })))).not.toBeNull();
    world.advance(31 * MINUTE_MS);
    expect(isHome(await visitor.get('/'))).toBe(false);

    expect(isHome(await typePassword(await visitor.get('/')))).toBe(true);
    for (let minutes = 0; minutes < 12 * 60; minutes += 29) {
      world.advance(29 * MINUTE_MS);
      await visitor.send('/');
    }
    expect(isHome(await visitor.get('/'))).toBe(false);
  });
});
