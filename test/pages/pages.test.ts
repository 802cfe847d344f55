import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accessibilityViolations, closeBrowser, newPage } from '../support/browser.ts';
import { type Gallery, startGallery } from '../support/page-gallery.ts';
import { PAGE_STATES } from '../support/page-states.ts';

/** « A page of the mire: under 100 kB in all over the wire on a first visit, fonts included. » */
const FIRST_VISIT_LIMIT = 100_000;

let gallery: Gallery;
beforeAll(async () => {
  gallery = await startGallery();
});
afterAll(async () => {
  await closeBrowser();
  await gallery?.close();
});

describe('every state of every page', () => {
  test.each(PAGE_STATES)('$name', async ({ name }) => {
    const page = await newPage({ width: 320 });
    await page.goto(`${gallery.origin}/etat/${name}`, { waitUntil: 'networkidle' });
    await page.evaluate('document.fonts.ready');

    expect(page.watched.errors()).toEqual([]);
    expect(page.watched.thirdParty()).toEqual([]);
    expect(page.watched.bytes()).toBeGreaterThan(20_000);
    expect(page.watched.bytes()).toBeLessThan(FIRST_VISIT_LIMIT);

    expect(await page.locator('html').getAttribute('lang')).toBe('fr');
    expect(await page.locator('h1').count()).toBe(1);
    const title = await page.title();
    expect(title).toMatch(/^\S.* - EduConnect$/);
    const refused = (await page.locator('.govuk-error-summary').count()) > 0;
    if (refused) {
      expect(title).toMatch(/^Erreur : /);
      expect(await page.evaluate('document.activeElement.className')).toContain('govuk-error-summary');
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.close();
  });

  test('nothing breaks on a desk screen', async () => {
    const page = await newPage({ width: 1280 });
    for (const { name } of PAGE_STATES) {
      await page.goto(`${gallery.origin}/etat/${name}`);
      expect({ name, width: await page.evaluate('document.documentElement.scrollWidth') }).toEqual({
        name,
        width: 1280,
      });
    }
    for (const name of ['profile', 'login-guardian', 'login-pupil']) {
      await page.goto(`${gallery.origin}/etat/${name}`);
      expect(await accessibilityViolations(page)).toEqual([]);
    }
    expect(page.watched.errors()).toEqual([]);
    await page.close();
  }, 60_000);
});

/** Programs sign in by these names (contract, « Forms »; requirements D and G). */
describe('accessible names', () => {
  const names: [string, [Parameters<import('playwright-core').Page['getByRole']>[0], string][]][] = [
    [
      'profile',
      [
        ['heading', 'Je sélectionne mon profil'],
        ['button', 'Élève'],
        ['button', 'Représentant légal'],
      ],
    ],
    [
      'login-guardian',
      [
        ['heading', 'Je me connecte avec FranceConnect'],
        ['button', "S'identifier avec FranceConnect"],
        ['link', "Qu'est-ce que FranceConnect ?"],
        ['heading', 'Je me connecte avec mon compte ÉduConnect'],
        ['textbox', 'Identifiant'],
        ['textbox', 'Mot de passe'],
        ['button', 'Se connecter'],
        ['link', 'Identifiant oublié'],
        ['link', 'Mot de passe oublié'],
        ['heading', "Je n'ai pas de compte"],
        ['link', 'Je crée un compte EduConnect'],
        ['link', 'Accessibilité : non conforme'],
        ['link', 'Mentions légales'],
        ['link', 'Données personnelles'],
        ['link', 'Aide'],
      ],
    ],
    [
      'login-pupil',
      [
        ['textbox', 'Identifiant'],
        ['textbox', 'Mot de passe'],
        ['button', 'Se connecter'],
      ],
    ],
    [
      'switch-person',
      [
        ['heading', 'Vous êtes connecté en tant que Claire MARTIN'],
        ['button', 'Continuer'],
        ['button', 'Changer de personne'],
      ],
    ],
    [
      'new-password',
      [
        ['textbox', 'Nouveau mot de passe'],
        ['textbox', 'Confirmer le mot de passe'],
        ['button', 'Valider'],
      ],
    ],
    [
      'address',
      [
        ['textbox', 'Adresse mail'],
        ['button', 'Valider'],
      ],
    ],
    [
      'birth-date',
      [
        ['group', 'Date de naissance de Léa MARTIN'],
        ['textbox', 'Jour'],
        ['textbox', 'Mois'],
        ['textbox', 'Année'],
        ['button', 'Valider'],
      ],
    ],
    [
      'activation-waiting',
      [
        ['button', 'Continuer'],
        ['button', 'Renvoyer le message'],
        ['textbox', 'Adresse mail'],
        ['button', 'Modifier mon adresse'],
      ],
    ],
    ['activation-confirm', [['button', 'Activer mon compte']]],
    ['activation-done-here', [['link', 'Continuer']]],
    ['logout-confirm', [['button', 'Se déconnecter']]],
  ];

  test.each(names)('%s', async (name, expected) => {
    // Without script, so that the names are those of the page itself.
    const page = await newPage({ javaScriptEnabled: false });
    await page.goto(`${gallery.origin}/etat/${name}`);
    for (const [role, label] of expected) {
      // A field of password has no role of its own.
      const found =
        role === 'textbox'
          ? page.getByLabel(label, { exact: true })
          : page.getByRole(role, { name: label, exact: true });
      expect({ label, count: await found.count() }).toEqual({ label, count: 1 });
    }
    await page.close();
  });
});
