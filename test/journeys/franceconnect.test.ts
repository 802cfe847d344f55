import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { Account } from '../../src/accounts/types.ts';
import type { FranceConnectPerson } from '../../src/demo/franceconnect-people.ts';
import { seedActivated } from '../support/activated.ts';
import { closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { type FranceConnectWorld, startFranceConnectWorld } from '../support/franceconnect-world.ts';
import { accountNow, codeFor, seedGuardian } from '../support/guardians.ts';

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
const PEOPLE = [someone('claire'), someone('nouvelle'), someone('introuvable', { stopsWith: 'Y010004' })];

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
  const page = await visit({ width: 390 });
  await toFranceConnect(page);
  await identify(page, 'nouvelle');
  await button(page, 'Continuer').click();
  await page.getByLabel('Numéro de téléphone portable').fill('06 39 98 01 41');
  await button(page, 'Valider').click();
  const code = page.getByLabel('Code reçu par SMS');
  await code.waitFor();
  await code.fill((await codeFor(world.deps, mobile)) ?? '');
  await button(page, 'Valider').click();
  const group = page.getByRole('group', { name: /Zoé/ });
  for (const [label, text] of [
    ['Jour', '9'],
    ['Mois', '3'],
    ['Année', '2017'],
  ] as const)
    await group.getByLabel(label).fill(text);
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
