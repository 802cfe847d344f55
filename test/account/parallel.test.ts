import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ACCOUNT_ROUTES } from '../../src/account/route-table.ts';
import { linkFranceConnect } from '../../src/accounts/regroup.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { sendDue } from '../../src/messages/send.ts';
import { insertSchool } from '../messages/sample-school.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { found } from '../support/family.ts';
import { PROVISIONAL, seedSchool } from '../support/school-accounts.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { makeSoftKey } from '../support/soft-key.ts';
import { kindsOf, startTwoProcesses, type TwoProcesses } from '../support/two-processes.ts';
import { type Answer, type FormFields, postOf, readForm, type Visitor } from '../support/visitor.ts';

/**
 * Every form of « Mon compte », by the table of its pages, sent twenty times at once at two server processes: no fault,
 * no deadlock that somebody sees, and done once (issue 6, « It must reach »).
 */
jest.setTimeout(120_000);

const BASE_URL = 'http://localhost:3943';
const UAI = '0319970A';
const NEW = 'tabouret5bleu';
const TIMES = 20;

type Case = {
  /** Where the form is; « {child} » is the child's key, « {key} » that of a passkey. */
  page: string;
  fields?: FormFields | ((visitor: Visitor) => Promise<FormFields>);
  /** What stands there before. */
  before?: (visitor: Visitor) => Promise<unknown>;
  /** The page with the form, when it has no address that is known before. */
  at?: (visitor: Visitor) => Promise<Answer>;
  /** Answers that there may be, one at least of the first. */
  answers: (string | RegExp)[];
  /** Lines of the trail of this account that there are afterwards, each so many times. */
  lines?: Record<string, number>;
  /** Mails that have been queued by it, by template. */
  mails?: Record<string, number>;
  /** No page has this form here, or a script sends it: it has nothing but its token. */
  bare?: true;
};

let database: TestDatabase;
let deps: TestDeps;
let processes: TwoProcesses;
let count = 0;
let identifier: string;

const other = () => `${identifier}b`;
const child = () => `${identifier}c`;
const fresh = () => `${identifier}.nouvelle@example.org`;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database, { env: { BASE_URL } });
  const school = await insertSchool(database.db, { uai: UAI });
  await database.db('schools').where({ id: school }).update({ degree: 2 });
  processes = await startTwoProcesses(database.url, BASE_URL);
});
afterAll(async () => {
  await processes?.stop();
  await database?.drop();
});

/** A guardian with two accounts and a child who has one. */
async function family(): Promise<number> {
  count += 1;
  identifier = `p.meme${count}`;
  deps.clock.set(new Date());
  const names = { givenName: 'Nora', familyName: 'ABEL' };
  await seedSchool(deps, UAI, {
    guardians: [
      { ...names, identifier, as: 'activated' },
      { ...names, identifier: other(), as: 'notified' },
    ],
    pupils: [
      {
        givenName: 'Zoé',
        familyName: 'ABEL',
        birthDate: '2013-03-09',
        of: [identifier],
        account: { identifier: child(), as: 'notified' },
      },
      { givenName: 'Éloi', familyName: 'ABEL', birthDate: '2014-03-09', of: [other()] },
    ],
  });
  await database
    .db('accounts')
    .where({ identifier })
    .update({
      password_hash: await deps.passwords.hash(CHOSEN),
      email: `${identifier}@example.org`,
      email_verified_at: deps.clock.now(),
    });
  await database.db('throttles').delete();
  return (await found(deps, identifier)).id;
}

async function signIn(index: number): Promise<{ visitor: Visitor; home: Answer }> {
  const visitor = processes.visitorAt(index);
  const home = await typePassword(visitor, await visitor.get('/'), { identifier });
  expect(home.text).toContain('Mes informations');
  return { visitor, home };
}

async function addKey(accountId: number): Promise<string> {
  const name = `cle${count}`.padEnd(22, 'x');
  const now = deps.clock.now();
  await database.db('passkeys').insert({
    public_id: name,
    account_id: accountId,
    credential_hash: name.padEnd(43, 'y'),
    credential_id: name,
    user_handle: 'handle',
    public_key: 'key',
    sign_count: 0,
    transports: '',
    synced: 0,
    name: 'Téléphone',
    created_at: now,
    user_verified_at: now,
  });
  return name;
}

async function challengeOf(visitor: Visitor): Promise<string> {
  const page = await visitor.get('/compte/cles/ajouter');
  const csrf = readForm(page, '/compte/cles/ajouter').hidden._csrf ?? '';
  const body = new URLSearchParams({ _csrf: csrf }).toString();
  const { text } = await visitor.send('/compte/cles/options', postOf(body));
  return JSON.parse(text).challenge;
}

async function askAddress(visitor: Visitor): Promise<void> {
  await visitor.submit(await visitor.get('/compte/adresse'), { email: fresh() }, '/compte/adresse');
}

/** The page of the link that a mail to this address carries. */
async function linkTo(visitor: Visitor, to: string, what: string): Promise<Answer> {
  deps.clock.set(new Date());
  await sendDue(deps, { limit: 200 });
  const text = deps.mailer.sent.filter((mail) => mail.to === to).at(-1)?.text ?? '';
  const path = new RegExp(`/adresse/${what}/[\\w-]+`).exec(text)?.[0] ?? '/nowhere';
  return visitor.get(path);
}

const CASES: Record<string, Case> = {
  '/compte/deconnexion': { page: '/', answers: [/^303 .*\/compte\/deconnecte/, '403'] },
  '/compte/mot-de-passe': {
    page: '/compte/mot-de-passe',
    fields: { new_password: NEW, confirmation: NEW },
    answers: ['303 /compte/mot-de-passe/fait'],
    lines: { 'change-password': 1 },
    mails: { 'account-notice': 1 },
  },
  '/compte/oublier/confirmer': {
    page: '/compte/oublier',
    fields: { agreed: 'yes' },
    // Whoever comes after the first is signed out.
    answers: [/^303 .*\/compte\/oublier\/fait/, /^303 \/oidc\/auth/],
    lines: { 'forget-asked': 1 },
    mails: { 'account-notice': 1 },
  },
  '/compte/rattacher': {
    page: '/compte/rattacher',
    fields: async () => ({ identifier: other(), password: PROVISIONAL }),
    // More than five tries at once are locked, which reads as a wrong password.
    answers: ['303 /compte/rattacher/confirmer', '400'],
  },
  '/compte/rattacher/confirmer': {
    page: '/compte/rattacher/confirmer',
    before: async (visitor) => {
      const typed = { identifier: other(), password: PROVISIONAL };
      await visitor.submit(await visitor.get('/compte/rattacher'), typed);
    },
    answers: ['303 /compte/rattacher/fait'],
    lines: { regroup: 1 },
  },
  '/compte/enfants/:pupil/signaler': {
    page: '/compte/enfants/{child}/signaler',
    answers: [/^303 \/compte\/enfants\/[\w-]+\/signaler$/],
    lines: { 'wrong-attachment': 1 },
  },
  '/compte/enfants/:pupil/signaler/retirer': {
    page: '/compte/enfants/{child}/signaler',
    before: async (visitor) => {
      const page = await visitor.get(childPage);
      await visitor.submit(page, {});
    },
    answers: ['303 /'],
    lines: { 'withdraw-wrong-attachment': 1 },
  },
  '/compte/enfants/:pupil/mot-de-passe': {
    page: '/compte/enfants/{child}/mot-de-passe',
    answers: ['200', '400'],
    lines: { 'child-password': 1 },
    mails: { 'account-notice': 1 },
  },
  '/compte/sessions/fermer': {
    page: '/compte/sessions',
    before: () => signIn(1),
    answers: ['303 /compte/sessions?avis=fermee', '303 /compte/sessions?avis=deja'],
    lines: { 'end-session': 1 },
  },
  '/compte/sessions/toutes': {
    page: '/compte/sessions',
    before: () => signIn(1),
    fields: { which: 'others' },
    answers: ['303 /compte/sessions?avis=autres'],
    lines: { 'end-sessions': 1 },
    mails: { 'account-notice': 1 },
  },
  // Each is a file that was given.
  '/compte/donnees': { page: '/compte/donnees', answers: ['200'], lines: { 'download-data': TIMES } },
  '/compte/adresse': {
    page: '/compte/adresse',
    fields: async () => ({ email: fresh() }),
    answers: ['303 /compte/adresse?avis=demande', '400'],
    mails: { 'address-notice': 1 },
  },
  '/compte/adresse/renvoyer': {
    page: '/compte/adresse',
    before: askAddress,
    answers: ['303 /compte/adresse?avis=renvoye', '400'],
    mails: { 'address-notice': 1 },
  },
  '/compte/adresse/annuler': {
    page: '/compte/adresse',
    before: askAddress,
    answers: ['303 /compte/adresse?avis=annule', '303 /compte/adresse?avis=rien'],
    lines: { 'address-cancelled': 1 },
  },
  '/adresse/confirmer/:token': {
    page: '/',
    before: askAddress,
    at: (visitor) => linkTo(visitor, fresh(), 'confirmer'),
    answers: ['200', '400'],
    lines: { 'address-changed': 1 },
    mails: { 'address-notice': 2 },
  },
  '/adresse/contester/:token': {
    page: '/',
    before: askAddress,
    at: (visitor) => linkTo(visitor, `${identifier}@example.org`, 'contester'),
    answers: ['200', '400'],
    lines: { 'address-objected': 1, freeze: 1 },
  },
  // FranceConnect is not configured here; test/account/franceconnect.test.ts has what leaves and comes back.
  '/compte/franceconnect/relier': { page: '/', answers: ['503'], bare: true },
  '/compte/franceconnect/retirer': {
    page: '/compte/franceconnect',
    before: async () => {
      const { id } = await found(deps, identifier);
      const person = { issuer: 'https://fc.example.org', sub: `sub-${identifier}` };
      await inTransaction(database.db, (trx) => linkFranceConnect(trx, id, person, new Date()));
    },
    answers: ['303 /compte/franceconnect?avis=retire', '303 /compte/franceconnect?avis=rien'],
    lines: { 'franceconnect-unlinked': 1 },
    mails: { 'account-notice': 1 },
  },
  '/compte/cles/ajouter': {
    page: '/compte/cles/ajouter',
    fields: async (visitor) => ({
      answer: makeSoftKey({ origin: BASE_URL }).create(await challengeOf(visitor)),
    }),
    answers: ['303 /compte/cles?avis=ajoutee', '400'],
    lines: { 'passkey-added': 1 },
    mails: { 'account-notice': 1 },
  },
  '/compte/cles/options': { page: '/', answers: ['200'], bare: true },
  '/compte/cles/proposition': { page: '/', fields: { answer: 'later' }, answers: ['303 /'] },
  '/compte/cles/:key/nom': {
    page: '/compte/cles/{key}/nom',
    fields: { name: 'Le mien' },
    answers: ['303 /compte/cles?avis=renommee'],
  },
  '/compte/cles/:key/supprimer': {
    page: '/compte/cles/{key}/supprimer',
    answers: ['303 /compte/cles?avis=supprimee', '303 /compte/cles?avis=rien'],
    lines: { 'passkey-removed': 1 },
    mails: { 'account-notice': 1 },
  },
};

let childPage = '';

const posts = ACCOUNT_ROUTES.filter(({ method }) => method === 'post').map(({ path }) => path);

test('each form of the table is tried', () => {
  expect(Object.keys(CASES).sort()).toEqual([...posts].sort());
});

const linesOf = async (accountId: number, event: string): Promise<number> =>
  (await database.db('audit_events').where({ account_id: accountId, event, outcome: 'done' })).length;
const mailsOf = async (template: string): Promise<number> =>
  (await database.db('outbox_messages').where({ template, recipient: `${identifier}@example.org` })).length;

test.each(posts)('POST %s, twenty at once', async (path) => {
  const { page, fields = {}, before, at, answers, lines = {}, mails = {}, bare } = CASES[path] as Case;
  const id = await family();
  const key = await (path.includes(':key') ? addKey(id) : '');
  const { visitor, home } = await signIn(0);
  const childKey = /\/compte\/enfants\/([\w-]{22})\//.exec(home.text)?.[1] ?? 'nobody';
  childPage = `/compte/enfants/${childKey}/signaler`;
  await before?.(visitor);
  const typed = typeof fields === 'function' ? await fields(visitor) : fields;
  const form = at
    ? await at(visitor)
    : await visitor.get(page.replace('{child}', childKey).replace('{key}', key));
  const all = bare
    ? await bareAtOnce(visitor, form, path)
    : await processes.sendAtOnce(visitor, form, {
        fields: typed,
        action: actionOf(path, form),
        times: TIMES,
      });
  const kinds = kindsOf(all);
  expect(all).toHaveLength(TIMES);
  const fits = (kind: string, one: string | RegExp) =>
    typeof one === 'string' ? one === kind : one.test(kind);
  expect(kinds.filter((kind) => !answers.some((one) => fits(kind, one)))).toEqual([]);
  expect(kinds.filter((kind) => fits(kind, answers[0] ?? ''))).not.toEqual([]);
  for (const [event, times] of Object.entries(lines))
    expect([event, await linesOf(id, event)]).toEqual([event, times]);
  for (const [template, times] of Object.entries(mails))
    expect([template, await mailsOf(template)]).toEqual([template, times]);
  expect(processes.faults()).toBeNull();
});

/** Several forms of a page may begin alike: the whole address of this one. */
function actionOf(path: string, form: Answer): string {
  const wanted = new RegExp(`action="(${path.replace(/:\w+/g, '[\\w-]+')})"`);
  return wanted.exec(form.text)?.[1] ?? `${path} on ${pathOf(form)}`;
}

async function bareAtOnce(visitor: Visitor, form: Answer, path: string): Promise<Answer[]> {
  const { _csrf = '' } = readForm(form, '/compte/deconnexion').hidden;
  const body = new URLSearchParams({ _csrf }).toString();
  const copies = Array.from({ length: TIMES }, (_, index) => {
    const copy = processes.visitorAt(index);
    copy.cookies.push(...visitor.cookies);
    return copy;
  });
  return Promise.all(copies.map((copy) => copy.send(path, postOf(body))));
}
