import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { type Cases, type Family, startCases } from '../support/director-cases.ts';
import {
  activate,
  atEnt,
  button,
  choosePassword,
  firstConnection,
  fits,
  heading,
  link,
  notifyAccount,
  openAccount,
  signIn,
} from '../support/director-steps.ts';
import { CHOSEN } from '../support/sign-in.ts';

/** What only a head may do: have families change their passwords, and delegate, each in a real browser. */

jest.setTimeout(180_000);

let cases: Cases;
beforeAll(async () => {
  cases = await startCases();
});
afterAll(() => cases?.close());
afterEach(() => cases?.closePages());

const FAMILY: Family = {
  familyName: 'LEROY',
  email: 'leroy@example.org',
  children: [{ givenName: 'Lucie', birthDate: '09/03/2017' }],
};

test('a director has his families change their passwords: the parent must, goes on to the ENT, and it is counted', async () => {
  await cases.arrive(FAMILY);
  const page = await cases.enter();
  await openAccount(page, 'LEROY');
  await notifyAccount(page, 'Par feuille individuelle imprimable');
  await firstConnection(cases, FAMILY, 'leroy@example.org');
  const activating = await cases.visit({ width: 360 });
  await activate(activating, await cases.lastLink('leroy@example.org'));
  const { identifier } = await cases.account('LEROY');
  await atEnt(await signIn(cases, identifier, CHOSEN));

  await link(page, 'Accueil').click();
  await link(page, 'Mots de passe à changer').click();
  await fits(page);
  await button(page, "Voir l'aperçu").click();
  await page.getByText('1 compte(s) devront changer de mot de passe').waitFor();
  await fits(page);
  await button(page, 'Demander le changement').click();
  await heading(page, 'Suivi des changements de mot de passe').waitFor();
  await fits(page);

  const parent = await signIn(cases, identifier, CHOSEN);
  await parent.getByText('il vous est demandé de changer votre mot de passe').waitFor();
  await fits(parent);
  await choosePassword(parent, CHOSEN);
  await parent.getByText("Choisissez un mot de passe différent de l'ancien").first().waitFor();
  await choosePassword(parent, 'lampe6rouge');
  await atEnt(parent);

  await page.reload();
  const counts = page.locator('.ec-facts');
  expect((await counts.innerText()).replace(/\s+/g, ' ')).toContain(
    'Mots de passe changés 1 Restent à changer 0',
  );
  expect((await cases.trail('LEROY')).map(([event]) => event)).toEqual(
    expect.arrayContaining(['force-change', 'change-password']),
  );
});

test('a head delegates the troubleshooting: the delegate comes in without the key, and is out when it is withdrawn', async () => {
  const head = await cases.enter('principal');
  await link(head, 'Droits délégués').click();
  await head.getByLabel('Nom et prénom', { exact: true }).fill('Nadia AMRANI');
  await head.getByLabel('Adresse mail académique', { exact: true }).fill('professeur@example.org');
  await head.getByLabel('Module', { exact: true }).selectOption({ label: 'Dépannage des comptes élèves' });
  await button(head, 'Déléguer').click();
  await head.getByText('La personne est désignée.').waitFor();
  await fits(head);

  const delegate = await cases.enter('professeur');
  expect(new URL(delegate.url()).pathname).toBe('/admin/depannage');
  await fits(delegate);
  expect(await link(delegate, 'Droits délégués').count()).toBe(0);

  await button(head, 'Retirer : Nadia AMRANI').click();
  await head.getByText("L'accès est fermé dès maintenant.").waitFor();
  const answer = await delegate.reload();
  expect(answer?.status()).toBe(403);
});
