import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { lockAccounts, updateAccount, updateProvisionals } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { sealProvisional } from '../../src/credentials/provisional.ts';
import { sendDue } from '../../src/messages/send.ts';
import { OLD_PASSWORD, seedActive as seedActiveWith } from '../support/active-guardian.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { failedChecksOf } from '../support/failed-checks.ts';
import { accountNow, codeFor, type SeedGuardian, seedGuardian } from '../support/guardians.ts';
import { CHOSEN, PROVISIONAL, signIn } from '../support/sign-in.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, exchange, startWorld, type TestWorld } from '../support/world.ts';

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let count = 200;
let mobile: string;
const MINUTE = 60_000;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database, { parts: { sms: createTestSms() } });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  mobile = `+336399802${String(count).slice(-2)}`;
  visitor = createVisitor(world.app.url);
  world.deps.mailer.sent.length = 0;
  for (const table of ['throttles', 'code_requests', 'outbox_messages']) await database.db(table).delete();
});

const seedActive = (guardian: SeedGuardian = {}, changes: Partial<Account> = {}) =>
  seedActiveWith(world.deps, { mobile, ...guardian }, changes);

const startOf = (page: Answer) => /^\/interaction\/[^/]+/.exec(new URL(page.url).pathname)?.[0] ?? 'nowhere';
const begin = async (who = visitor) => startOf(await who.get(authorizePath(world.ent)));

async function ask(page: string, fields: Record<string, string>, who = visitor, start?: string) {
  const form = await who.get(`${start ?? (await begin(who))}/${page}`);
  return who.submit(form, fields, page);
}

/** The mails that left for an address, with the link that each carries. */
async function mailsTo(to: string): Promise<{ subject: string; text: string; path: string }[]> {
  await sendDue(world.deps, { limit: 100 });
  return world.deps.mailer.sent
    .filter((mail) => mail.to === to)
    .map(({ subject, text }) => {
      const link = /https?:\S+\/(?:mot-de-passe|ce-n-est-pas-moi)\/[\w-]+/.exec(text)?.[0];
      return { subject, text, path: link ? new URL(link).pathname : '' };
    });
}

async function passwordLink(account: Account, who = visitor): Promise<string> {
  await ask('mot-de-passe-oublie', { identifier: account.identifier }, who);
  const mails = await mailsTo(account.email ?? '');
  return mails.at(-1)?.path ?? '';
}

const NEW = { new_password: CHOSEN, confirmation: CHOSEN };

async function mayLogIn(account: Account, password: string): Promise<boolean> {
  const who = createVisitor(world.app.url);
  const uid = (await begin(who)).split('/').at(-1) ?? '';
  const end = await signIn(who, uid, { identifier: account.identifier, password });
  return codeOf(end) !== null;
}

describe('« Identifiant oublié »', () => {
  test('by mail: one mail with the identifiers of the activated accounts of this address', async () => {
    const email = `famille${count}@example.org`;
    const one = await seedActive({ givenName: 'Anne' }, { email });
    const two = await seedActive({ givenName: 'Paul', mobile: null }, { email });
    const never = await seedGuardian(world.deps, { email });
    const sent = await ask('identifiant-oublie', { email: ` ${email.toUpperCase()} ` });
    expect(sent.url).toMatch(/\/identifiant-oublie\/envoye$/);
    const mails = await mailsTo(email);
    expect(mails).toHaveLength(1);
    expect(mails[0]?.text).toContain(one.identifier);
    expect(mails[0]?.text).toContain(two.identifier);
    expect(mails[0]?.text).not.toContain(never.account.identifier);
  });

  test('an address that looks the same to the database is another one', async () => {
    await seedActive({}, { email: `eloise${count}@example.org` });
    await ask('identifiant-oublie', { email: `éloïse${count}@example.org` });
    await sendDue(world.deps, { limit: 100 });
    expect(world.deps.mailer.sent).toEqual([]);
  });

  test('by SMS: the identifier on the page, never in the SMS', async () => {
    const account = await seedActive({ givenName: 'Jean-Éric', familyName: "D'ARC" });
    const typed = { family_name: 'd arc', given_name: 'jean eric', mobile: mobile.replace('+33', '0') };
    const page = await ask('identifiant-oublie/sms', typed);
    expect(page.url).toMatch(/\/identifiant-oublie\/code$/);
    const code = await codeFor(world.deps, mobile);
    const result = await visitor.submit(page, { code: code ?? '' }, '/code');
    expect(result.url).toMatch(/\/identifiant-oublie\/resultat$/);
    expect(result.text).toContain(account.identifier);
  });

  test('a code of another sign-in, a wrong one five times, an old one: nothing is shown', async () => {
    const account = await seedActive();
    const typed = { family_name: 'Martin', given_name: 'Claire', mobile };
    const page = await ask('identifiant-oublie/sms', typed);
    const code = (await codeFor(world.deps, mobile)) ?? '';
    const other = createVisitor(world.app.url);
    const nobody = await ask(
      'identifiant-oublie/sms',
      { family_name: 'Nobody', given_name: 'At All', mobile: '+33639980299' },
      other,
    );
    const stolen = await other.submit(nobody, { code }, '/code');
    expect(stolen.status).toBe(400);
    const wrong = code === '000000' ? '111111' : '000000';
    for (let tries = 0; tries < 5; tries += 1) await visitor.submit(page, { code: wrong }, '/code');
    const late = await visitor.submit(page, { code }, '/code');
    expect(late.status).toBe(400);
    expect(late.text).not.toContain(account.identifier);
    const traces = await failedChecksOf(world.deps, account.id);
    expect(traces.map(({ way, failed }) => `${way} ${failed}`)).toEqual(['recovery code']);
  });

  test('a second one within the minute: how long to wait, without a clock, and the way to the first', async () => {
    await seedActive();
    const typed = { family_name: 'Martin', given_name: 'Claire', mobile };
    const page = await ask('identifiant-oublie/sms', typed);
    expect(page.text).toContain('un autre code <strong class="ec-strong">dans une minute</strong>');
    const again = await visitor.submit(page, {}, '/renvoyer');
    expect([
      again.status,
      again.text.includes('Réessayez <strong class="ec-strong">dans une minute</strong>'),
    ]).toEqual([400, true]);
    const form = await visitor.get(`${startOf(page)}/identifiant-oublie/sms`);
    const refused = await visitor.submit(form, typed, '/sms');
    expect([
      refused.status,
      refused.text.includes('Réessayez <strong class="ec-strong">dans une minute</strong>'),
    ]).toEqual([400, true]);
    expect(refused.text).toContain(`${startOf(page)}/identifiant-oublie/code`);
  });

  test('what failed is left for the school: another name behind the mobile, another mobile behind the name', async () => {
    const account = await seedActive({ familyName: `RARE${count}X` });
    await ask('identifiant-oublie/sms', { family_name: 'Durand', given_name: 'Claire', mobile });
    await ask('identifiant-oublie/sms', {
      family_name: `rare${count}x`,
      given_name: 'Claire',
      mobile: '+33639980298',
    });
    const traces = await failedChecksOf(world.deps, account.id);
    expect(traces.map(({ failed }) => failed).sort()).toEqual(['mobile', 'name']);
    expect(await codeFor(world.deps, mobile)).toBeNull();
  });
});

describe('« Mot de passe oublié » by mail', () => {
  test('the link leads to a new password and back to the login page, and ends what was open', async () => {
    const account = await seedActive();
    const elsewhere = createVisitor(world.app.url);
    const uid = (await begin(elsewhere)).split('/').at(-1) ?? '';
    const end = await signIn(elsewhere, uid, { identifier: account.identifier, password: OLD_PASSWORD });
    const tokens = (await (await exchange(world, world.ent, codeOf(end) ?? '')).json()) as {
      access_token: string;
    };
    const path = await passwordLink(account);
    const back = await visitor.submit(await visitor.get(path), NEW);
    expect(back.url).toMatch(/\/connexion\?profil=responsable&avis=mot-de-passe$/);
    expect(back.text).toContain('Votre mot de passe est changé');
    expect(await mayLogIn(account, OLD_PASSWORD)).toBe(false);
    expect(await mayLogIn(account, CHOSEN)).toBe(true);
    const me = await fetch(`${world.app.url}/oidc/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(me.status).toBe(401);
    expect(codeOf(await elsewhere.send(authorizePath(world.ent)))).toBeNull();
    const notice = (await mailsTo(account.email ?? '')).at(-1);
    expect(notice?.text).toContain("Ce n'était pas vous ?");
  });

  test('scanners that open the link do no harm; in another browser the page says where to go', async () => {
    const account = await seedActive();
    const path = await passwordLink(account);
    const scanner = createVisitor(world.app.url);
    const seen = await Promise.all(Array.from({ length: 100 }, () => scanner.send(path)));
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set([200]));
    expect(scanner.cookies).toEqual([]);
    expect(await mayLogIn(account, OLD_PASSWORD)).toBe(true);
    const done = await scanner.submit(await scanner.get(path), NEW);
    expect(done.status).toBe(200);
    expect(done.text).toContain(`${world.ent.origin}/connexion`);
    expect((await scanner.get(path)).text).toContain('Ce lien a déjà servi');
  });

  test('of twenty parallel posts one wins', async () => {
    const account = await seedActive();
    const page = await visitor.get(await passwordLink(account));
    const { action, hidden } = readForm(page);
    const body = new URLSearchParams({ ...hidden, ...NEW }).toString();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => createVisitor(world.app.url).send(action, postOf(body))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(400)]);
    expect((await accountNow(world.deps, account.id)).credentials_version).toBe(
      account.credentialsVersion + 1,
    );
  });

  test('a password that the policy refuses leaves the link usable; another CSRF token does nothing', async () => {
    const account = await seedActive();
    const page = await visitor.get(await passwordLink(account));
    const weak = await visitor.submit(page, { new_password: 'court', confirmation: 'court' });
    expect(weak.status).toBe(400);
    const { action } = readForm(page);
    expect((await visitor.send(action, postOf(`_csrf=x&new_password=${CHOSEN}`))).status).toBe(403);
    expect((await visitor.get(action)).status).toBe(200);
  });

  test('expired, replaced by a later one, unknown, another purpose', async () => {
    const account = await seedActive();
    const first = await passwordLink(account);
    const second = await passwordLink(account);
    expect((await visitor.get(first)).text).toContain('Ce lien a été remplacé');
    expect((await visitor.get('/mot-de-passe/nonsense')).status).toBe(400);
    expect((await visitor.get(second.replace('/mot-de-passe/', '/ce-n-est-pas-moi/'))).status).toBe(400);
    const form = readForm(await visitor.get(second));
    world.advance(31 * MINUTE);
    expect((await visitor.get(second)).text).toContain('Ce lien n&#39;est plus valable');
    const body = new URLSearchParams({ ...form.hidden, ...NEW }).toString();
    expect((await visitor.send(form.action, postOf(body))).status).toBe(400);
    expect(await mayLogIn(account, OLD_PASSWORD)).toBe(true);
  });

  test('a reset by the school meanwhile kills the link, whichever comes first', async () => {
    const account = await seedActive();
    const { deps } = world;
    const form = readForm(await visitor.get(await passwordLink(account)));
    const sealed = sealProvisional(deps, account.publicId, PROVISIONAL);
    const body = new URLSearchParams({ ...form.hidden, ...NEW }).toString();
    const reset = deps.db.transaction(async (trx) => {
      await lockAccounts(trx, [account.id]);
      await updateProvisionals(trx, [{ id: account.id, sealed }], { state: 'activated' }, deps.clock.now());
    });
    const [answer] = await Promise.all([visitor.send(form.action, postOf(body)), reset]);
    const now = await accountNow(deps, account.id);
    // Last writer: the reset, whether the recovery came before it or was refused after it; never both passwords.
    expect([200, 303, 400]).toContain(answer.status);
    expect(now).toMatchObject({ password_kind: 'provisional', password_hash: null });
    const again = await visitor.send(form.action, postOf(body));
    expect(again.status).toBe(400);
    expect(await mayLogIn(account, CHOSEN)).toBe(false);
  });
});

describe('« Mot de passe oublié » by SMS', () => {
  const start = (account: Account, typed = mobile, who = visitor) =>
    ask('mot-de-passe-oublie/sms', { identifier: account.identifier, mobile: typed }, who);

  test('code, new password, on to the service with amr sms; without a mail address as well', async () => {
    const account = await seedActive({}, { email: null, emailVerifiedAt: null });
    const code = await start(account);
    const form = await visitor.submit(code, { code: (await codeFor(world.deps, mobile)) ?? '' }, '/code');
    expect(form.url).toMatch(/\/mot-de-passe-oublie\/nouveau$/);
    const end = await visitor.submit(form, NEW);
    const response = await exchange(world, world.ent, codeOf(end) ?? '');
    const { id_token: token } = (await response.json()) as { id_token: string };
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ amr: ['sms'] });
    expect(await mayLogIn(account, CHOSEN)).toBe(true);
  });

  test('of twenty parallel posts one wins', async () => {
    const account = await seedActive();
    const code = await start(account);
    const form = await visitor.submit(code, { code: (await codeFor(world.deps, mobile)) ?? '' }, '/code');
    const { action, hidden } = readForm(form);
    const body = new URLSearchParams({ ...hidden, ...NEW }).toString();
    const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.send(action, postOf(body))));
    expect(answers.every(({ status }) => status < 500)).toBe(true);
    const now = await accountNow(world.deps, account.id);
    expect(now.credentials_version).toBe(account.credentialsVersion + 1);
  });

  test('what was proved is void once the school has reset the password', async () => {
    const account = await seedActive();
    const code = await start(account);
    const form = await visitor.submit(code, { code: (await codeFor(world.deps, mobile)) ?? '' }, '/code');
    const sealed = sealProvisional(world.deps, account.publicId, PROVISIONAL);
    await updateProvisionals(
      world.deps.db,
      [{ id: account.id, sealed }],
      { state: 'activated' },
      world.deps.clock.now(),
    );
    const end = await visitor.submit(form, NEW);
    expect(end.url).toMatch(/\/mot-de-passe-oublie\/sms$/);
    expect(await accountNow(world.deps, account.id)).toMatchObject({ password_kind: 'provisional' });
  });

  test('another mobile than the school knows gets no code, and the school sees why', async () => {
    const account = await seedActive();
    await start(account, '+33639980297');
    expect(await database.db('outbox_messages').where({ channel: 'sms' })).toEqual([]);
    const traces = await failedChecksOf(world.deps, account.id);
    expect(traces).toMatchObject([{ way: 'recovery', failed: 'mobile' }]);
  });

  test('a code proved for one person is void for the next that is typed', async () => {
    const mine = await seedActive();
    const other = await seedActive({ givenName: 'Autre', mobile: '+33639980296' });
    const first = await start(mine);
    await visitor.submit(first, { code: (await codeFor(world.deps, mobile)) ?? '' }, '/code');
    const again = await ask(
      'mot-de-passe-oublie/sms',
      { identifier: other.identifier, mobile: '+33639980296' },
      visitor,
      startOf(first),
    );
    expect(again.url).toMatch(/\/code$/);
    const form = await visitor.get(`${startOf(first)}/mot-de-passe-oublie/nouveau`);
    expect(form.url).toMatch(/\/mot-de-passe-oublie\/code$/);
  });
});

test('two accounts one after the other in two tabs: the password typed for one is not the other one’s', async () => {
  const [first, second] = [await seedActive(), await seedActive()];
  const start = await begin();
  const pages: Answer[] = [];
  for (const { identifier } of [first, second]) {
    await database.db('code_requests').delete();
    const code = await ask('mot-de-passe-oublie/sms', { identifier, mobile }, visitor, start);
    pages.push(await visitor.submit(code, { code: (await codeFor(world.deps, mobile)) ?? '' }, '/code'));
  }
  const [stale, fresh] = pages as [Answer, Answer];
  const answer = await visitor.submit(stale, NEW);
  expect([answer.status, answer.text.includes(second.identifier)]).toEqual([200, true]);
  expect(await mayLogIn(second, OLD_PASSWORD)).toBe(true);
  expect(codeOf(await visitor.submit(fresh, NEW))).not.toBeNull();
});

describe('the same for everybody (decision 5, E01)', () => {
  /** What two answers must have in common: all but the token of the form, the request and the interaction. */
  const comparable = (answer: Answer, typed: string[]) => {
    const { date: _date, 'x-request-id': _id, ...headers } = answer.headers;
    const blind = (text: string) =>
      typed
        .reduce((blinded, value) => blinded.replaceAll(value, 'TYPED'), text)
        .replace(/name="_csrf" value="[^"]*"/g, '')
        .replace(/interaction\/[\w-]+/g, 'interaction/X')
        .replace(/educonnect_recovery=[^;]*|recovery\.sig=[^;]*|expires=[^;]*/g, '')
        .replace(/\d+\u00a0h\u00a0\d+/g, 'TIME');
    return {
      status: answer.status,
      headers: JSON.parse(blind(JSON.stringify({ ...headers, 'content-length': '' }))),
      text: blind(answer.text),
    };
  };

  type Case = [string, string, (account: Account | null) => Record<string, string>];
  const cases: Case[] = [
    [
      'identifier by mail',
      'identifiant-oublie',
      (account) => ({ email: account?.email ?? 'nobody@example.org' }),
    ],
    [
      'password by mail',
      'mot-de-passe-oublie',
      (account) => ({ identifier: account?.identifier ?? 'n.obody' }),
    ],
    [
      'identifier by SMS',
      'identifiant-oublie/sms',
      (account) => ({ family_name: account ? 'Martin' : 'Nobody', given_name: 'Claire', mobile }),
    ],
    [
      'password by SMS',
      'mot-de-passe-oublie/sms',
      (account) => ({ identifier: account?.identifier ?? 'n.obody', mobile }),
    ],
  ];
  test.each(cases)('%s: known, never activated, frozen, unknown', async (_what, page, fieldsOf) => {
    const now = world.deps.clock.now();
    const people = [
      await seedActive(),
      (await seedGuardian(world.deps, { mobile })).account,
      await seedActive({}, { frozenAt: now }),
      null,
    ];
    const seen = [];
    for (const person of people) {
      await database.db('code_requests').delete();
      const who = createVisitor(world.app.url);
      const fields = fieldsOf(person);
      const form = await who.get(`${await begin(who)}/${page}`);
      const { action, hidden } = readForm(form, page);
      const first = await who.send(action, postOf(new URLSearchParams({ ...hidden, ...fields }).toString()));
      const last = await who.get(first.headers.location ?? '');
      seen.push([first, last].map((answer) => comparable(answer, Object.values(fields))));
    }
    for (const other of seen.slice(1)) expect(other).toEqual(seen[0]);
    expect(seen[0]?.[0]?.status).toBe(303);
  });

  test('E03: a sixth mail in a quarter of an hour is refused, whether anybody has the address or not', async () => {
    const account = await seedActive();
    for (const email of [account.email ?? '', 'nobody@example.org']) {
      const statuses = [];
      for (let time = 0; time < 6; time += 1)
        statuses.push((await ask('identifiant-oublie', { email })).status);
      expect(statuses).toEqual([200, 200, 200, 200, 200, 400]);
    }
    expect(await mailsTo(account.email ?? '')).toHaveLength(5);
  });

  test('accounts that share a mailbox share its limit', async () => {
    const email = `partage${count}@example.org`;
    const one = await seedActive({}, { email });
    const two = await seedActive({ mobile: null }, { email });
    for (let time = 0; time < 4; time += 1)
      for (const { identifier } of [one, two]) await ask('mot-de-passe-oublie', { identifier });
    expect(await mailsTo(email)).toHaveLength(5);
  });

  test('nothing for a closed account, a pupil, an account that only knows FranceConnect', async () => {
    const closed = await seedActive();
    await updateAccount(database.db, closed.id, { closedAt: world.deps.clock.now() }, world.deps.clock.now());
    await ask('identifiant-oublie', { email: closed.email ?? '' });
    await ask('mot-de-passe-oublie', { identifier: closed.identifier });
    const none = await seedActive({}, { passwordKind: 'none', passwordHash: null });
    await ask('mot-de-passe-oublie', { identifier: none.identifier });
    await ask('mot-de-passe-oublie/sms', { identifier: none.identifier, mobile });
    expect(await database.db('outbox_messages')).toEqual([]);
    const page = await visitor.get(`${await begin()}/mot-de-passe-oublie?profil=eleve`);
    expect(page.text).toContain('Un élève');
  });
});

describe('« Je n’ai rien reçu » and the help', () => {
  test('says only what the way that was taken has asked for, and no way back into itself', async () => {
    const start = await begin();
    const of = async (from: string) => (await visitor.get(`${start}/code/rien-recu${from}`)).text;
    const bySms = await of('');
    expect([bySms.includes('INE'), bySms.includes('étape suivante')]).toEqual([true, true]);
    expect(bySms).not.toContain('avec votre téléphone portable, s&#39;il est connu');
    const identifier = await of('?de=identifiant');
    expect([identifier.includes('INE'), identifier.includes('étape suivante')]).toEqual([false, false]);
    expect(identifier).toContain('votre nom et votre prénom');
    const password = await of('?de=passe');
    expect(password).toContain('identifiant ont peut-être été mal saisis');
    expect(password).not.toContain('votre nom et votre prénom');
    for (const page of [bySms, identifier, password]) expect(page).toContain('Ce n&#39;est pas moi');
  });

  test('the causes, when a correction counts, the other ways; the same whoever asks', async () => {
    const start = await begin();
    const page = await visitor.get(`${start}/code/rien-recu`);
    expect(page.status).toBe(200);
    for (const words of ['1 à 2 jours', 'INE', 'ONDE', 'SIECLE']) expect(page.text).toContain(words);
    expect(page.text).toContain(`${start}/inscription`);
    const help = await visitor.get('/aide/connexion');
    expect(help.text).toContain('<table');
    expect(help.text).toContain('1 à 2 jours');
  });
});
