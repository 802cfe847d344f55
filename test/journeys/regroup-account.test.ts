import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { sendDue } from '../../src/messages/send.ts';
import { insertSchool } from '../messages/sample-school.ts';
import { seedActivated } from '../support/activated.ts';
import { accessibilityViolations, closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedFamily } from '../support/family.ts';
import { seedSchool } from '../support/school-accounts.ts';
import { CHOSEN, PROVISIONAL } from '../support/sign-in.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

let database: TestDatabase;
let world: TestWorld;
const pages: TestPage[] = [];

/** As the personas regroup-1 and regroup-2 of the demo: one guardian, two records, a child under each. */
const DELMAS = { givenName: 'Jean-Pierre', familyName: 'DELMAS' };
const LEO = { givenName: 'Léo', familyName: 'DELMAS', birthDate: '2017-03-09' };
const JULIETTE = { givenName: 'Juliette', familyName: 'DELMAS', birthDate: '2013-05-01' };

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database);
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

const button = (page: TestPage, name: string) => page.getByRole('button', { name, exact: true });
const link = (page: TestPage, name: string) => page.getByRole('link', { name, exact: true });
const heading = (page: TestPage, name: string) => page.getByRole('heading', { name, level: 1 }).waitFor();
const fill = (page: TestPage, label: string, text: string) =>
  page.getByLabel(label, { exact: true }).fill(text);

/** « Mon compte » of somebody who signs in with a password of his own. */
async function atHome(
  identifier: string,
  options: Parameters<typeof newPage>[0] = {},
  password = CHOSEN,
  profile = 'Représentant légal',
): Promise<TestPage> {
  const page = await newPage(options);
  pages.push(page);
  await page.goto(world.base);
  await button(page, profile).click();
  await fill(page, 'Identifiant', identifier);
  await fill(page, 'Mot de passe', password);
  await button(page, 'Se connecter').click();
  return page;
}

async function isSound(page: TestPage, width: number): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  expect(await accessibilityViolations(page)).toEqual([]);
}

test('two accounts become one, on a small phone without JavaScript; the services see both children', async () => {
  await seedActivated(world.deps, { identifier: 'jp.delmas', ...DELMAS, children: [LEO] }, CHOSEN);
  await seedFamily(world.deps, {
    identifier: 'jp.delmas2',
    ...DELMAS,
    children: [JULIETTE],
    provisional: PROVISIONAL,
    email: 'jp.delmas@example.com',
  });
  const page = await atHome('jp.delmas', { width: 320, javaScriptEnabled: false });
  await link(page, 'Rattacher un enfant').click();
  await heading(page, 'Rattacher un enfant');
  await fill(page, 'Identifiant', 'jp.delmas2');
  await fill(page, 'Mot de passe', 'PASCELUILA');
  await button(page, 'Continuer').click();
  await page.getByText('Identifiant ou mot de passe incorrect').waitFor();
  expect(await page.getByLabel('Identifiant', { exact: true }).inputValue()).toBe('jp.delmas2');
  await fill(page, 'Mot de passe', PROVISIONAL);
  await button(page, 'Continuer').click();
  await heading(page, 'Vérifiez avant de rattacher');
  await page.getByText('Juliette DELMAS').waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  await button(page, 'Valider').click();
  await heading(page, 'Vos deux comptes sont réunis');
  await link(page, 'Continuer').click();
  for (const name of ['Léo DELMAS', 'Juliette DELMAS'])
    await page.getByRole('heading', { name, exact: true }).waitFor();
  await page.goto(`${world.ent.origin}/connexion`);
  await page.getByText("Je suis connecté à l'ENT").waitFor();
  const claims = (await page.textContent('body')) ?? '';
  for (const name of ['Léo', 'Juliette']) expect(claims).toContain(name);
  await sendDue(world.deps, { limit: 100 });
  const told = world.deps.mailer.sent.filter(({ subject }) => subject.includes('regroupés'));
  expect(told.map(({ to }) => to).sort()).toEqual(['jp.delmas@example.com', 'jp.delmas@example.org']);
});

test('another person’s account is not regrouped, by keyboard alone', async () => {
  await seedActivated(world.deps, { identifier: 'n.abel', givenName: 'Nora', familyName: 'ABEL' }, CHOSEN);
  await seedFamily(world.deps, {
    identifier: 'm.abel',
    givenName: 'Marc',
    familyName: 'ABEL',
    provisional: PROVISIONAL,
  });
  const page = await atHome('n.abel');
  await page.goto(`${world.base}/compte/rattacher`);
  await isSound(page, 1280);
  await page.getByLabel('Identifiant', { exact: true }).focus();
  await page.keyboard.type('m.abel');
  await page.keyboard.press('Tab');
  await page.keyboard.type(PROVISIONAL);
  await page.keyboard.press('Enter');
  await page.getByText('Les deux comptes ne sont pas au nom de la même personne').waitFor();
  await isSound(page, 1280);
});

test('a child is said not to be his, and taken back', async () => {
  await seedActivated(world.deps, { identifier: 'e.marin', givenName: 'Éva', familyName: 'MARIN' }, CHOSEN);
  const page = await atHome('e.marin', { width: 360 });
  await link(page, "Ce n'est pas mon enfant (Lucie ZOUMN)").click();
  await heading(page, 'Signaler un rattachement erroné');
  await isSound(page, 360);
  await button(page, 'Je ne suis pas le représentant légal de cet élève').click();
  await button(page, 'Retirer mon signalement').waitFor();
  await link(page, 'Mon compte').click();
  await page.getByText('Signalements en attente').waitFor();
  await isSound(page, 360);
  expect(await page.getByRole('heading', { name: 'Lucie ZOUMN', exact: true }).count()).toBe(0);
  await link(page, 'Voir ou retirer le signalement (Lucie ZOUMN)').click();
  await button(page, 'Retirer mon signalement').click();
  await page.getByRole('heading', { name: 'Lucie ZOUMN', exact: true }).waitFor();
});

test("a child's forgotten password: shown once, and the child goes on with it", async () => {
  const school = await insertSchool(database.db, { uai: '0319970A' });
  await database.db('schools').where({ id: school }).update({ degree: 2 });
  await seedSchool(world.deps, '0319970A', {
    guardians: [{ givenName: 'Inès', familyName: 'TESSIER', identifier: 'i.tessier', as: 'activated' }],
    pupils: [
      {
        givenName: 'Salomé',
        familyName: 'TESSIER',
        birthDate: '2013-04-17',
        of: ['i.tessier'],
        account: { identifier: 's.tessier', as: 'notified' },
      },
    ],
  });
  const hash = await world.deps.passwords.hash(CHOSEN);
  await database.db('accounts').where({ identifier: 'i.tessier' }).update({ password_hash: hash });
  const page = await atHome('i.tessier', { width: 360 });
  await link(page, 'Mot de passe oublié de mon enfant (Salomé TESSIER)').click();
  await heading(page, 'Mot de passe oublié de votre enfant');
  await isSound(page, 360);
  await button(page, 'Créer un nouveau mot de passe').click();
  await heading(page, 'Les codes de votre enfant');
  await isSound(page, 360);
  const password = (await page.locator('dd').last().textContent()) ?? '';
  expect(password).toMatch(/^[A-Z2-9]{10}$/);
  expect(page.url()).not.toContain(password);
  await page.emulateMedia({ media: 'print' });
  expect(await page.getByText(password).isVisible()).toBe(true);
  expect(await page.getByRole('contentinfo').isVisible()).toBe(false);
  await page.emulateMedia({ media: 'screen' });
  await page.reload();
  await page.getByText('a déjà été affiché').waitFor();
  expect(await page.getByText(password).count()).toBe(0);

  const pupil = await atHome('s.tessier', {}, password, 'Élève');
  await fill(pupil, 'Nouveau mot de passe', CHOSEN);
  await fill(pupil, 'Confirmer le mot de passe', CHOSEN);
  await button(pupil, 'Valider').click();
  await fill(pupil, 'Jour', '17');
  await fill(pupil, 'Mois', '4');
  await fill(pupil, 'Année', '2013');
  await button(pupil, 'Valider').click();
  await heading(pupil, 'Mon compte');
});
