import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { updateAccount } from '../../src/accounts/store.ts';
import type { FranceConnectPerson } from '../../src/demo/franceconnect-people.ts';
import { seedActivated } from '../support/activated.ts';
import { closeBrowser, newPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found } from '../support/family.ts';
import { type FranceConnectWorld, startFranceConnectWorld } from '../support/franceconnect-world.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

const NEW = 'tabouret7rouge';
const someone = (login: string): FranceConnectPerson => ({
  login,
  what: login,
  identity: {
    given_name: 'CLAIRE ANNE',
    family_name: 'DUPUIS',
    birthdate: '1982-04-09',
    gender: 'female',
    birthplace: '75112',
    birthcountry: '99100',
  },
});

let database: TestDatabase;
let world: FranceConnectWorld;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startFranceConnectWorld(database, [someone('claire'), someone('voisine')]);
  for (const login of ['claire', 'voisine']) {
    const account = await seedActivated(world.deps, { identifier: login, givenName: login }, 'chaise3verte');
    const none = { passwordKind: 'none', passwordHash: null } as const;
    await updateAccount(world.deps.db, account.id, none, world.deps.clock.now());
    await world.link(account, login);
  }
});
afterAll(async () => {
  await closeBrowser();
  await world?.close();
  await database?.drop();
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const link = (page: Page, name: string) => page.getByRole('link', { name, exact: true });
const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1, exact: true });

/** Through FranceConnect, where one may be known already. */
async function identify(page: Page, login: string): Promise<void> {
  await button(page, "S'identifier avec FranceConnect").click();
  const typed = page.getByLabel('Identifiant', { exact: true });
  const goOn = button(page, 'Continuer');
  await typed.or(goOn).first().waitFor();
  if (await typed.isVisible()) {
    await typed.fill(login);
    await button(page, 'Se connecter').click();
  }
  await goOn.click();
}

test('somebody who only knows FranceConnect proves by it who he is, and chooses a first password', async () => {
  const page = await newPage({ width: 390 });
  await page.goto(`${world.base}/`);
  await button(page, 'Représentant légal').click();
  await identify(page, 'claire');
  await heading(page, 'Mon compte').waitFor();

  world.advance(11 * 60_000);
  await link(page, 'Changer mon mot de passe').click();
  await heading(page, "Confirmez que c'est bien vous").waitFor();
  await identify(page, 'claire');
  await heading(page, 'Choisir un mot de passe').waitFor();
  await page.getByLabel('Nouveau mot de passe', { exact: true }).fill(NEW);
  await page.getByLabel('Confirmer le mot de passe', { exact: true }).fill(NEW);
  await button(page, 'Valider').click();
  await heading(page, 'Votre mot de passe est changé').waitFor();
  expect(await found(world.deps, 'claire')).toMatchObject({ passwordKind: 'personal' });
  await page.goto(`${world.base}/compte/historique`);
  await page.getByText('Connexion, avec FranceConnect', { exact: true }).first().waitFor();

  // The session that came from FranceConnect still ends there too.
  await page.goto(`${world.base}/`);
  await button(page, 'Se déconnecter').click();
  await heading(page, 'Vous êtes déconnecté').waitFor();
  await page.close();
});

test('another person of the same computer, who signs in there with FranceConnect, is refused', async () => {
  await seedActivated(world.deps, { identifier: 'maryse' }, 'chaise3verte');
  const page = await newPage();
  await page.goto(`${world.base}/`);
  await button(page, 'Représentant légal').click();
  await page.getByLabel('Identifiant', { exact: true }).fill('maryse');
  await page.getByLabel('Mot de passe', { exact: true }).fill('chaise3verte');
  await button(page, 'Se connecter').click();
  await heading(page, 'Mon compte').waitFor();
  world.advance(11 * 60_000);
  await link(page, 'Changer mon mot de passe').click();
  await heading(page, "Confirmez que c'est bien vous").waitFor();
  await identify(page, 'voisine');
  await heading(page, "Ce n'est pas le compte attendu").waitFor();
  expect((await found(world.deps, 'voisine')).lastLoginAt).toBeNull();
  await link(page, 'Annuler et revenir à « Mon compte »').click();
  await heading(page, 'Mon compte').waitFor();
  await page.getByText('maryse', { exact: true }).waitFor();
  await page.close();
});
