import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { Account } from '../../src/accounts/types.ts';
import type { FranceConnectPerson, Identity } from '../../src/demo/franceconnect-people.ts';
import { seedActivated } from '../support/activated.ts';
import { closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { type FranceConnectWorld, startFranceConnectWorld } from '../support/franceconnect-world.ts';
import { accountNow, codeFor, type Seeded, seedGuardian } from '../support/guardians.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

const PASSWORD = 'Tournesol84';
const someone = (login: string, more: Partial<FranceConnectPerson> = {}): FranceConnectPerson => ({
  login,
  what: login,
  identity: {
    given_name: 'CLAIRE ANNE',
    family_name: 'DUPUIS',
    preferred_username: 'MARTIN',
    birthdate: '1982-04-09',
    gender: 'female',
    birthplace: '75112',
    birthcountry: '99100',
  },
  ...more,
});
const called = (login: string, names: Pick<Identity, 'given_name' | 'family_name'>): FranceConnectPerson => {
  const { preferred_username: _of, ...identity } = someone(login).identity;
  return someone(login, { identity: { ...identity, ...names } });
};
const PEOPLE = [
  someone('claire'),
  someone('nouvelle'),
  someone('deux.dossiers'),
  called('paul', { given_name: 'PAUL', family_name: 'GARNIER' }),
  called('autre.nom', { given_name: 'SOLANGE', family_name: 'LECLERC' }),
  called('camille', { given_name: 'CAMILLE', family_name: 'ROUX' }),
  someone('introuvable', { stopsWith: 'Y010004' }),
];

let database: TestDatabase;
let world: FranceConnectWorld;
let account: Account;
const pages: TestPage[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startFranceConnectWorld(database, PEOPLE, { sms: createTestSms() });
  account = await seedActivated(world.deps, { identifier: 'c.martin', givenName: 'Claire' }, PASSWORD);
  await world.link(account, 'claire');
});
afterAll(async () => {
  await closeBrowser();
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  world.franceConnect.setMode('up');
  world.forgetDiscovery();
});
afterEach(async () => {
  for (const page of pages.splice(0)) {
    // What our own headers stop on the way, the console tells.
    expect(page.watched.errors().filter((error) => /Content Security|Refused/i.test(error))).toEqual([]);
    await page.close();
  }
});

async function visit(options: Parameters<typeof newPage>[0] = {}): Promise<TestPage> {
  const page = await newPage(options);
  pages.push(page);
  return page;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name });

async function toSignIn(page: Page, service = world.ent): Promise<void> {
  await page.goto(`${service.origin}/connexion`);
  await button(page, 'Représentant légal').click();
}

async function toFranceConnect(page: Page, service = world.ent): Promise<void> {
  await toSignIn(page, service);
  await button(page, "S'identifier avec FranceConnect").click();
  await page.getByLabel('Identifiant').waitFor();
}

async function identify(page: Page, login = 'claire'): Promise<void> {
  await page.getByLabel('Identifiant').fill(login);
  await button(page, 'Se connecter').click();
}

const atEnt = (page: Page) => page.getByText("Je suis connecté à l'ENT").waitFor();

/** From the ENT through FranceConnect: the first time to the page that asks the mobile, later back to the ENT. */
async function comeThrough(login: string): Promise<TestPage> {
  const page = await visit({ width: 390 });
  await toFranceConnect(page);
  await identify(page, login);
  await button(page, 'Continuer').click();
  return page;
}

async function giveMobile(page: Page, mobile: string): Promise<void> {
  await page.getByLabel('Numéro de téléphone portable', { exact: true }).fill(mobile);
  await button(page, 'Valider').click();
}

async function giveCode(page: Page, mobile: string): Promise<void> {
  const field = page.getByLabel('Code reçu par SMS', { exact: true });
  await field.waitFor();
  await field.fill((await codeFor(world.deps, mobile)) ?? '');
  await button(page, 'Valider').click();
}

/** Types a date `YYYY-MM-DD` in the group of a child. */
async function giveDate(page: Page, child: string, date: string): Promise<void> {
  const group = page.getByRole('group', { name: new RegExp(child) });
  const [year = '', month = '', day = ''] = date.split('-');
  await group.getByLabel('Jour', { exact: true }).fill(day);
  await group.getByLabel('Mois', { exact: true }).fill(month);
  await group.getByLabel('Année', { exact: true }).fill(year);
}

async function giveNames(page: Page, familyName: string, givenName: string): Promise<void> {
  await page.getByLabel('Nom', { exact: true }).fill(familyName);
  await page.getByLabel('Prénom', { exact: true }).fill(givenName);
  await button(page, 'Valider').click();
}

const whoIsMeant = (page: Page) => heading(page, 'Confirmez votre nom et votre prénom').waitFor();

/** The given names of the children that the page of birth dates asks for. */
async function childrenAsked(page: Page): Promise<string[]> {
  await heading(page, /^Confirmez l(a|es) dates? de naissance/).waitFor();
  const legends = await page.locator('fieldset.ec-child > legend').allInnerTexts();
  return legends.map((name) => name.trim().split(' ')[0] ?? '').sort();
}

/** The given names of the children that the ENT was told of. */
async function childrenAtEnt(page: Page): Promise<string[]> {
  await atEnt(page);
  const claims = JSON.parse((await page.locator('pre').textContent()) ?? '{}');
  return claims.eleves.map((child: { given_name: string }) => child.given_name).sort();
}

/** The given names of the children that the database links to an account. */
async function childrenOf({ id }: Account): Promise<string[]> {
  return world.deps
    .db('guardian_references as g')
    .join('legal_links as l', 'l.guardian_reference_id', 'g.id')
    .join('pupils as p', 'p.id', 'l.pupil_id')
    .where('g.account_id', id)
    .orderBy('p.given_name')
    .pluck('p.given_name');
}

const linkedTo = ({ id }: Account) =>
  world.deps.db('account_franceconnect').where({ account_id: id }).pluck('sub');
const ACTIVATED = { state: 'activated', origin: 'franceconnect', closed_at: null };
const UNTOUCHED = { state: 'not_notified', origin: 'none', closed_at: null };

describe('known to FranceConnect and to us', () => {
  test.each<[string, { width?: number; javaScriptEnabled?: boolean }]>([
    ['on a computer', {}],
    ['on a phone, without JavaScript', { width: 320, javaScriptEnabled: false }],
  ])('%s: straight through, under the real headers; out again everywhere', async (_how, options) => {
    const page = await visit(options);
    await toFranceConnect(page);
    expect(page.url()).toContain(world.franceConnect.issuer);
    await identify(page);
    await button(page, 'Continuer').click();
    await atEnt(page);
    expect(await page.locator('pre').textContent()).toContain('"FrEduOrigAuth": "FC"');

    // Somebody who is signed in at FranceConnect need not say it twice.
    await page.goto(`${world.ent.origin}/deconnexion`);
    await button(page, 'Se déconnecter').click();
    if (options.javaScriptEnabled === false) await button(page, 'Continuer').click();
    await page.waitForURL(`${world.ent.origin}/deconnecte**`);
    await toFranceConnect(page);
    expect(await page.getByLabel('Identifiant').inputValue()).toBe('');
  });

  test('out from « Mon compte » too, and out all the same when FranceConnect is down', async () => {
    for (const mode of ['up', 'down'] as const) {
      const page = await visit();
      await toFranceConnect(page);
      await identify(page);
      await button(page, 'Continuer').click();
      await atEnt(page);
      await page.goto(world.base);
      await heading(page, 'Mon compte').waitFor();
      world.franceConnect.setMode(mode);
      if (mode === 'down') world.forgetDiscovery();
      await button(page, 'Se déconnecter').click();
      await heading(page, 'Vous êtes déconnecté').waitFor();
      world.franceConnect.setMode('up');
      const through = page.watched.requests().some((url) => url.includes('/api/v2/session/end'));
      expect([mode, through]).toEqual([mode, mode === 'up']);
      await toSignIn(page);
    }
    expect(await database.db('franceconnect_sessions').select('session_uid')).toHaveLength(0);
  });

  test('in two tabs of one browser, each comes to its own end', async () => {
    const first = await visit();
    const second = await first.context().newPage();
    await toFranceConnect(first);
    await toFranceConnect(second, world.lsu);
    await identify(second);
    await button(second, 'Continuer').click();
    await second.getByText('Je suis connecté au livret scolaire').waitFor();
    await identify(first);
    await button(first, 'Continuer').click();
    await atEnt(first);
  });

  test('one sign-in in two tabs: the second is told how to go on', async () => {
    const first = await visit();
    await toSignIn(first);
    const second = await first.context().newPage();
    await second.goto(first.url());
    for (const page of [first, second]) {
      await button(page, "S'identifier avec FranceConnect").click();
      await page.getByLabel('Identifiant').waitFor();
    }
    await identify(first);
    await button(first, 'Continuer').click();
    await atEnt(first);
    await identify(second);
    await button(second, 'Continuer').click();
    await second.getByText('EC-400-LOST').waitFor();
    await second
      .getByRole('link', { name: /accueil/ })
      .first()
      .click();
    await heading(second, 'Mon compte').waitFor();
  });
});

test('the first time: mobile, code, birth dates, and into the service; out again through FranceConnect', async () => {
  const mobile = '+33639980141';
  const children = [{ givenName: 'Zoé', familyName: 'MARTIN', birthDate: '2017-03-09' }];
  const { account: mine } = await seedGuardian(world.deps, { givenName: 'Anne', mobile, children });
  const page = await comeThrough('nouvelle');
  await giveMobile(page, '06 39 98 01 41');
  await giveCode(page, mobile);
  await giveDate(page, 'Zoé', '2017-3-9');
  await button(page, 'Valider').click();
  await atEnt(page);
  expect(await accountNow(world.deps, mine.id)).toMatchObject({
    state: 'activated',
    origin: 'franceconnect',
  });

  await page.goto(world.base);
  await button(page, 'Se déconnecter').click();
  await heading(page, 'Vous êtes déconnecté').waitFor();
  expect(page.watched.requests().some((url) => url.includes('/api/v2/session/end'))).toBe(true);
  await toFranceConnect(page);
  await identify(page, 'nouvelle');
  await button(page, 'Continuer').click();
  await atEnt(page);
});

test('two records of one guardian, proved together, become one account that has the children of both', async () => {
  const mobile = '+33639980142';
  const own = { familyName: 'DUPUIS', mobile };
  const { account: first } = await seedGuardian(world.deps, {
    ...own,
    children: [{ givenName: 'Maël', birthDate: '2017-03-09' }],
  });
  const { account: second } = await seedGuardian(world.deps, {
    ...own,
    degree: 2,
    children: [{ givenName: 'Jade', birthDate: '2012-11-30' }],
  });
  const page = await comeThrough('deux.dossiers');
  await giveMobile(page, mobile);
  await giveCode(page, mobile);
  expect(await childrenAsked(page)).toEqual(['Jade', 'Maël']);
  await giveDate(page, 'Maël', '2017-03-09');
  await giveDate(page, 'Jade', '2012-11-03');
  await button(page, 'Valider').click();
  await page.getByText('Les dates de naissance ne correspondent pas').waitFor();
  for (const account of [first, second])
    expect(await accountNow(world.deps, account.id)).toMatchObject(UNTOUCHED);
  await giveDate(page, 'Jade', '2012-11-30');
  await button(page, 'Valider').click();

  expect(await childrenAtEnt(page)).toEqual(['Jade', 'Maël']);
  expect(await accountNow(world.deps, first.id)).toMatchObject(ACTIVATED);
  expect(await childrenOf(first)).toEqual(['Jade', 'Maël']);
  expect(await linkedTo(first)).toHaveLength(1);
  const merged = await accountNow(world.deps, second.id);
  expect(merged).toMatchObject({ merged_into: first.id, closed_at: expect.any(Date) });
  expect([await childrenOf(second), await linkedTo(second)]).toEqual([[], []]);

  const later = await comeThrough('deux.dossiers');
  expect(await childrenAtEnt(later)).toEqual(['Jade', 'Maël']);
});

describe('one mobile of two people', () => {
  let count = 0;
  let mobile: string;
  let mother: Seeded;
  let father: Seeded;

  beforeEach(async () => {
    count += 1;
    mobile = `+3363998015${count}`;
    mother = await seedGuardian(world.deps, {
      givenName: 'Inès',
      familyName: 'GARNIER',
      mobile,
      children: [
        { givenName: 'Noé', birthDate: '2015-06-02' },
        { givenName: 'Lina', birthDate: '2018-02-17' },
      ],
    });
    father = await seedGuardian(world.deps, {
      givenName: 'Paul',
      familyName: 'GARNIER',
      mobile,
      pupilIds: mother.pupilIds.slice(0, 1),
      children: [{ givenName: 'Tom', birthDate: '2011-09-21' }],
    });
  });

  test('the identity says which one: he alone is asked for his children, and linked', async () => {
    const page = await comeThrough('paul');
    await giveMobile(page, mobile);
    await giveCode(page, mobile);
    expect(await childrenAsked(page)).toEqual(['Noé', 'Tom']);
    await giveDate(page, 'Noé', '2015-06-02');
    await giveDate(page, 'Tom', '2011-09-21');
    await button(page, 'Valider').click();
    expect(await childrenAtEnt(page)).toEqual(['Noé', 'Tom']);
    expect(await accountNow(world.deps, father.account.id)).toMatchObject(ACTIVATED);
    expect(await childrenOf(father.account)).toEqual(['Noé', 'Tom']);
    expect(await accountNow(world.deps, mother.account.id)).toMatchObject(UNTOUCHED);
    expect(await linkedTo(mother.account)).toEqual([]);
  });

  test('an identity that fits neither: asked who he is, after the code; wrong names lead nowhere', async () => {
    const page = await comeThrough('autre.nom');
    await giveMobile(page, mobile);
    await giveCode(page, mobile);
    await whoIsMeant(page);
    // Neither children nor anything else before it is said who is meant.
    await page.goto(page.url().replace(/\/nom$/, '/enfants'));
    await whoIsMeant(page);
    expect(page.url()).toMatch(/\/nom$/);
    await giveNames(page, 'Leclerc', 'Solange');
    await page.getByText('Ces informations ne permettent pas de vous reconnaître').waitFor();
    for (const { account } of [mother, father]) {
      expect(await accountNow(world.deps, account.id)).toMatchObject(UNTOUCHED);
      expect(await linkedTo(account)).toEqual([]);
    }
    await giveNames(page, 'garnier', 'ines');
    expect(await childrenAsked(page)).toEqual(['Lina', 'Noé']);
    await giveDate(page, 'Noé', '2015-06-02');
    await giveDate(page, 'Lina', '2018-02-17');
    await button(page, 'Valider').click();
    expect(await childrenAtEnt(page)).toEqual(['Lina', 'Noé']);
    expect(await accountNow(world.deps, mother.account.id)).toMatchObject(ACTIVATED);
    expect(await childrenOf(mother.account)).toEqual(['Lina', 'Noé']);
    expect(await accountNow(world.deps, father.account.id)).toMatchObject(UNTOUCHED);
    expect(await linkedTo(father.account)).toEqual([]);
  });
});

test('two people of the same names with one mobile: neither is taken for the other', async () => {
  const mobile = '+33639980143';
  const own = { givenName: 'Camille', familyName: 'ROUX', mobile };
  const { account: one } = await seedGuardian(world.deps, { ...own, title: 'Mme' });
  const { account: other } = await seedGuardian(world.deps, { ...own, title: 'M.' });
  const page = await comeThrough('camille');
  await giveMobile(page, mobile);
  await giveCode(page, mobile);
  await whoIsMeant(page);
  await giveNames(page, 'Roux', 'Camille');
  await page.getByText('Ces informations ne permettent pas de vous reconnaître').waitFor();
  await page.getByText("demandez à l'école").first().waitFor();
  for (const account of [one, other]) {
    expect(await accountNow(world.deps, account.id)).toMatchObject(UNTOUCHED);
    expect(await linkedTo(account)).toEqual([]);
  }
});

describe('who comes back without an identity', () => {
  test('given up: said so, and both ways on work', async () => {
    const page = await visit();
    await toFranceConnect(page);
    await page.getByText('Annuler').click();
    await heading(page, "Vous n'avez pas terminé sur FranceConnect").waitFor();
    await page.getByRole('link', { name: 'Je me connecte avec mon compte ÉduConnect' }).click();
    await page.getByLabel('Mot de passe', { exact: true }).waitFor();
    await button(page, "S'identifier avec FranceConnect").click();
    await page.getByText('Annuler').click();
    await button(page, "S'identifier avec FranceConnect").click();
    await identify(page);
    await button(page, 'Continuer').click();
    await atEnt(page);
  });

  test('too late: said so, and once more works', async () => {
    const page = await visit();
    await toFranceConnect(page);
    world.advance(31 * 60_000);
    await identify(page);
    await button(page, 'Continuer').click();
    await heading(page, 'Vous êtes revenu trop tard de FranceConnect').waitFor();
    await button(page, "S'identifier avec FranceConnect").click();
    // Its own session goes on until somebody signs out.
    expect(await page.getByLabel('Identifiant').inputValue()).toBe('claire');
    await button(page, 'Se connecter').click();
    await button(page, 'Continuer').click();
    await atEnt(page);
  });

  test('stopped at FranceConnect, by the back button: the page is there and both ways work', async () => {
    const page = await visit();
    await toFranceConnect(page);
    await identify(page, 'introuvable');
    await page.getByText('Y010004').waitFor();
    await page.goBack();
    await page.goBack();
    await page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
    await page.getByLabel('Identifiant', { exact: true }).fill('c.martin');
    await button(page, 'Se connecter').click();
    await atEnt(page);
  });

  test("FranceConnect's clock is wrong: refused, and the way goes on once it is right", async () => {
    world.franceConnect.setMode('wrong-clock');
    const page = await visit();
    await toFranceConnect(page);
    await identify(page);
    await button(page, 'Continuer').click();
    await heading(page, "La réponse de FranceConnect n'a pas pu être acceptée").waitFor();
    world.franceConnect.setMode('up');
    await button(page, "S'identifier avec FranceConnect").click();
    await identify(page);
    await button(page, 'Continuer').click();
    await atEnt(page);
  });

  test('FranceConnect is down: said so, and the other ways are there', async () => {
    world.forgetDiscovery();
    world.franceConnect.setMode('down');
    const page = await visit();
    await toSignIn(page);
    await button(page, "S'identifier avec FranceConnect").click();
    await heading(page, 'FranceConnect ne répond pas pour le moment').waitFor();
    await page.getByRole('link', { name: 'Je me connecte avec mon compte ÉduConnect' }).click();
    await page.getByLabel('Mot de passe', { exact: true }).waitFor();
  });
});
