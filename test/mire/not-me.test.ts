import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { updateProvisionals } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { createPasswordHasher, type PasswordHasher } from '../../src/credentials/hasher.ts';
import { sealProvisional } from '../../src/credentials/provisional.ts';
import { type LinkEvent, queueLinkNotices } from '../../src/enrolment/link-notices.ts';
import { contentContext } from '../../src/messages/outbox.ts';
import { OLD_PASSWORD, seedActive } from '../support/active-guardian.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms, testConfig } from '../support/deps.ts';
import { accountNow } from '../support/guardians.ts';
import { PROVISIONAL, signIn } from '../support/sign-in.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, startWorld, type TestWorld } from '../support/world.ts';

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let count = 300;
let mobile: string;
const HOUR = 3_600_000;
/** What happens while a password is looked at. */
let meanwhile: () => Promise<unknown> = async () => {};

beforeAll(async () => {
  database = await createTestDatabase();
  const hasher = createPasswordHasher(testConfig(database.url));
  const passwords: PasswordHasher = {
    ...hasher,
    async verify(...given) {
      const right = await hasher.verify(...given);
      await meanwhile();
      return right;
    },
  };
  world = await startWorld(database, { parts: { sms: createTestSms(), passwords } });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  mobile = `+336399803${String(count).slice(-2)}`;
  visitor = createVisitor(world.app.url);
  for (const table of ['throttles', 'outbox_messages']) await database.db(table).delete();
});

/** « Activé », linked to FranceConnect. */
async function seedLinked(changes: Partial<Account> = {}): Promise<Account> {
  const { deps } = world;
  const account = await seedActive(deps, { mobile, email: `ecole${count}@example.org` }, changes);
  const link = {
    issuer: 'https://fc.example.test',
    sub: `sub-${account.id}`,
    linked_at: deps.clock.now(),
  };
  await deps.db('account_franceconnect').insert({ account_id: account.id, ...link });
  return account;
}

type Notice = { channel: string; to: string; text: string; path: string };

/** The notices that the account's holder gets. */
async function notify(account: Account, what: LinkEvent, merged: Account[] = []): Promise<Notice[]> {
  const { deps } = world;
  await database.db('outbox_messages').delete();
  await deps.db.transaction((trx) => queueLinkNotices(trx, deps, { account, what, merged }));
  const rows = await database.db('outbox_messages').orderBy('id');
  return rows.map(({ channel, recipient, content_sealed, unique_key }) => {
    const { text } = JSON.parse(deps.sealer.open(content_sealed, contentContext(unique_key)));
    const link = /https?:\S+\/ce-n-est-pas-moi\/[\w-]+/.exec(text)?.[0] ?? 'http://none/';
    return { channel, to: recipient, text, path: new URL(link).pathname };
  });
}

async function press(path: string, who = visitor): Promise<Answer> {
  return who.submit(await who.get(path), {});
}

async function logIn(
  account: Account,
  password: string,
  who = createVisitor(world.app.url),
): Promise<Answer> {
  const page = await who.get(authorizePath(world.ent));
  const uid = new URL(page.url).pathname.split('/')[2] ?? '';
  return signIn(who, uid, { identifier: account.identifier, password });
}

test('a FranceConnect link is told by mail and by SMS, without a name in the SMS; other events by mail', async () => {
  const account = await seedLinked();
  const notices = await notify(account, 'franceconnect');
  expect(notices.map(({ channel, to }) => `${channel} ${to}`)).toEqual([
    `email ${account.email}`,
    `sms ${mobile}`,
  ]);
  expect(notices[1]?.text).not.toMatch(/claire|martin|guardian/i);
  expect(notices[1]?.text.length).toBeLessThanOrEqual(160);
  for (const what of ['sms', 'regroup', 'recovery'] as const)
    expect((await notify(account, what)).map(({ channel }) => channel)).toEqual(['email']);
});

test('without a verified address the one that the school knows is told; of a regrouping the former ones too', async () => {
  const unverified = await seedLinked({ emailVerifiedAt: null });
  expect((await notify(unverified, 'sms')).map(({ to }) => to)).toEqual([`ecole${count}@example.org`]);
  count += 1;
  const account = await seedLinked();
  const to = (
    await notify(account, 'regroup', [unverified, { ...account, email: 'ancienne@example.org' }])
  ).map((notice) => notice.to);
  expect(to).toEqual([account.email, 'ancienne@example.org']);
});

test('opening the link does nothing; the button closes sessions, unlinks FranceConnect, freezes', async () => {
  const account = await seedLinked();
  const browser = createVisitor(world.app.url);
  expect(codeOf(await logIn(account, OLD_PASSWORD, browser))).not.toBeNull();
  const [notice] = await notify(account, 'franceconnect');
  const path = notice?.path ?? '';
  const scans = await Promise.all(Array.from({ length: 100 }, () => visitor.send(path)));
  expect(new Set(scans.map(({ status }) => status))).toEqual(new Set([200]));
  expect(codeOf(await browser.send(authorizePath(world.ent)))).not.toBeNull();
  const form = readForm(await visitor.get(path));
  expect((await visitor.send(form.action, postOf('_csrf=wrong'))).status).toBe(403);

  const done = await press(path);
  expect(done.text).toContain('Le compte est bloqué');
  expect(codeOf(await browser.send(authorizePath(world.ent)))).toBeNull();
  expect(await database.db('account_franceconnect').where({ account_id: account.id })).toEqual([]);
  expect(await accountNow(world.deps, account.id)).toMatchObject({ frozen_at: expect.any(Date) });
  expect((await visitor.get(path)).text).toContain('Le compte a déjà été bloqué');
});

test('frozen: told to whoever knows the password, to nobody else; no way in but a new password of the school', async () => {
  const account = await seedLinked();
  const [notice] = await notify(account, 'franceconnect');
  await press(notice?.path ?? '');
  const right = await logIn(account, OLD_PASSWORD);
  expect([right.status, right.text.includes('Ce compte est bloqué')]).toEqual([400, true]);
  const wrong = await logIn(account, 'autre7chose');
  expect(wrong.text).not.toContain('bloqué');

  const { deps } = world;
  const sealed = sealProvisional(deps, account.publicId, PROVISIONAL);
  const values = [{ id: account.id, sealed }];
  await updateProvisionals(deps.db, values, { state: 'activated' }, deps.clock.now());
  const page = await logIn(account, PROVISIONAL);
  expect(page.url).toMatch(/\/mot-de-passe$/);
  expect(page.text).toContain('Nouveau mot de passe');
});

test('pressed while somebody signs in: nobody gets in', async () => {
  const account = await seedLinked();
  const [notice] = await notify(account, 'franceconnect');
  meanwhile = () => press(notice?.path ?? '');
  const page = await logIn(account, OLD_PASSWORD);
  meanwhile = async () => {};
  expect(codeOf(page)).toBeNull();
  expect(await accountNow(world.deps, account.id)).toMatchObject({ last_login_at: null });
});

test('a password given anew by the school while the old one is looked at: nobody gets in with the old one', async () => {
  const account = await seedLinked();
  const { deps } = world;
  const sealed = sealProvisional(deps, account.publicId, PROVISIONAL);
  meanwhile = () =>
    updateProvisionals(deps.db, [{ id: account.id, sealed }], { state: 'activated' }, deps.clock.now());
  const page = await logIn(account, OLD_PASSWORD);
  meanwhile = async () => {};
  expect(codeOf(page)).toBeNull();
});

test('once blocked, earlier links block nothing again: the school has let its holder in since', async () => {
  const account = await seedLinked();
  const [first] = await notify(account, 'franceconnect');
  const [second] = await notify(account, 'recovery');
  await press(first?.path ?? '');
  const { deps } = world;
  const sealed = sealProvisional(deps, account.publicId, PROVISIONAL);
  await updateProvisionals(deps.db, [{ id: account.id, sealed }], { state: 'activated' }, deps.clock.now());
  expect((await visitor.get(second?.path ?? '')).status).toBe(400);
  expect(await accountNow(deps, account.id)).toMatchObject({ frozen_at: null });
});

test('once blocked, an address that the school does not know leads nowhere', async () => {
  const theirs = await seedLinked();
  const [notice] = await notify(theirs, 'franceconnect');
  await press(notice?.path ?? '');
  expect(await accountNow(world.deps, theirs.id)).toMatchObject({ email: null, email_verified_at: null });
  count += 1;
  const own = await seedLinked({ email: `ECOLE${count}@example.org` });
  const [other] = await notify(own, 'franceconnect');
  await press(other?.path ?? '');
  expect(await accountNow(world.deps, own.id)).toMatchObject({ email: own.email });
});

test('a link of « Ce n’est pas moi » or of a recovery is of no use as an activation', async () => {
  const account = await seedLinked();
  const [notice] = await notify(account, 'franceconnect');
  const path = notice?.path.replace('ce-n-est-pas-moi', 'activation') ?? '';
  const page = await visitor.get(path);
  expect([page.status, page.text.includes(account.identifier)]).toEqual([400, false]);
  const form = readForm(await visitor.get(notice?.path ?? ''));
  const posted = await visitor.send(path, postOf(new URLSearchParams(form.hidden).toString()));
  expect(posted.status).toBe(400);
  expect((await press(notice?.path ?? '')).status).toBe(200);
});

test('of twenty parallel presses one does it', async () => {
  const account = await seedLinked();
  const [notice] = await notify(account, 'franceconnect');
  const { action, hidden } = readForm(await visitor.get(notice?.path ?? ''));
  const body = new URLSearchParams(hidden).toString();
  const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.send(action, postOf(body))));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(400)]);
  const now = await accountNow(world.deps, account.id);
  expect(now.credentials_version).toBe(account.credentialsVersion + 1);
});

test('a later notice leaves the earlier link good, 72 hours long; then it is over', async () => {
  const account = await seedLinked();
  const [first] = await notify(account, 'franceconnect');
  const [second] = await notify(account, 'recovery');
  world.advance(72 * HOUR - 60_000);
  expect((await visitor.get(first?.path ?? '')).status).toBe(200);
  world.advance(61_000);
  const late = await visitor.get(first?.path ?? '');
  expect([late.status, late.text.includes('72 heures')]).toEqual([400, true]);
  expect((await visitor.get(second?.path ?? '')).status).toBe(400);
  expect((await visitor.get('/ce-n-est-pas-moi/nonsense')).status).toBe(400);
});

test('after a regrouping the account that took the place is frozen', async () => {
  const account = await seedLinked();
  const [notice] = await notify(account, 'franceconnect');
  count += 1;
  const survivor = await seedLinked();
  const now = world.deps.clock.now();
  await database
    .db('accounts')
    .where({ id: account.id })
    .update({ merged_into: survivor.id, closed_at: now });
  expect((await press(notice?.path ?? '')).status).toBe(200);
  expect(await accountNow(world.deps, survivor.id)).toMatchObject({ frozen_at: expect.any(Date) });
  expect(await accountNow(world.deps, account.id)).toMatchObject({ frozen_at: null });
});

test('once blocked, links of accounts that were regrouped into it, however often, block nothing again', async () => {
  const regrouped: Account[] = [];
  const paths: string[] = [];
  for (let each = 0; each < 3; each += 1) {
    count += 1;
    regrouped.push(await seedLinked());
    const [notice] = await notify(regrouped.at(-1) as Account, 'franceconnect');
    paths.push(notice?.path ?? '');
  }
  const { deps } = world;
  const [first, second, last] = regrouped as [Account, Account, Account];
  const gone = { closed_at: deps.clock.now() };
  await database
    .db('accounts')
    .where({ id: first.id })
    .update({ ...gone, merged_into: second.id });
  await database
    .db('accounts')
    .where({ id: second.id })
    .update({ ...gone, merged_into: last.id });
  expect((await press(paths.at(-1) ?? '')).status).toBe(200);
  const sealed = sealProvisional(deps, last.publicId, PROVISIONAL);
  await updateProvisionals(deps.db, [{ id: last.id, sealed }], { state: 'activated' }, deps.clock.now());
  for (const path of paths) expect((await visitor.get(path)).status).toBe(400);
  expect(await accountNow(deps, last.id)).toMatchObject({ frozen_at: null });
});

test('a freeze kills what was under way: recovery by mail, a first connection after a reset', async () => {
  const account = await seedLinked();
  const start = new URL((await visitor.get(authorizePath(world.ent))).url).pathname.split('/')[2];
  const form = await visitor.get(`/interaction/${start}/mot-de-passe-oublie`);
  await visitor.submit(form, { identifier: account.identifier }, 'mot-de-passe-oublie');
  const [row] = await database.db('outbox_messages').where({ template: 'password-recovery' });
  const { text } = JSON.parse(world.deps.sealer.open(row.content_sealed, contentContext(row.unique_key))) as {
    text: string;
  };
  const link = new URL(/https?:\S+\/mot-de-passe\/[\w-]+/.exec(text)?.[0] ?? '').pathname;
  expect((await visitor.get(link)).status).toBe(200);
  const [notice] = await notify(account, 'franceconnect');
  await press(notice?.path ?? '');
  expect((await visitor.get(link)).status).toBe(400);
});

test('frozen: neither the registration by SMS nor a recovery gets a code or a mail', async () => {
  const account = await seedLinked();
  const [notice] = await notify(account, 'franceconnect');
  await press(notice?.path ?? '');
  await database.db('outbox_messages').delete();
  const start = new URL((await visitor.get(authorizePath(world.ent))).url).pathname.split('/')[2];
  const forms: [string, Record<string, string>][] = [
    ['inscription', { family_name: 'Martin', given_name: 'Claire', mobile }],
    ['identifiant-oublie', { email: account.email ?? '' }],
    ['mot-de-passe-oublie', { identifier: account.identifier }],
  ];
  for (const [page, fields] of forms) {
    const answer = await visitor.submit(await visitor.get(`/interaction/${start}/${page}`), fields, page);
    expect(answer.status).toBe(200);
  }
  expect(await database.db('outbox_messages')).toEqual([]);
});
