import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { sendDue } from '../../src/messages/send.ts';
import { closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { type Carrier, startCarrier } from '../support/carrier.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedGuardian } from '../support/guardians.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

let carrier: Carrier;
let database: TestDatabase;
let world: TestWorld;
let mobile: string;
let count = 0;
const pages: TestPage[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  carrier = await startCarrier();
  world = await startWorld(database, { env: carrier.env });
  carrier.connect(world.deps);
});
afterAll(async () => {
  await closeBrowser();
  await carrier?.close();
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  count += 1;
  mobile = `+336399804${String(count).padStart(2, '0')}`;
});
afterEach(async () => {
  for (const page of pages.splice(0)) {
    expect(page.watched.errors()).toEqual([]);
    await page.close();
  }
});

async function visit(options: Parameters<typeof newPage>[0] = { width: 360 }): Promise<TestPage> {
  const page = await newPage(options);
  pages.push(page);
  return page;
}

const button = (page: TestPage, name: string) => page.getByRole('button', { name, exact: true });
const heading = (page: TestPage, name: string | RegExp) => page.getByRole('heading', { name, level: 1 });
const fits = (page: TestPage) => page.evaluate('document.documentElement.scrollWidth <= window.innerWidth');

/** From the ENT to « Je crée un compte EduConnect ». */
async function toRegistration(page: TestPage): Promise<void> {
  await page.goto(`${world.ent.origin}/connexion`);
  await button(page, 'Représentant légal').click();
  await page.getByRole('link', { name: 'Je crée un compte EduConnect', exact: true }).click();
}

type Typed = { name?: string; given?: string; phone?: string };

async function register(page: TestPage, typed: Typed = {}): Promise<void> {
  await page.getByLabel('Nom', { exact: true }).fill(typed.name ?? 'martin');
  await page.getByLabel('Prénom', { exact: true }).fill(typed.given ?? 'claire');
  await page.getByLabel('Numéro de téléphone portable', { exact: true }).fill(typed.phone ?? mobile);
  await button(page, 'Valider').click();
  await heading(page, 'Saisissez le code reçu par SMS').waitFor();
}

/** Sends what waits. @returns the code of the last SMS to this number */
async function codeReceived(to = mobile): Promise<string> {
  await sendDue(world.deps, { channel: 'sms', limit: 100 });
  const text = carrier.phones.filter((message) => message.to === to).at(-1)?.text ?? '';
  return /\d{6}/.exec(text)?.[0] ?? '';
}

async function giveCode(page: TestPage, code: string): Promise<void> {
  await page.getByLabel('Code reçu par SMS', { exact: true }).fill(code);
  await button(page, 'Valider').click();
}

/** Types a date `YYYY-MM-DD` in the group of a child. */
async function giveDate(page: TestPage, child: string, date: string): Promise<void> {
  const group = page.getByRole('group', { name: child, exact: true });
  const [year = '', month = '', day = ''] = date.split('-');
  await group.getByLabel('Jour', { exact: true }).fill(day);
  await group.getByLabel('Mois', { exact: true }).fill(month);
  await group.getByLabel('Année', { exact: true }).fill(year);
}

async function choosePassword(page: TestPage, password = CHOSEN): Promise<void> {
  await page.getByLabel('Nouveau mot de passe', { exact: true }).fill(password);
  await page.getByLabel('Confirmer le mot de passe', { exact: true }).fill(password);
  await button(page, 'Valider').click();
}

async function expectAtEnt(page: TestPage, ...parts: string[]): Promise<void> {
  await page.getByText("Je suis connecté à l'ENT").waitFor();
  const text = await page.innerText('body');
  for (const part of parts) expect(text).toContain(part);
}

describe('from the ENT, never notified', () => {
  test.each([
    ['on a phone of 360 pixels', { width: 360 }],
    ['without JavaScript', { javaScriptEnabled: false }],
  ])('%s: four pages to the ENT, and back later with identifier and password', async (_, options) => {
    const { account } = await seedGuardian(world.deps, {
      mobile,
      familyName: "D'ARC-LEFÈVRE",
      givenName: 'Marie-Claire Anne',
      children: [
        { givenName: 'Léa', familyName: 'LEFÈVRE', birthDate: '2014-01-31' },
        { givenName: 'Éloi', familyName: 'LEFÈVRE', birthDate: '2016-05-14' },
      ],
    });
    const page = await visit(options);
    await toRegistration(page);
    expect(await fits(page)).toBe(true);
    await register(page, {
      name: 'd’arc lefevre',
      given: 'marie claire',
      phone: `0${mobile.slice(3, 4)} ${mobile.slice(4)}`,
    });
    expect(await page.innerText('main')).toContain(`se termine par ${mobile.slice(-2)}`);
    expect(await page.getByLabel('Code reçu par SMS').getAttribute('autocomplete')).toBe('one-time-code');
    expect(await fits(page)).toBe(true);
    await giveCode(page, await codeReceived());
    await heading(page, 'Confirmez les dates de naissance de vos enfants').waitFor();
    expect(await fits(page)).toBe(true);
    await giveDate(page, 'Léa LEFÈVRE', '2014-1-31');
    await giveDate(page, 'Éloi LEFÈVRE', '2016-05-14');
    await button(page, 'Valider').click();
    await page.getByText(account.identifier, { exact: true }).waitFor();
    expect(await fits(page)).toBe(true);
    await choosePassword(page);
    await expectAtEnt(page, 'Marie-Claire', 'Léa', 'Éloi');

    const later = await visit(options);
    await later.goto(`${world.ent.origin}/connexion`);
    await button(later, 'Représentant légal').click();
    await later.getByLabel('Identifiant', { exact: true }).fill(account.identifier);
    await later.getByLabel('Mot de passe', { exact: true }).fill(CHOSEN);
    await button(later, 'Se connecter').click();
    await expectAtEnt(later, 'Léa', 'Éloi');
  });

  test('every refusal on the way says what to do, and the way goes on', async () => {
    await seedGuardian(world.deps, { mobile });
    const page = await visit();
    await toRegistration(page);
    await button(page, 'Valider').click();
    await page.getByRole('alert').getByText('Saisissez votre nom', { exact: true }).waitFor();
    await register(page);
    await giveCode(page, '12');
    await page.getByRole('alert').getByText('Le code comporte 6 chiffres').waitFor();
    const right = await codeReceived();
    await giveCode(page, right === '111111' ? '222222' : '111111');
    await page.getByRole('alert').getByText("Ce code n'est pas le bon").waitFor();
    expect(await page.innerText('main')).toContain('Il vous reste 4 essais');
    await button(page, 'Renvoyer le code').click();
    await page.getByRole('alert').getByText("Un code vient déjà d'être demandé").waitFor();
    await page.getByRole('link', { name: "Je n'ai rien reçu" }).click();
    expect(new URL(page.url()).pathname).toMatch(/rien-recu$/);
    await page.goto(page.url().replace(/\/rien-recu$/, ''));
    await giveCode(page, right);
    await giveDate(page, 'Léa MARTIN', '2016-05-15');
    await button(page, 'Valider').click();
    await page.getByRole('alert').getByText('La date de naissance ne correspond pas').waitFor();
    const notMine = page
      .getByRole('group', { name: 'Léa MARTIN', exact: true })
      .getByRole('checkbox', { name: 'Je ne suis pas le représentant légal de cet élève', exact: true });
    await notMine.check();
    await button(page, 'Valider').click();
    await page.getByRole('alert').getByText("Aucun enfant n'est confirmé").waitFor();
    await notMine.uncheck();
    await giveDate(page, 'Léa MARTIN', '2016-05-14');
    await button(page, 'Valider').click();
    await choosePassword(page, 'court');
    await page.getByRole('alert').getByText('Le mot de passe doit compter 8 caractères').waitFor();
    // The back button, then forward again: the page of the step where one stands.
    await page.goBack();
    await page.reload();
    await heading(page, /Notez votre identifiant/).waitFor();
    await choosePassword(page);
    await expectAtEnt(page, 'Claire', 'Léa');
  });
});

describe('people whom the directory makes hard', () => {
  test('La Réunion: the number as people there write it', async () => {
    const island = `+26269200${String(4000 + count)}`;
    await seedGuardian(world.deps, { mobile: island, familyName: 'HOARAU', givenName: 'Marie-Josée' });
    const page = await visit();
    await toRegistration(page);
    await register(page, {
      name: 'Hoarau',
      given: 'Marie-Josée',
      phone: `0${island.slice(4, 7)} ${island.slice(7)}`,
    });
    await giveCode(page, await codeReceived(island));
    await giveDate(page, 'Léa HOARAU', '2016-05-14');
    await button(page, 'Valider').click();
    await choosePassword(page);
    await expectAtEnt(page, 'Marie-Josée', 'HOARAU');
  });

  test('one guardian with two references: one account for the children of both', async () => {
    const who = { mobile, familyName: 'DELMAS', givenName: 'Jean-Pierre', title: 'M.' };
    const one = { givenName: 'Léo', birthDate: '2017-02-03' };
    const other = { givenName: 'Juliette', birthDate: '2012-09-10' };
    await seedGuardian(world.deps, { ...who, children: [one] });
    await seedGuardian(world.deps, { ...who, degree: 2, children: [other] });
    const page = await visit();
    await toRegistration(page);
    await register(page, { name: 'Delmas', given: 'Jean Pierre' });
    await giveCode(page, await codeReceived());
    await giveDate(page, 'Léo DELMAS', '2017-02-03');
    await giveDate(page, 'Juliette DELMAS', '2012-09-10');
    await button(page, 'Valider').click();
    await choosePassword(page);
    await expectAtEnt(page, 'Léo', 'Juliette');
  });

  test('two parents with one mobile: each gets his own account', async () => {
    const mother = await seedGuardian(world.deps, {
      mobile,
      familyName: 'MARCHAND',
      givenName: 'Aurélie',
      title: 'Mme',
      children: [{ givenName: 'Romane' }],
    });
    const father = await seedGuardian(world.deps, {
      mobile,
      familyName: 'MARCHAND',
      givenName: 'Julien',
      title: 'M.',
      pupilIds: mother.pupilIds,
      children: [],
    });
    for (const [given, { account }] of [
      ['Aurélie', mother],
      ['Julien', father],
    ] as const) {
      const page = await visit();
      await toRegistration(page);
      await register(page, { name: 'Marchand', given });
      await giveCode(page, await codeReceived());
      await giveDate(page, 'Romane MARCHAND', '2016-05-14');
      await button(page, 'Valider').click();
      await page.getByText(account.identifier, { exact: true }).waitFor();
      await choosePassword(page);
      await expectAtEnt(page, given, 'Romane');
      world.advance(61_000);
    }
  });

  test('a stranger is led like everybody, and receives nothing', async () => {
    const page = await visit();
    await toRegistration(page);
    await register(page, { name: 'Personne', given: 'Nulle' });
    expect(await codeReceived()).toBe('');
    await page.getByRole('link', { name: 'Choisir une autre façon de se connecter' }).click();
    await page.getByLabel('Identifiant', { exact: true }).waitFor();
  });
});
