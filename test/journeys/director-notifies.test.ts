import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { accountColumns } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { makeAllLetters, sendMessages } from '../../src/jobs/send-messages.ts';
import { createProvider } from '../../src/provider/index.ts';
import { readPdf } from '../messages/read-pdf.ts';
import { accessibilityViolations, closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS, type StaffWorld, startStaffWorld } from '../support/staff.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(180_000);

let database: TestDatabase;
let world: StaffWorld;
const pages: TestPage[] = [];
let run = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database, { provider: createProvider });
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
beforeEach(async () => {
  run += 1;
  const kinds = ['not_notified', 'notified', 'activating', 'activated'] as const;
  await seedSchool(world.app.deps, STAFF_SCHOOLS.one.uai, {
    guardians: kinds.map((as) => ({
      givenName: 'Nora',
      familyName: `${as.replace('_', '')}${run}`,
      identifier: `${as.replace('_', '')}${run}`,
      as,
      email: as === 'notified' ? null : `${as.replace('_', '')}${run}@example.org`,
    })),
    pupils: kinds.map((as) => ({
      givenName: 'Zoé',
      familyName: `Enfant${run}`,
      birthDate: '2017-03-09',
      of: [`${as.replace('_', '')}${run}`],
      class: `CP ${run}`,
    })),
  });
});

const LIST = `/admin/etablissements/${STAFF_SCHOOLS.one.uai}/responsables`;
const button = (page: TestPage, name: string) => page.getByRole('button', { name, exact: true });
const link = (page: TestPage, name: string) => page.getByRole('link', { name, exact: true });
const menu = (page: TestPage, name: string) => page.locator('summary').filter({ hasText: name });
const heading = (page: TestPage, name: string) => page.getByRole('heading', { name, exact: true });
const account = (kind: string): Promise<Account> =>
  database
    .db('accounts')
    .select(accountColumns())
    .where({ identifier: `${kind}${run}` })
    .first();
const password = async (kind: string) => openProvisional(world.app.deps, await account(kind)) ?? '';

/** Signs in and has the families of this test before him. */
async function enter(options: Parameters<typeof newPage>[0] = {}): Promise<TestPage> {
  const page = await newPage(options);
  pages.push(page);
  await page.goto(`${world.base}${LIST}`);
  await page.getByLabel('Identifiant').fill('directeur');
  await button(page, 'Se connecter').click();
  await heading(page, 'Gestion des comptes responsables').waitFor();
  await page.getByLabel('Nom ou prénom').fill(`Enfant${run}`);
  await button(page, 'Rechercher').click();
  return page;
}

async function fits(page: TestPage): Promise<void> {
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
}

async function downloaded(page: TestPage) {
  const waiting = page.waitForEvent('download');
  await link(page, 'Télécharger le courrier au format PDF').click();
  const download = await waiting;
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

test('sheets for a class; what the letter says lets the parent in', async () => {
  const page = await enter();
  await link(page, 'Sélectionner la page').click();
  await menu(page, '(Re)Notifier les comptes').click();
  await button(page, 'Par feuilles individuelles imprimables').click();
  await heading(
    page,
    'Êtes-vous sûr de vouloir notifier le(s) compte(s) (par feuille individuelle) ?',
  ).waitFor();
  await page.getByText('4 compte(s) concerné(s)').waitFor();
  await fits(page);
  await button(page, 'Valider').click();
  await page.getByText('La distribution a été effectuée avec succès').waitFor();
  await fits(page);
  const { name, bytes } = await downloaded(page);
  expect(name).toMatch(/^Educonnect-Courriers-0319911A-\d{14}\.pdf$/);
  const { pages: letters } = await readPdf(bytes, { codes: false });
  expect(letters).toHaveLength(4);
  for (const kind of ['notnotified', 'notified'])
    expect(
      letters.filter(({ text }) => text.includes(`Identifiant : ${kind}${run} Mot de passe`)),
    ).toHaveLength(1);
  const letter = letters.find(({ text }) => text.includes(`notnotified${run}`))?.text ?? '';
  const [, told = ''] = /Mot de passe \* : (\S+)/.exec(letter) ?? [];
  expect(told).toBe(await password('notnotified'));
  expect(letters.find(({ text }) => text.includes(` activated${run}`))?.text).toContain(
    'Votre mot de passe est inchangé.',
  );

  const parent = await newPage({ width: 360 });
  pages.push(parent);
  await parent.goto(`${world.base}/connexion?identifiant=notnotified${run}`);
  await parent.getByLabel('Mot de passe', { exact: true }).fill(told);
  await button(parent, 'Se connecter').click();
  await parent.getByLabel('Nouveau mot de passe').waitFor();
});

test('the start of the year: by mail, then sheets for whom no mail reaches, then the list by class (R-157)', async () => {
  const page = await enter();
  await page.getByLabel('Sélectionner tout').check();
  await page.getByText('4 responsable(s) sélectionné(s)').waitFor();
  await menu(page, '(Re)Notifier les comptes').click();
  await button(page, 'Par envoi de courriers électroniques').click();
  // He thinks again, and finds his search.
  await button(page, 'Annuler').click();
  await page.getByText('1 à 4 sur 4 élève(s)').waitFor();
  await page.getByLabel('Sélectionner tout').check();
  await menu(page, '(Re)Notifier les comptes').click();
  await button(page, 'Par envoi de courriers électroniques').click();
  await button(page, 'Valider').click();
  await page.getByText('distribution par mail est impossible').waitFor();
  await fits(page);
  await button(page, 'Par feuilles individuelles imprimables').click();
  await page.getByText('1 compte(s) concerné(s)').waitFor();
  await button(page, 'Valider').click();
  await page.getByText('La distribution a été effectuée avec succès').waitFor();
  const { bytes } = await downloaded(page);
  const { pages: letters } = await readPdf(bytes, { codes: false });
  expect(letters).toHaveLength(1);
  expect(letters[0]?.text).toContain(`Mot de passe * : ${await password('notified')}`);

  await link(page, 'Revenir à la liste des responsables').click();
  await page.getByText('1 à 4 sur 4 élève(s)').waitFor();
  await page.getByLabel('Sélectionner tout').check();
  await menu(page, 'Lister les comptes').click();
  const waiting = page.waitForEvent('download');
  await button(page, 'Imprimer la liste par classe, sans mot de passe (format pdf)').click();
  const list = await readPdf(await readFile(await (await waiting).path()), { codes: false });
  expect(list.pages).toHaveLength(1);
  expect(list.pages[0]?.text).toContain(`CP ${run}`);
});

test('mails, without script, on a phone: who has no address is named, results come', async () => {
  const page = await enter({ width: 360, javaScriptEnabled: false });
  await link(page, 'Sélectionner la page').click();
  await menu(page, '(Re)Notifier les comptes').click();
  await page.getByLabel('Avec réinitialisation du mot de passe').check();
  await button(page, 'Par envoi de courriers électroniques').click();
  await heading(page, 'Êtes-vous sûr de vouloir notifier le(s) compte(s) (par email) ?').waitFor();
  await button(page, 'Valider').click();
  await page.getByText(`(total : 1 compte(s)) : NOTIFIED${run} Nora`).waitFor();
  await page
    .getByText("Avertissement : les mots de passe des comptes qui n'étaient pas encore notifiés")
    .waitFor();
  await sendMessages(world.app.deps, 'email');
  await link(page, 'Actualiser').click();
  await page.getByText('3 envoyé(s)').waitFor();
  const mail = world.app.deps.mailer.sent.find(({ to }) => to === `activated${run}@example.org`);
  expect(mail?.text).toContain(`Mot de passe * : ${await password('activated')}`);
});

test('one account: reset, its new password at once; the activation mail to another address', async () => {
  const page = await enter();
  await page
    .locator('tr', { hasText: ` activated${run}` })
    .getByRole('link')
    .last()
    .click();
  await menu(page, 'Modifier le compte').click();
  await button(page, 'Réinitialiser le mot de passe').click();
  await heading(page, 'Êtes-vous sûr de vouloir réinitialiser le mot de passe du compte ?').waitFor();
  await fits(page);
  await button(page, 'Valider').click();
  await page.getByText('Le mot de passe a bien été réinitialisé.').waitFor();
  await page.getByText(await password('activated'), { exact: true }).waitFor();
  await fits(page);

  await page.goto(
    `${world.base}/admin/etablissements/${STAFF_SCHOOLS.one.uai}/comptes/${(await account('activating')).publicId}`,
  );
  await menu(page, 'Modifier le compte').click();
  await link(page, "Renvoyer un courriel d'activation").click();
  await heading(page, "Vérification de l'adresse mail").waitFor();
  const field = page.getByLabel('Adresse mail :');
  await field.fill(`corrigee${run}@example.org`);
  await button(page, 'Valider').click();
  await page.getByText('Le mail a été renvoyé.').waitFor();
  expect(await account('activating')).toMatchObject({ email: `corrigee${run}@example.org` });
});

test('the same question in two tabs is one distribution; many letters come by a page that refreshes itself', async () => {
  const many = Array.from({ length: 32 }, (_, index) => `foule${index}x${run}`);
  await seedSchool(world.app.deps, STAFF_SCHOOLS.one.uai, {
    guardians: many.map((identifier) => ({ givenName: 'Guy', familyName: 'FOULE', identifier })),
    pupils: many.map((identifier) => ({
      givenName: 'Ana',
      familyName: `Multitude${run}`,
      of: [identifier],
      class: 'CE2',
    })),
  });
  const page = await enter();
  const ask = async (tab: TestPage) => {
    await tab.goto(`${world.base}${LIST}?q=Multitude${run}`);
    await link(tab, 'Sélectionner la page').click();
    await menu(tab, '(Re)Notifier les comptes').click();
    await button(tab, 'Par feuilles individuelles imprimables').click();
    await page.getByText('32 compte(s) concerné(s)').waitFor();
  };
  await ask(page);
  const tab = (await page.context().newPage()) as TestPage;
  await ask(tab);
  await button(page, 'Valider').click();
  await page.getByRole('status').filter({ hasText: 'Préparation du courrier' }).waitFor();
  await button(tab, 'Valider').click();
  await tab.waitForURL(page.url());
  await tab.close();
  expect(
    await database
      .db('audit_events')
      .where({ event: 'notify' })
      .whereIn('account_id', database.db('accounts').select('id').whereIn('identifier', many)),
  ).toHaveLength(32);
  await makeAllLetters(world.app.deps);
  // Nobody clicks: the page looks again by itself.
  const { bytes } = await downloaded(page);
  expect((await readPdf(bytes, { codes: false })).pages).toHaveLength(32);
});
