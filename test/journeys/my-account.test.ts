import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { sendDue } from '../../src/messages/send.ts';
import { seedActivated } from '../support/activated.ts';
import { accessibilityViolations, closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

const OLD = 'chaise3verte';
const NEW = 'tabouret7rouge';
const MINUTE_MS = 60_000;

let database: TestDatabase;
let world: TestWorld;
let identifier: string;
let count = 0;
const pages: TestPage[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database);
});
afterAll(async () => {
  await closeBrowser();
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  identifier = `j.compte${count}`;
  await seedActivated(world.deps, { identifier }, OLD);
});
afterEach(async () => {
  for (const page of pages.splice(0)) {
    expect(page.watched.errors()).toEqual([]);
    await page.close();
  }
});

const button = (page: TestPage, name: string) => page.getByRole('button', { name, exact: true });
const link = (page: TestPage, name: string) => page.getByRole('link', { name, exact: true });
const heading = (page: TestPage, name: string) => page.getByRole('heading', { name, level: 1, exact: true });
const fill = (page: TestPage, label: string, text: string) =>
  page.getByLabel(label, { exact: true }).fill(text);

async function open(options: Parameters<typeof newPage>[0] = {}): Promise<TestPage> {
  const page = await newPage(options);
  pages.push(page);
  return page;
}

async function signIn(page: TestPage, password = OLD): Promise<void> {
  await page.goto(`${world.base}/`);
  await button(page, 'Représentant légal').click();
  await fill(page, 'Identifiant', identifier);
  await fill(page, 'Mot de passe', password);
  await button(page, 'Se connecter').click();
  await heading(page, 'Mon compte').waitFor();
}

/** The page as it stands: whole at its width, and without a fault that axe knows. */
async function isSound(page: TestPage, width: number): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  expect(await accessibilityViolations(page)).toEqual([]);
}

async function prove(page: TestPage): Promise<void> {
  await heading(page, "Confirmez que c'est bien vous").waitFor();
  expect(await page.getByLabel('Identifiant', { exact: true }).inputValue()).toBe(identifier);
  await fill(page, 'Mot de passe', OLD);
  await button(page, 'Se connecter').click();
}

test('everything of « Mon compte » by hand: services, password after a fresh proof, sessions, history, data', async () => {
  const phone = await open({ width: 390 });
  await signIn(phone);
  const page = await open();
  await signIn(page);
  await isSound(page, 1280);

  // A service with one click and no second login.
  await link(page, 'ENT Exemple').click();
  await page.getByText("Je suis connecté à l'ENT").waitFor();
  await page.goto(`${world.base}/`);

  world.advance(11 * MINUTE_MS);
  await link(page, 'Changer mon mot de passe').click();
  await heading(page, "Confirmez que c'est bien vous").waitFor();
  await isSound(page, 1280);
  await link(page, 'Annuler et revenir à « Mon compte »').click();
  await heading(page, 'Mon compte').waitFor();
  await link(page, 'Changer mon mot de passe').click();
  await prove(page);
  await heading(page, 'Changer mon mot de passe').waitFor();
  await fill(page, 'Nouveau mot de passe', NEW);
  await fill(page, 'Confirmer le mot de passe', NEW);
  await button(page, 'Valider').click();
  await heading(page, 'Votre mot de passe est changé').waitFor();
  await isSound(page, 1280);
  await link(page, 'Revenir à « Mon compte »').click();

  // The telephone is signed out, and comes back with the new password.
  await phone.reload();
  await heading(phone, 'Je sélectionne mon profil').waitFor();
  await signIn(phone, NEW);

  await link(page, 'Mes sessions').click();
  await page.getByRole('heading', { name: /\(celui-ci\)$/ }).waitFor();
  expect(await button(page, 'Déconnecter cet appareil').count()).toBe(1);
  await button(page, 'Déconnecter cet appareil').click();
  await page.getByText("L'appareil est déconnecté").waitFor();
  await phone.reload();
  await heading(phone, 'Je sélectionne mon profil').waitFor();

  await link(page, 'Mon compte').click();
  await link(page, 'Télécharger mes données').click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    button(page, 'Télécharger pour lire').click(),
  ]);
  const file = await readFile(await download.path(), 'utf8');
  expect(file).toContain(identifier);
  const [json] = await Promise.all([
    page.waitForEvent('download'),
    button(page, 'Télécharger au format JSON').click(),
  ]);
  expect(JSON.parse(await readFile(await json.path(), 'utf8')).account.identifier).toBe(identifier);

  // The history has all of it, and the mail told of the rest.
  await link(page, 'Mon compte').click();
  await link(page, 'Historique').click();
  for (const words of [
    'Données téléchargées',
    'Un appareil déconnecté',
    'Mot de passe changé',
    'Connexion, avec le mot de passe',
  ])
    await page.getByText(words, { exact: true }).first().waitFor();
  await isSound(page, 1280);
  await sendDue(world.deps, { limit: 100 });
  const told = world.deps.mailer.sent.filter((mail) => mail.to === `${identifier}@example.org`);
  expect(told.map((mail) => mail.subject)).toEqual(['EduConnect - Votre mot de passe a été changé']);

  // The file as the person opens it, from his own disk.
  const alone = await open({ width: 390 });
  await alone.setContent(file);
  await heading(alone, 'Mes données EduConnect - Guillaume ZOUMN').waitFor();
  await isSound(alone, 390);

  await link(page, 'Mon compte').click();
  await link(page, 'Mes sessions').click();
  await button(page, 'Me déconnecter partout').click();
  await heading(page, 'Vous êtes déconnecté').waitFor();
});

test('on a small phone, without JavaScript, in Arabic: each page whole, laid out from the right', async () => {
  const page = await open({ width: 320, javaScriptEnabled: false });
  await signIn(page);
  await page.goto(`${world.base}/?lang=ar`);
  for (const path of [
    '/',
    '/compte/mot-de-passe',
    '/compte/historique',
    '/compte/sessions',
    '/compte/donnees',
  ]) {
    await page.goto(`${world.base}${path}`);
    expect(await page.locator('html').getAttribute('dir')).toBe('rtl');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    await page.getByRole('heading', { level: 1 }).waitFor();
  }
  await page.goto(`${world.base}/compte/mot-de-passe`);
  await page.locator('#new_password').fill(NEW);
  await page.locator('#confirmation').fill(NEW);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/compte/mot-de-passe/fait');
});

test('two tabs: a form that was open before a proof in the other is sent as it stands', async () => {
  const page = await open();
  await signIn(page);
  await link(page, 'Changer mon mot de passe').click();
  const tab = await page.context().newPage();
  world.advance(11 * MINUTE_MS);
  await tab.goto(`${world.base}/compte/donnees`);
  await tab.getByLabel('Mot de passe', { exact: true }).fill(OLD);
  await tab.getByRole('button', { name: 'Se connecter', exact: true }).click();
  await tab.waitForURL('**/compte/donnees');
  await fill(page, 'Nouveau mot de passe', NEW);
  await fill(page, 'Confirmer le mot de passe', NEW);
  await button(page, 'Valider').dblclick();
  await heading(page, 'Votre mot de passe est changé').waitFor();
});
