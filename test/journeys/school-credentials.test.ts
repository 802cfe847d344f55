import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found, seedFamily } from '../support/family.ts';
import { CHOSEN, linksSent, PROVISIONAL } from '../support/sign-in.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

let database: TestDatabase;
let world: TestWorld;
let identifier: string;
let email: string;
let count = 0;
const pages: TestPage[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database);
});
afterAll(async () => {
  await closeBrowser();
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  identifier = `g.zoumn${count}`;
  email = `parent${count}@example.org`;
  const children = [
    { givenName: 'Lucie', familyName: 'ZOUMN', birthDate: '2017-03-09' },
    { givenName: 'Éloi', familyName: "D'ZOUMN", birthDate: '2014-11-30' },
  ];
  await seedFamily(world.deps, { identifier, provisional: PROVISIONAL, children });
});
afterEach(async () => {
  for (const page of pages.splice(0)) {
    expect(page.watched.errors()).toEqual([]);
    await page.close();
  }
});

async function visit(options: Parameters<typeof newPage>[0] = {}): Promise<TestPage> {
  const page = await newPage(options);
  pages.push(page);
  return page;
}

const button = (page: TestPage, name: string) => page.getByRole('button', { name, exact: true });

/** From the ENT to the form of the guardians. */
async function toSignIn(page: TestPage, service = world.ent): Promise<void> {
  await page.goto(`${service.origin}/connexion`);
  await button(page, 'Représentant légal').click();
}

async function signIn(page: TestPage, password: string): Promise<void> {
  await page.getByLabel('Identifiant', { exact: true }).fill(identifier);
  await page.getByLabel('Mot de passe', { exact: true }).fill(password);
  await button(page, 'Se connecter').click();
}

async function choosePassword(page: TestPage, password = CHOSEN, confirmation = password): Promise<void> {
  await page.getByLabel('Nouveau mot de passe', { exact: true }).fill(password);
  await page.getByLabel('Confirmer le mot de passe', { exact: true }).fill(confirmation);
  await button(page, 'Valider').click();
}

async function giveAddress(page: TestPage, address = email): Promise<void> {
  await page.getByLabel('Adresse mail').fill(address);
  await button(page, 'Valider').click();
}

async function giveBirthDate(page: TestPage, [day, month, year] = ['30', '11', '2014']): Promise<void> {
  const group = page.getByRole('group', { name: /ZOUMN/ });
  const lucie = (await group.innerText()).includes('Lucie');
  const date = lucie && year === '2014' ? ['9', '3', '2017'] : [day, month, year];
  for (const [index, label] of ['Jour', 'Mois', 'Année'].entries())
    await group.getByLabel(label).fill(date[index] ?? '');
  await button(page, 'Valider').click();
}

/** Everything up to « En cours d'activation ». */
async function firstConnection(page: TestPage): Promise<void> {
  await toSignIn(page);
  await signIn(page, PROVISIONAL);
  await choosePassword(page);
  await giveAddress(page);
  await giveBirthDate(page);
  await page.getByRole('heading', { name: /ouvrez le mail/ }).waitFor();
}

async function lastLink(to = email): Promise<string> {
  return `${world.base}${(await linksSent(world.deps, to)).at(-1)}`;
}

async function expectAtEnt(page: TestPage): Promise<void> {
  await page.getByText("Je suis connecté à l'ENT").waitFor();
  const text = await page.innerText('body');
  for (const part of ['Guillaume', 'ZOUMN', 'Lucie', 'Éloi']) expect(text).toContain(part);
}

describe('from the ENT with the credentials of the letter', () => {
  test.each([
    ['on a computer', { width: 1280 }],
    ['on a phone of 320 pixels', { width: 320 }],
    ['without JavaScript', { javaScriptEnabled: false }],
  ])(
    '%s: to the ENT with name and children, then the LSU without signing in again',
    async (_how, options) => {
      const page = await visit(options);
      await firstConnection(page);
      await page.goto(await lastLink());
      await button(page, 'Activer mon compte').click();
      await page.getByRole('heading', { name: 'Votre compte est activé' }).waitFor();
      await page.getByRole('link', { name: 'Continuer' }).or(button(page, 'Continuer')).click();
      await expectAtEnt(page);
      expect(await found(world.deps, identifier)).toMatchObject({ state: 'activated', email });

      await page.goto(`${world.lsu.origin}/connexion`);
      await page.getByText('Je suis connecté au livret scolaire').waitFor();
      const ours = page.watched.requests().filter((address) => address.startsWith(world.base));
      expect(ours.every((address) => new URL(address).origin === world.base)).toBe(true);
      expect(page.watched.thirdParty([world.base, world.ent.origin, world.lsu.origin])).toEqual([]);
    },
  );

  test('the mail opened on another device: the page that waits goes on by itself', async () => {
    const page = await visit();
    await firstConnection(page);
    const phone = await visit({ width: 390 });
    await phone.goto(await lastLink());
    await button(phone, 'Activer mon compte').click();
    await phone.getByRole('heading', { name: /Retournez là où vous avez commencé/ }).waitFor();
    await expectAtEnt(page);
  });

  test('by keyboard alone, at 320 pixels, nothing to be scrolled sideways', async () => {
    const page = await visit({ width: 320 });
    await page.goto(`${world.ent.origin}/connexion`);
    await byKeyboard(page, [['button', 'Représentant légal']]);
    await byKeyboard(page, [
      ['Identifiant', identifier],
      ['Mot de passe', PROVISIONAL],
      ['button', 'Se connecter'],
    ]);
    await byKeyboard(page, [
      ['Nouveau mot de passe', CHOSEN],
      ['Confirmer le mot de passe', CHOSEN],
      ['button', 'Valider'],
    ]);
    await byKeyboard(page, [
      ['Adresse mail', email],
      ['button', 'Valider'],
    ]);
    const lucie = (await page.getByRole('group', { name: /ZOUMN/ }).innerText()).includes('Lucie');
    const [day = '', month = '', year = ''] = lucie ? ['9', '3', '2017'] : ['30', '11', '2014'];
    await byKeyboard(page, [
      ['Jour', day],
      ['Mois', month],
      ['Année', year],
      ['button', 'Valider'],
    ]);
    await page.getByRole('heading', { name: /ouvrez le mail/ }).waitFor();
    await page.goto(await lastLink());
    await byKeyboard(page, [['button', 'Activer mon compte']]);
    await page.getByRole('heading', { name: 'Votre compte est activé' }).waitFor();
  });
});

/** Goes from control to control with Tab until each is reached, types or presses Enter. */
async function byKeyboard(page: TestPage, steps: readonly (readonly [string, string])[]): Promise<void> {
  const [first] = steps;
  if (first?.[0] === 'button') await button(page, first[1]).waitFor();
  else await page.getByLabel(first?.[0] ?? '', { exact: true }).waitFor();
  const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
  expect(overflow).toBeLessThanOrEqual(0);
  for (const [label, text] of steps) {
    const control = label === 'button' ? button(page, text) : page.getByLabel(label, { exact: true });
    for (let tabs = 0; tabs < 40 && !(await isFocused(control)); tabs += 1) await page.keyboard.press('Tab');
    expect([label, await isFocused(control)]).toEqual([label, true]);
    if (label === 'button') await page.keyboard.press('Enter');
    else {
      await page.keyboard.press('Control+A');
      await page.keyboard.type(text);
    }
  }
}

const isFocused = (control: ReturnType<TestPage['getByRole']>): Promise<boolean> =>
  control.evaluate((element) => element.matches(':focus'));

describe('each refusal, said on the page, and the way on', () => {
  test('a wrong password, then the right one', async () => {
    const page = await visit();
    await toSignIn(page);
    await signIn(page, 'faux5mot');
    await page.getByRole('alert').getByText('Identifiant ou mot de passe incorrect').waitFor();
    expect(await page.getByLabel('Identifiant', { exact: true }).inputValue()).toBe(identifier);
    await signIn(page, PROVISIONAL);
    await page.getByLabel('Nouveau mot de passe', { exact: true }).waitFor();
  });

  test('under « Élève » a guardian is refused, and finds the other profile', async () => {
    const page = await visit();
    await page.goto(`${world.ent.origin}/connexion`);
    await button(page, 'Élève').click();
    await signIn(page, PROVISIONAL);
    await page.getByRole('alert').waitFor();
    await page
      .getByRole('link', { name: /Changer de profil/ })
      .first()
      .click();
    await button(page, 'Représentant légal').waitFor();
  });

  test('passwords against the rules, no address, a wrong date: each at its field', async () => {
    const page = await visit();
    await toSignIn(page);
    await signIn(page, PROVISIONAL);
    await choosePassword(page, 'court1');
    await page.getByRole('alert').waitFor();
    await choosePassword(page, CHOSEN, 'autre3chose');
    await page.getByRole('alert').waitFor();
    await choosePassword(page);
    await giveAddress(page, 'pas-une-adresse');
    await page.getByRole('alert').waitFor();
    await giveAddress(page);
    await giveBirthDate(page, ['1', '1', '2001']);
    await page.getByRole('alert').waitFor();
    await giveBirthDate(page);
    await page.getByRole('heading', { name: /ouvrez le mail/ }).waitFor();
  });

  test('R-062: no mail came; signing in again later, the address is corrected there', async () => {
    await firstConnection(await visit());
    const page = await visit();
    await toSignIn(page);
    await signIn(page, CHOSEN);
    await button(page, 'Renvoyer le message').click();
    await page.getByText('Message renvoyé').waitFor();
    await page.getByLabel('Adresse mail').fill(`autre-${email}`);
    await button(page, 'Modifier mon adresse').click();
    await page.getByText(`autre-${email}`).waitFor();
    await button(page, 'Continuer').click();
    await page.getByText("Votre compte n'est pas encore activé").waitFor();
    await page.goto(await lastLink(`autre-${email}`));
    await button(page, 'Activer mon compte').click();
    await page.getByRole('link', { name: 'Continuer' }).or(button(page, 'Continuer')).click();
    await expectAtEnt(page);
  });

  test('expired credentials are explained', async () => {
    await world.deps
      .db('accounts')
      .where({ identifier })
      .update({
        distributed_at: new Date('2026-01-05T08:00:00Z'),
        provisional_created_at: new Date('2026-01-05T08:00:00Z'),
      });
    const page = await visit();
    await toSignIn(page);
    await signIn(page, PROVISIONAL);
    await page
      .getByRole('alert')
      .getByText(/plus valable/)
      .waitFor();
  });

  test('the back button after the end: a page with a code and the way to begin again', async () => {
    const page = await visit();
    await toSignIn(page);
    const form = page.url();
    await signIn(page, PROVISIONAL);
    await choosePassword(page);
    await giveAddress(page);
    await giveBirthDate(page);
    await page.goto(await lastLink());
    await button(page, 'Activer mon compte').click();
    await page.getByRole('link', { name: 'Continuer' }).or(button(page, 'Continuer')).click();
    await expectAtEnt(page);
    await page.goto(form);
    await page.getByText('EC-400-LOST').waitFor();
    await page
      .getByRole('link', { name: /accueil/ })
      .or(button(page, "Revenir à l'accueil"))
      .first()
      .click();
    await page.getByRole('link', { name: 'ENT Exemple' }).click();
    await expectAtEnt(page);
  });
});

test("the letter's QR code: the identifier is filled in, and the way ends at « Mon compte »", async () => {
  const page = await visit({ width: 390 });
  await page.goto(`${world.base}/connexion?identifiant=${identifier}`);
  expect(await page.getByLabel('Identifiant', { exact: true }).inputValue()).toBe(identifier);
  await signIn(page, PROVISIONAL);
  await choosePassword(page);
  await giveAddress(page);
  await giveBirthDate(page);
  await page.getByRole('heading', { name: /ouvrez le mail/ }).waitFor();
  await page.goto(await lastLink());
  await button(page, 'Activer mon compte').click();
  await page.getByRole('link', { name: 'Continuer' }).click();
  await page.getByRole('heading', { name: 'Mon compte' }).waitFor();
  for (const name of ['Lucie ZOUMN', "Éloi D'ZOUMN"])
    await page.getByRole('heading', { name, exact: true }).waitFor();
  await page.getByRole('link', { name: 'ENT Exemple' }).click();
  await expectAtEnt(page);
  await page.goto(world.base);
  await button(page, 'Se déconnecter').click();
  await page.getByRole('heading', { name: 'Vous êtes déconnecté' }).waitFor();
  await page.goto(`${world.ent.origin}/connexion`);
  await button(page, 'Représentant légal').waitFor();
});
