import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { directionOf, LOCALES } from '../../src/languages/locales.ts';
import { accessibilityViolations, closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { type Gallery, startGallery } from '../support/page-gallery.ts';
import { isForStaff } from '../support/page-state.ts';
import { PAGE_STATES } from '../support/page-states.ts';

/** « A page of the mire: under 100 kB in all over the wire on a first visit, fonts included. » */
const FIRST_VISIT_LIMIT = 100_000;

const FAMILIES = PAGE_STATES.filter((state) => !isForStaff(state));

/** The first state of each of the families' templates, in their order. */
const FIRST_OF_TEMPLATE = FAMILIES.filter(
  ({ template }, at) => FAMILIES.findIndex((state) => state.template === template) === at,
).map(({ name }) => name);

/**
 * In the other languages a page has the structure of the French one, which axe reads in each of its states: what may
 * differ is words and direction, so it reads one state of each template in Arabic and in one of the other two.
 */
function isReadByAxe(name: string, locale: string): boolean {
  const at = FIRST_OF_TEMPLATE.indexOf(name);
  return at >= 0 && (locale === 'ar' || (at % 2 === 0) === (locale === 'en'));
}

let gallery: Gallery;
beforeAll(async () => {
  gallery = await startGallery();
});
afterAll(async () => {
  await closeBrowser();
  await gallery?.close();
});

describe('every state of every page', () => {
  let page: TestPage;
  beforeAll(async () => {
    page = await newPage({ width: 320 });
  });

  test.each(PAGE_STATES.filter(({ alike }) => !alike))('$name', async ({ name }) => {
    page.watched.reset();
    await page.setViewportSize({ width: 320, height: 700 });
    await page.goto(`${gallery.origin}/etat/${name}`);
    await page.evaluate('document.fonts.ready');

    expect(await page.locator('html').getAttribute('lang')).toBe('fr');
    expect(await page.locator('h1').count()).toBe(1);
    const title = await page.title();
    expect(title).toMatch(/^\S.* - EduConnect$/);
    if ((await page.locator('.govuk-error-summary').count()) > 0) {
      expect(title).toMatch(/^Erreur : /);
      expect(await page.evaluate('document.activeElement.className')).toContain('govuk-error-summary');
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 900 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(1280);
    expect(page.watched.errors()).toEqual([]);
    expect(page.watched.thirdParty()).toEqual([]);
  });
});

/** The families' pages are the same in each language: what may differ is the room that words take, and their direction. */
describe.each(LOCALES.filter((locale) => locale !== 'fr'))('every state of the families in %s', (locale) => {
  let page: TestPage;
  beforeAll(async () => {
    page = await newPage({ width: 320 });
  });
  afterAll(async () => {
    await page?.close();
  });

  test.each(FAMILIES.filter(({ alike }) => !alike))('$name', async ({ name }) => {
    page.watched.reset();
    await page.goto(`${gallery.origin}/etat/${name}?lang=${locale}`);
    await page.evaluate('document.fonts.ready');

    expect(await page.locator('html').getAttribute('lang')).toBe(locale);
    expect(await page.locator('html').getAttribute('dir')).toBe(directionOf(locale));
    expect(await page.title()).toMatch(/^\S.* - EduConnect$/);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    if (isReadByAxe(name, locale)) expect(await accessibilityViolations(page)).toEqual([]);
    expect(page.watched.errors()).toEqual([]);
  });
});

describe('first visit', () => {
  /** The longest state of each page. */
  const longest = new Map<string, string>();
  beforeAll(async () => {
    const sizes = new Map<string, number>();
    for (const { name, template } of PAGE_STATES) {
      const { length } = await (await fetch(`${gallery.origin}/etat/${name}`)).text();
      if (length <= (sizes.get(template) ?? 0)) continue;
      sizes.set(template, length);
      longest.set(template, name);
    }
  });

  test.each([...new Set(PAGE_STATES.map(({ template }) => template))])('%s is light', async (template) => {
    const page = await newPage({ width: 320 });
    await page.goto(`${gallery.origin}/etat/${longest.get(template)}`, { waitUntil: 'load' });
    await page.evaluate('document.fonts.ready');
    // Both weights of the font at least: less would mean that something was not counted.
    expect(page.watched.bytes()).toBeGreaterThan(30_000);
    expect(page.watched.bytes()).toBeLessThan(FIRST_VISIT_LIMIT);
    await page.close();
  });

  test.each(LOCALES)('a first page in %s is light, its letters included', async (locale) => {
    const page = await newPage({ width: 320 });
    await page.goto(`${gallery.origin}/etat/login-guardian?lang=${locale}`, { waitUntil: 'load' });
    await page.evaluate('document.fonts.ready');
    expect(page.watched.bytes()).toBeLessThan(FIRST_VISIT_LIMIT);
    const fonts = page.watched.requests().filter((address) => address.includes('noto-arabic'));
    expect(fonts).toHaveLength(locale === 'ar' ? 1 : 0);
    await page.close();
  });
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
    [
      'account',
      [
        ['heading', 'Mon compte'],
        ['heading', 'Mes services'],
        ['link', 'ENT des Tilleuls'],
        ['heading', 'Mes enfants'],
        ['heading', 'Léa MARTIN'],
        ['heading', 'Mes informations'],
        ['button', 'Se déconnecter'],
      ],
    ],
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
