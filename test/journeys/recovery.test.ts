import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { sendDue } from '../../src/messages/send.ts';
import { OLD_PASSWORD, seedActive } from '../support/active-guardian.ts';
import { closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { codeFor } from '../support/guardians.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

let database: TestDatabase;
let world: TestWorld;
let count = 400;
let mobile: string;
const pages: TestPage[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database, { parts: { sms: createTestSms() } });
});
afterAll(async () => {
  await closeBrowser();
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  count += 1;
  mobile = `+336399804${String(count).slice(-2)}`;
});
afterEach(async () => {
  for (const page of pages.splice(0)) {
    expect(page.watched.errors()).toEqual([]);
    await page.close();
  }
});

const button = (page: TestPage, name: string) => page.getByRole('button', { name, exact: true });
const link = (page: TestPage, name: string) => page.getByRole('link', { name, exact: true });
const fill = (page: TestPage, label: string, text: string) =>
  page.getByLabel(label, { exact: true }).fill(text);

/** From the ENT to the form of the guardians. */
async function toSignIn(options: Parameters<typeof newPage>[0] = {}): Promise<TestPage> {
  const page = await newPage(options);
  pages.push(page);
  await page.goto(`${world.ent.origin}/connexion`);
  await button(page, 'Représentant légal').click();
  return page;
}

async function signIn(page: TestPage, identifier: string, password: string): Promise<void> {
  await fill(page, 'Identifiant', identifier);
  await fill(page, 'Mot de passe', password);
  await button(page, 'Se connecter').click();
}

async function choosePassword(page: TestPage): Promise<void> {
  await fill(page, 'Nouveau mot de passe', CHOSEN);
  await fill(page, 'Confirmer le mot de passe', CHOSEN);
  await button(page, 'Valider').click();
}

async function giveCode(page: TestPage): Promise<void> {
  await fill(page, 'Code reçu par SMS', (await codeFor(world.deps, mobile)) ?? 'none');
  await button(page, 'Valider').click();
}

const atEnt = (page: TestPage) => page.getByText("Je suis connecté à l'ENT").waitFor();

/** The last link that left for an address. */
async function linkTo(to: string): Promise<string> {
  await sendDue(world.deps, { limit: 100 });
  const mail = world.deps.mailer.sent.filter((sent) => sent.to === to).at(-1);
  return /https?:\S+\/(?:mot-de-passe|ce-n-est-pas-moi)\/[\w-]+/.exec(mail?.text ?? '')?.[0] ?? '';
}

test('identifier, then password, forgotten: both by SMS, on a small phone without JavaScript', async () => {
  const account = await seedActive(world.deps, { mobile, givenName: 'Zoé', familyName: "D'HAUT-BOIS" });
  const page = await toSignIn({ width: 320, javaScriptEnabled: false });
  await link(page, 'Identifiant oublié').click();
  await link(page, 'Recevoir un code par SMS à la place').click();
  await fill(page, 'Nom', 'Dhautbois');
  await fill(page, 'Prénom', 'zoe');
  await fill(page, 'Numéro de téléphone portable', mobile.replace('+33', '0'));
  await button(page, 'Valider').click();
  await link(page, "Je n'ai rien reçu").click();
  await page.getByRole('heading', { name: "Je n'ai rien reçu", level: 1 }).waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  await link(page, 'Revenir à la saisie du code').click();
  await giveCode(page);
  await page.getByText(account.identifier, { exact: true }).waitFor();

  await database.db('code_requests').delete();
  await link(page, 'Mot de passe oublié').click();
  await link(page, 'Recevoir un code par SMS à la place').click();
  await fill(page, 'Identifiant', account.identifier);
  await fill(page, 'Numéro de téléphone portable', mobile);
  await button(page, 'Valider').click();
  await giveCode(page);
  await choosePassword(page);
  await atEnt(page);
});

test('password forgotten by mail: the link leads back to the login page, the new password to the ENT', async () => {
  const account = await seedActive(world.deps, { mobile });
  const page = await toSignIn();
  await signIn(page, account.identifier, 'pas2cestca');
  await link(page, 'Mot de passe oublié').click();
  await fill(page, 'Identifiant', account.identifier);
  await button(page, 'Valider').click();
  await page.getByRole('heading', { name: 'Regardez vos mails' }).waitFor();
  await page.goto(await linkTo(account.email ?? ''));
  await choosePassword(page);
  await page.getByRole('heading', { name: 'Votre mot de passe est changé' }).waitFor();
  await signIn(page, account.identifier, CHOSEN);
  await atEnt(page);
});

test('« Ce n’est pas moi » closes the account to whoever took it, and says so to him', async () => {
  const account = await seedActive(world.deps, { mobile });
  const thief = await toSignIn();
  await link(thief, 'Mot de passe oublié').click();
  await link(thief, 'Recevoir un code par SMS à la place').click();
  await fill(thief, 'Identifiant', account.identifier);
  await fill(thief, 'Numéro de téléphone portable', mobile);
  await button(thief, 'Valider').click();
  await giveCode(thief);
  await choosePassword(thief);
  await atEnt(thief);

  const holder = await newPage();
  pages.push(holder);
  await holder.goto(await linkTo(account.email ?? ''));
  await button(holder, "Ce n'est pas moi").click();
  await holder.getByRole('heading', { name: 'Le compte est bloqué' }).waitFor();

  await thief.goto(`${world.lsu.origin}/connexion`);
  await button(thief, 'Représentant légal').click();
  await signIn(thief, account.identifier, CHOSEN);
  await thief.getByRole('heading', { name: 'Ce compte est bloqué' }).waitFor();
  await signIn(thief, account.identifier, OLD_PASSWORD);
  await thief.getByRole('heading', { name: 'Identifiant ou mot de passe incorrect' }).waitFor();
});

test('the help is one click from the login page, and its table reads on a narrow screen', async () => {
  const page = await toSignIn({ width: 320 });
  await link(page, "Je n'arrive pas à me connecter").click();
  const table = page.getByRole('table');
  expect(await table.getByRole('columnheader').allInnerTexts()).toHaveLength(4);
  expect(await table.getByRole('row').count()).toBe(8);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
});
