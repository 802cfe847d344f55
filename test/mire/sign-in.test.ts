import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { updateAccount, updateProvisionals } from '../../src/accounts/store.ts';
import { attemptKeys } from '../../src/credentials/attempts.ts';
import { sealProvisional } from '../../src/credentials/provisional.ts';
import { seedActivated } from '../support/activated.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found, seedFamily } from '../support/family.ts';
import { CHOSEN, PROVISIONAL, signIn } from '../support/sign-in.ts';
import { anInteraction, type StubProvider, stubProvider } from '../support/stub-provider.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';

let database: TestDatabase;
let app: TestApp;
let provider: StubProvider;
let visitor: Visitor;
let uid: string;
let identifier: string;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  provider = stubProvider();
  app = await startApp(database, { provider: () => provider });
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  uid = `visit-${count}`;
  identifier = `v.niorb${count}`;
  provider.interactions.set(uid, anInteraction(uid));
  provider.finished.length = 0;
  visitor = createVisitor(app.url);
  await app.deps.db('throttles').delete();
});

const wrongTitle = 'Identifiant ou mot de passe incorrect';

/** What two answers must have in common: all but the token of the form, the request and what was typed. */
function comparable(answer: Answer, typed: string) {
  const { date: _date, 'x-request-id': _id, ...headers } = answer.headers;
  const text = answer.text
    .replace(/name="_csrf" value="[^"]*"|\b[0-9a-f]{24}\b/g, '')
    .replaceAll(typed, 'TYPED');
  return { status: answer.status, headers: { ...headers, 'content-length': '' }, text };
}

/** Counts the passwords that argon2 looks at, pretended ones too. */
function countChecks(): { checks: number; stop(): void } {
  const { passwords } = app.deps;
  const { verify, pretend } = passwords;
  const counted = { checks: 0, stop: () => void Object.assign(passwords, { verify, pretend }) };
  passwords.verify = (phc, password) => {
    counted.checks += 1;
    return verify(phc, password);
  };
  passwords.pretend = (password) => {
    counted.checks += 1;
    return pretend(password);
  };
  return counted;
}

describe('an activated account', () => {
  test('goes straight on to the service', async () => {
    const account = await seedActivated(app.deps, { identifier }, CHOSEN);
    const answer = await signIn(visitor, uid, { identifier, password: CHOSEN });
    expect([answer.status, answer.headers.location]).toEqual([303, 'https://ent.example.test/callback']);
    expect(provider.finished).toEqual([{ uid, accountPublicId: account.publicId }]);
  });

  test('H04, C02: the identifier is forgiven capitals and spaces, the password nothing', async () => {
    await seedActivated(app.deps, { identifier }, CHOSEN);
    const typed = ` ${identifier.toUpperCase()} `;
    expect((await signIn(visitor, uid, { identifier: typed, password: CHOSEN })).status).toBe(303);
    for (const password of [
      CHOSEN.toUpperCase(),
      `${CHOSEN} `,
      ` ${CHOSEN}`,
      CHOSEN.slice(0, -1),
      `${CHOSEN}x`,
    ])
      expect((await signIn(visitor, uid, { identifier, password })).status).toBe(400);
  });

  test('after a reset by the school: a new password, then in, with no other step', async () => {
    const account = await seedActivated(app.deps, { identifier }, CHOSEN);
    const sealed = sealProvisional(app.deps, account.publicId, PROVISIONAL);
    await updateProvisionals(
      app.deps.db,
      [{ id: account.id, sealed }],
      { state: 'activated' },
      app.deps.clock.now(),
    );
    expect((await signIn(visitor, uid, { identifier, password: CHOSEN })).status).toBe(400);
    const page = await signIn(visitor, uid, { identifier, password: PROVISIONAL });
    expect(page.url).toContain('/mot-de-passe');
    expect(page.text).not.toContain('Étape');
    const onward = await visitor.submit(page, { new_password: 'table4ronde', confirmation: 'table4ronde' });
    expect(onward.headers.location).toBe('https://ent.example.test/callback');
    expect(provider.finished).toHaveLength(1);
  });
});

describe('E01, decision 5: one answer for all who are refused', () => {
  test('unknown, wrong password, other profile, closed, not distributed, locked: the same but for what was typed', async () => {
    await seedActivated(app.deps, { identifier }, CHOSEN);
    await seedFamily(app.deps, { identifier: `${identifier}01` });
    const closed = await seedActivated(app.deps, { identifier: `${identifier}02` }, CHOSEN);
    await updateAccount(app.deps.db, closed.id, { closedAt: app.deps.clock.now() }, app.deps.clock.now());
    await seedActivated(app.deps, { identifier: `${identifier}03` }, CHOSEN);
    for (let attempt = 0; attempt < 7; attempt += 1)
      await signIn(visitor, uid, { identifier: `${identifier}03`, password: 'faux5mot' });
    const cases: [string, string][] = [
      [identifier, 'faux5mot'],
      ['x.inconnu', 'faux5mot'],
      ['dupônt', 'faux5mot'],
      [`${identifier}01`, 'faux5mot'],
      [`${identifier}02`, CHOSEN],
      [`${identifier}03`, CHOSEN],
      ['x'.repeat(150), 'faux5mot'],
      [identifier, 'faux5mot'.repeat(30)],
    ];
    const answers = [];
    for (const [typed, password] of cases) {
      const answer = await signIn(createVisitor(app.url), uid, { identifier: typed, password });
      expect(answer.text).toContain(wrongTitle);
      answers.push(comparable(answer, typed));
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  test('a guardian under « Élève » is told which profile to choose, but only with the right password', async () => {
    await seedActivated(app.deps, { identifier }, CHOSEN);
    const right = await signIn(visitor, uid, { identifier, password: CHOSEN }, 'eleve');
    expect([right.status, right.text]).toEqual([
      400,
      expect.stringContaining('ceux d&#39;un représentant légal'),
    ]);
    const wrong = await signIn(visitor, uid, { identifier, password: 'faux5mot' }, 'eleve');
    const unknown = await signIn(visitor, uid, { identifier: 'x.inconnu', password: 'faux5mot' }, 'eleve');
    expect(comparable(wrong, identifier)).toEqual(comparable(unknown, 'x.inconnu'));
    expect(provider.finished).toEqual([]);
  });

  test('E02: the same work is done for known and unknown identifiers, and their attempts count alike', async () => {
    await seedActivated(app.deps, { identifier }, CHOSEN);
    const counted = countChecks();
    for (const typed of [identifier, 'x.inconnu', 'dupônt', 'x'.repeat(80)]) {
      const looked: number[] = [];
      for (let attempt = 0; attempt < 7; attempt += 1) {
        const before = counted.checks;
        await signIn(visitor, uid, { identifier: typed, password: 'faux5mot' });
        looked.push(counted.checks - before);
      }
      expect([typed, looked]).toEqual([typed, [1, 1, 1, 1, 1, 0, 0]]);
      const { narrow, wide } = attemptKeys(typed, '127.0.0.1');
      const kept = await app.deps.db('throttles').whereIn('throttle_key', [narrow, wide]);
      expect([typed, kept.length]).toEqual([typed, 2]);
    }
    counted.stop();
  });
});

describe('lock-out', () => {
  test('C04: fifty at once with the right one among them: at most ten looked at; then the right one is refused, and again let in', async () => {
    await seedActivated(app.deps, { identifier }, CHOSEN);
    const counted = countChecks();
    const page = await visitor.get(`/interaction/${uid}/connexion?profil=responsable`);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        visitor.submit(
          page,
          { identifier, password: index === 40 ? CHOSEN : `faux${index}mot` },
          '/connexion',
        ),
      ),
    );
    counted.stop();
    expect(counted.checks).toBeLessThanOrEqual(10);
    for (const answer of answers) expect([303, 400]).toContain(answer.status);
    await app.deps.db('throttles').delete();

    for (let attempt = 0; attempt < 11; attempt += 1)
      expect((await signIn(visitor, uid, { identifier, password: 'faux5mot' })).status).toBe(400);
    const locked = await signIn(visitor, uid, { identifier, password: CHOSEN });
    expect([locked.status, locked.text.includes(wrongTitle)]).toEqual([400, true]);
    app.deps.clock.advance(16 * 60_000);
    expect((await signIn(visitor, uid, { identifier, password: CHOSEN })).status).toBe(303);
  });

  test('E03, decision 10: an address that tries too often waits, whatever it types; others do not', async () => {
    await seedActivated(app.deps, { identifier }, CHOSEN);
    const narrow = await startApp(database, {
      provider: () => provider,
      env: { LOGIN_ATTEMPTS_PER_ADDRESS: '3', TRUSTED_PROXIES: '127.0.0.1' },
    });
    const from = (ip: string) => createVisitor(narrow.url, { headers: { 'x-forwarded-for': ip } });
    for (const typed of ['a.un', 'b.deux', 'c.trois'])
      expect((await signIn(from('192.0.2.1'), uid, { identifier: typed, password: 'faux5mot' })).status).toBe(
        400,
      );
    const refused = await signIn(from('192.0.2.1'), uid, { identifier: 'd.quatre', password: 'faux5mot' });
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '300']);
    expect(refused.text).toContain('EC-429-RATE');
    const known = await signIn(from('192.0.2.1'), uid, { identifier, password: CHOSEN });
    expect(comparable(known, identifier)).toEqual(comparable(refused, 'd.quatre'));
    expect(
      (await signIn(from('192.0.2.2'), uid, { identifier: 'd.quatre', password: 'faux5mot' })).status,
    ).toBe(400);
    narrow.deps.clock.advance(301_000);
    expect(
      (await signIn(from('192.0.2.1'), uid, { identifier: 'e.cinq', password: 'faux5mot' })).status,
    ).toBe(400);
    await narrow.close();
  });

  test('a full gate answers 503 on the same page, with Retry-After and what was typed', async () => {
    await seedActivated(app.deps, { identifier }, CHOSEN);
    const busy = await startApp(database, {
      provider: () => provider,
      env: { ARGON2_RUNNING: '1', ARGON2_WAITING: '0', ARGON2_MEMORY_KIB: '65536', ARGON2_PASSES: '4' },
    });
    const page = await createVisitor(busy.url).get(`/interaction/${uid}/connexion?profil=responsable`);
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        createVisitor(busy.url).submit(
          page,
          { identifier: `x.inconnu${index}`, password: 'faux5mot' },
          '/connexion',
        ),
      ),
    );
    const shed = answers.filter((answer) => answer.status === 503);
    expect(shed.length).toBeGreaterThanOrEqual(3);
    expect(shed[0]?.headers['retry-after']).toBe('30');
    expect(shed[0]?.text).toMatch(/value="x\.inconnu\d"/);
    await busy.close();
  });
});

describe('C08: two hundred sign in at once', () => {
  test('those beyond the gate are told to come back at once, and the process stays awake', async () => {
    const rush = await startApp(database, {
      provider: () => provider,
      env: { ARGON2_MEMORY_KIB: '47104', ARGON2_WAITING: '40', TRUSTED_PROXIES: '127.0.0.1' },
    });
    const page = await createVisitor(rush.url).get(`/interaction/${uid}/connexion?profil=responsable`);
    const seen = { running: 0, waiting: 0 };
    const look = setInterval(() => {
      const load = rush.deps.passwords.load();
      seen.running = Math.max(seen.running, load.running);
      seen.waiting = Math.max(seen.waiting, load.waiting);
    }, 10);
    const logins = Array.from({ length: 200 }, (_, index) => {
      const one = createVisitor(rush.url, { headers: { 'x-forwarded-for': `192.0.2.${index + 1}` } });
      return one.submit(page, { identifier: `x.inconnu${index}`, password: 'faux5mot' }, '/connexion');
    });
    expect((await createVisitor(rush.url).send('/healthz')).status).toBe(200);
    const answers = await Promise.all(logins);
    clearInterval(look);
    const shed = answers.filter((answer) => answer.status === 503);
    expect(answers.filter((answer) => answer.status === 400).length + shed.length).toBe(200);
    expect(shed.length).toBeGreaterThan(50);
    for (const answer of shed) expect(answer.headers['retry-after']).toBe('30');
    // More at once would take the thread pool from the database and the mail (security.md 0.4).
    expect(seen.running).toBe(2);
    expect(seen.waiting).toBeLessThanOrEqual(40);
    await rush.close();
  }, 60_000);
});

describe('expiry', () => {
  test('C03, R-068: after three months the right password is explained, the wrong one is only wrong', async () => {
    await seedFamily(app.deps, { identifier, provisional: PROVISIONAL });
    const before = app.deps.clock.now();
    app.deps.clock.advance(90 * 86_400_000 - 1000);
    expect((await signIn(visitor, uid, { identifier, password: PROVISIONAL })).url).toContain(
      '/mot-de-passe',
    );
    app.deps.clock.advance(2000);
    const expired = await signIn(createVisitor(app.url), uid, { identifier, password: PROVISIONAL });
    expect(expired.status).toBe(400);
    expect(expired.text).toContain('valables 3 mois');
    const wrong = await signIn(createVisitor(app.url), uid, { identifier, password: 'GVKJ7PPE24' });
    expect([wrong.status, wrong.text.includes(wrongTitle)]).toEqual([400, true]);
    expect(await found(app.deps, identifier)).toMatchObject({ state: 'notified' });
    app.deps.clock.set(before);
  });
});

describe('who is it', () => {
  test('R-032 to R-034: the profile decides the page; an unknown one leads to the choice', async () => {
    const guardian = await visitor.get(`/interaction/${uid}/connexion?profil=responsable`);
    expect(guardian.text).toContain('identifier avec FranceConnect');
    // While it is closed it takes little room on a phone, and stands first all the same.
    expect(guardian.text).not.toContain('utilisant un compte dont vous disposez');
    expect(guardian.text.indexOf('pas encore ouverte')).toBeLessThan(
      guardian.text.indexOf('name="identifier"'),
    );
    const pupil = await visitor.get(`/interaction/${uid}/connexion?profil=eleve`);
    expect(pupil.text).not.toMatch(/identifier avec FranceConnect|Je crée un compte EduConnect/);
    for (const query of ['', '?profil=', '?profil=constructor', '?profil=eleve&profil=responsable'])
      expect((await visitor.get(`/interaction/${uid}/connexion${query}`)).text).toContain(
        'Je sélectionne mon profil',
      );
  });

  test('login_hint fills in the identifier, as text', async () => {
    const hint = 'p.martin2"><script>';
    provider.interactions.set(uid, { ...anInteraction(uid), loginHint: hint });
    const page = await visitor.get(`/interaction/${uid}/connexion?profil=responsable`);
    expect(page.text).toContain('value="p.martin2&quot;&gt;&lt;script&gt;"');
  });

  test('ways that are not open yet say so', async () => {
    const page = await visitor.get(`/interaction/${uid}/connexion?profil=responsable`);
    expect((await visitor.submit(page, {}, '/franceconnect')).text).toContain('pas encore');
    expect((await visitor.get(`/interaction/${uid}/inscription`)).text).toContain('pas encore');
    // Recovery by mail is open; the way by SMS leads back to it.
    for (const way of ['identifiant-oublie', 'mot-de-passe-oublie']) {
      const recovery = await visitor.get(`/interaction/${uid}/${way}/sms`);
      expect([recovery.status, recovery.text.includes(`${way}/sms`)]).toEqual([200, false]);
    }
  });

  test('somebody is signed in already: « Vous êtes connecté en tant que », go on as he or as somebody else', async () => {
    const account = await seedActivated(app.deps, { identifier }, CHOSEN);
    const ended: string[] = [];
    provider.host.endSession = async () => void ended.push(uid);
    const present = {
      ...anInteraction(uid),
      reasons: ['login_prompt'],
      session: { accountId: account.publicId },
    };
    provider.interactions.set(uid, present);
    const page = await visitor.get(`/interaction/${uid}`);
    expect(page.text).toContain('Vous êtes connecté en tant que Guillaume ZOUMN');
    const again = await visitor.submit(page, { choice: 'continue' });
    expect(again.text).toContain(`value="${identifier}"`);
    expect(ended).toEqual([]);
    await visitor.submit(again, { identifier, password: CHOSEN }, '/connexion');
    expect([ended, provider.finished.length]).toEqual([[], 1]);

    await visitor.submit(page, { choice: 'switch' });
    expect(ended).toEqual([uid]);

    const other = await seedActivated(app.deps, { identifier: `${identifier}99` }, CHOSEN);
    await signIn(visitor, uid, { identifier: other.identifier, password: CHOSEN });
    expect(ended).toEqual([uid, uid]);
    expect(provider.finished.at(-1)?.accountPublicId).toBe(other.publicId);
  });
});
