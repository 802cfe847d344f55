import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import nunjucks from 'nunjucks';
import { DEFAULT_LOCALE, directionOf, LOCALES, type Locale } from '../languages/locales.ts';
import { type Assets, loadAssets } from './assets.ts';
import { type DateForm, formatDate, formatTime } from './dates.ts';
import { createTranslator, type Translator } from './translate.ts';

export type { Locale };

/**
 * Renders `views/<template>.njk` with plain data. Output is escaped, an undefined value that would be printed and
 * a missing text throw: a page is either whole or an error that the tests see.
 */
export type Renderer = (template: string, data: object, options?: { locale?: Locale }) => string;

export type RendererOptions = {
  /** Folder that holds `views/`, `public/` and `node_modules/`. */
  rootDir: string;
  /** True: templates are compiled once. False: read again at each page, so that an edit is seen at once. */
  production: boolean;
};

/** Fields whose content runs from left to right in every language: what is typed in Latin letters and digits. */
const LATIN = ['identifier', 'email', 'mobile', 'code', 'password'];

/**
 * Builds the renderer. In templates: `t(key, params)` text, `tm(key, params)` text whose `**bold**` and
 * `[label]({url})` become markup, `asset(name)` address of a built file, filters `formatDate` and
 * `formatTime`; `locale` and `dir`, `directed(attributes, name)` those of a field, with its direction. A text that a
 * language has not is shown in French.
 */
export function createRenderer({ rootDir, production }: RendererOptions): Renderer {
  const french = readTexts(rootDir, DEFAULT_LOCALE);
  const environments = new Map<Locale, nunjucks.Environment>();
  for (const locale of LOCALES) {
    const texts = locale === DEFAULT_LOCALE ? french : readTexts(rootDir, locale);
    const translator = createTranslator(texts, { locale, reference: french });
    environments.set(locale, createEnvironment(rootDir, production, locale, translator));
  }
  return (template, data, options) => {
    const environment = environments.get(options?.locale ?? DEFAULT_LOCALE);
    if (!environment) throw new Error('there is no such language');
    return environment.render(`${template}.njk`, data);
  };
}

function readTexts(rootDir: string, locale: Locale): unknown {
  return JSON.parse(readFileSync(join(rootDir, 'views', 'locales', `${locale}.json`), 'utf8'));
}

function createEnvironment(
  rootDir: string,
  production: boolean,
  locale: Locale,
  translator: Translator,
): nunjucks.Environment {
  const folders = [join(rootDir, 'views'), join(rootDir, 'node_modules', 'govuk-frontend', 'dist')];
  const loader = new nunjucks.FileSystemLoader(folders, { noCache: !production });
  const environment = new nunjucks.Environment(loader, { autoescape: true, throwOnUndefined: true });
  environment.addGlobal('t', translator.text);
  environment.addGlobal(
    'tm',
    (key: string, params?: Record<string, unknown>) =>
      new nunjucks.runtime.SafeString(translator.markup(key, params)),
  );
  environment.addGlobal('hasText', translator.has);
  environment.addGlobal('locale', locale);
  environment.addGlobal('dir', directionOf(locale));
  environment.addGlobal('directed', (attributes: object, field: string) =>
    directionOf(locale) === 'ltr'
      ? attributes
      : { ...attributes, dir: LATIN.includes(field) ? 'ltr' : 'auto' },
  );
  // Loaded at the first page that needs it: mails and SMS are rendered where nothing has been built.
  let assets: Assets | undefined;
  environment.addGlobal('asset', (name: string) => {
    assets ??= loadAssets(rootDir);
    return assets.url(name);
  });
  environment.addFilter('formatDate', (value: Date | string, form?: DateForm) =>
    formatDate(value, form, locale),
  );
  environment.addFilter('formatTime', (value: Date) => formatTime(value, locale));
  return environment;
}
