import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { updateAccount, updateProvisionals } from '../../src/accounts/store.ts';
import { sealProvisional } from '../../src/credentials/provisional.ts';
import { childrenOfAccount } from '../../src/directory/children.ts';
import { seedActivated } from '../support/activated.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, createTestSms } from '../support/deps.ts';
import { found, seedFamily } from '../support/family.ts';
import { accountNow, codeFor, type SeedGuardian, seedGuardian } from '../support/guardians.ts';
import { CHOSEN, PROVISIONAL, signIn } from '../support/sign-in.ts';
import { type Answer, createVisitor, type FormFields, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, exchange, startWorld, type TestWorld } from '../support/world.ts';

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let count = 100;
let mobile: string;

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
  mobile = `+336399801${String(count).slice(-2)}`;
  visitor = createVisitor(world.app.url);
  for (const table of ['throttles', 'code_requests', 'outbox_messages']) await database.db(table).delete();
});

const startOf = (page: Answer) => /^\/interaction\/[^/]+/.exec(new URL(page.url).pathname)?.[0] ?? 'nowhere';
const begin = async (who = visitor) => startOf(await who.get(authorizePath(world.ent)));

type Names = { family_name: string; given_name: string; mobile: string };

async function register(typed: Partial<Names> = {}, who = visitor): Promise<Answer> {
  const page = await who.get(`${await begin(who)}/inscription`);
  return who.submit(page, { family_name: 'Martin', given_name: 'Claire', mobile, ...typed }, '/inscription');
}

async function giveCode(page: Answer, who = visitor): Promise<Answer> {
  return who.submit(page, { code: (await codeFor(world.deps, mobile)) ?? '' }, '/code');
}

/** What to type for the children of the page: `YYYY-MM-DD`, or null for « Je ne suis pas... ». */
function dates(page: Answer, ...answers: (string | null)[]): FormFields {
  const keys = Array.from(page.text.matchAll(/name="day_([\w-]+)"/g), ([, key]) => key);
  expect(keys).toHaveLength(answers.length);
  const fields: FormFields = {};
  for (const [index, answer] of answers.entries()) {
    const [year = '', month = '', day = ''] = (answer ?? '').split('-');
    Object.assign(fields, { [`day_${keys[index]}`]: day, [`month_${keys[index]}`]: month });
    fields[`year_${keys[index]}`] = year;
    if (answer === null) fields[`not_mine_${keys[index]}`] = '1';
  }
  return fields;
}

describe('the whole way', () => {
  test('names and mobile, code, children, password: four pages, and the service knows the person', async () => {
    const { account } = await seedGuardian(world.deps, { mobile });
    const code = await register();
    expect([code.status, new URL(code.url).pathname.split('/').at(-1)]).toEqual([200, 'code']);
    const children = await giveCode(code);
    expect(children.url).toMatch(/\/enfants$/);
    const credentials = await visitor.submit(children, dates(children, '2016-05-14'));
    expect(credentials.url).toMatch(/\/identifiants$/);
    expect(credentials.text).toContain(account.identifier);
    expect(await accountNow(world.deps, account.id)).toMatchObject({ state: 'not_notified' });
    const end = await visitor.submit(credentials, { new_password: CHOSEN, confirmation: CHOSEN });
    const response = await exchange(world, world.ent, codeOf(end) ?? '');
    const { id_token: token } = (await response.json()) as { id_token: string };
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ amr: ['sms'] });
    expect(await accountNow(world.deps, account.id)).toMatchObject({
      state: 'activated',
      origin: 'guardian',
      password_kind: 'personal',
      last_login_at: expect.any(Date),
    });
  });
});

/** Up to the children's page. */
const toChildren = async (who = visitor) => giveCode(await register({}, who), who);
/** Up to the identifier and the password; the dates as in `dates`. */
const toCredentials = async (...answers: (string | null)[]) => {
  const page = await toChildren();
  return visitor.submit(page, dates(page, ...answers));
};
const choose = (page: Answer, password = CHOSEN, who = visitor) =>
  who.submit(page, { new_password: password, confirmation: password });
const endsWith = (page: Answer, name: string) =>
  expect(new URL(page.url).pathname.split('/').at(-1)).toBe(name);
/** What the page says, without its tags. */
const words = (page: Answer) =>
  page.text
    .replace(/<[^>]+>/gs, ' ')
    .replaceAll('&#39;', "'")
    .replace(/\s+/g, ' ');

describe('the form of names and mobile', () => {
  test('says what is missing, and what is no mobile, alike for everybody', async () => {
    const missing = await register({ family_name: ' ', given_name: '', mobile: '' });
    expect(missing.status).toBe(400);
    for (const text of [
      'Saisissez votre nom',
      'Saisissez votre prénom',
      'Saisissez votre numéro de téléphone',
    ])
      expect(words(missing)).toContain(text);
    const landline = await register({ mobile: '01 23 45 67 89' });
    expect([landline.status, words(landline)]).toEqual([
      400,
      expect.stringContaining('Saisissez un numéro de téléphone portable, par exemple'),
    ]);
  });

  test('a stranger sees the page of the code as the known one does, and no code fits', async () => {
    await seedGuardian(world.deps, { mobile });
    const known = await register();
    const second = createVisitor(world.app.url);
    const unknown = await register({ mobile: `+3363998029${String(count).slice(-1)}` }, second);
    const plain = (page: Answer) =>
      words(page)
        .replace(/termine par \d\d/, '')
        .replace(/\d+ h \d\d/g, '');
    expect(plain(unknown)).toBe(plain(known));
    expect(unknown.headers['content-type']).toBe(known.headers['content-type']);
    const guess = await second.submit(unknown, { code: '123456' }, '/code');
    expect([guess.status, words(guess)]).toEqual([400, expect.stringContaining("Ce code n'est pas le bon")]);
    expect(words(guess)).toContain('Il vous reste 4 essais');
  });

  test('a second code within the minute is refused to all alike, and leads to the one that was sent', async () => {
    await seedGuardian(world.deps, { mobile });
    const page = await visitor.get(`${startOf(await register())}/inscription`);
    const again = await visitor.submit(
      page,
      { family_name: 'Personne', given_name: 'Claire', mobile },
      '/inscription',
    );
    expect(again.status).toBe(400);
    expect(words(again)).toContain("Un code vient déjà d'être demandé. Réessayez dans une minute");
    expect(again.text).toContain('/code"');
  });

  test('a number to which configuration lets no SMS leave is told so, and the other ways', async () => {
    const answer = await register({ mobile: '+32 470 12 34 56' });
    expect([answer.status, words(answer)]).toEqual([
      400,
      expect.stringContaining('Les codes par SMS ne peuvent pas être envoyés à ce numéro'),
    ]);
  });
});

describe('the code', () => {
  test('what cannot be a code costs no try; five wrong ones end it; a new one works', async () => {
    await seedGuardian(world.deps, { mobile });
    let page = await register();
    page = await visitor.submit(page, { code: '12 34' }, '/code');
    expect([page.status, words(page)]).toEqual([400, expect.stringContaining('Le code comporte 6 chiffres')]);
    const right = (await codeFor(world.deps, mobile)) ?? '';
    const wrong = right === '000000' ? '000001' : '000000';
    for (let left = 4; left >= 1; left -= 1) {
      page = await visitor.submit(page, { code: wrong }, '/code');
      expect(words(page)).toContain(left === 1 ? 'Il vous reste un essai' : `Il vous reste ${left} essais`);
    }
    page = await visitor.submit(page, { code: wrong }, '/code');
    expect(words(page)).toContain("Trop d'essais avec ce code");
    expect(words(await visitor.submit(page, { code: right }, '/code'))).toContain('demandez-en un autre');
    const traces = await database.db('failed_checks').where({ failed: 'code' });
    expect(traces).toHaveLength(1);
    world.advance(61_000);
    page = await visitor.submit(page, {}, '/code/renvoyer');
    expect(words(page)).toContain('Un nouveau code a été demandé');
    endsWith(await giveCode(page), 'enfants');
  });

  test('typed with spaces and in full-width digits it is the same', async () => {
    await seedGuardian(world.deps, { mobile });
    const page = await register();
    const code = ((await codeFor(world.deps, mobile)) ?? '').replace(/\d/g, (digit) =>
      String.fromCodePoint(0xff10 + Number(digit)),
    );
    endsWith(
      await visitor.submit(page, { code: `${code.slice(0, 3)} ${code.slice(3)}` }, '/code'),
      'enfants',
    );
  });
});

describe('the children', () => {
  const TWO: SeedGuardian['children'] = [
    { givenName: 'Léa', birthDate: '2014-01-31' },
    { givenName: 'Éloi', birthDate: '2016-05-14' },
  ];

  test('one of two dates wrong: one refusal that tells nothing of which (D06)', async () => {
    await seedGuardian(world.deps, { mobile, children: TWO });
    const page = await toChildren();
    const first = await visitor.submit(page, dates(page, '2014-01-30', '2016-05-14'));
    const second = await visitor.submit(first, dates(first, '2014-01-31', '2016-05-15'));
    const plain = (answer: Answer) =>
      answer.text.replace(/value="[^"]*"/g, '').replace(/Il vous reste \d essais/, '');
    expect([first.status, second.status]).toEqual([400, 400]);
    expect(plain(second)).toBe(plain(first));
    expect(words(second)).toContain("n'est pas celui que l'école a enregistré");
    const traces = await database.db('failed_checks').where({ failed: 'birth-date' });
    expect(traces).toHaveLength(2);
  });

  test('an only child: the refusal speaks of one date', async () => {
    await seedGuardian(world.deps, { mobile });
    const page = await toChildren();
    const wrong = words(await visitor.submit(page, dates(page, '2016-05-15')));
    expect(wrong).toContain("La date de naissance de votre enfant n'est pas celle que l'école a enregistrée");
    expect(wrong).not.toContain('Les dates de naissance');
  });

  test('five wrong tries lock for 24 hours, also for the right dates and another sign-in', async () => {
    const { account } = await seedGuardian(world.deps, { mobile });
    let page = await toChildren();
    for (let tries = 0; tries < 4; tries += 1) page = await visitor.submit(page, dates(page, '2016-05-15'));
    const last = dates(page, '2016-05-14');
    const locked = await visitor.submit(page, dates(page, '2016-05-15'));
    expect([locked.status, words(locked)]).toEqual([
      400,
      expect.stringContaining('La vérification est suspendue'),
    ]);
    expect(words(await visitor.submit(page, last))).toContain('La vérification est suspendue');
    world.advance(61_000);
    visitor = createVisitor(world.app.url);
    expect(words(await toChildren())).toContain('La vérification est suspendue');
    expect(await accountNow(world.deps, account.id)).toMatchObject({ state: 'not_notified' });
    world.advance(24 * 3_600_000);
    visitor = createVisitor(world.app.url);
    endsWith(await toCredentials('2016-05-14'), 'identifiants');
  });

  test('a date left out, half given or impossible costs no try and is shown at its child', async () => {
    await seedGuardian(world.deps, { mobile, children: TWO });
    const page = await toChildren();
    const answer = await visitor.submit(page, { ...dates(page, '', '2016-02-31') });
    expect(answer.status).toBe(400);
    expect(words(answer)).toContain("Léa MARTIN : saisissez le jour, le mois et l'année de sa naissance");
    expect(words(answer)).toContain("Éloi MARTIN : cette date n'existe pas");
    expect(words(answer)).not.toContain('Il vous reste');
  });

  test('a child who is not his is left out of the proof and of the account, and kept for the school', async () => {
    const { account, pupilIds, referenceId } = await seedGuardian(world.deps, { mobile, children: TWO });
    const end = await choose(await toCredentials(null, '2016-05-14'));
    expect(codeOf(end)).not.toBeNull();
    const children = await childrenOfAccount(database.db, account);
    expect(children.map(({ givenName }) => givenName)).toEqual(['Éloi']);
    expect(await database.db('wrong_attachments').where({ pupil_id: pupilIds[0] })).toMatchObject([
      { guardian_reference_id: referenceId, account_id: account.id, state: 'open', closed_at: null },
    ]);
    // The school looks at it, and he is the guardian after all.
    await database
      .db('wrong_attachments')
      .where({ pupil_id: pupilIds[0] })
      .update({ state: 'closed', closed_at: new Date() });
    expect(await childrenOfAccount(database.db, account)).toHaveLength(2);
  });

  test('all of them said not to be his: nothing is proved, nothing is kept', async () => {
    const { account } = await seedGuardian(world.deps, { mobile, children: TWO });
    const page = await toChildren();
    const answer = await visitor.submit(page, dates(page, null, null));
    expect([answer.status, words(answer)]).toEqual([
      400,
      expect.stringContaining("Aucun enfant n'est confirmé"),
    ]);
    expect(await database.db('wrong_attachments').where({ account_id: account.id })).toEqual([]);
  });

  test('an import that adds a child meanwhile: he is asked too; one that takes the last away says so', async () => {
    const { referenceId, pupilIds } = await seedGuardian(world.deps, { mobile });
    const page = await toChildren();
    const typed = dates(page, '2016-05-14');
    const other = await seedGuardian(world.deps, { givenName: 'Autre' });
    const link = { guardian_reference_id: referenceId, pupil_id: other.pupilIds[0], created_at: new Date() };
    await database.db('legal_links').insert(link);
    const asked = await visitor.submit(page, typed);
    expect(asked.status).toBe(400);
    dates(asked, 'one', 'two');
    await database
      .db('legal_links')
      .whereIn('pupil_id', [...pupilIds, ...other.pupilIds])
      .update({ ended_at: new Date() });
    expect(words(await visitor.submit(asked, typed))).toContain("Plus aucun enfant n'est rattaché");
  });
});

describe('the password', () => {
  test('follows the policy, and the page shows the identifier again', async () => {
    const { account } = await seedGuardian(world.deps, { mobile });
    const refused = await choose(await toCredentials('2016-05-14'), 'court1');
    expect([refused.status, words(refused)]).toEqual([
      400,
      expect.stringContaining('Le mot de passe doit compter 8 caractères au minimum'),
    ]);
    expect(refused.text).toContain(account.identifier);
    expect(words(await choose(refused, '14052016a'))).toContain('ni une date de naissance');
  });

  test('from « Notifié » the provisional password dies, from « Activé » the origin stays and sessions end', async () => {
    const notified = await seedFamily(world.deps, {
      identifier: `n.notified${count}`,
      provisional: PROVISIONAL,
    });
    await database.db('guardian_references').where({ account_id: notified.id }).update({ mobile });
    const page = await giveCode(await register({ family_name: 'Zoumn', given_name: 'Guillaume' }));
    const credentials = await visitor.submit(page, dates(page, '2017-03-09'));
    expect(codeOf(await choose(credentials))).not.toBeNull();
    expect(await accountNow(world.deps, notified.id)).toMatchObject({
      state: 'activated',
      origin: 'guardian',
      password_kind: 'personal',
      provisional_sealed: null,
    });
    const other = createVisitor(world.app.url);
    const start = await begin(other);
    const refused = await signIn(other, start.split('/')[2] ?? '', {
      identifier: notified.identifier,
      password: PROVISIONAL,
    });
    expect(refused.status).toBe(400);
  });

  test('of an « Activé » account is replaced, its origin stays, and its sessions are over', async () => {
    const account = await seedActivated(world.deps, { identifier: `a.activated${count}` }, 'ancien4passe');
    await database.db('guardian_references').where({ account_id: account.id }).update({ mobile });
    const other = createVisitor(world.app.url);
    const uid = (await begin(other)).split('/')[2] ?? '';
    const signed = { identifier: account.identifier, password: 'ancien4passe' };
    expect(codeOf(await signIn(other, uid, signed))).not.toBeNull();
    const page = await giveCode(await register({ family_name: 'zoumn', given_name: 'guillaume' }));
    expect(codeOf(await choose(await visitor.submit(page, dates(page, '2017-03-09'))))).not.toBeNull();
    expect(await accountNow(world.deps, account.id)).toMatchObject({ state: 'activated', origin: 'school' });
    const back = await other.get(authorizePath(world.ent));
    expect(back.url).toContain('/interaction/');
    const again = await signIn(other, startOf(back).split('/')[2] ?? '', signed);
    expect(again.status).toBe(400);
  });

  test('a reset by the school meanwhile: the password chosen is the only one that works', async () => {
    const { account } = await seedGuardian(world.deps, { mobile });
    const page = await toCredentials('2016-05-14');
    const sealed = sealProvisional(world.deps, account.publicId, PROVISIONAL);
    const state = { state: 'notified', origin: 'school', distributedAt: new Date() } as const;
    await updateProvisionals(database.db, [{ id: account.id, sealed }], state, new Date());
    expect(codeOf(await choose(page))).not.toBeNull();
    expect(await accountNow(world.deps, account.id)).toMatchObject({
      password_kind: 'personal',
      provisional_sealed: null,
    });
  });

  test('a personal password chosen elsewhere meanwhile: overtaken, and it is told', async () => {
    const { account } = await seedGuardian(world.deps, { mobile });
    const page = await toCredentials('2016-05-14');
    const changes = {
      state: 'activated',
      activatedAt: new Date(),
      passwordKind: 'personal',
      passwordHash: await world.deps.passwords.hash('ailleurs7bleu'),
    } as const;
    await updateAccount(database.db, account.id, changes, new Date(), true);
    const answer = await choose(page);
    expect(answer.url).toContain('avis=ailleurs');
    expect((await found(world.deps, account.identifier)).passwordHash).toBe(changes.passwordHash);
  });
});

describe('several at once', () => {
  test('20 parallel final submissions: one activation, no error (L02)', async () => {
    const { account } = await seedGuardian(world.deps, { mobile });
    const page = await toCredentials('2016-05-14');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const tab = createVisitor(world.app.url);
        tab.cookies.push(...visitor.cookies);
        return choose(page, `parallele${index}x`, tab);
      }),
    );
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    const lines = await database
      .db('audit_events')
      .where({ account_id: account.id, event: 'activate-by-sms' });
    expect(lines).toHaveLength(1);
    expect(await accountNow(world.deps, account.id)).toMatchObject({
      state: 'activated',
      credentials_version: 1,
    });
  });

  test('the same person in two browsers: the second is told that she was overtaken (L02)', async () => {
    const { account } = await seedGuardian(world.deps, { mobile });
    const second = createVisitor(world.app.url);
    const first = await toCredentials('2016-05-14');
    world.advance(61_000);
    const children = await toChildren(second);
    const late = await second.submit(children, dates(children, '2016-05-14'));
    const results = await Promise.all([choose(first), choose(late, 'autre5passe', second)]);
    expect(results.filter((answer) => codeOf(answer) !== null)).toHaveLength(1);
    expect(results.filter(({ url }) => url.includes('avis=ailleurs'))).toHaveLength(1);
    expect(await accountNow(world.deps, account.id)).toMatchObject({ credentials_version: 1 });
  });

  test('two people one after the other in two tabs: the password typed for one is not the other one’s', async () => {
    const { account } = await seedGuardian(world.deps, { mobile });
    const hers = await toCredentials('2016-05-14');
    expect(hers.text).toContain(account.identifier);
    mobile = `${mobile.slice(0, -2)}99`;
    const his = await seedGuardian(world.deps, {
      mobile,
      givenName: 'Paul',
      children: [{ birthDate: '2012-05-14' }],
    });
    const form = await visitor.get(`${startOf(hers)}/inscription`);
    const typed = { family_name: 'Martin', given_name: 'Paul', mobile };
    const children = await giveCode(await visitor.submit(form, typed, '/inscription'));
    const page = await visitor.submit(children, dates(children, '2012-05-14'));
    expect(page.text).toContain(his.account.identifier);
    const answer = await choose(hers);
    expect([answer.status, answer.text.includes(his.account.identifier)]).toEqual([200, true]);
    expect(await accountNow(world.deps, his.account.id)).toMatchObject({ state: 'not_notified' });
    expect(codeOf(await choose(answer))).not.toBeNull();
  });

  test('the back button and a second tab lead to where one stands', async () => {
    await seedGuardian(world.deps, { mobile });
    const code = await register();
    const start = startOf(code);
    const children = await giveCode(code);
    endsWith(await visitor.get(`${start}/code`), 'enfants');
    endsWith(await visitor.get(start), 'enfants');
    endsWith(await visitor.submit(code, { code: '123456' }, '/code'), 'enfants');
    endsWith(await visitor.get(`${start}/identifiants`), 'enfants');
    endsWith(await visitor.submit(children, dates(children, '2016-05-14')), 'identifiants');
    endsWith(await visitor.get(`${start}/enfants`), 'identifiants');
    const profiles = await visitor.get(`${start}?choix=profil`);
    expect(words(profiles)).toContain('Je sélectionne mon profil');
  });

  test('before anything is typed the pages of the later steps lead to the ways in', async () => {
    const start = await begin();
    for (const page of ['code', 'enfants', 'identifiants', 'nom', 'telephone'])
      expect((await visitor.get(`${start}/${page}`)).url).toContain('/connexion?profil=responsable');
  });
});

describe('several records of one guardian (R-055, R-078)', () => {
  const both = async () => {
    const first = await seedGuardian(world.deps, {
      mobile,
      children: [{ givenName: 'Léa', birthDate: '2014-01-31' }],
    });
    const second = await seedGuardian(world.deps, {
      mobile,
      degree: 2,
      children: [{ givenName: 'Éloi', birthDate: '2012-05-14' }],
    });
    return [first, second] as const;
  };

  test('all children proved: one account, with the identifier that was shown', async () => {
    const [first, second] = await both();
    const page = await toCredentials('2012-05-14', '2014-01-31');
    expect(page.text).toContain(first.account.identifier);
    expect(codeOf(await choose(page))).not.toBeNull();
    expect(await accountNow(world.deps, second.account.id)).toMatchObject({ merged_into: first.account.id });
    expect(await childrenOfAccount(database.db, first.account)).toHaveLength(2);
  });

  test('who is signed in here stays, and goes on to the service as himself', async () => {
    const [first] = await both();
    const here = await seedActivated(world.deps, { identifier: `b.here${count}` }, CHOSEN);
    await database
      .db('guardian_references')
      .where({ account_id: here.id })
      .update({ mobile, family_name: 'MARTIN', given_name: 'Claire' });
    const signed = await signIn(visitor, (await begin()).split('/')[2] ?? '', {
      identifier: here.identifier,
      password: CHOSEN,
    });
    expect(codeOf(signed)).not.toBeNull();
    const start = startOf(await visitor.get(authorizePath(world.ent, { prompt: 'login' })));
    const form = await visitor.get(`${start}/inscription`);
    const typed = { family_name: 'Martin', given_name: 'Claire', mobile };
    const children = await giveCode(await visitor.submit(form, typed, '/inscription'));
    const page = await visitor.submit(children, dates(children, '2012-05-14', '2014-01-31', '2017-03-09'));
    expect(page.text).toContain(here.identifier);
    const end = await choose(page, 'nouveau5passe');
    const tokens = await exchange(world, world.ent, codeOf(end) ?? '');
    expect(tokens.status).toBe(200);
    expect(await accountNow(world.deps, first.account.id)).toMatchObject({ merged_into: here.id });
    expect(await accountNow(world.deps, here.id)).toMatchObject({ origin: 'school', closed_at: null });
    // The new session holds: the next service needs no password.
    expect(codeOf(await visitor.get(authorizePath(world.lsu)))).not.toBeNull();
  });

  test('a record whose children are all disowned is left alone', async () => {
    const [first, second] = await both();
    expect(codeOf(await choose(await toCredentials(null, '2014-01-31')))).not.toBeNull();
    expect(await accountNow(world.deps, second.account.id)).toMatchObject({
      closed_at: null,
      state: 'not_notified',
    });
    expect(await childrenOfAccount(database.db, first.account)).toHaveLength(1);
  });

  test("disowning a child takes him from nobody else's account that is in use", async () => {
    const [first, second] = await both();
    const used = { state: 'activated', origin: 'school', activatedAt: new Date() } as const;
    await updateAccount(database.db, second.account.id, used, new Date());
    // A homonym with the same mobile, whose children he says not to be his.
    expect(codeOf(await choose(await toCredentials(null, '2014-01-31')))).not.toBeNull();
    expect(await childrenOfAccount(database.db, second.account)).toHaveLength(1);
    expect(await childrenOfAccount(database.db, first.account)).toHaveLength(1);
  });

  test('regrouped elsewhere in the middle: the identifier shown counts no more, and he begins again', async () => {
    const [first, second] = await both();
    const page = await toCredentials('2012-05-14', '2014-01-31');
    await database
      .db('accounts')
      .where({ id: first.account.id })
      .update({ closed_at: new Date(), merged_into: second.account.id });
    await database
      .db('guardian_references')
      .where({ account_id: first.account.id })
      .update({ account_id: second.account.id });
    const answer = await choose(page);
    expect([answer.status, answer.url]).toEqual([200, expect.stringContaining('/connexion')]);
    expect(await accountNow(world.deps, second.account.id)).toMatchObject({ state: 'not_notified' });
  });

  test('closed in the middle: there is nothing to finish, and no error', async () => {
    const { account } = await seedGuardian(world.deps, { mobile });
    const page = await toCredentials('2016-05-14');
    await database.db('accounts').where({ id: account.id }).update({ closed_at: new Date() });
    const answer = await choose(page);
    expect([answer.status, answer.url]).toEqual([200, expect.stringContaining('/connexion')]);
  });
});

test('SQL: the whole way within its budget', async () => {
  await seedGuardian(world.deps, { mobile });
  const start = await begin();
  const budget = async (limit: number, step: () => Promise<Answer>) => {
    const counted = countStatements(database.db);
    const page = await step();
    counted.stop();
    expect(counted.statements.length).toBeLessThanOrEqual(limit);
    return page;
  };
  const form = await visitor.get(`${start}/inscription`);
  const code = await budget(20, () =>
    visitor.submit(form, { family_name: 'Martin', given_name: 'Claire', mobile }, '/inscription'),
  );
  const children = await budget(20, () => giveCode(code));
  const credentials = await budget(22, () => visitor.submit(children, dates(children, '2016-05-14')));
  await budget(34, () => choose(credentials));
});
