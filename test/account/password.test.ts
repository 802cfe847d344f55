import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { updateAccount } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { issueLink } from '../../src/codes/links.ts';
import { resetPasswords } from '../../src/messages/reset.ts';
import { sendDue } from '../../src/messages/send.ts';
import { seedActivated } from '../support/activated.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found } from '../support/family.ts';
import {
  isRefreshed,
  isSignedIn,
  type KeepingService,
  keepSignedIn,
  startKeepingService,
} from '../support/keeping-service.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

const PAGE = '/compte/mot-de-passe';
const NEW = 'tabouret7rouge';
const MINUTE_MS = 60_000;

let database: TestDatabase;
let world: TestWorld;
let app: KeepingService;
let visitor: Visitor;
let identifier: string;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database);
  app = await startKeepingService(world.deps);
});
afterAll(async () => {
  await app?.close();
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  count += 1;
  identifier = `m.passe${count}`;
  visitor = createVisitor(world.app.url);
});

const account = (): Promise<Account> => found(world.deps, identifier);
const isHome = (answer: Answer) => pathOf(answer) === '/' && answer.text.includes('Mes informations');
const chosen = (password = NEW) => ({ new_password: password, confirmation: password });
const isDone = (answer: Answer) => pathOf(answer) === `${PAGE}/fait` && answer.text.includes('est changé');

async function signIn(who: Visitor, password = CHOSEN, profile: 'responsable' | 'eleve' = 'responsable') {
  return typePassword(who, await who.get('/'), { identifier, password }, profile);
}

/** Signed in, at the form. */
async function atForm(): Promise<Answer> {
  await seedActivated(world.deps, { identifier }, CHOSEN);
  expect(isHome(await signIn(visitor))).toBe(true);
  return visitor.get(PAGE);
}

async function mails(to: string) {
  await sendDue(world.deps, { limit: 100 });
  return world.deps.mailer.sent.filter((mail) => mail.to === to);
}

const events = async () =>
  world.deps
    .db('audit_events')
    .where({ account_id: (await account()).id })
    .orderBy('id')
    .pluck('event');

describe('« Changer mon mot de passe » (R-008, C06)', () => {
  test('the new one counts at once, this session goes on, all else of the account is dead, and told', async () => {
    const form = await atForm();
    const elsewhere = createVisitor(world.app.url);
    await signIn(elsewhere);
    const here = await keepSignedIn(world, visitor, app);
    const there = await keepSignedIn(world, elsewhere, app);
    const before = await account();
    const link = { purpose: 'recover', accountId: before.id, email: before.email ?? '' } as const;
    const { token } = await world.deps.db.transaction((trx) => issueLink(world.deps, trx, link));

    expect(isDone(await visitor.submit(form, chosen()))).toBe(true);
    expect(isHome(await visitor.get('/'))).toBe(true);
    expect(await isSignedIn(visitor, app)).toBe(true);
    expect(isHome(await elsewhere.get('/'))).toBe(false);
    expect(await isSignedIn(elsewhere, app)).toBe(false);
    expect(await isRefreshed(world, app, here.refreshToken)).toBe(false);
    expect(await isRefreshed(world, app, there.refreshToken)).toBe(false);
    expect(app.told).toEqual([there.sid]);
    expect((await visitor.get(`/mot-de-passe/${token}`)).status).toBe(400);
    expect(isHome(await signIn(elsewhere, CHOSEN))).toBe(false);
    expect(isHome(await signIn(createVisitor(world.app.url), NEW))).toBe(true);
    expect(await events()).toEqual(expect.arrayContaining(['login', 'change-password']));

    const [mail] = await mails(`${identifier}@example.org`);
    expect(mail?.subject).toBe('EduConnect - Votre mot de passe a été changé');
    expect(mail?.text).toContain(identifier);
    for (const secret of [NEW, CHOSEN]) expect(mail?.text).not.toContain(secret);
    const [notMe = ''] = /\/ce-n-est-pas-moi\/[\w-]+/.exec(mail?.text ?? '') ?? [];
    const frozen = await visitor.submit(await visitor.get(notMe), {});
    expect(frozen.status).toBe(200);
    expect(isHome(await visitor.get('/'))).toBe(false);
  });

  test.each([
    ['court1', 'compter 8'],
    ['sanschiffre', 'au moins un chiffre'],
    ['azerty123', 'trop courant'],
    ['lucie09032017', 'ni votre identifiant'],
  ])('refuses %s by the rules of the first connection, and changes nothing', async (typed, words) => {
    const before = await atForm().then(async (form) => [form, await account()] as const);
    const refused = await visitor.submit(before[0], chosen(typed));
    expect([refused.status, refused.text.includes(words)]).toEqual([400, true]);
    expect(refused.text).not.toContain(typed);
    const unlike = await visitor.submit(refused, { new_password: NEW, confirmation: `${NEW}x` });
    expect(unlike.text).toContain('ne sont pas identiques');
    const empty = await visitor.submit(unlike, { new_password: '', confirmation: '' });
    expect([empty.status, empty.text.includes('Saisissez votre nouveau mot de passe')]).toEqual([400, true]);
    expect(await account()).toEqual(before[1]);
    expect(isDone(await visitor.submit(empty, chosen()))).toBe(true);
  });

  test('by somebody who has only known FranceConnect it is the first one', async () => {
    await atForm();
    const { id } = await account();
    const none = { passwordKind: 'none', passwordHash: null } as const;
    await updateAccount(world.deps.db, id, none, world.deps.clock.now());
    const form = await visitor.get(PAGE);
    expect(form.text).toContain('Choisir un mot de passe');
    expect(isDone(await visitor.submit(form, chosen()))).toBe(true);
    expect(isHome(await signIn(createVisitor(world.app.url), NEW))).toBe(true);
  });

  test("a provisional password of the school's dies with it", async () => {
    await atForm();
    const { id, publicId } = await account();
    const sealed = world.deps.sealer.seal('GVKJ7PPE23', `provisional:${publicId}`);
    const now = world.deps.clock.now();
    const provisional = {
      passwordKind: 'provisional',
      passwordHash: null,
      provisionalSealed: sealed,
      provisionalCreatedAt: now,
    } as const;
    await updateAccount(world.deps.db, id, provisional, now);
    expect(isDone(await visitor.submit(await visitor.get(PAGE), chosen()))).toBe(true);
    expect(await account()).toMatchObject({ passwordKind: 'personal', provisionalSealed: null });
  });

  test('by a pupil too; he has no address, and nobody is written to', async () => {
    await atForm();
    const { id } = await account();
    const pupil = { kind: 'pupil', email: null, email_verified_at: null };
    await world.deps.db('accounts').where({ id }).update(pupil);
    const form = await visitor.get(PAGE);
    const waiting = await world.deps.db('outbox_messages').count({ n: '*' }).first();
    expect(isDone(await visitor.submit(form, chosen()))).toBe(true);
    expect(await world.deps.db('outbox_messages').count({ n: '*' }).first()).toEqual(waiting);
    expect(isHome(await signIn(createVisitor(world.app.url), NEW, 'eleve'))).toBe(true);
  });
});

test('the notice is in French, and once more in the language that its holder has chosen', async () => {
  const form = await atForm();
  await world.deps.db('accounts').where({ identifier }).update({ language: 'ar' });
  await visitor.submit(form, chosen());
  const [mail] = await mails(`${identifier}@example.org`);
  expect(mail?.subject).toContain('Votre mot de passe a été changé');
  expect(mail?.html).toContain('<div lang="ar" dir="rtl"');
  expect(mail?.text).toMatch(/Bonjour[\s\S]*لست أنا/);
});

describe('whatever happens at once', () => {
  test('the same form twenty times: done once, and all are told that it is done', async () => {
    const form = await atForm();
    const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.submit(form, chosen())));
    // More than the gate lets through wait or are told to come again.
    const served = answers.filter(({ status }) => status !== 503);
    expect(served.length).toBeGreaterThan(0);
    expect(served.every(isDone)).toBe(true);
    expect((await events()).filter((event) => event === 'change-password')).toHaveLength(1);
    expect(await mails(`${identifier}@example.org`)).toHaveLength(1);
    expect(isDone(await visitor.submit(form, chosen()))).toBe(true);
  });

  test('two tabs with two passwords: one wins, the other is told, one password is valid', async () => {
    const form = await atForm();
    const answers = await Promise.all([
      visitor.submit(form, chosen('premier8choix')),
      visitor.submit(form, chosen('second9choix')),
    ]);
    expect(answers.filter(isDone)).toHaveLength(1);
    const lost = answers.find((answer) => !isDone(answer));
    expect([lost?.status, lost?.text.includes('a été changé entre-temps')]).toEqual([400, true]);
    const signed = [];
    for (const password of [CHOSEN, 'premier8choix', 'second9choix'])
      signed.push(isHome(await signIn(createVisitor(world.app.url), password)));
    expect(signed.filter((ok) => ok)).toHaveLength(1);
    // The form of the refusal is a new one.
    if (lost) expect(isDone(await visitor.submit(lost, chosen('enfin3bon')))).toBe(true);
  });

  test('the proof runs out between the form and its sending: nothing is done until it is given again', async () => {
    const form = await atForm();
    world.advance(11 * MINUTE_MS);
    const asked = await visitor.submit(form, chosen());
    expect(asked.text).toContain('Confirmez que c&#39;est bien vous');
    expect(asked.text).not.toContain(NEW);
    expect(await events()).not.toContain('change-password');
    const back = await visitor.submit(asked, { identifier, password: CHOSEN }, '/connexion');
    expect([pathOf(back), back.text.includes('Rien n&#39;a encore été fait')]).toEqual([PAGE, true]);
    expect(isDone(await visitor.submit(back, chosen()))).toBe(true);
  });

  test("the school's reset while the form is open: the session is over, the password is the school's", async () => {
    const form = await atForm();
    const { id } = await account();
    const row = await world.deps
      .db('guardian_references as g')
      .join('legal_links as l', 'l.guardian_reference_id', 'g.id')
      .join('pupils as p', 'p.id', 'l.pupil_id')
      .where('g.account_id', id)
      .first('p.school_id');
    const reset = await resetPasswords(world.deps, {
      schoolId: row.school_id,
      accountIds: [id],
      formKey: null,
      actor: { actorKind: 'school', actor: 'staff:1' },
    });
    expect(reset.ok).toBe(true);
    const answer = await visitor.submit(form, chosen());
    expect(isDone(answer)).toBe(false);
    expect(await account()).toMatchObject({ passwordKind: 'provisional', passwordHash: null });
  });

  test('a form of another person, whose session this browser had before, changes nobody', async () => {
    const form = await atForm();
    await visitor.submit(await visitor.get('/'), {}, '/compte/deconnexion');
    const first = identifier;
    identifier = `${identifier}b`;
    await seedActivated(world.deps, { identifier }, CHOSEN);
    await signIn(visitor);
    expect((await visitor.submit(form, chosen())).status).toBe(403);
    for (const name of [first, identifier])
      expect((await found(world.deps, name)).passwordChangedAt).toBeNull();
  });
});
