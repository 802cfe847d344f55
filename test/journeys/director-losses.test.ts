import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import type { TestPage } from '../support/browser.ts';
import { type Cases, DAY_MS, type Family, startCases } from '../support/director-cases.ts';
import {
  activate,
  atEnt,
  button,
  choosePassword,
  firstConnection,
  fits,
  giveAddress,
  giveBirthDate,
  heading,
  letters,
  menu,
  notifyAccount,
  openAccount,
  openHelp,
  resendActivation,
  row,
  signIn,
  typeCredentials,
} from '../support/director-steps.ts';
import { CHOSEN } from '../support/sign-in.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

const SHEET = 'Par feuille individuelle imprimable';
const MAILS = 'Par envoi de courriers électroniques';

let cases: Cases;
let family: Family;
let email: string;
let director: TestPage;

beforeAll(async () => {
  cases = await startCases();
});
afterAll(() => cases?.close());
afterEach(() => cases?.closePages());

/** A family whose account is « Notifié et non activé » by a mail; its director has it before him. */
async function notified(familyName: string): Promise<void> {
  email = `${familyName.toLowerCase()}@example.org`;
  family = { familyName, email, children: [{ givenName: 'Lucie', birthDate: '09/03/2017' }] };
  await cases.arrive(family);
  director = await cases.enter();
  await openAccount(director, familyName);
  await notifyAccount(director, MAILS);
  expect(await cases.lastMail(email)).toContain(`Mot de passe * : ${await cases.provisional(familyName)}`);
}

test('the way in, the identifier, the provisional password lost: told by telephone, or notified again (R-150 to R-152)', async () => {
  await notified('PERDU');
  const { identifier } = await cases.account('PERDU');
  const password = await cases.provisional('PERDU');
  // What the page shows is what he says on the telephone.
  await openAccount(director, 'PERDU');
  await director.getByText(identifier, { exact: true }).waitFor();
  await director.getByText(password, { exact: true }).waitFor();
  await fits(director);
  const told = await signIn(cases, identifier, password);
  await told.getByLabel('Nouveau mot de passe', { exact: true }).waitFor();

  // Or again on paper: the same identifier and, without reset, the same password.
  await notifyAccount(director, SHEET);
  const [sheet, ...more] = await letters(director);
  expect(more).toEqual([]);
  expect(sheet?.text).toContain(`Identifiant : ${identifier} Mot de passe * : ${password}`);
  expect(await cases.provisional('PERDU')).toBe(password);
  expect((await cases.trail('PERDU')).filter(([event]) => event === 'reset')).toEqual([]);
});

test('a password of his own lost: reset, then notified again; the old one is over at once (R-153)', async () => {
  await notified('OUBLI');
  await activate(await firstConnection(cases, family, email), await cases.lastLink(email));
  const { identifier } = await cases.account('OUBLI');
  await openAccount(director, 'OUBLI');
  await director.getByText('*****', { exact: true }).waitFor();
  await menu(director, 'Modifier le compte').click();
  await button(director, 'Réinitialiser le mot de passe').click();
  await button(director, 'Valider').click();
  await director.getByText('Le mot de passe a bien été réinitialisé.').waitFor();
  const password = await cases.provisional('OUBLI');
  await director.getByText(password, { exact: true }).waitFor();
  await button(director, MAILS).click();
  await button(director, 'Valider').click();
  await director.getByText('La distribution a été effectuée avec succès.').waitFor();
  const mail = await cases.lastMail(email);
  expect(mail).toContain(`Mot de passe * : ${password}`);
  expect(mail).toContain(identifier);

  const parent = await signIn(cases, identifier, CHOSEN);
  await parent.getByRole('alert').getByText('Identifiant ou mot de passe incorrect').waitFor();
  await typeCredentials(parent, identifier, password);
  await choosePassword(parent, 'armoire7haute');
  await atEnt(parent);
  expect(await cases.account('OUBLI')).toMatchObject({ state: 'activated', passwordKind: 'personal' });
});

test('the activation link lost: the mail sent again activates (R-154)', async () => {
  await notified('LIEN');
  const parent = await firstConnection(cases, family, email);
  const first = await cases.lastLink(email);
  await openAccount(director, 'LIEN');
  await director.getByText("En cours d'activation", { exact: true }).first().waitFor();
  await resendActivation(director, email);
  await fits(director);
  const second = await cases.lastLink(email);
  expect(second).not.toBe(first);
  await activate(parent, second);
  expect(await cases.account('LIEN')).toMatchObject({ state: 'activated', email });
});

test('a new mail address: the director types it where the link waits, nowhere else (R-155)', async () => {
  await notified('ADRESSE');
  // « Notifié et non activé »: he gives his address himself, whatever the school has.
  await openAccount(director, 'ADRESSE');
  await menu(director, 'Modifier le compte').click();
  expect(await director.getByText("Renvoyer un courriel d'activation").count()).toBe(0);
  await firstConnection(cases, family, 'premiere@example.org');
  expect(await cases.account('ADRESSE')).toMatchObject({
    state: 'activating',
    email: 'premiere@example.org',
  });

  // « En cours d'activation »: the mail leaves for the address that he tells now.
  await openAccount(director, 'ADRESSE');
  await resendActivation(director, 'premiere@example.org', 'nouvelle@example.org');
  const parent = await cases.visit({ width: 360 });
  await activate(parent, await cases.lastLink('nouvelle@example.org'));
  expect(await cases.account('ADRESSE')).toMatchObject({ state: 'activated', email: 'nouvelle@example.org' });
  expect((await cases.trail('ADRESSE')).filter(([, actor]) => actor === 'staff:directeur')).toContainEqual([
    'change-address',
    'staff:directeur',
  ]);

  // « Activé »: by himself in « Mon compte ».
  await openAccount(director, 'ADRESSE');
  await menu(director, 'Modifier le compte').click();
  expect(await director.getByText("Renvoyer un courriel d'activation").count()).toBe(0);
});

test('the birth date refused: seen, corrected in ONDE, brought by the night, accepted (R-156)', async () => {
  await notified('DATE');
  const right = '19/03/2017';
  const { identifier } = await cases.account('DATE');
  const parent = await signIn(cases, identifier, await cases.provisional('DATE'));
  await choosePassword(parent);
  await giveAddress(parent, email);
  await giveBirthDate(parent, 'Lucie DATE', right);
  await button(parent, 'Valider').click();
  await parent.getByRole('alert').waitFor();

  await openHelp(director, 'Familles en difficulté');
  const trouble = await row(director, /DATE Guillaume/).innerText();
  expect(trouble).toContain("une date de naissance saisie n'est pas celle de la fiche.");
  expect(trouble).toContain('À corriger dans ONDE.');
  expect(await director.innerText('main')).not.toContain(right);

  cases.advance(DAY_MS);
  await cases.arrive({ ...family, children: [{ givenName: 'Lucie', birthDate: right }] });
  const after = await cases.enter();
  await openAccount(after, 'DATE');
  const here = after.getByRole('table', { name: "Inscrits dans l'établissement" });
  await here.getByText('19-03-2017', { exact: true }).waitFor();
  await after.getByRole('region', { name: 'Diagnostic' }).getByText('La correction est arrivée').waitFor();
  await fits(after);

  const again = await signIn(cases, identifier, await cases.provisional('DATE'));
  await choosePassword(again);
  await giveAddress(again, email);
  await giveBirthDate(again, 'Lucie DATE', right);
  await button(again, 'Valider').click();
  await heading(again, /ouvrez le mail/).waitFor();
  await activate(again, await cases.lastLink(email));
  await openHelp(after, 'Familles en difficulté');
  expect(await row(after, /DATE Guillaume/).count()).toBe(0);
  expect(await cases.account('DATE')).toMatchObject({ state: 'activated' });
});
