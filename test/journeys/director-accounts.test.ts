import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { accessibilityViolations, closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { PROVISIONAL, seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS, type StaffWorld, startStaffWorld } from '../support/staff.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

let database: TestDatabase;
let world: StaffWorld;
const pages: TestPage[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
  const crowd = Array.from({ length: 60 }, (_, index) => `m.foule${index}`);
  await seedSchool(world.app.deps, STAFF_SCHOOLS.one.uai, {
    guardians: [
      { givenName: 'Guillaume', familyName: 'ZOUMN', identifier: 'g.zoumn', as: 'activated' },
      { givenName: 'Vincent', familyName: 'TENOBN', identifier: 'v.tenobn5', as: 'notified' },
      { givenName: 'Éloïse', familyName: "D'ARTIGUES", identifier: 'e.dartigues', as: 'activating' },
      ...crowd.map((identifier) => ({ givenName: 'Marie', familyName: 'FOULE', identifier })),
    ],
    pupils: [
      { givenName: 'Lucie', familyName: 'AMEJDOBU', class: 'CM1 NEW', of: ['g.zoumn'] },
      { givenName: 'Paul', familyName: 'EDUALIBL', class: 'CE1D', of: ['g.zoumn'] },
      { givenName: 'Oscar', familyName: 'AEJDNRGA', class: 'CM1 NEW', of: ['v.tenobn5'] },
      { givenName: 'Iris', familyName: 'BELLE', class: 'CE1D', of: ['e.dartigues'] },
      ...crowd.map((identifier, index) => ({
        givenName: `Max${index}`,
        familyName: 'FOULE',
        class: 'CE1D',
        of: [identifier],
      })),
    ],
  });
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
const LIST = `/admin/etablissements/${STAFF_SCHOOLS.one.uai}/responsables`;
const button = (page: TestPage, name: string) => page.getByRole('button', { name, exact: true });
const link = (page: TestPage, name: string) => page.getByRole('link', { name, exact: true });
const menu = (page: TestPage, name: string) => page.locator('summary').filter({ hasText: name });
const rows = (page: TestPage) => page.locator('tbody tr');
const box = (page: TestPage, guardian: string) =>
  page.getByLabel(`Sélectionner ${guardian}`, { exact: true });
const told = (page: TestPage, text: string) => page.getByText(text, { exact: true }).waitFor();

/** Signs in and stands on « Responsables ». */
async function enter(options: Parameters<typeof newPage>[0] = {}): Promise<TestPage> {
  const page = await newPage(options);
  pages.push(page);
  await page.goto(`${world.base}/admin`);
  await page.getByLabel('Identifiant').fill('directeur');
  await button(page, 'Se connecter').click();
  await link(page, 'Responsables').click();
  await page.getByRole('heading', { name: 'Gestion des comptes responsables' }).waitFor();
  return page;
}

async function search(page: TestPage, text: string): Promise<void> {
  await page.getByLabel('Nom ou prénom').fill(text);
  await button(page, 'Rechercher').click();
}

async function fits(page: TestPage): Promise<void> {
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
}

describe('a director finds accounts (section K)', () => {
  test('searches, filters, sorts, turns pages; back, reload and a bookmark find the same', async () => {
    const page = await enter();
    expect(await page.locator('table').count()).toBe(0);
    await fits(page);
    await search(page, '');
    await told(page, '1 à 50 sur 64 élève(s)');
    await link(page, 'Suivant').click();
    await told(page, '51 à 64 sur 64 élève(s)');
    await link(page, 'Précédent').click();
    await told(page, '1 à 50 sur 64 élève(s)');

    await menu(page, 'Classe(s)').click();
    await page.getByLabel('CM1 NEW').check();
    await button(page, 'Rechercher').click();
    await told(page, '1 à 2 sur 2 élève(s)');
    expect(await rows(page).locator('.ec-pairs__pupil').allInnerTexts()).toEqual([
      'AEJDNRGA Oscar',
      'AMEJDOBU Lucie',
    ]);
    const responsable = page.getByRole('columnheader', { name: 'Responsable' });
    await link(page, 'Responsable').click();
    await page.waitForURL(/sort=guardian/);
    expect(await responsable.getAttribute('aria-sort')).toBe('ascending');
    await link(page, 'Responsable').click();
    await page.waitForURL(/dir=desc/);
    expect(await responsable.getAttribute('aria-sort')).toBe('descending');
    expect(await rows(page).locator('.ec-pairs__guardian').allInnerTexts()).toEqual([
      'ZOUMN Guillaume',
      'TENOBN Vincent',
    ]);
    await fits(page);
    const bookmark = page.url();
    await page.reload();
    await told(page, '1 à 2 sur 2 élève(s)');
    await page.goBack();
    expect(await responsable.getAttribute('aria-sort')).toBe('ascending');

    // Any other access begins anew.
    await link(page, 'Responsables').click();
    await page.waitForURL(`${world.base}${LIST}`);
    expect(await page.locator('table').count()).toBe(0);
    await page.goto(bookmark);
    expect(await page.getByLabel('CM1 NEW').isChecked()).toBe(true);
    await link(page, 'Effacer').click();
    await page.waitForURL(`${world.base}${LIST}`);
    await search(page, 'personne');
    await page.getByText('Aucun responsable ne correspond à vos critères de sélection.').waitFor();
  });

  test('opens an account and comes back to the first page of his search', async () => {
    const page = await enter();
    await search(page, 'marie');
    await link(page, 'Suivant').click();
    await told(page, '51 à 60 sur 60 élève(s)');
    await link(page, 'Consulter le compte de FOULE Marie').first().click();
    await page.getByRole('heading', { name: 'Compte de FOULE Marie' }).waitFor();
    await link(page, 'Revenir à la liste des responsables').click();
    await told(page, '1 à 50 sur 60 élève(s)');
    expect(await page.getByLabel('Nom ou prénom').inputValue()).toBe('marie');
  });

  test('reads the account: the provisional password, the pupils, what may be done', async () => {
    const page = await enter();
    await search(page, 'tenobn');
    await link(page, 'Consulter le compte de TENOBN Vincent').click();
    await told(page, PROVISIONAL);
    await page.getByRole('table', { name: "Inscrits dans l'établissement" }).getByText('AEJDNRGA').waitFor();
    await menu(page, 'Modifier le compte').click();
    await button(page, 'Réinitialiser le mot de passe').waitFor();
    expect(await page.getByText("Renvoyer un courriel d'activation").count()).toBe(0);
    // One menu is open at a time.
    await menu(page, '(Re)Notifier le compte').click();
    await button(page, 'Par feuille individuelle imprimable').waitFor();
    expect(await button(page, 'Réinitialiser le mot de passe').isVisible()).toBe(false);
    await fits(page);
    // Whoever turns back before the action comes back to his search too.
    await button(page, 'Par feuille individuelle imprimable').click();
    await button(page, 'Annuler').click();
    await told(page, PROVISIONAL);
    await link(page, 'Revenir à la liste des responsables').click();
    await told(page, '1 à 1 sur 1 élève(s)');
    expect(await page.getByLabel('Nom ou prénom').inputValue()).toBe('tenobn');
  });
});

describe('a director says which accounts he means (R-102)', () => {
  test('the count is of accounts: both rows of one, the page, all results', async () => {
    const page = await enter();
    await search(page, '');
    await told(page, '0 responsable(s) sélectionné(s)');
    await box(page, 'ZOUMN Guillaume').first().check();
    await told(page, '1 responsable(s) sélectionné(s)');
    expect(await box(page, 'ZOUMN Guillaume').last().isChecked()).toBe(true);
    await link(page, 'Sélectionner la page').click();
    await told(page, '49 responsable(s) sélectionné(s)');
    await page.getByLabel('Sélectionner tout').check();
    await told(page, '63 responsable(s) sélectionné(s)');
    await box(page, 'TENOBN Vincent').uncheck();
    await told(page, '48 responsable(s) sélectionné(s)');
    expect(await page.getByLabel('Sélectionner tout').isChecked()).toBe(false);
    await page.getByLabel('Sélectionner tout').check();
    await page.getByLabel('Sélectionner tout').uncheck();
    await told(page, '0 responsable(s) sélectionné(s)');
  });

  test('none: the same page says so; all: the confirmation is about all of them', async () => {
    const page = await enter();
    await search(page, '');
    await menu(page, '(Re)Notifier les comptes').click();
    await button(page, 'Par feuilles individuelles imprimables').click();
    await link(page, 'Sélectionnez au moins un compte dans la liste.').waitFor();
    await fits(page);
    await page.getByLabel('Sélectionner tout').check();
    await menu(page, '(Re)Notifier les comptes').click();
    await button(page, 'Par feuilles individuelles imprimables').click();
    await page
      .getByText('Êtes-vous sûr de vouloir notifier le(s) compte(s) (par feuille individuelle) ?')
      .waitFor();
    await page.getByText('63').first().waitFor();
  });

  test('with the keyboard alone', async () => {
    const page = await enter();
    await page.getByLabel('Nom ou prénom').focus();
    await page.keyboard.type('zoumn');
    await page.keyboard.press('Enter');
    await told(page, '1 à 2 sur 2 élève(s)');
    await box(page, 'ZOUMN Guillaume').first().focus();
    await page.keyboard.press('Space');
    await told(page, '1 responsable(s) sélectionné(s)');
    const modify = menu(page, 'Modifier les comptes');
    await modify.focus();
    await page.keyboard.press('Enter');
    await button(page, 'Réinitialiser le(s) mot(s) de passe').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe(
      'Réinitialiser le(s) mot(s) de passe',
    );
    await page.keyboard.press('Escape');
    expect(await button(page, 'Réinitialiser le(s) mot(s) de passe').isVisible()).toBe(false);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Modifier les comptes');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Êtes-vous sûr de vouloir réinitialiser le(s) compte(s) ?').waitFor();
  });

  test('without script, on a phone: choices, menus, the page', async () => {
    const page = await enter({ width: PHONE, javaScriptEnabled: false });
    await menu(page, 'État(s) de compte').click();
    await page.getByLabel('Activé', { exact: true }).check();
    await page.getByLabel('Notifié et non activé').check();
    await button(page, 'Rechercher').click();
    await told(page, '1 à 3 sur 3 élève(s)');
    // Nobody would keep it up to date.
    expect(await page.getByText('0 responsable(s) sélectionné(s)').isVisible()).toBe(false);
    await link(page, 'Sélectionner la page').click();
    expect(await page.locator('input[name="account"]:checked').count()).toBe(3);
    await menu(page, 'Modifier les comptes').click();
    await button(page, 'Réinitialiser le(s) mot(s) de passe').click();
    await page.getByText('Êtes-vous sûr de vouloir réinitialiser le(s) compte(s) ?').waitFor();
  });

  test('on a phone rows are cards, and each column is a way to sort', async () => {
    const page = await enter({ width: PHONE });
    await fits(page);
    await search(page, "d'artigues");
    await told(page, '1 à 1 sur 1 élève(s)');
    await fits(page);
    await link(page, 'État de compte').click();
    await page.waitForURL(/sort=state/);
    await link(page, "Consulter le compte de D'ARTIGUES Éloïse").click();
    await page.getByRole('heading', { name: "Compte de D'ARTIGUES Éloïse" }).waitFor();
    await menu(page, 'Modifier le compte').click();
    await link(page, "Renvoyer un courriel d'activation").waitFor();
    await fits(page);
  });
});
