import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { regroup } from '../../src/accounts/regroup.ts';
import { lockAccounts, updateAccount, updateProvisionals } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { askForcedChange, type ForcedCriteria, markNext } from '../../src/credentials/forced-change.ts';
import { nothing, readForcedProgress } from '../../src/credentials/forced-progress.ts';
import { sealProvisional } from '../../src/credentials/provisional.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { carryOut } from '../../src/messages/carry-out.ts';
import { planReset } from '../../src/messages/plan.ts';
import { sendDue } from '../../src/messages/send.ts';
import { seedActivated } from '../support/activated.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { found } from '../support/family.ts';
import { CHOSEN, PROVISIONAL } from '../support/sign-in.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import {
  authorizePath,
  codeOf,
  exchange,
  startService,
  startWorld,
  type TestService,
  type TestWorld,
} from '../support/world.ts';

/** What becomes of somebody whose password must be changed (security.md 1.1), seen from his browser and his services. */

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let identifier: string;
let account: Account;
let count = 0;
/** A service that is given refresh tokens. */
let offline: TestService;
const NEW = 'lampe6rouge';

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database, { parts: { sms: createTestSms() } });
  offline = await startService(world.deps, 'ent', 'openid offline_access');
});
afterAll(async () => {
  await offline?.close();
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  identifier = `f.change${count}`;
  account = await seedActivated(world.deps, { identifier }, CHOSEN);
  visitor = createVisitor(world.app.url);
});

const EVERYBODY: ForcedCriteria = {
  schools: null,
  academy: null,
  kind: null,
  classIds: [],
  states: ['activated'],
  changedBefore: null,
};

/** @returns the forced change, all marked */
async function mark(criteria: Partial<ForcedCriteria> = {}) {
  const { deps } = world;
  const change = await askForcedChange(deps, {
    criteria: { ...EVERYBODY, ...criteria },
    schoolId: null,
    reason: 'a leak',
    notify: false,
    expected: 1,
    formKey: null,
    actor: { actorKind: 'operator' },
  });
  for (let last = false; !last; )
    ({ last } = (await markNext(deps, deps.jobsDb, change.publicId)) ?? { last: true });
  return change;
}
const progressOf = async (change: { id: number }) =>
  (await readForcedProgress(world.deps.db, [change])).get(change.id) ?? nothing();

const startOf = (page: Answer) => /^\/interaction\/[^/]+/.exec(new URL(page.url).pathname)?.[0] ?? 'nowhere';

async function signIn(password = CHOSEN, who = visitor, params = {}, service = world.ent): Promise<Answer> {
  const page = await who.get(authorizePath(service, params));
  const form = await who.get(`${startOf(page)}/connexion?profil=responsable`);
  return who.submit(form, { identifier, password }, '/connexion');
}
const choose = (page: Answer, password = NEW, who = visitor) =>
  who.submit(page, { new_password: password, confirmation: password });

describe('at the next login', () => {
  test('the right password leads to the choice of another one, then on to the service; the old one is dead', async () => {
    const change = await mark();
    const page = await signIn();
    expect(page.text).toContain('il vous est demandé de changer votre mot de passe');
    expect(codeOf(page)).toBeNull();
    const onward = await choose(page);
    const claims = await exchange(world, world.ent, codeOf(onward) ?? '');
    expect(claims.status).toBe(200);
    expect(await found(world.deps, identifier)).toMatchObject({
      mustChangeSince: null,
      passwordKind: 'personal',
    });
    expect((await signIn(CHOSEN, createVisitor(world.app.url))).status).toBe(400);
    expect(codeOf(await signIn(NEW, createVisitor(world.app.url)))).not.toBeNull();
    const progress = await progressOf(change);
    expect(progress.ended.changed).toBe(1);
    expect(progress.days.map(({ changed }) => changed)).toEqual([1]);
  });

  test('its holder is told that it was changed, with a way to say that it was not he', async () => {
    await mark();
    await choose(await signIn());
    const { email } = await found(world.deps, identifier);
    await sendDue(world.deps, { limit: 100 });
    const mails = world.deps.mailer.sent.filter(({ to }) => to === email);
    expect(mails.map(({ text }) => /mot de passe/.test(text) && /\/ce-n-est-pas-moi\//.test(text))).toEqual([
      true,
    ]);
  });

  test('the old password again, a common one, two that differ: refused, and no code wherever the browser turns', async () => {
    await mark();
    const page = await signIn();
    for (const [password, sentence] of [
      [CHOSEN, "Choisissez un mot de passe différent de l'ancien"],
      ['azerty123', 'Ce mot de passe est trop courant'],
    ] as const) {
      const refused = await choose(page, password);
      expect([refused.status, refused.text.includes(sentence.replace("'", '&#39;'))]).toEqual([400, true]);
    }
    const differ = await visitor.submit(page, { new_password: NEW, confirmation: 'autre5chose' });
    expect(differ.status).toBe(400);
    const uid = startOf(page).split('/').at(-1);
    for (const path of [
      `/oidc/auth/${uid}`,
      authorizePath(world.ent),
      authorizePath(world.lsu, { prompt: 'none' }),
      `${startOf(page)}/continuer`,
    ])
      expect([path, codeOf(await visitor.get(path))]).toEqual([path, null]);
    expect(await database.db('oidc_sessions').where({ account_id: account.publicId })).toEqual([]);
  });

  test('a wrong password is told nothing of it', async () => {
    await mark();
    const [refused, unknown] = [await signIn('fausse7porte'), await signIn('fausse7porte')];
    expect(refused.status).toBe(400);
    expect(refused.text).not.toContain('changer votre mot de passe');
    expect(unknown.status).toBe(400);
  });

  test('prompt=login and a service in another tab end at the same page', async () => {
    await mark();
    const page = await signIn(CHOSEN, visitor, { prompt: 'login' });
    expect(new URL(page.url).pathname).toMatch(/mot-de-passe$/);
    const tab = createVisitor(world.app.url);
    const other = await signIn(CHOSEN, tab);
    expect(new URL(other.url).pathname).toMatch(/mot-de-passe$/);
    expect(codeOf(await choose(page))).not.toBeNull();
    // What was proved in the other tab was the old password.
    expect(codeOf(await choose(other, 'autre5chose', tab))).toBeNull();
    expect(codeOf(await signIn(NEW, createVisitor(world.app.url)))).not.toBeNull();
  });
});

describe('what was opened before', () => {
  test('sessions, refresh tokens, links and the code of a moment ago die; services are told once', async () => {
    await database.db('logout_notices').delete();
    const opened = await signIn(CHOSEN, visitor, { scope: 'openid offline_access' }, offline);
    const tokens = (await (await exchange(world, offline, codeOf(opened) ?? '')).json()) as Record<
      string,
      string
    >;
    const again = await visitor.get(authorizePath(offline, { prompt: 'none', scope: 'openid' }));
    expect(codeOf(again)).not.toBeNull();
    const ask = await createVisitorAt('mot-de-passe-oublie');
    await mark();
    expect((await exchange(world, offline, codeOf(again) ?? '')).status).toBe(400);
    const silent = await visitor.get(authorizePath(world.ent, { prompt: 'none' }));
    expect(silent.headers.location).toContain('login_required');
    expect((await refresh(tokens.refresh_token ?? '')).status).toBe(400);
    expect((await createVisitor(world.app.url).get(ask)).status).toBe(400);
    const notices = await database.db('logout_notices').where({ account_id: account.publicId });
    expect(notices.map(({ client_id }) => client_id)).toEqual([offline.clientId]);
  });

  test('a reset by the school: the services of his sessions are told too', async () => {
    await database.db('logout_notices').delete();
    expect(codeOf(await signIn(CHOSEN, visitor, { scope: 'openid' }, offline))).not.toBeNull();
    await inTransaction(database.db, async (trx) => {
      const before = await lockAccounts(trx, [account.id]);
      const now = world.deps.clock.now();
      const plans = before.map((one) => planReset(world.deps, one, { now, linked: false }));
      const how = { now, actor: { actorKind: 'school' } as const, schoolId: 1, distributes: false };
      await carryOut(trx, plans, how);
    });
    const notices = await database.db('logout_notices').where({ account_id: account.publicId });
    expect(notices.map(({ client_id }) => client_id)).toEqual([offline.clientId]);
  });

  test('a mark that comes between the right password and the code: no code, and the next login must change', async () => {
    const page = await visitor.get(authorizePath(world.ent));
    const form = await visitor.get(`${startOf(page)}/connexion?profil=responsable`);
    // The login waits for the account's row, which is being marked.
    const { login } = await inTransaction(database.db, async (trx) => {
      await lockAccounts(trx, [account.id]);
      const login = visitor.submit(form, { identifier, password: CHOSEN }, '/connexion');
      await trx('accounts')
        .where({ id: account.id })
        .update({ must_change_since: new Date(), credentials_version: account.credentialsVersion + 1 });
      return { login };
    });
    expect(codeOf(await login)).toBeNull();
    expect(new URL((await signIn()).url).pathname).toMatch(/mot-de-passe$/);
  });

  test('marked amid the choice of a password after a reset or another mark: he signs in again', async () => {
    await mark();
    const page = await signIn();
    await updateAccount(database.db, account.id, { passwordKind: 'personal' }, new Date());
    await mark();
    expect(codeOf(await choose(page))).toBeNull();
    expect(codeOf(await choose(await signIn()))).not.toBeNull();
  });
});

describe('at once', () => {
  test('20 choices in parallel: one password, the one of whoever got through', async () => {
    await mark();
    const page = await signIn();
    const words = Array.from({ length: 20 }, (_, index) => `tiroir${index}bleu`);
    const answers = await Promise.all(words.map((word) => choose(page, word)));
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    const after = await found(world.deps, identifier);
    const right = await Promise.all(
      words.map((word) => world.deps.passwords.verify(after.passwordHash ?? '', word)),
    );
    expect(right.filter(Boolean)).toHaveLength(1);
    expect(after.mustChangeSince).toBeNull();
  });

  test('20 logins while all are being marked: each gets in before, or must change', async () => {
    const visitors = Array.from({ length: 20 }, () => createVisitor(world.app.url));
    const forms = await Promise.all(
      visitors.map(async (who) => {
        const page = await who.get(authorizePath(world.ent));
        return who.get(`${startOf(page)}/connexion?profil=responsable`);
      }),
    );
    const [answers] = await Promise.all([
      Promise.all(
        forms.map((form, index) =>
          visitors[index]?.submit(form, { identifier, password: CHOSEN }, '/connexion'),
        ),
      ),
      mark(),
    ]);
    expect(answers.filter((answer) => (answer?.status ?? 500) >= 500 && answer?.status !== 503)).toEqual([]);
    // Codes that were given before are of no use now.
    for (const answer of answers) {
      const code = answer ? codeOf(answer) : null;
      if (code !== null) expect((await exchange(world, world.ent, code)).status).toBe(400);
    }
    // So many tries at once make the next one wait, at the most a quarter of an hour.
    world.advance(16 * 60_000);
    expect(new URL((await signIn()).url).pathname).toMatch(/mot-de-passe$/);
  });
});

describe('the mark ends', () => {
  test('with a reset by the school, whose password leads to the choice as after any reset', async () => {
    const change = await mark();
    const sealed = sealProvisional(world.deps, account.publicId, PROVISIONAL);
    const now = world.deps.clock.now();
    await updateProvisionals(world.deps.db, [{ id: account.id, sealed }], { state: 'activated' }, now);
    expect((await progressOf(change)).ended.reset).toBe(1);
    expect((await signIn(CHOSEN)).status).toBe(400);
    const page = await signIn(PROVISIONAL);
    expect(page.text).toContain('Votre mot de passe a été réinitialisé.');
    expect(codeOf(await choose(page))).not.toBeNull();
  });

  test('of an account that is regrouped into another; that of the one that stays is kept', async () => {
    const other = await seedActivated(world.deps, { identifier: `${identifier}.b` }, CHOSEN);
    const change = await mark();
    await inTransaction(database.db, async (trx) => {
      const [survivor, gone] = await lockAccounts(trx, [account.id, other.id]);
      if (!survivor || !gone) throw new Error('they are there');
      const by = { now: world.deps.clock.now(), actor: { actorKind: 'person' } as const };
      await regroup(trx, { survivor, others: [gone] }, by);
    });
    const marks = await database
      .db('forced_marks')
      .where({ change_id: change.id })
      .whereIn('account_id', [account.id, other.id])
      .orderBy('account_id');
    expect(marks.map(({ how }) => how)).toEqual([null, 'removed']);
    expect(new URL((await signIn()).url).pathname).toMatch(/mot-de-passe$/);
  });

  test('with a recovery by mail, which takes another password than the old one', async () => {
    const change = await mark();
    const link = await createVisitorAt('mot-de-passe-oublie');
    const who = createVisitor(world.app.url);
    const refused = await choose(await who.get(link), CHOSEN, who);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('différent de l&#39;ancien');
    expect((await choose(await who.get(link), NEW, who)).status).toBe(200);
    expect((await found(world.deps, identifier)).mustChangeSince).toBeNull();
    expect((await progressOf(change)).ended.changed).toBe(1);
    expect(codeOf(await signIn(NEW))).not.toBeNull();
  });
});

/** Asks for the link of « Mot de passe oublié » with the verified address. @returns where it leads */
async function createVisitorAt(page: string): Promise<string> {
  const who = createVisitor(world.app.url);
  const start = startOf(await who.get(authorizePath(world.ent)));
  await who.submit(await who.get(`${start}/${page}`), { identifier }, page);
  await sendDue(world.deps, { limit: 100 });
  const mail = world.deps.mailer.sent.filter(({ to }) => to === account.email).at(-1);
  return new URL(/https?:\S+\/mot-de-passe\/[\w-]+/.exec(mail?.text ?? '')?.[0] ?? '').pathname;
}

async function refresh(token: string): Promise<Response> {
  const credentials = Buffer.from(`${offline.clientId}:${offline.clientSecret}`).toString('base64');
  return fetch(`${world.app.url}/oidc/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }),
  });
}
