import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { sendDue } from '../../src/messages/send.ts';
import { createProvider } from '../../src/provider/index.ts';
import { night } from '../imports/nights.ts';
import type { AafFeed } from '../support/aaf.ts';
import { accessibilityViolations, closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { type Carrier, startCarrier } from '../support/carrier.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { STAFF_SCHOOLS, type StaffWorld, startStaffWorld } from '../support/staff.ts';
import { startService, type TestService } from '../support/world.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

const DAY_MS = 86_400_000;
const TYPED = '06 39 98 02 02';

let carrier: Carrier;
let database: TestDatabase;
let world: StaffWorld;
let ent: TestService;
let ahead = 0;
const pages: TestPage[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  carrier = await startCarrier();
  const clock = { now: () => new Date(Date.now() + ahead) };
  world = await startStaffWorld(database, { env: carrier.env, parts: { clock }, provider: createProvider });
  carrier.connect(world.app.deps);
  ent = await startService(
    world.app.deps,
    'ent',
    'openid profile email educonnect educonnect_ref educonnect_eleves',
  );
  await night(world.app.deps, feed('06 39 98 02 01'));
});
afterAll(async () => {
  await closeBrowser();
  await carrier?.close();
  await ent?.close();
  await world?.close();
  await database?.drop();
});
afterEach(async () => {
  for (const page of pages.splice(0)) {
    expect(page.watched.errors()).toEqual([]);
    await page.close();
  }
});

/** @param mobile as the school has it */
function feed(mobile: string): AafFeed {
  const { uai, name } = STAFF_SCHOOLS.one;
  return {
    degree: 1,
    academy: '16',
    schools: [{ id: '319911', uai, name, academy: '16' }],
    pupils: [
      {
        id: '1',
        school: '319911',
        familyName: 'ZOUMN',
        givenName: 'Lucie',
        birthDate: '09/03/2017',
        guardians: [{ guardian: '51' }],
      },
    ],
    guardians: [{ id: '51', familyName: 'ZOUMN', givenName: 'Guillaume', title: 'M.', mobile }],
  };
}

const button = (page: TestPage, name: string) => page.getByRole('button', { name, exact: true });
const heading = (page: TestPage, name: string | RegExp) => page.getByRole('heading', { name });

async function visit(options: Parameters<typeof newPage>[0] = {}): Promise<TestPage> {
  const page = await newPage(options);
  pages.push(page);
  return page;
}

async function fits(page: TestPage): Promise<void> {
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
}

/** The parent types his names and his mobile. @returns the code of the SMS that he receives, empty: none */
async function register(page: TestPage): Promise<string> {
  await page.goto(`${ent.origin}/connexion`);
  await button(page, 'Représentant légal').click();
  await page.getByRole('link', { name: 'Je crée un compte EduConnect', exact: true }).click();
  await page.getByLabel('Nom', { exact: true }).fill('Zoumn');
  await page.getByLabel('Prénom', { exact: true }).fill('Guillaume');
  await page.getByLabel('Numéro de téléphone portable', { exact: true }).fill(TYPED);
  await button(page, 'Valider').click();
  await heading(page, 'Saisissez le code reçu par SMS').waitFor();
  await sendDue(world.app.deps, { channel: 'sms', limit: 100 });
  return /\d{6}/.exec(carrier.phones.at(-1)?.text ?? '')?.[0] ?? '';
}

/** The director comes in by the portal and opens « Familles en difficulté » from « Accueil ». */
async function openFamilies(): Promise<TestPage> {
  const page = await visit({ width: 360 });
  await page.goto(`${world.base}/admin`);
  await page.getByLabel('Identifiant').fill('directeur');
  await button(page, 'Se connecter').click();
  const help = page.getByRole('navigation', { name: 'Aider les familles', exact: true });
  await help.getByRole('link', { name: /^Familles en difficulté/ }).click();
  await heading(page, 'Familles en difficulté').waitFor();
  await fits(page);
  return page;
}

test('a parent fails, the director sees why, corrects the base; the night brings it, the parent gets in', async () => {
  expect(await register(await visit({ width: 360 }))).toBe('');

  const before = await openFamilies();
  const row = before.getByRole('row', { name: /ZOUMN Guillaume/ });
  expect(await row.innerText()).toContain(
    'le nom est bien celui de la fiche, mais pas le numéro de mobile saisi.',
  );
  expect(await row.innerText()).toContain("Rien n'a changé depuis.");
  expect(await row.innerText()).toContain('À corriger dans ONDE.');
  expect(await before.innerText('main')).not.toContain(TYPED);
  expect(await before.innerText('main')).toContain('Une correction est visible ici sous 1 à 2 jours.');
  await row.getByRole('link', { name: 'ZOUMN Guillaume' }).click();
  const diagnosis = before.getByRole('region', { name: 'Diagnostic' });
  await diagnosis.waitFor();
  await fits(before);
  expect(await diagnosis.innerText()).toContain("Le compte n'a pas été distribué.");
  expect(await diagnosis.innerText()).toContain("Rien n'a changé depuis.");

  // ONDE is corrected; the export of the evening, the import of the night.
  ahead = DAY_MS;
  await night(world.app.deps, feed(TYPED));

  const after = await openFamilies();
  const corrected = after.getByRole('row', { name: /ZOUMN Guillaume/ });
  expect(await corrected.innerText()).toMatch(
    /La correction est arrivée le .*\s: la famille peut réessayer\./,
  );
  await corrected.getByRole('link', { name: 'ZOUMN Guillaume' }).click();
  await after.getByRole('region', { name: 'Diagnostic' }).getByText('La correction est arrivée').waitFor();

  const parent = await visit({ width: 360 });
  const code = await register(parent);
  await parent.getByLabel('Code reçu par SMS', { exact: true }).fill(code);
  await button(parent, 'Valider').click();
  const child = parent.getByRole('group', { name: 'Lucie ZOUMN', exact: true });
  await child.getByLabel('Jour', { exact: true }).fill('9');
  await child.getByLabel('Mois', { exact: true }).fill('3');
  await child.getByLabel('Année', { exact: true }).fill('2017');
  await button(parent, 'Valider').click();
  await parent.getByLabel('Nouveau mot de passe', { exact: true }).fill(CHOSEN);
  await parent.getByLabel('Confirmer le mot de passe', { exact: true }).fill(CHOSEN);
  await button(parent, 'Valider').click();
  await parent.getByText("Je suis connecté à l'ENT").waitFor();

  await after.getByRole('link', { name: 'Responsables', exact: true }).click();
  const help = after.getByRole('navigation', { name: 'Aider les familles', exact: true });
  await help.getByRole('link', { name: /^Familles en difficulté/ }).click();
  await after.getByText("Aucune famille n'est en difficulté.").waitFor();
});
