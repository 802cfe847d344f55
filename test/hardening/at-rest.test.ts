import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openProvisional } from '../../src/credentials/provisional.ts';
import type { FranceConnect } from '../../src/deps.ts';
import { makeAllLetters } from '../../src/jobs/send-messages.ts';
import { contentContext } from '../../src/messages/outbox.ts';
import { sendDue } from '../../src/messages/send.ts';
import { OLD_PASSWORD, seedActive } from '../support/active-guardian.ts';
import { typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms, type TestDeps } from '../support/deps.ts';
import { columnsWith } from '../support/every-column.ts';
import { found, seedFamily } from '../support/family.ts';
import { codeFor, seedGuardian } from '../support/guardians.ts';
import { fillSchool } from '../support/other-school.ts';
import { keepSecret, keptSecrets } from '../support/run-log.ts';
import { CHOSEN, PROVISIONAL } from '../support/sign-in.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, exchange, startWorld, type TestWorld } from '../support/world.ts';

/**
 * After a journey by each way in, at home and at the staff's, no table holds anything in clear that opens something
 * (G04, B08): whatever visitors typed and were given is looked for in every row, at every step and in the end.
 */
jest.setTimeout(120_000);

const ISSUER = 'https://franceconnect.example.test/api/v2';
const NEW = 'tabouret7rouge';
const BIRTH_DATE = '2016-05-14';
const ID_TOKEN = 'id-token-of-the-stub-0001';

const franceConnect: FranceConnect = {
  begin: async ({ state }) => {
    // The nonce opens nothing: it only recognises the answer to what was asked.
    keepSecret(state);
    return { ok: true, url: `${ISSUER}/authorize?state=${state}` };
  },
  finish: async () => ({
    ok: true,
    identity: {
      issuer: ISSUER,
      sub: 'sub-of-claire',
      givenName: 'CLAIRE',
      familyName: 'MARTIN',
      preferredName: null,
    },
    idToken: ID_TOKEN,
  }),
  endSessionUrl: async () => `${ISSUER}/session/end`,
};

let database: TestDatabase;
let world: TestWorld;
let staff: StaffWorld;
let deps: TestDeps;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database, { parts: { franceConnect, sms: createTestSms() } });
  staff = await startStaffWorld(database);
  deps = world.deps;
  keepSecret(ID_TOKEN, PROVISIONAL, OLD_PASSWORD);
});
afterAll(async () => {
  await world?.close();
  await staff?.close();
  await database?.drop();
});

const visit = () => createVisitor(world.app.url);
const startOf = (page: Answer) => /^\/interaction\/[^/]+/.exec(new URL(page.url).pathname)?.[0] ?? 'nowhere';
const begin = async (who: Visitor) => startOf(await who.get(authorizePath(world.ent)));
const chosen = (password = CHOSEN) => ({ new_password: password, confirmation: password });

async function arrive(answer: Answer): Promise<void> {
  const code = codeOf(answer);
  expect(code).not.toBeNull();
  expect((await exchange(world, world.ent, code ?? '')).status).toBe(200);
}

/** The code of the SMS that waits for a number; nobody sees it but its owner. */
async function codeTo(mobile: string): Promise<string> {
  const code = (await codeFor(deps, mobile)) ?? 'none';
  keepSecret(code);
  return code;
}

const birthDates = (page: Answer): Record<string, string> =>
  Object.fromEntries(
    [...page.text.matchAll(/name="(day|month|year)_([\w-]+)"/g)].map(([, part = '', key]) => [
      `${part}_${key}`,
      { day: '14', month: '05', year: '2016' }[part] ?? '',
    ]),
  );

async function linkTo(to: string, path: string): Promise<string> {
  await sendDue(deps, { limit: 100 });
  const texts = deps.mailer.sent.filter((mail) => mail.to === to).map(({ text }) => text);
  return (
    texts.flatMap((text) => new RegExp(`https?:\\S+(/${path}/[\\w-]+)`).exec(text)?.[1] ?? []).at(-1) ??
    'none'
  );
}

const nextMobile = (last: number) => `+336399879${String(last).padStart(2, '0')}`;

/** Each is a whole way; some stop where something is still pending, as it would be in a dump of that moment. */
const WAYS: Record<string, () => Promise<void>> = {
  async 'the letter of the school'() {
    await seedFamily(deps, { identifier: 'r.lettre', provisional: PROVISIONAL });
    const who = visit();
    const form = await who.get(`${await begin(who)}/connexion?profil=responsable`);
    const password = await who.submit(form, { identifier: 'r.lettre', password: PROVISIONAL }, '/connexion');
    const address = await who.submit(password, chosen());
    const birth = await who.submit(address, { email: 'r.lettre@example.org' });
    const waiting = await who.submit(birth, { day: '9', month: '3', year: '2017' });
    const link = await linkTo('r.lettre@example.org', 'activation');
    await noneReadable();
    await who.submit(await who.get(link), {});
    await arrive(await who.submit(waiting, {}, '/continuer'));
  },
  async 'an SMS'() {
    const mobile = nextMobile(1);
    await seedGuardian(deps, { mobile });
    const who = visit();
    const form = await who.get(`${await begin(who)}/inscription`);
    const asked = await who.submit(
      form,
      { family_name: 'Martin', given_name: 'Claire', mobile },
      '/inscription',
    );
    const code = await codeTo(mobile);
    await noneReadable();
    const children = await who.submit(asked, { code }, '/code');
    const credentials = await who.submit(children, birthDates(children));
    await noneReadable();
    await arrive(await who.submit(credentials, chosen()));
  },
  async 'FranceConnect, for the first time'() {
    const mobile = nextMobile(2);
    await seedGuardian(deps, { mobile });
    const who = visit();
    const page = await who.get(`${await begin(who)}/connexion?profil=responsable`);
    const left = await who.submit(page, {}, '/franceconnect');
    const state = new URL(left.headers.location ?? '').searchParams.get('state') ?? '';
    await noneReadable();
    const asks = await who.get(`/franceconnect/retour?code=c&state=${state}&iss=${ISSUER}`);
    expect(new URL(asks.url).pathname).toContain('/telephone');
    const asked = await who.submit(asks, { mobile });
    const code = await codeTo(mobile);
    await noneReadable();
    const children = await who.submit(asked, { code }, '/code');
    await arrive(await who.submit(children, birthDates(children)));
  },
  async 'a forgotten password, by mail'() {
    const { identifier, email } = await seedActive(deps);
    const who = visit();
    const form = await who.get(`${await begin(who)}/mot-de-passe-oublie`);
    await who.submit(form, { identifier }, 'mot-de-passe-oublie');
    const link = await linkTo(email ?? '', 'mot-de-passe');
    await noneReadable();
    expect((await who.submit(await who.get(link), chosen())).status).toBe(200);
  },
  async 'a forgotten password, by SMS'() {
    const mobile = nextMobile(3);
    const { identifier } = await seedActive(deps, { mobile });
    const who = visit();
    const form = await who.get(`${await begin(who)}/mot-de-passe-oublie/sms`);
    const asked = await who.submit(form, { identifier, mobile }, '/sms');
    const next = await who.submit(asked, { code: await codeTo(mobile) }, '/code');
    await noneReadable();
    await arrive(await who.submit(next, chosen()));
  },
  async '« Mon compte »'() {
    const { identifier } = await seedActive(deps);
    const who = visit();
    await typePassword(who, await who.get('/'), { identifier, password: OLD_PASSWORD });
    const done = await who.submit(await who.get('/compte/mot-de-passe'), chosen(NEW));
    expect(new URL(done.url).pathname).toBe('/compte/mot-de-passe/fait');
    const page = await who.get('/compte/adresse');
    const { hidden } = readForm(page, '/compte/adresse');
    const email = 'r.nouvelle@example.org';
    await who.send('/compte/adresse', postOf(new URLSearchParams({ ...hidden, email }).toString()));
    const link = await linkTo(email, 'adresse/confirmer');
    await noneReadable();
    const confirming = await who.get(link);
    expect(confirming.status).toBe(200);
    await who.submit(confirming, {});
    await who.get(authorizePath(world.ent));
  },
  async 'the staff of a school'() {
    const { uai } = STAFF_SCHOOLS.one;
    const ids = await fillSchool(deps, uai, 'COFFRE');
    const director = createVisitor(staff.app.url);
    const csrf = readForm(await signInStaff(staff, director, 'directeur'), '/deconnexion').hidden._csrf ?? '';
    keepSecret(csrf);
    const at = `/admin/etablissements/${uai}`;
    await makeAllLetters(deps);
    const list = await director.send(`${at}/responsables/liste.csv`, postOf(`_csrf=${csrf}&all=1&q=`));
    expect(list.status).toBe(200);
    expect((await director.send(`${at}/comptes/${ids.accounts[0]}`)).status).toBe(200);
    const passwords = await allProvisional();
    expect(passwords.some((password) => list.text.includes(password))).toBe(true);
    keepSecret(...passwords);
  },
};

/** Of every account whose provisional password works. */
async function allProvisional(): Promise<string[]> {
  const rows = await database
    .db('accounts')
    .whereNotNull('provisional_sealed')
    .select({ publicId: 'public_id', provisionalSealed: 'provisional_sealed' });
  return rows.map((row) => openProvisional(deps, row) ?? '');
}

/** What a table may say in clear: who somebody is and where he is reached. */
const isContact = (value: string) =>
  value.includes('@') || /^\+?\d{9,}$/.test(value) || /^[a-z]\.[a-z]/.test(value);

async function noneReadable(): Promise<void> {
  const [rows] = await database.db.raw(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
  );
  const tables = (rows as { name: string }[]).map(({ name }) => name);
  const secrets = keptSecrets().filter((value) => !isContact(value));
  for (const table of tables) {
    const text = JSON.stringify(await database.db(table));
    const words = new Set(text.split(/[^\w-]+/));
    const told = secrets.filter((secret) =>
      /^\d{6}$/.test(secret) ? words.has(secret) : text.includes(secret),
    );
    expect({ table, told }).toEqual({ table, told: [] });
  }
}

test('G04 B08: by no way in does anything that opens something lie readable in a table, on the way or after it', async () => {
  for (const [way, go] of Object.entries(WAYS)) {
    const before = keptSecrets().length;
    await go();
    expect({ way, more: keptSecrets().length - before > 3 }).toEqual({ way, more: true });
    await noneReadable();
  }
  expect(await found(deps, 'r.lettre')).toMatchObject({ state: 'activated' });
  // The children's birth dates stand with the children, and in no text.
  expect(await columnsWith(database.db, [BIRTH_DATE, '14/05/2016', '20160514'])).toEqual([]);
});

test('G04: what is sealed is sealed, what is hashed is hashed, and each opens only where it belongs', async () => {
  const columns: { t: string; c: string }[] = await database
    .db('information_schema.columns')
    .where({ table_schema: database.name })
    .select({ t: 'table_name', c: 'column_name' });
  const [sealed, hashed] = [/_sealed$/, /(_hash|_hmac)$/].map((name) =>
    columns.filter(({ c }) => name.test(c)),
  );
  expect(sealed?.length).toBeGreaterThan(4);
  expect(hashed?.length).toBeGreaterThan(8);
  let filled = 0;
  for (const [kind, pattern] of [
    [sealed ?? [], /^v1\./],
    [hashed ?? [], /^([\w-]{43}|\$argon2id\$v=19\$.+)$/],
  ] as const)
    for (const { t, c } of kind) {
      const values: unknown[] = await database.db(t).whereNotNull(c).pluck(c);
      filled += values.length;
      const odd = values
        .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
        // Whom the seeds gave a password that nobody knows.
        .filter((value) => !pattern.test(value) && value !== 'of nobody');
      expect({ at: `${t}.${c}`, odd: odd.length }).toEqual({ at: `${t}.${c}`, odd: 0 });
    }
  expect(filled).toBeGreaterThan(30);
  // A sealed value that is moved to another row opens nothing there.
  const [row] = await database.db('accounts').whereNotNull('provisional_sealed').select();
  const [another] = await database.db('accounts').whereNot({ id: row.id }).select();
  expect(() =>
    openProvisional(deps, { publicId: another.public_id, provisionalSealed: row.provisional_sealed }),
  ).toThrow();
  const waiting = await database.db('outbox_messages').whereNotNull('content_sealed').first();
  if (waiting) expect(() => deps.sealer.open(waiting.content_sealed, contentContext('another'))).toThrow();
});
