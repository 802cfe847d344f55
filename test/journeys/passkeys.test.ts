import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { updateAccount } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { resetPasswords } from '../../src/messages/reset.ts';
import { sendDue } from '../../src/messages/send.ts';
import { seedActivated } from '../support/activated.ts';
import { type Authenticator, addAuthenticator } from '../support/authenticator.ts';
import { accessibilityViolations, closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found } from '../support/family.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

const PASSWORD = 'Tournesol84';
let database: TestDatabase;
let world: TestWorld;
const pages: TestPage[] = [];
let count = 0;

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
    expect(page.watched.errors().filter((error) => /Content Security|Refused/i.test(error))).toEqual([]);
    await page.close();
  }
});

async function visit(options: Parameters<typeof newPage>[0] = {}): Promise<TestPage> {
  const page = await newPage(options);
  pages.push(page);
  return page;
}

async function someone(): Promise<Account> {
  count += 1;
  return seedActivated(world.deps, { identifier: `c.cle${count}` }, PASSWORD);
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const link = (page: Page, name: string | RegExp) => page.getByRole('link', { name });
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
const useKey = (page: Page) => button(page, "Utiliser une clé d'accès").click();
const atEnt = (page: Page) => page.getByText("Je suis connecté à l'ENT").waitFor();
const claims = async (page: Page) => JSON.parse((await page.locator('pre').textContent()) ?? '{}');

async function typePassword(page: Page, { identifier }: Account, profile = 'Représentant légal') {
  await button(page, profile).click();
  await page.getByLabel('Identifiant', { exact: true }).fill(identifier);
  await page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
  await button(page, 'Se connecter').click();
}

/** Signed in at « Mon compte », in a browser with an authenticator. */
async function atHome(account: Account, options: Parameters<typeof newPage>[0] = {}) {
  const page = await visit(options);
  const authenticator = await addAuthenticator(page);
  await page.goto(world.base);
  await typePassword(page, account);
  await heading(page, 'Mon compte').waitFor();
  return { page, authenticator };
}

async function addKey(page: Page, name: string): Promise<void> {
  await page.goto(`${world.base}/compte/cles`);
  await link(page, "Ajouter une clé d'accès").click();
  await page.getByLabel('Nom de la clé').fill(name);
  await button(page, "Créer la clé d'accès").click();
  await page.getByText("La clé d'accès est ajoutée").waitFor();
}

/** The same browser, signed out everywhere, at the first page of a sign-in to the ENT. */
async function toEnt(page: Page): Promise<void> {
  await page.context().clearCookies();
  await page.goto(`${world.ent.origin}/connexion`);
  await heading(page, 'Je sélectionne mon profil').waitFor();
}

async function withKey(name = 'Téléphone'): Promise<{
  account: Account;
  page: TestPage;
  authenticator: Authenticator;
}> {
  const account = await someone();
  const { page, authenticator } = await atHome(account);
  await addKey(page, name);
  return { account, page, authenticator };
}

const trail = (account: Account) =>
  world.deps.db('audit_events').where({ account_id: account.id }).orderBy('id').select('event', 'details');

async function mailsTo(account: Account) {
  await sendDue(world.deps, { limit: 100 });
  return world.deps.mailer.sent.filter(({ to }) => to === account.email);
}

describe('a key of one’s own', () => {
  test('offered after the activation, made, and signed in with from the first page: amr is hwk', async () => {
    const account = await someone();
    const { page, authenticator } = await atHome(account, { width: 390 });
    await heading(page, 'Se connecter sans mot de passe ?').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await link(page, "Ajouter une clé d'accès").click();
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.getByLabel('Nom de la clé').fill('Téléphone de Claire');
    await button(page, "Créer la clé d'accès").click();
    await page.getByText("La clé d'accès est ajoutée").waitFor();
    await heading(page, 'Téléphone de Claire').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    expect(await authenticator.keys()).toMatchObject([{ isResidentCredential: true, rpId: 'localhost' }]);
    const [mail] = await mailsTo(account);
    expect(mail?.text).toMatch(/nouvelle clé d'accès[\s\S]*ce-n-est-pas-moi/);

    await toEnt(page);
    expect(await accessibilityViolations(page)).toEqual([]);
    await useKey(page);
    await atEnt(page);
    expect(await claims(page)).toMatchObject({ amr: ['hwk'], acr: 'eidas1' });
    expect(await trail(account)).toContainEqual({ event: 'login', details: 'hwk' });
    expect(await database.db('passkeys').where({ account_id: account.id }).first()).toMatchObject({
      last_used_at: expect.any(Date),
    });
    // Whoever has a key is not offered one.
    await page.goto(world.base);
    await heading(page, 'Mon compte').waitFor();
    await expect(heading(page, 'Se connecter sans mot de passe ?').count()).resolves.toBe(0);
  });

  test('« Plus tard » asks once more at the next sign-in, « Ne plus proposer » never again', async () => {
    const account = await someone();
    const offer = (page: Page) => heading(page, 'Se connecter sans mot de passe ?');
    const first = (await atHome(account)).page;
    await button(first, 'Plus tard').click();
    await heading(first, 'Mon compte').waitFor();
    expect(await offer(first).count()).toBe(0);
    const second = (await atHome(account)).page;
    await offer(second).waitFor();
    await button(second, 'Ne plus proposer').click();
    await heading(second, 'Mon compte').waitFor();
    expect(await offer(second).count()).toBe(0);
    const third = (await atHome(account)).page;
    expect(await offer(third).count()).toBe(0);
  });

  test('the browser offers it in the field of the identifier, without a click', async () => {
    const { page } = await withKey();
    await toEnt(page);
    await button(page, 'Représentant légal').click();
    // A virtual authenticator that is always present answers the request that waits for the field.
    await atEnt(page);
    expect(await claims(page)).toMatchObject({ amr: ['hwk'] });
  });

  test('renamed, removed behind a proof; what the device still has is then refused as anything is', async () => {
    const { account, page } = await withKey('Ordinateur');
    await link(page, /Renommer/).click();
    await page.getByLabel('Nom de la clé').fill('');
    await button(page, 'Valider').click();
    await page.getByText('Saisissez un nom').first().waitFor();
    await page.getByLabel('Nom de la clé').fill('Portable <b>');
    await button(page, 'Valider').click();
    await heading(page, 'Portable <b>').waitFor();

    await link(page, /Supprimer/).click();
    await button(page, 'Supprimer cette clé').click();
    await page.getByText("La clé d'accès est supprimée").waitFor();
    expect((await mailsTo(account)).at(-1)?.subject).toContain("Une clé d'accès a été retirée");

    await toEnt(page);
    await useKey(page);
    await page.getByText("Cette clé d'accès n'a pas été acceptée").waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  test('a copy is found out by its counter: refused, and the key with it, which the list says', async () => {
    const { account, page, authenticator } = await withKey();
    const [copy] = await authenticator.keys();
    for (let times = 0; times < 2; times += 1) {
      await toEnt(page);
      await useKey(page);
      await atEnt(page);
    }
    const thief = await visit();
    const cloned = await addAuthenticator(thief);
    if (copy) await cloned.put({ ...copy, signCount: 1 });
    await toEnt(thief);
    await useKey(thief);
    await thief.getByText("Cette clé d'accès n'a pas été acceptée").waitFor();
    expect(await trail(account)).toContainEqual({ event: 'login', details: 'passkey: counter' });
    await toEnt(page);
    await useKey(page);
    await page.getByText("Cette clé d'accès n'a pas été acceptée").waitFor();
    const own = await visit();
    await own.goto(world.base);
    await typePassword(own, account);
    await heading(own, 'Mon compte').waitFor();
    await own.goto(`${world.base}/compte/cles`);
    await own.getByText('une copie a peut-être été utilisée').waitFor();
  });

  test('whoever is not recognised by his device does not get in', async () => {
    const { page, authenticator } = await withKey();
    await authenticator.recognise(false);
    await toEnt(page);
    await useKey(page);
    await page.getByText("Aucune clé d'accès n'a été utilisée").waitFor();
  });

  test('under the other profile one is told which to choose; frozen, closed and reset accounts stay shut', async () => {
    const { account, page } = await withKey();
    await toEnt(page);
    const pupils = `${page.url()}/connexion?profil=eleve`;
    await page.goto(pupils);
    await page.getByText("Ce compte n'est pas celui d'un élève").waitFor();
    await page.getByText('choisissez « Représentant légal »').waitFor();

    for (const changes of [{ frozenAt: new Date() }, { frozenAt: null, closedAt: new Date() }]) {
      await updateAccount(world.deps.db, account.id, changes, new Date());
      await toEnt(page);
      await useKey(page);
      await page.getByRole('alert').waitFor();
    }
    await database.db('accounts').where({ id: account.id }).update({ frozen_at: null, closed_at: null });
    const [schoolId] = await database
      .db('pupils as p')
      .join('legal_links as l', 'l.pupil_id', 'p.id')
      .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
      .where('g.account_id', account.id)
      .pluck('p.school_id');
    const actor = { actorKind: 'school', actor: 'director' } as const;
    await resetPasswords(world.deps, { schoolId, accountIds: [account.id], formKey: null, actor });
    expect((await found(world.deps, account.identifier)).passwordKind).toBe('provisional');
    expect(await database.db('passkeys').where({ account_id: account.id })).toHaveLength(0);
  });

  test('without script all else works, and the page says what a key needs', async () => {
    const account = await someone();
    const page = await visit({ width: 320, javaScriptEnabled: false });
    await page.goto(world.base);
    await button(page, 'Représentant légal').click();
    await page.getByText('ne peut servir que dans un navigateur où JavaScript est activé').waitFor();
    expect(await button(page, "Utiliser une clé d'accès").count()).toBe(0);
    await page.goto(world.base);
    await typePassword(page, account);
    await link(page, "Clés d'accès").click();
    await link(page, "Ajouter une clé d'accès").click();
    await page.getByText('ne peut servir que dans un navigateur où JavaScript est activé').waitFor();
    expect(await button(page, "Créer la clé d'accès").count()).toBe(0);
  });
});
