import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { accessibilityViolations, closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type StaffWorld, startStaffWorld } from '../support/staff.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

let database: TestDatabase;
let world: StaffWorld;
const pages: TestPage[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
});
afterAll(async () => {
  await closeBrowser();
  await world?.close();
  await database?.drop();
});
afterEach(async () => {
  for (const page of pages.splice(0)) {
    expect(page.watched.errors()).toEqual([]);
    await page.close();
  }
});

const PHONE = 360;
const button = (page: TestPage, name: string) => page.getByRole('button', { name, exact: true });
const heading = (page: TestPage, name: string) => page.getByRole('heading', { name, exact: true });

/** From the portal's list of applications, as ARENA leads there, to the module. */
async function enter(login: string, options: Parameters<typeof newPage>[0] = {}): Promise<TestPage> {
  const page = await newPage(options);
  pages.push(page);
  await page.goto(world.portal.issuer);
  await page.getByRole('link', { name: 'EduConnect' }).click();
  await page.getByLabel('Identifiant').fill(login);
  await button(page, 'Se connecter').click();
  await page.waitForURL(`${world.base}/admin**`);
  return page;
}

async function fits(page: TestPage): Promise<void> {
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
}

describe('the staff come in by the portal', () => {
  test('a director of one school, on a phone; out again, here and there', async () => {
    const page = await enter('directeur', { width: PHONE });
    await heading(page, 'Bienvenue').waitFor();
    await heading(page, 'Vous avez choisi E.E.PU-DES TILLEULS (0319911A)').waitFor();
    expect(await page.getByLabel('Choisir un établissement').count()).toBe(0);
    await fits(page);
    await button(page, 'Se déconnecter').click();
    await page.waitForURL(`${world.base}/admin/deconnecte`);
    await heading(page, 'Vous êtes déconnecté').waitFor();
    await fits(page);
    await page.goto(`${world.base}/admin`);
    // The session at the portal is over too.
    await page.getByLabel('Identifiant').waitFor();
  });

  test('a director of three schools, with the keyboard alone: the choice holds until another', async () => {
    const page = await enter('trois', { width: PHONE });
    const choice = page.getByLabel('Choisir un établissement');
    expect(await choice.locator('option').allInnerTexts()).toEqual([
      'Aucun',
      '0319911A - E.E.PU-DES TILLEULS - VALMONT',
      "0319912B - E.M.PU-L'ÎLE - MONTŒUVRE",
      '0319913C - E.P.PU-DU PRÉ - LÈZE',
    ]);
    await fits(page);
    await choice.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await heading(page, "Vous avez choisi E.M.PU-L'ÎLE (0319912B)").waitFor();
    await fits(page);
    await page.reload();
    await page.getByText("0319912B E.M.PU-L'ÎLE-ac-TOULOUSE MONTŒUVRE").waitFor();
    await choice.selectOption({ label: '0319913C - E.P.PU-DU PRÉ - LÈZE' });
    await button(page, 'Valider').click();
    await heading(page, 'Vous avez choisi E.P.PU-DU PRÉ (0319913C)').waitFor();
  });

  test('the head of a collège with his key, and without', async () => {
    const page = await enter('principal');
    await heading(page, 'Vous avez choisi CLG-JEANNE BARRET (0319950D)').waitFor();
    await page.getByRole('link', { name: 'Dépannage des comptes élèves' }).click();
    await page.waitForURL(`${world.base}/admin/depannage`);
    await fits(page);

    const other = await enter('principal.sans-cle', { width: PHONE });
    await heading(other, 'Connectez-vous avec votre clé OTP').waitFor();
    await fits(other);
    await other.getByRole('button', { name: 'Se connecter avec la clé OTP' }).click();
    await other.getByLabel('Identifiant').fill('principal');
    await button(other, 'Se connecter').click();
    await heading(other, 'Vous avez choisi CLG-JEANNE BARRET (0319950D)').waitFor();
  });

  test('who has no rights is told whom to ask', async () => {
    const page = await enter('professeur', { width: PHONE });
    await heading(page, "Vous n'avez pas de droits dans EduConnect").waitFor();
    await page.getByText("Adressez-vous à l'assistance de votre académie").waitFor();
    await fits(page);
  });

  test('who turns back at the portal is told so', async () => {
    const page = await newPage({ width: PHONE, javaScriptEnabled: false });
    pages.push(page);
    await page.goto(`${world.base}/admin`);
    await page.getByRole('link', { name: 'Annuler' }).click();
    await heading(page, 'Connexion annulée').waitFor();
    await page.getByRole('button', { name: 'Se connecter' }).click();
    await page.getByLabel('Identifiant').waitFor();
  });
});
