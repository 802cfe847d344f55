import { type IncomingHttpHeaders, request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ACCOUNT_ROUTES } from '../../src/account/route-table.ts';
import type { Account } from '../../src/accounts/types.ts';
import { issueLink, type LinkPurpose } from '../../src/codes/links.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { freezeByLink } from '../../src/enrolment/freeze.ts';
import { recoverByLink } from '../../src/enrolment/recovered-password.ts';
import { resetPasswords } from '../../src/messages/reset.ts';
import { insertSchool } from '../messages/sample-school.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { found } from '../support/family.ts';
import { type KeepingService, keepSignedIn, startKeepingService } from '../support/keeping-service.ts';
import { seedSchool } from '../support/school-accounts.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { makeSoftKey, type SoftKey } from '../support/soft-key.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

/** What somebody tries who means harm to « Mon compte », or types into its addresses. */
const UAI = '0319980A';

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let identifier: string;
let home: Answer;
let count = 0;
let school: number;

const child = () => `${identifier}c`;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database, { parts: { sms: createTestSms() } });
  school = await insertSchool(database.db, { uai: UAI });
  await database.db('schools').where({ id: school }).update({ degree: 2 });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  identifier = `z.attaque${count}`;
  await seedSchool(world.deps, UAI, {
    guardians: [{ givenName: 'Nora', familyName: 'ABEL', identifier, as: 'activated' }],
    pupils: [
      {
        givenName: 'Zoé',
        familyName: 'ABEL',
        birthDate: '2013-03-09',
        of: [identifier],
        account: { identifier: child(), as: 'activated', email: `${child()}@example.org` },
      },
    ],
  });
  await database
    .db('accounts')
    .whereIn('identifier', [identifier, child()])
    .update({ password_hash: await world.deps.passwords.hash(CHOSEN) });
  await database
    .db('accounts')
    .where({ identifier })
    .update({ email: `${identifier}@example.org`, email_verified_at: new Date() });
  visitor = createVisitor(world.app.url);
  home = await typePassword(visitor, await visitor.get('/'), { identifier });
});

const account = (who = identifier): Promise<Account> => found(world.deps, who);
const csrf = () => readForm(home, '/compte/deconnexion').hidden._csrf ?? '';
const post = (path: string, fields: Record<string, string> = {}): Promise<Answer> =>
  visitor.send(path, postOf(new URLSearchParams({ _csrf: csrf(), ...fields }).toString()));

describe('addresses typed by hand', () => {
  const odd = [
    '%F0%9F%98%80',
    '%C3%A9',
    '%E2%80%AE',
    "'%20OR%201=1",
    'x'.repeat(300),
    '%00',
    '%0d%0aX-A:%20b',
  ];
  const notices = ['constructor', '__proto__', 'toString', '<script>', 'fermee&avis=fermee'];

  test('no page of the table fails, whatever stands in its parts and its query', async () => {
    const faults: string[] = [];
    for (const { method, path } of ACCOUNT_ROUTES) {
      if (method === 'post') continue;
      const shapes = path.includes(':') ? odd.map((part) => path.replace(/:\w+/, part)) : [path];
      for (const shape of shapes)
        for (const query of [
          '',
          ...notices.map((notice) => `?avis=${notice}&page=${notice}&lang=${notice}`),
        ]) {
          const { status } = await visitor.send(shape + query);
          if (status >= 500) faults.push(`${status} ${shape}${query}`);
        }
    }
    expect(faults).toEqual([]);
  });

  test('no form of the table fails, whatever stands in its parts and its fields', async () => {
    const faults: string[] = [];
    const values = ['\u{1F600}', 'é\u202e', "' OR 1=1 -- ", '[object Object]', 'NaN', '-1', 'a'.repeat(9000)];
    const names = [
      'session',
      'version',
      'account',
      'name',
      'answer',
      'email',
      'identifier',
      'password',
      'form',
    ];
    for (const { method, path } of ACCOUNT_ROUTES) {
      if (method === 'get' || path.startsWith('/adresse/') || path.endsWith('/deconnexion')) continue;
      for (const [index, value] of values.entries()) {
        const fields = Object.fromEntries(names.map((name) => [name, value.slice(0, 1500)]));
        const shape = path.replace(/:\w+/, odd[index % odd.length] ?? '');
        const { status } = await post(shape, fields);
        if (status >= 500 && !path.includes('franceconnect/relier'))
          faults.push(`${status} ${shape} ${index}`);
      }
    }
    expect(faults).toEqual([]);
    expect(await visitor.get('/')).toMatchObject({ status: 200 });
  });

  test('a refused form is a page that can be had in another language', async () => {
    const lost: string[] = [];
    for (const { method, path } of ACCOUNT_ROUTES) {
      if (method === 'get' || path.includes(':token') || path.endsWith('/deconnexion')) continue;
      const key = /\/compte\/enfants\/([\w-]{22})\//.exec(home.text)?.[1] ?? '';
      const shape = path.replace(':pupil', key);
      if (shape.includes(':')) continue;
      const answer = await post(shape);
      if (answer.status !== 400 || !answer.text.includes('lang=ar')) continue;
      const again = await visitor.get(`${shape}?lang=fr`);
      if (again.status !== 200) lost.push(`${again.status} ${shape}`);
    }
    expect(lost).toEqual([]);
  });

  test('nothing leads to another site: neither the page to come back to nor the links of languages', async () => {
    for (const path of [
      '//evil.example/',
      '/\\evil.example',
      '//',
      '///evil.example/',
      '/?next=//evil.example',
    ]) {
      const answer = await asTyped(path);
      const to = answer.headers.location ?? '/';
      expect(new URL(to, world.base).origin).toBe(new URL(world.base).origin);
      const state = new URL(to, world.base).searchParams.get('state')?.split('.')[2];
      if (state === undefined) continue;
      const memory = JSON.parse(Buffer.from(state, 'base64url').toString());
      expect(new URL(memory.to, world.base).origin).toBe(new URL(world.base).origin);
    }
    const page = await visitor.get('/compte/historique?page=1&lang=tr&x=//evil.example"><script>');
    for (const [, href = ''] of page.text.matchAll(/<a[^>]*href="([^"]*lang=[^"]*)"/g))
      expect(href.startsWith('?')).toBe(true);
    expect(page.text).not.toContain('<script>"');
  });
});

/** A request of this very path, which a browser would have put right. */
function asTyped(path: string): Promise<{ headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: world.app.port, path, agent: false }, (res) => {
      res.resume();
      resolve(res);
    })
      .on('error', reject)
      .end();
  });
}

describe('markup and marks of direction', () => {
  const NASTY = '"><img src=x onerror=alert(1)>\u202e**gras** {name} [a](b)';

  test('the name of a key is text in each language', async () => {
    const key = makeSoftKey({ origin: world.base });
    await addKey(key, NASTY);
    for (const lang of ['fr', 'en', 'ar', 'tr']) {
      const list = await visitor.get(`/compte/cles?lang=${lang}`);
      const remove = /href="(\/compte\/cles\/[^"]+\/supprimer)"/.exec(list.text)?.[1] ?? '/nowhere';
      for (const page of [list, await visitor.get(remove)]) {
        expect(page.status).toBe(200);
        expect(page.text).not.toContain('<img src=x');
        expect(page.text).not.toContain('<strong class="ec-strong">gras');
      }
    }
  });
});

async function challenge(): Promise<string> {
  return JSON.parse((await post('/compte/cles/options')).text).challenge;
}

async function addKey(key: SoftKey, name = 'Téléphone'): Promise<Answer> {
  return post('/compte/cles/ajouter', { name, answer: key.create(await challenge()) });
}

const keysOf = async (who = identifier): Promise<number> =>
  (await database.db('passkeys').where({ account_id: (await account(who)).id })).length;

describe('the making of a key', () => {
  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['another site', { rpId: 'evil.example' }],
    ['a sign-in in its place', { type: 'webauthn.get' }],
    ['nobody present', { present: false }],
    ['nobody recognised', { verified: false }],
  ])('is refused: %s', async (_what, lies) => {
    const key = makeSoftKey({ origin: world.base });
    const answer = key.create(await challenge(), lies);
    expect((await post('/compte/cles/ajouter', { name: '', answer })).status).toBe(400);
    expect(await keysOf()).toBe(0);
  });

  test('a challenge is good once, in its own session, and not for a sign-in', async () => {
    const key = makeSoftKey({ origin: world.base });
    const once = await challenge();
    const answer = key.create(once);
    expect((await post('/compte/cles/ajouter', { answer })).headers.location).toContain('ajoutee');
    expect((await post('/compte/cles/ajouter', { answer })).status).toBe(400);
    const again = makeSoftKey({ origin: world.base });
    expect((await post('/compte/cles/ajouter', { answer: again.create(once) })).status).toBe(400);
    expect(await keysOf()).toBe(1);
    const { uid, send } = await atLogin();
    const made = await challenge();
    expect((await send({ answer: key.get(made) })).status).toBe(400);
    expect(uid).not.toBe('');
  });

  test('the name of a key that another account has is nobody else’s, and the key stays whose it is', async () => {
    const key = makeSoftKey({ origin: world.base });
    await addKey(key);
    const thief = createVisitor(world.app.url);
    const page = await typePassword(thief, await thief.get('/'), { identifier: child() }, 'eleve');
    const token = readForm(page, '/compte/deconnexion').hidden._csrf ?? '';
    const sendAs = (path: string, fields = {}) =>
      thief.send(path, postOf(new URLSearchParams({ _csrf: token, ...fields }).toString()));
    const theirs = JSON.parse((await sendAs('/compte/cles/options')).text).challenge;
    const copy = makeSoftKey({ origin: world.base });
    const answer = copy.create(theirs, { credentialId: key.credentialId });
    expect((await sendAs('/compte/cles/ajouter', { answer })).status).toBe(400);
    expect(await keysOf(child())).toBe(0);
    expect(await keysOf()).toBe(1);
  });
});

/** A stranger at the login page, who sends what a key says. */
async function atLogin(profile = 'responsable') {
  const stranger = createVisitor(world.app.url);
  const start = pathOf(await stranger.get('/'));
  const page = await stranger.get(`${start}/connexion?profil=${profile}`);
  const { _csrf = '' } = readForm(page, '/connexion').hidden;
  const sendTo = (path: string, fields = {}) =>
    stranger.send(path, postOf(new URLSearchParams({ _csrf, ...fields }).toString()));
  const options = async () => JSON.parse((await sendTo(`${start}/cle/options`)).text).challenge as string;
  const send = (fields: { answer: string }) => sendTo(`${start}/cle?profil=${profile}`, fields);
  return { stranger, uid: start, options, send };
}

describe('a sign-in with a key', () => {
  let key: SoftKey;
  beforeEach(async () => {
    key = makeSoftKey({ origin: world.base });
    await addKey(key);
  });

  test('lets its holder in, once an answer, in the sign-in that asked for it', async () => {
    const [here, there] = [await atLogin(), await atLogin()];
    const asked = await here.options();
    expect((await there.send({ answer: key.get(asked) })).status).toBe(400);
    const answer = key.get(await here.options());
    expect((await here.send({ answer })).status).toBe(303);
    expect((await there.send({ answer })).status).toBe(400);
    expect((await here.send({ answer })).status).toBeGreaterThanOrEqual(400);
  });

  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['our origin by another scheme', { origin: 'https://localhost' }],
    ['another site', { rpId: 'evil.example' }],
    ['a making in its place', { type: 'webauthn.create' }],
    ['nobody present', { present: false }],
    ['nobody recognised', { verified: false }],
    ['the handle of another account', { userHandle: 'somebody-else' }],
  ])('is refused: %s', async (_what, lies) => {
    const { options, send } = await atLogin();
    const answer = await send({ answer: key.get(await options(), lies) });
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('EC-5');
  });

  test('an unknown key, and a known one with a signature of another: one and the same answer', async () => {
    const { options, send } = await atLogin();
    const unknown = makeSoftKey({ origin: world.base });
    const first = await send({ answer: unknown.get(await options()) });
    const second = await send({ answer: unknown.get(await options(), { credentialId: key.credentialId }) });
    expect([first.status, second.status]).toEqual([400, 400]);
    expect(second.text.replace(/\s+/g, ' ')).toBe(first.text.replace(/\s+/g, ' '));
    const lines = await database
      .db('audit_events')
      .where({ account_id: (await account()).id, outcome: 'refused' });
    expect(lines).toEqual([]);
  });

  test('a counter that goes back shuts the key, and another account is never reached by it', async () => {
    const counts = makeSoftKey({ origin: world.base });
    const answer = counts.create(await challenge(), { counter: 7 });
    await post('/compte/cles/ajouter', { answer });
    const { options, send } = await atLogin();
    expect((await send({ answer: counts.get(await options(), { counter: 7 }) })).status).toBe(400);
    expect((await send({ answer: counts.get(await options(), { counter: 8 }) })).status).toBe(400);
    expect((await send({ answer: key.get(await options()) })).status).toBe(303);
  });

  test('a guardian’s key under « Élève » is told the profile, and opens nothing', async () => {
    const { stranger, options, send } = await atLogin('eleve');
    expect((await send({ answer: key.get(await options()) })).status).toBe(400);
    expect((await stranger.get('/')).text).not.toContain('Mes informations');
  });

  test('removed, frozen or reset meanwhile, it opens nothing', async () => {
    for (const change of [{ frozen_at: new Date() }, { state: 'activating' }, { closed_at: new Date() }]) {
      const before = await database.db('accounts').where({ identifier }).first();
      await database.db('accounts').where({ identifier }).update(change);
      const { options, send } = await atLogin();
      expect((await send({ answer: key.get(await options()) })).status).toBe(400);
      await database.db('accounts').where({ identifier }).update(before);
    }
    const list = await visitor.get('/compte/cles');
    const remove = /href="(\/compte\/cles\/[^"]+\/supprimer)"/.exec(list.text)?.[1] ?? '/nowhere';
    expect((await post(remove)).headers.location).toContain('supprimee');
    const { options, send } = await atLogin();
    expect((await send({ answer: key.get(await options()) })).status).toBe(400);
  });
});

describe('what a child learns of his parents', () => {
  test('neither in the history nor in his data: where the parent was who renewed his password', async () => {
    const far = createVisitor(world.app.url);
    const own = await typePassword(far, await far.get('/'), { identifier });
    const page = await far.get(
      /\/compte\/enfants\/[\w-]{22}\/mot-de-passe/.exec(own.text)?.[0] ?? '/nowhere',
    );
    await far.submit(page, {});
    await database
      .db('audit_events')
      .where({ event: 'password-by-guardian' })
      .update({ ip: '198.51.100.77' });
    await database
      .db('accounts')
      .where({ identifier: child() })
      .update({
        password_kind: 'personal',
        password_hash: await world.deps.passwords.hash(CHOSEN),
        provisional_sealed: null,
        provisional_created_at: null,
      });
    const pupil = createVisitor(world.app.url);
    await typePassword(pupil, await pupil.get('/'), { identifier: child() }, 'eleve');
    const form = readForm(await pupil.get('/compte/donnees'), '/compte/donnees');
    for (const format of ['json', 'html']) {
      const body = new URLSearchParams({ ...form.hidden, format }).toString();
      const file = await pupil.send('/compte/donnees', postOf(body));
      expect(file.text).toContain(format === 'json' ? 'password-by-guardian' : 'parent');
      expect(file.text).not.toContain('198.51');
    }
    expect((await pupil.get('/compte/historique')).text).not.toContain('198.51');
  });
});

describe('what ends the sessions of somebody', () => {
  let app: KeepingService;
  beforeAll(async () => {
    app = await startKeepingService(world.deps);
  });
  afterAll(() => app.close());

  /** How many services are told, or are to be. */
  const told = async (who = identifier) =>
    (await database.db('logout_notices').where({ account_id: (await account(who)).publicId })).length +
    app.told.length;

  async function linkOf(purpose: LinkPurpose, who = identifier): Promise<string> {
    const { id, email, credentialsVersion } = await account(who);
    const link = { purpose, accountId: id, email: email ?? '', credentialsVersion };
    return (await inTransaction(database.db, (trx) => issueLink(world.deps, trx, link))).token;
  }

  test.each<[string, () => Promise<unknown>, (() => string)?]>([
    [
      'a password recovered by mail',
      async () =>
        recoverByLink(world.deps, await linkOf('recover'), {
          password: 'tabouret5bleu',
          confirmation: 'tabouret5bleu',
          ip: '192.0.2.7',
        }),
    ],
    [
      '« Ce n’est pas moi »',
      async () => freezeByLink(world.deps, await linkOf('not-me'), { ip: '192.0.2.7' }),
    ],
    [
      'a reset by the school',
      async () =>
        resetPasswords(world.deps, {
          schoolId: school,
          accountIds: [(await account()).id],
          formKey: null,
          actor: { actorKind: 'school', actor: 'staff:test' },
        }),
    ],
    [
      'a child’s password renewed by his parent',
      async () => {
        const page = /\/compte\/enfants\/[\w-]{22}\/mot-de-passe/.exec(home.text)?.[0] ?? '/nowhere';
        return visitor.submit(await visitor.get(page), {});
      },
      child,
    ],
  ])('tells the services of them: %s', async (_what, end, whose = () => identifier) => {
    const person = createVisitor(world.app.url);
    const profile = whose() === identifier ? 'responsable' : 'eleve';
    await typePassword(person, await person.get('/'), { identifier: whose() }, profile);
    await keepSignedIn(world, person, app);
    app.told.length = 0;
    await end();
    expect(await told(whose())).toBeGreaterThan(0);
    expect((await person.get('/')).text).not.toContain('Mes informations');
  });
});

describe('each form of the table (F02)', () => {
  const forms = ACCOUNT_ROUTES.filter(({ method }) => method === 'post').map(({ path }) =>
    path.replace(/:\w+/, 'x'.repeat(22)),
  );

  test.each(forms)(
    '%s is refused without its token, with another session’s, from elsewhere',
    async (path) => {
      const other = createVisitor(world.app.url);
      const page = await typePassword(other, await other.get('/'), { identifier: child() }, 'eleve');
      const theirs = readForm(page, '/compte/deconnexion').hidden._csrf ?? '';
      const before = await database.db('audit_events').count({ n: '*' }).first();
      const send = (token: string, headers = {}) => {
        const sent = postOf(new URLSearchParams({ _csrf: token }).toString());
        return visitor.send(path, { ...sent, headers: { ...sent.headers, ...headers } });
      };
      const answers = [
        await send(''),
        await send(theirs),
        await send(csrf(), { origin: 'https://evil.example' }),
        await send(csrf(), { 'sec-fetch-site': 'cross-site' }),
        await send(csrf(), { 'content-type': 'text/plain' }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
      expect(await database.db('audit_events').count({ n: '*' }).first()).toEqual(before);
    },
  );
});
