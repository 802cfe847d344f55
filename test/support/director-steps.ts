import { readFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import { type ReadPdf, readPdf } from '../messages/read-pdf.ts';
import { accessibilityViolations, type TestPage } from './browser.ts';
import type { Cases, Family } from './director-cases.ts';
import { CHOSEN } from './sign-in.ts';

/** What a director and the parents whom he helps do on their pages, for the journeys of the usual cases. */

export const button = (page: TestPage, name: string) => page.getByRole('button', { name, exact: true });
export const link = (page: TestPage, name: string | RegExp) =>
  page.getByRole('link', typeof name === 'string' ? { name, exact: true } : { name });
export const menu = (page: TestPage, name: string) => page.locator('summary').filter({ hasText: name });
export const heading = (page: TestPage, name: string | RegExp) => page.getByRole('heading', { name });
export const row = (page: TestPage, name: RegExp) => page.getByRole('row', { name });

/** Nothing for axe to say, nothing to be scrolled sideways. */
export async function fits(page: TestPage): Promise<void> {
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
}

/** From « Responsables » to the account of this family, as one who has the parent on the telephone. */
export async function openAccount(page: TestPage, familyName: string): Promise<void> {
  await link(page, 'Responsables').click();
  await page.getByLabel('Nom ou prénom').fill(familyName);
  await button(page, 'Rechercher').click();
  await link(page, `Consulter le compte de ${familyName} Guillaume`).first().click();
  await heading(page, `Compte de ${familyName} Guillaume`).waitFor();
}

/** One of « Aider les familles ». */
export async function openHelp(page: TestPage, name: string): Promise<void> {
  await link(page, 'Responsables').click();
  const help = page.getByRole('navigation', { name: 'Aider les familles', exact: true });
  await help.getByRole('link', { name: new RegExp(`^${name}`) }).click();
  await heading(page, name).first().waitFor();
}

/** Has the activation mail of the account on screen sent again; to `email`, where it is another. */
export async function resendActivation(page: TestPage, known: string, email = known): Promise<void> {
  await menu(page, 'Modifier le compte').click();
  await link(page, "Renvoyer un courriel d'activation").click();
  await heading(page, "Vérification de l'adresse mail").waitFor();
  const field = page.getByLabel('Adresse mail :');
  expect(await field.inputValue()).toBe(known);
  await field.fill(email);
  await button(page, 'Valider').click();
  await page.getByText('Le mail a été renvoyé.').waitFor();
}

/** Notifies the account on screen. @param how label of the button in the menu */
export async function notifyAccount(page: TestPage, how: string): Promise<void> {
  await menu(page, '(Re)Notifier le compte').click();
  await button(page, how).click();
  await heading(page, /^Êtes-vous sûr de vouloir notifier le compte/).waitFor();
  await button(page, 'Valider').click();
  await page.getByText('La distribution a été effectuée avec succès.').waitFor();
}

/** The letters of the distribution on screen. */
export async function letters(page: TestPage): Promise<ReadPdf['pages']> {
  const waiting = page.waitForEvent('download');
  await link(page, 'Télécharger le courrier au format PDF').click();
  const download = await waiting;
  return (await readPdf(await readFile(await download.path()), { codes: false })).pages;
}

/** A parent goes from the ENT to the form of the guardians and types what he has. */
export async function signIn(cases: Cases, identifier: string, password: string): Promise<TestPage> {
  const page = await cases.visit({ width: 360 });
  await page.goto(`${cases.ent.origin}/connexion`);
  await button(page, 'Représentant légal').click();
  await typeCredentials(page, identifier, password);
  return page;
}

export async function typeCredentials(page: TestPage, identifier: string, password: string): Promise<void> {
  await page.getByLabel('Identifiant', { exact: true }).fill(identifier);
  await page.getByLabel('Mot de passe', { exact: true }).fill(password);
  await button(page, 'Se connecter').click();
}

export async function choosePassword(page: TestPage, password = CHOSEN): Promise<void> {
  await page.getByLabel('Nouveau mot de passe', { exact: true }).fill(password);
  await page.getByLabel('Confirmer le mot de passe', { exact: true }).fill(password);
  await button(page, 'Valider').click();
}

export async function giveAddress(page: TestPage, email: string): Promise<void> {
  await page.getByLabel('Adresse mail').fill(email);
  await button(page, 'Valider').click();
}

/** @param date `DD/MM/YYYY` */
export async function giveBirthDate(page: TestPage, child: string, date: string): Promise<void> {
  const group = page.getByRole('group', { name: child });
  for (const [index, label] of ['Jour', 'Mois', 'Année'].entries())
    await group.getByLabel(label, { exact: true }).fill(date.split('/')[index] ?? '');
}

/** With the provisional password, up to « En cours d'activation ». */
export async function firstConnection(cases: Cases, family: Family, email: string): Promise<TestPage> {
  const { familyName, children } = family;
  const { identifier } = await cases.account(familyName);
  const page = await signIn(cases, identifier, await cases.provisional(familyName));
  await choosePassword(page);
  await giveAddress(page, email);
  const [child = { givenName: '', birthDate: '' }] = children;
  await giveBirthDate(page, `${child.givenName} ${familyName}`, child.birthDate);
  await button(page, 'Valider').click();
  await heading(page, /ouvrez le mail/).waitFor();
  return page;
}

export async function activate(page: TestPage, address: string): Promise<void> {
  await page.goto(address);
  await button(page, 'Activer mon compte').click();
  await heading(page, 'Votre compte est activé').waitFor();
}

export const atEnt = (page: TestPage) => page.getByText("Je suis connecté à l'ENT").waitFor();
