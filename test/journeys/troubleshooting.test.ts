import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import type { TestPage } from '../support/browser.ts';
import { type DemoCollege, startDemoCollege } from '../support/demo-college.ts';
import {
  button,
  choosePassword,
  fits,
  heading,
  link,
  menu,
  typeCredentials,
} from '../support/director-steps.ts';

/** « Dépannage des comptes élèves »: a delegate without a key gets a pupil in again. */

/** A browser beside other tests takes its time. */
jest.setTimeout(180_000);

let college: DemoCollege;
beforeAll(async () => {
  college = await startDemoCollege();
});
afterAll(() => college?.close());
afterEach(() => college?.closePages());

async function openPupil(page: TestPage): Promise<void> {
  const {
    family_name: familyName,
    given_name: givenName,
    identifier = '',
  } = college.persona('pupil-provisional');
  await heading(page, 'Bienvenue').waitFor();
  await link(page, 'Dépanner un élève').click();
  await heading(page, 'Dépannage des comptes élèves').waitFor();
  await page.getByLabel('Nom ou prénom').fill(`${familyName} ${givenName}`);
  await button(page, 'Rechercher').click();
  await fits(page);
  await page
    .getByRole('row')
    .filter({ hasText: identifier })
    .getByRole('link', { name: /^Consulter le compte/ })
    .click();
  await heading(page, /^Compte de/).waitFor();
}

test('a forgotten password: found, reset, told, printed; the pupil is in again', async () => {
  const { identifier = '', birth_date: birthDate = '' } = college.persona('pupil-provisional');
  const page = await college.enter('delegate-troubleshooting');
  expect(new URL(page.url()).pathname).toBe('/admin/depannage');
  await fits(page);
  await openPupil(page);
  await fits(page);
  const text = await page.innerText('main');
  expect(text).not.toMatch(/Responsables légaux|Journal/);
  expect(text).not.toContain(birthDate.split('-').reverse().join('-'));

  await menu(page, 'Modifier le compte').click();
  await button(page, 'Réinitialiser le mot de passe').click();
  await heading(page, 'Êtes-vous sûr de vouloir réinitialiser le mot de passe du compte ?').waitFor();
  await button(page, 'Valider').click();
  await page.getByText('Le mot de passe a bien été réinitialisé.').waitFor();
  await fits(page);
  const password = await page.locator('dd strong').innerText();
  await button(page, 'Par feuille individuelle imprimable').click();
  await button(page, 'Valider').click();
  await page.getByText('La distribution a été effectuée avec succès.').waitFor();
  const { pages } = await college.pdf(page, 'Télécharger le courrier au format PDF');
  expect(pages.length).toBe(1);
  expect(pages[0]?.text).toContain(password);

  const pupil = await college.visit({ width: 360 });
  await pupil.goto(`${college.ent.origin}/connexion`);
  await button(pupil, 'Élève').click();
  await typeCredentials(pupil, identifier, password);
  await choosePassword(pupil);
  const [year = '', month = '', day = ''] = birthDate.split('-');
  const fields: [string, string][] = [
    ['Jour', day],
    ['Mois', month],
    ['Année', year],
  ];
  for (const [label, value] of fields) await pupil.getByLabel(label, { exact: true }).fill(value);
  await button(pupil, 'Valider').click();
  await pupil.getByText("Je suis connecté à l'ENT").waitFor();

  // The head reads in the journal who it was.
  const head = await college.enter('head-college');
  await heading(head, 'Bienvenue').waitFor();
  await link(head, 'Journal').click();
  const acts = await head.getByRole('main').innerText();
  for (const part of ['A réinitialisé le mot de passe', 'Simon DÉLÉGUÉ']) expect(acts).toContain(part);
});

test('the administration stays closed to him; the head without his key has the troubleshooting', async () => {
  const page = await college.enter('delegate-troubleshooting');
  await heading(page, 'Bienvenue').waitFor();
  expect(await page.getByRole('link', { name: 'Responsables' }).count()).toBe(0);
  for (const path of ['eleves', 'responsables', 'statistiques', 'journal'])
    expect(
      (await page.request.get(`${college.world.base}/admin/etablissements/${college.uai}/${path}`)).status(),
    ).toBe(404);
  const head = await college.enter('head-college', '.sans-cle');
  await heading(head, 'Connectez-vous avec votre clé OTP').waitFor();
  await link(head, 'Dépannage des comptes élèves').click();
  await openPupil(head);
});
