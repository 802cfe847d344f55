import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import nunjucks from 'nunjucks';
import { type Assets, loadAssets } from './assets.ts';
import { formatDate, formatTime } from './dates.ts';
import { createTranslator } from './translate.ts';

export type Locale = 'fr';

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

/**
 * Builds the renderer. In templates: `t(key, params)` text, `tm(key, params)` text whose `**bold**` and
 * `[label]({url})` become markup, `asset(name)` address of a built file, filters `formatDate` and
 * `formatTime`.
 */
export function createRenderer({ rootDir, production }: RendererOptions): Renderer {
  const environments: Record<Locale, nunjucks.Environment> = {
    fr: createEnvironment(rootDir, production, 'fr'),
  };
  return (template, data, options) => environments[options?.locale ?? 'fr'].render(`${template}.njk`, data);
}

function createEnvironment(rootDir: string, production: boolean, locale: Locale): nunjucks.Environment {
  const folders = [join(rootDir, 'views'), join(rootDir, 'node_modules', 'govuk-frontend', 'dist')];
  const loader = new nunjucks.FileSystemLoader(folders, { noCache: !production });
  const environment = new nunjucks.Environment(loader, { autoescape: true, throwOnUndefined: true });
  const texts: unknown = JSON.parse(
    readFileSync(join(rootDir, 'views', 'locales', `${locale}.json`), 'utf8'),
  );
  const translator = createTranslator(texts);
  environment.addGlobal('t', translator.text);
  environment.addGlobal(
    'tm',
    (key: string, params?: Record<string, unknown>) =>
      new nunjucks.runtime.SafeString(translator.markup(key, params)),
  );
  environment.addGlobal('hasText', translator.has);
  environment.addGlobal('locale', locale);
  // Loaded at the first page that needs it: mails and SMS are rendered where nothing has been built.
  let assets: Assets | undefined;
  environment.addGlobal('asset', (name: string) => {
    assets ??= loadAssets(rootDir);
    return assets.url(name);
  });
  environment.addFilter('formatDate', formatDate);
  environment.addFilter('formatTime', formatTime);
  return environment;
}
