import { Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import argon2 from 'argon2';
import { pino } from 'pino';
import { updateProvisionals } from '../../src/accounts/store.ts';
import { sealProvisional } from '../../src/credentials/provisional.ts';
import { seedActivated } from '../support/activated.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements } from '../support/deps.ts';
import { found, seedFamily } from '../support/family.ts';
import { CHOSEN, linksSent, PROVISIONAL } from '../support/sign-in.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, exchange, startWorld, type TestWorld } from '../support/world.ts';

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let identifier: string;
let count = 0;
let written = '';

beforeAll(async () => {
  database = await createTestDatabase();
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  world = await startWorld(database, { parts: { log: pino({ level: 'trace' }, stream) } });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  count += 1;
  identifier = `l.niaept${count}`;
  visitor = createVisitor(world.app.url);
});

/** Begins a sign-in at the service. @returns the page of the mire */
const begin = (params = {}, service = world.ent, who = visitor) => who.get(authorizePath(service, params));

/** Types the credentials on the guardians' form of the sign-in that `page` belongs to. */
async function signIn(page: Answer, password = CHOSEN, typed = identifier, who = visitor): Promise<Answer> {
  const form = await who.get(`${startOf(page)}/connexion?profil=responsable`);
  return who.submit(form, { identifier: typed, password }, '/connexion');
}

const startOf = (page: Answer) => /^\/interaction\/[^/]+/.exec(new URL(page.url).pathname)?.[0] ?? 'nowhere';

async function claimsOf(answer: Answer, service = world.ent): Promise<Record<string, unknown>> {
  const response = await exchange(world, service, codeOf(answer) ?? '');
  const { access_token: token, id_token: idToken } = (await response.json()) as Record<string, string>;
  const userinfo = await fetch(`${world.app.url}/oidc/userinfo`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const idClaims = JSON.parse(Buffer.from(idToken?.split('.')[1] ?? '', 'base64url').toString());
  return { ...idClaims, ...((await userinfo.json()) as object) };
}

describe('a login', () => {
  test('reaches the service with its own parameters, and as the person who typed', async () => {
    await seedActivated(world.deps, { identifier }, CHOSEN);
    const answer = await signIn(await begin({ state: 'kept all the way' }));
    expect(new URL(answer.headers.location ?? '').searchParams.get('state')).toBe('kept all the way');
    expect(await claimsOf(answer)).toMatchObject({
      nonce: 'nonce-of-the-test-suite',
      amr: ['pwd'],
      given_name: 'Guillaume',
      eleves: [{ given_name: 'Lucie', family_name: 'ZOUMN' }],
    });
    expect(await found(world.deps, identifier)).toMatchObject({ lastLoginAt: expect.any(Date) });
  });

  test('SQL: at most 26 statements and 5 commits from the request of the service to its token', async () => {
    await seedActivated(world.deps, { identifier }, CHOSEN);
    await signIn(await begin()); // clients and keys are cached from here on
    visitor = createVisitor(world.app.url);
    const counted = countStatements(world.deps.db);
    const answer = await signIn(await begin());
    const response = await exchange(world, world.ent, codeOf(answer) ?? '');
    counted.stop();
    expect(response.status).toBe(200);
    expect(counted.statements.length > 26 ? counted.statements : []).toEqual([]);
    expect(counted.commits()).toBeLessThanOrEqual(5);
  });

  test('B05: after each posted form 303, never 307', async () => {
    await seedActivated(world.deps, { identifier }, CHOSEN);
    const page = await begin();
    const form = await visitor.get(`${startOf(page)}/connexion?profil=responsable`);
    const csrf = /name="_csrf" value="([^"]+)"/.exec(form.text)?.[1] ?? '';
    const sent = new URLSearchParams({ _csrf: csrf, identifier, password: CHOSEN }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const path = `${startOf(page)}/connexion?profil=responsable`;
    const answer = await visitor.send(path, { method: 'POST', headers, body: sent });
    expect(answer.status).toBe(303);
    expect(new URL(answer.headers.location ?? '').origin).toBe(world.base);
  });
});

describe('what a login leaves and what it does not', () => {
  test('C07: a hash that is weaker than today’s is replaced', async () => {
    const account = await seedActivated(world.deps, { identifier }, CHOSEN);
    const hash = await argon2.hash(CHOSEN, { memoryCost: 512, timeCost: 1, parallelism: 1 });
    await world.deps.db('accounts').where({ id: account.id }).update({ password_hash: hash });
    expect(codeOf(await signIn(await begin()))).not.toBeNull();
    const after = await found(world.deps, identifier);
    expect(after.passwordHash).toMatch(/^\$argon2id\$v=19\$m=1024,/);
    visitor = createVisitor(world.app.url);
    expect(codeOf(await signIn(await begin()))).not.toBeNull();
  });

  test('C06: a reset by the school ends the sessions that were open', async () => {
    const account = await seedActivated(world.deps, { identifier }, CHOSEN);
    await signIn(await begin());
    expect(codeOf(await begin({ prompt: 'none' }))).not.toBeNull();
    const sealed = sealProvisional(world.deps, account.publicId, PROVISIONAL);
    const now = world.deps.clock.now();
    await updateProvisionals(world.deps.db, [{ id: account.id, sealed }], { state: 'activated' }, now);
    const answer = await begin({ prompt: 'none' });
    expect([codeOf(answer), answer.headers.location]).toEqual([
      null,
      expect.stringContaining('login_required'),
    ]);
    const page = await signIn(await begin(), PROVISIONAL);
    const onward = await visitor.submit(page, { new_password: 'table4ronde', confirmation: 'table4ronde' });
    expect(codeOf(onward)).not.toBeNull();
  });

  test('B08: the log of a whole first connection holds no password, token, code, address or date', async () => {
    written = '';
    const email = `${identifier}@example.org`;
    await seedFamily(world.deps, { identifier, provisional: PROVISIONAL });
    const address = await visitor.submit(await signIn(await begin(), PROVISIONAL), {
      new_password: CHOSEN,
      confirmation: CHOSEN,
    });
    const birth = await visitor.submit(address, { email });
    const waiting = await visitor.submit(birth, { day: '9', month: '3', year: '2017' });
    const [link = ''] = await linksSent(world.deps, email);
    await visitor.submit(await visitor.get(link), {});
    const answer = await visitor.submit(waiting, {}, '/continuer');
    const code = codeOf(answer) ?? '';
    const tokens = (await (await exchange(world, world.ent, code)).json()) as Record<string, string>;
    const secrets = [
      PROVISIONAL,
      CHOSEN,
      email,
      identifier,
      code,
      link,
      '2017',
      'ZOUMN',
      world.ent.clientSecret,
    ];
    expect(written.split('\n').length).toBeGreaterThan(15);
    for (const secret of [...secrets, tokens.access_token ?? '?', tokens.id_token ?? '?'])
      expect([secret, written.includes(secret)]).toEqual([secret, false]);
    for (const { value } of visitor.cookies) expect(written).not.toContain(value);
  });

  test('B03: no parameter and no header leads anywhere but to us', async () => {
    const evil = 'https://evil.example/';
    const page = await begin();
    const query = `returnTo=${evil}&redirect=${evil}&next=//evil.example&continue=${evil}&url=${evil}`;
    const headers = { referer: evil, origin: evil };
    for (const path of [
      startOf(page),
      `${startOf(page)}/connexion`,
      `${startOf(page)}/continuer`,
      '/',
      '/connexion',
    ]) {
      const answer = await visitor.send(`${path}?${query}`, { headers });
      expect(answer.headers.location ?? '/').toMatch(/^\/(?!\/)/);
      expect(answer.text).not.toContain('evil.example');
    }
  });
});

describe('C01: before the account is activated', () => {
  test('no code is ever issued, wherever the browser turns', async () => {
    const account = await seedFamily(world.deps, { identifier, provisional: PROVISIONAL });
    const page = await signIn(await begin(), PROVISIONAL);
    const uid = startOf(page).split('/').at(-1);
    for (const path of [
      `/oidc/auth/${uid}`,
      authorizePath(world.ent),
      authorizePath(world.lsu),
      authorizePath(world.ent, { prompt: 'none' }),
      `${startOf(page)}/continuer`,
    ]) {
      const answer = await visitor.get(path);
      expect([path, codeOf(answer)]).toEqual([path, null]);
    }
    for (const table of ['oidc_sessions', 'oidc_grants'])
      expect(await world.deps.db(table).where({ account_id: account.publicId })).toEqual([]);
    expect(await found(world.deps, identifier)).toMatchObject({ state: 'notified', lastLoginAt: null });
  });

  test('the request of the service survives the whole first connection, a mail read the next day included', async () => {
    await seedFamily(world.deps, { identifier, provisional: PROVISIONAL });
    const password = await signIn(await begin({ state: 'from yesterday' }), PROVISIONAL);
    const address = await visitor.submit(password, { new_password: CHOSEN, confirmation: CHOSEN });
    const birth = await visitor.submit(address, { email: `${identifier}@example.org` });
    const waiting = await visitor.submit(birth, { day: '9', month: '3', year: '2017' });
    world.advance(20 * 3_600_000);
    const [link = ''] = await linksSent(world.deps, `${identifier}@example.org`);
    await visitor.submit(await visitor.get(link), {});
    const answer = await visitor.submit(waiting, {}, '/continuer');
    expect(new URL(answer.headers.location ?? '').searchParams.get('state')).toBe('from yesterday');
    expect((await exchange(world, world.ent, codeOf(answer) ?? '')).status).toBe(200);
  });
});

describe('whose sign-in it is', () => {
  test("F01: another browser's sign-in is refused with a code, never a 500", async () => {
    const page = await begin();
    const stranger = createVisitor(world.app.url);
    for (const way of ['', '/connexion?profil=responsable', '/mot-de-passe', '/etat', '/continuer']) {
      const answer = await stranger.send(startOf(page) + way);
      expect([answer.status, answer.text.includes('EC-400-LOST')]).toEqual([400, true]);
    }
    const mine = await begin({}, world.ent, stranger);
    expect(startOf(mine)).not.toBe(startOf(page));
  });

  test('it is over after half an hour: a page with a code and the way to begin again', async () => {
    const page = await begin();
    world.advance(31 * 60_000);
    const answer = await visitor.get(startOf(page));
    expect([answer.status, answer.text.includes('EC-400-LOST')]).toEqual([400, true]);
    expect(answer.text).toContain('href="/"');
    expect(startOf(await visitor.get('/'))).not.toBe(startOf(page));
  });

  test('F08: two tabs, two services at once, both finish; a form sent five times gives one clear outcome each', async () => {
    await seedActivated(world.deps, { identifier }, CHOSEN);
    const [one, two] = [await begin(), await begin({}, world.lsu)];
    expect(codeOf(await signIn(one))).not.toBeNull();
    const second = await signIn(two);
    expect([second.status, second.text.includes('EC-500')]).toEqual([303, false]);
    expect(codeOf(second)).not.toBeNull();

    visitor = createVisitor(world.app.url);
    const form = await visitor.get(`${startOf(await begin())}/connexion?profil=responsable`);
    const sent = await Promise.all(
      Array.from({ length: 5 }, () => visitor.submit(form, { identifier, password: CHOSEN }, '/connexion')),
    );
    for (const answer of sent) expect([303, 400]).toContain(answer.status);
    expect(sent.filter((answer) => codeOf(answer) !== null).length).toBeGreaterThanOrEqual(1);
  });
});

/** The library takes auth_time from the system's clock, in seconds. */
async function secondsLater<T>(work: () => Promise<T>): Promise<T> {
  const { now } = Date;
  Date.now = () => now() + 2000;
  try {
    return await work();
  } finally {
    Date.now = now;
  }
}

describe('somebody is signed in already', () => {
  const sessionOf = async () => {
    await seedActivated(world.deps, { identifier }, CHOSEN);
    await signIn(await begin());
  };

  test('a second service needs no second login', async () => {
    await sessionOf();
    expect(codeOf(await begin({}, world.lsu))).not.toBeNull();
  });

  test.each([
    ['prompt=login', { prompt: 'login' }],
    ['max_age=0', { max_age: '0' }],
  ])(
    '%s: « Vous êtes connecté en tant que », the password again, a newer auth_time',
    async (_what, params) => {
      await sessionOf();
      const first = await claimsOf(await begin());
      const claims = await secondsLater(async () => {
        const page = await begin(params);
        expect(page.text).toContain('Vous êtes connecté en tant que Guillaume ZOUMN');
        const form = await visitor.submit(page, { choice: 'continue' });
        return claimsOf(await visitor.submit(form, { identifier, password: CHOSEN }, '/connexion'));
      });
      expect(claims.sub).toBe(first.sub);
      expect(Number(claims.auth_time)).toBeGreaterThan(Number(first.auth_time));
    },
  );

  test('F09: another person signs in instead, by changing over or straight away: the service gets the other', async () => {
    for (const way of ['switch', 'straight']) {
      identifier = `${identifier}0`;
      await sessionOf();
      const before = await claimsOf(await begin());
      const other = `${identifier}99`;
      await seedActivated(world.deps, { identifier: other, givenName: 'Hélène' }, CHOSEN);
      const page = await begin({ prompt: 'login' });
      const next = way === 'switch' ? await visitor.submit(page, { choice: 'switch' }) : page;
      const answer = await signIn(next, CHOSEN, other);
      const claims = await claimsOf(answer);
      expect(claims).toMatchObject({ given_name: 'Hélène' });
      expect(claims.sub).not.toBe(before.sub);
      visitor = createVisitor(world.app.url);
    }
  });
});
