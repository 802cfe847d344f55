import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readPdf } from '../messages/read-pdf.ts';
import { insertGuide } from '../statistics/guide.ts';
import { accessibilityViolations, closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { PROVISIONAL, seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS, type StaffWorld, startStaffWorld } from '../support/staff.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

let database: TestDatabase;
let world: StaffWorld;
const pages: TestPage[] = [];
const PHONE = 320;

/** The director's school is that of the guide (S1, 6.1); the collège has two pupils. */
beforeAll(async () => {
  database = await createTestDatabase();
  const guide = await insertGuide(database);
  world = await startStaffWorld(database);
  const { db } = database;
  const { uai, name } = STAFF_SCHOOLS.one;
  await db('schools').where({ uai }).update({ uai: '0999997Z' });
  await db('schools').where({ id: guide.id }).update({ uai, name });
  await seedSchool(world.app.deps, STAFF_SCHOOLS.college.uai, {
    guardians: [
      { familyName: 'BARRET', givenName: 'Jeanne', identifier: 'j.barret', as: 'franceconnect' },
      { familyName: 'MOREL', givenName: 'Luc', identifier: 'l.morel', as: 'notified' },
    ],
    pupils: [
      { familyName: 'BARRET', givenName: 'Tom', of: ['j.barret'], class: '3A', mef: ['10310019110', '3EME'] },
      { familyName: 'MOREL', givenName: 'Noé', of: ['l.morel'], class: '4B', mef: ['10210019110', '4EME'] },
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
    expect(page.watched.thirdParty([world.base, world.portal.issuer])).toEqual([]);
    await page.close();
  }
});

const button = (page: TestPage, name: string) => page.getByRole('button', { name, exact: true });
const link = (page: TestPage, name: string) => page.getByRole('link', { name, exact: true });
const heading = (page: TestPage, name: string) => page.getByRole('heading', { name, exact: true });

async function enter(login: string, options: Parameters<typeof newPage>[0] = {}): Promise<TestPage> {
  const page = await newPage(options);
  pages.push(page);
  await page.goto(`${world.base}/admin`);
  await page.getByLabel('Identifiant').fill(login);
  await button(page, 'Se connecter').click();
  await heading(page, 'Bienvenue').waitFor();
  return page;
}

async function fits(page: TestPage): Promise<void> {
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
}

/** The file that a click brings. */
async function downloaded(
  page: TestPage,
  click: () => Promise<void>,
): Promise<{ name: string; bytes: Buffer }> {
  const [file] = await Promise.all([page.waitForEvent('download'), click()]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}

const rowsOf = async (page: TestPage, title: string) => {
  const texts = await page
    .getByRole('table', { name: title, exact: true })
    .locator('tr:visible')
    .allInnerTexts();
  return texts.map((text) =>
    text
      .replaceAll('\u00a0', ' ')
      .split('\t')
      .map((cell) => cell.trim())
      .join('|'),
  );
};

describe('a director follows the accounts of his school', () => {
  test.each([
    ['with script', true],
    ['without', false],
  ])(
    '%s: computes, reads the tables of R-165 beside their pictures, takes one as a file',
    async (_what, script) => {
      await database.db('statistics_snapshots').delete();
      const page = await enter('directeur', { width: PHONE, javaScriptEnabled: script });
      await link(page, 'Statistiques').click();
      await heading(page, 'Statistiques pour les comptes responsables').waitFor();
      await page.getByText('pas encore été calculées').waitFor();
      if (script) await fits(page);
      await button(page, 'Calculer les statistiques').click();
      await page.getByText(/^Dernière mise à jour le \d\d-\d\d-\d{4} à \d\d:\d\d:\d\d$/).waitFor();
      expect((await rowsOf(page, 'Synthèse des comptes responsables de la structure')).at(-1)).toBe(
        '238|230|5|1|2|0,84 %|1,27 %',
      );
      expect((await rowsOf(page, 'Synthèse des comptes responsables par classe')).at(-1)).toBe(
        'Total|313|301|6|2|4|1,28 %',
      );
      expect((await rowsOf(page, 'Synthèse des comptes responsables par niveau')).at(-1)).toBe(
        'Total|311|299|6|2|4|1,29 %',
      );
      await page.getByText('(238 pour la structure, 313 par classe, 311 par niveau)').waitFor();
      const picture = page.getByRole('img', { name: 'États des comptes par classe' });
      expect(await picture.locator('rect').count()).toBeGreaterThan(12);
      if (script) await fits(page);
      const file = await downloaded(page, () =>
        page.getByRole('link', { name: /^Télécharger \(CSV\).*par classe$/ }).click(),
      );
      expect(file.name).toMatch(/^Educonnect-Statistiques-Classes-\d{14}\.csv$/);
      expect(file.bytes.toString('utf8')).toContain('CPB;22;20;0;0;2;9,09 %\r\n');
    },
  );

  test('on paper: the tables without menus, every detail shown', async () => {
    const page = await enter('principal');
    await page.goto(`${world.base}/admin/etablissements/${STAFF_SCHOOLS.college.uai}/statistiques`);
    await button(page, 'Calculer les statistiques').click();
    const title = 'Synthèse des comptes responsables de la structure par MEF';
    await page.getByRole('table', { name: title }).waitFor();
    expect(await rowsOf(page, title)).toHaveLength(3);
    // With the keyboard: « + » opens, and closes.
    await page.locator('summary', { hasText: '3EME' }).focus();
    await page.keyboard.press('Enter');
    expect(await rowsOf(page, title)).toContain('3EME|FranceConnect|1|0|0|0|1');
    await fits(page);
    await page.keyboard.press('Enter');
    expect(await rowsOf(page, title)).toHaveLength(3);
    await page.emulateMedia({ media: 'print' });
    expect(await rowsOf(page, title)).toHaveLength(5);
    expect(await button(page, 'Calculer les statistiques').isVisible()).toBe(false);
    expect(await page.getByRole('navigation', { name: 'Onglets' }).isVisible()).toBe(false);
  });
});

describe('and takes what he needs with him', () => {
  test('the list of those selected, as PDF and as CSV; without a selection he is told so', async () => {
    const page = await enter('principal', { width: 360, javaScriptEnabled: false });
    await link(page, 'Responsables').click();
    await button(page, 'Rechercher').click();
    const open = () => page.locator('summary', { hasText: 'Lister les comptes' }).click();
    await open();
    await button(page, 'Imprimer la liste des responsables (format csv)').click();
    await heading(page, 'Gestion des comptes responsables').waitFor();
    expect(await page.title()).toMatch(/^Erreur : /);

    await page.getByLabel('Sélectionner tout').check();
    await open();
    const csv = await downloaded(page, () =>
      button(page, 'Imprimer la liste des responsables (format csv)').click(),
    );
    expect(csv.name).toMatch(/^Educonnect-ListeResponsables-\d{14}\.csv$/);
    expect(csv.bytes.toString('utf8')).toContain(`MOREL;Luc;l.morel;${PROVISIONAL}\r\n`);
    const pdf = await downloaded(page, () =>
      button(page, 'Imprimer la liste des responsables (format pdf)').click(),
    );
    expect(pdf.name).toMatch(/^Educonnect-ListeResponsables-\d{14}\.pdf$/);
    const read = await readPdf(pdf.bytes, { codes: false });
    expect(read.pages[0]?.text).toContain(PROVISIONAL);
  });

  test('help, the guide, the message and the flyer for families, the lists by class', async () => {
    const page = await enter('principal', { width: PHONE });
    await link(page, "Aide à l'administration des comptes").click();
    await heading(page, 'Perte de son mot de passe (déjà changé)').waitFor();
    await fits(page);
    const guide = await downloaded(page, () => link(page, 'Guide complet').click());
    expect(guide.name).toBe('Educonnect-Guide-Complet.pdf');
    const lists = await downloaded(page, () => button(page, 'Imprimer les listes par classe (PDF)').click());
    const { pages: sheets } = await readPdf(lists.bytes, { codes: false });
    expect(sheets.map(({ text }) => /responsables : (\w+)/.exec(text)?.[1])).toEqual(['3A', '4B']);
    expect(sheets.some(({ text }) => text.includes(PROVISIONAL))).toBe(false);

    await page.locator('#documents + ul').getByRole('link', { name: 'Message aux familles' }).click();
    await heading(page, 'Message aux familles').waitFor();
    expect(await page.getByLabel('Message', { exact: true }).inputValue()).toContain(
      "L'établissement CLG-JEANNE BARRET",
    );
    await fits(page);
    const flyer = await downloaded(page, () => link(page, 'Dépliant pour les familles (PDF)').click());
    expect(flyer.name).toBe('Educonnect-Depliant-Familles-0319950D.pdf');

    await link(page, "Retour à l'aide").click();
    await page
      .getByLabel(/^Retrouver une famille/)
      .last()
      .fill('morel');
    await button(page, 'Rechercher').click();
    await page.getByText('l.morel').first().waitFor();
  });
});
