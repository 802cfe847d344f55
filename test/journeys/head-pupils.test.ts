import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import scanner from 'jsqr';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { makeAllLetters } from '../../src/jobs/send-messages.ts';
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
import { CHOSEN } from '../support/sign-in.ts';

/** The head of a collège distributes his pupils' accounts, and they get in with what he has printed (R-169, R-173). */

/** A browser beside other tests takes its time. */
jest.setTimeout(180_000);

const jsQR = scanner as unknown as typeof scanner.default;

let college: DemoCollege;
beforeAll(async () => {
  college = await startDemoCollege();
});
afterAll(() => college?.close());
afterEach(() => college?.closePages());

const DOWNLOAD = 'Télécharger le courrier au format PDF';
const LIST = 'Gestion des comptes élèves';

async function toPupils(): Promise<TestPage> {
  const page = await college.enter('head-college');
  await link(page, 'Élèves').click();
  await heading(page, LIST).waitFor();
  return page;
}

/** One pupil of the collège who has not been notified yet. */
async function newcomer(after = 0): Promise<{ identifier: string; name: string; birthDate: string }> {
  const row = await college.database
    .db('pupils as p')
    .join('accounts as a', 'a.id', 'p.account_id')
    .join('schools as s', 's.id', 'p.school_id')
    .where({ 's.uai': college.uai, 'a.state': 'not_notified' })
    .whereNotNull('p.birth_date')
    .orderBy('p.id')
    .offset(after)
    .first({
      identifier: 'a.identifier',
      familyName: 'a.family_name',
      givenName: 'a.given_name',
      birthDate: 'p.birth_date',
    });
  const { identifier, familyName, givenName, birthDate } = row;
  return { identifier, name: `${familyName} ${givenName}`, birthDate: String(birthDate) };
}
const passwordOf = async (identifier: string): Promise<string> => {
  const row = await college.database.db('accounts').where({ identifier }).first();
  const account = { publicId: row.public_id, provisionalSealed: row.provisional_sealed };
  return openProvisional(college.world.app.deps, account) ?? '';
};

async function giveOwnBirthDate(page: TestPage, date: string): Promise<void> {
  const [year = '', month = '', day = ''] = date.split('-');
  const fields: [string, string][] = [
    ['Jour', day],
    ['Mois', month],
    ['Année', year],
  ];
  for (const [label, value] of fields) await page.getByLabel(label, { exact: true }).fill(value);
  await button(page, 'Valider').click();
}

test('a class by sheet: the letters in order, the QR code scanned, first connection, and at the ENT as eleve2d', async () => {
  const page = await toPupils();
  await fits(page);
  await menu(page, 'Classe(s)').click();
  const first = page.getByRole('group', { name: 'Classe(s)' }).getByRole('checkbox').first();
  await first.check();
  await button(page, 'Rechercher').click();
  await page.getByLabel('Sélectionner tout').check();
  const chosen = await page.locator('[data-selection-count]').innerText();
  expect(chosen).toMatch(/^\d+ élève\(s\) sélectionné\(s\)$/);
  await menu(page, '(Re)Notifier les comptes').click();
  await button(page, 'Par feuilles individuelles imprimables').click();
  await heading(page, /^Êtes-vous sûr de vouloir notifier/).waitFor();
  await fits(page);
  await button(page, 'Valider').click();
  await page.getByText('La distribution a été effectuée avec succès').waitFor();
  // Of many the letters are made beside the requests, and the page looks again by itself.
  await makeAllLetters(college.world.app.deps);
  await link(page, DOWNLOAD).waitFor();
  await fits(page);
  const { pages: letters } = await college.pdf(page, DOWNLOAD);
  expect(letters.length).toBe(Number.parseInt(chosen, 10));

  const someone = letters.find(({ text }) => text.includes('Mot de passe * :'));
  const identifier = /Identifiant : (\S+)/.exec(someone?.text ?? '')?.[1] ?? '';
  const password = /Mot de passe \* : (\S+)/.exec(someone?.text ?? '')?.[1] ?? '';
  const code = someone?.code ?? { data: new Uint8ClampedArray(), size: 0 };
  const scanned = jsQR(code.data, code.size, code.size)?.data ?? '';
  expect(scanned).toBe(`${college.world.base}/connexion?profil=eleve&identifiant=${identifier}`);

  const pupil = await college.visit({ width: 360 });
  await pupil.goto(scanned);
  expect(await pupil.getByLabel('Identifiant', { exact: true }).inputValue()).toBe(identifier);
  expect(await pupil.getByRole('button', { name: /FranceConnect/ }).count()).toBe(0);
  await fits(pupil);
  await pupil.getByLabel('Mot de passe', { exact: true }).fill(password);
  await button(pupil, 'Se connecter').click();
  await choosePassword(pupil);
  await fits(pupil);
  const { birth_date: birthDate } = await college.database
    .db('pupils as p')
    .join('accounts as a', 'a.id', 'p.account_id')
    .where('a.identifier', identifier)
    .first('p.birth_date');
  await giveOwnBirthDate(pupil, String(birthDate));
  await heading(pupil, 'Mon compte').first().waitFor();

  await pupil.goto(`${college.ent.origin}/connexion`);
  await pupil.getByText("Je suis connecté à l'ENT").waitFor();
  const claims = JSON.parse((await pupil.locator('pre').textContent()) ?? '{}');
  expect(claims.FrEduCtPersonAffiliation).toEqual(['eleve2d']);
  expect(claims.FrEduVecteur[0]).toMatch(new RegExp(`^4\\|.*\\|${college.uai}$`));
  expect(claims.eleves[0].uai).toBe(college.uai);

  // The head sees it, and no longer sees the password.
  await link(page, 'Élèves').click();
  await page.getByLabel('Nom ou prénom').fill(String(claims.family_name));
  await button(page, 'Rechercher').click();
  await page
    .getByRole('row')
    .filter({ hasText: identifier })
    .getByRole('link', { name: /^Consulter le compte/ })
    .click();
  await heading(page, /^Compte de/).waitFor();
  await page.getByText('*****', { exact: true }).waitFor();
  await fits(page);
});

test('one pupil: notified from his page, the wrong profile told to whoever knows the password, both ways', async () => {
  const { identifier, name, birthDate } = await newcomer(40);
  const page = await toPupils();
  await page.getByLabel('Nom ou prénom').fill(name);
  await button(page, 'Rechercher').click();
  await page
    .getByRole('row')
    .filter({ hasText: identifier })
    .getByRole('link', { name: `Consulter le compte de ${name}` })
    .click();
  await heading(page, `Compte de ${name}`).waitFor();
  await heading(page, 'Responsables légaux').waitFor();
  await menu(page, '(Re)Notifier le compte').click();
  await button(page, 'Par feuille individuelle imprimable').click();
  await button(page, 'Valider').click();
  await page.getByText('La distribution a été effectuée avec succès.').waitFor();
  const password = await passwordOf(identifier);

  const pupil = await college.visit({ javaScriptEnabled: false });
  await pupil.goto(`${college.ent.origin}/connexion`);
  await button(pupil, 'Représentant légal').click();
  await typeCredentials(pupil, identifier, 'pas le bon 1');
  await heading(pupil, 'Identifiant ou mot de passe incorrect').waitFor();
  await typeCredentials(pupil, identifier, password);
  await heading(pupil, "Ce compte n'est pas celui d'un représentant légal").waitFor();
  await link(pupil, 'Changer de profil').first().click();
  await button(pupil, 'Élève').click();
  await typeCredentials(pupil, identifier, password);
  await choosePassword(pupil);
  await giveOwnBirthDate(pupil, '2001-01-01');
  await pupil
    .getByText(/La date/)
    .first()
    .waitFor();
  await giveOwnBirthDate(pupil, birthDate);
  await pupil.getByText("Je suis connecté à l'ENT").waitFor();

  const parent = await college.visit();
  const { identifier: guardian = '', password: own = '' } = college.persona('activated');
  await parent.goto(`${college.ent.origin}/connexion`);
  await button(parent, 'Élève').click();
  await typeCredentials(parent, guardian, own);
  await heading(parent, "Ce compte n'est pas celui d'un élève").waitFor();
  await typeCredentials(parent, guardian, `${own}x`);
  await heading(parent, 'Identifiant ou mot de passe incorrect').waitFor();

  // His failed date is in the diagnostic, and that he got in since.
  await link(page, 'Revenir au compte').click();
  await page.getByText("L'élève s'est connecté depuis.").waitFor();
});

test('lists: PDF by class, CSV by name; reset of those selected', async () => {
  const page = await toPupils();
  await page.getByLabel('Nom ou prénom').fill((await newcomer(80)).name);
  await button(page, 'Rechercher').click();
  await page
    .getByRole('checkbox', { name: /^Sélectionner [^t]/ })
    .first()
    .check();
  await menu(page, 'Lister les comptes').click();
  const waiting = page.waitForEvent('download');
  await button(page, 'Imprimer la liste des élèves (format csv)').click();
  expect((await waiting).suggestedFilename()).toMatch(/^Educonnect-ListeEleves-\d{14}\.csv$/);
  const { pages } = await college.pdf(page, 'Imprimer la liste des élèves (format pdf)');
  expect(pages[0]?.text).toContain('Liste des élèves :');
  await button(page, 'Réinitialiser les mots de passe').click();
  await heading(page, 'Êtes-vous sûr de vouloir réinitialiser le(s) compte(s) ?').waitFor();
  await button(page, 'Valider').click();
  await page.getByText("n'étaient pas encore notifiés").waitFor();
  await fits(page);
});

test('the sample pupil signs in with what the sample school gave him', async () => {
  const {
    identifier = '',
    provisional_password: password = '',
    birth_date: birthDate = '',
  } = college.persona('pupil-provisional');
  const pupil = await college.visit({ width: 320 });
  await pupil.goto(`${college.ent.origin}/connexion`);
  await button(pupil, 'Élève').click();
  await typeCredentials(pupil, identifier, password);
  await choosePassword(pupil, CHOSEN);
  await giveOwnBirthDate(pupil, birthDate);
  await pupil.getByText("Je suis connecté à l'ENT").waitFor();
});
