import type { Config } from '../config.ts';
import {
  DEFAULT_LOCALE,
  LANGUAGE_NAMES,
  LANGUAGE_SOURCES,
  type Language,
  type LanguageSource,
  LOCALES,
  type Locale,
  readLocale,
} from '../languages/locales.ts';
import type { Context, Middleware } from './context.ts';

/** One link at the top of the page: the same page in another language. */
export type LanguageLink = { locale: Locale; name: string; href: string; current: boolean };

/**
 * A browser set to English is no sign that its owner would rather read English than French: many are as they came
 * out of the box, and what programs sign in by are the French names (contract, « Forms »). English is one link away.
 */
const TOLD_BY_BROWSERS: readonly Locale[] = ['fr', 'ar', 'tr'];

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
/** What was chosen since then was chosen by whoever signs in now, not by somebody before him in this browser. */
const SAME_VISIT_MS = 60 * 60 * 1000;

/**
 * Settles the language of each request: `?lang=` (a link of the page, or the QR code of a letter), else the cookie that
 * it left, else the browser's. What the service or the account say is offered later, by the doors that know it.
 */
export function languages(config: Pick<Config, 'secure'>, clock: { now(): Date }): Middleware {
  return (ctx, next) => {
    const asked = ctx.method === 'GET' || ctx.method === 'HEAD' ? readLocale(ctx.query.lang) : null;
    ctx.state.language = { locale: DEFAULT_LOCALE, source: 'none' };
    offerLanguage(ctx, 'browser', ctx.acceptsLanguages([...TOLD_BY_BROWSERS]));
    const kept = readCookie(config, ctx);
    if (kept) ctx.state.language = kept;
    if (asked !== null && !isForStaff(ctx)) {
      const chosenAt = clock.now();
      ctx.state.language = { locale: asked, source: 'link', chosenAt };
      keepCookie(config, ctx, asked, chosenAt);
    }
    return next();
  };
}

/** @param wanted what the source says: a language, or several by preference, spaces between (`ui_locales`) */
export function offerLanguage(ctx: Context, source: LanguageSource, wanted: unknown): void {
  const known = ctx.state.language?.source ?? 'none';
  if (LANGUAGE_SOURCES.indexOf(source) >= LANGUAGE_SOURCES.indexOf(known)) return;
  const tags = typeof wanted === 'string' ? wanted.split(' ').slice(0, LOCALES.length * 2) : [];
  const locale = tags.map((tag) => readLocale(tag.toLowerCase().split('-')[0])).find((it) => it !== null);
  if (locale) ctx.state.language = { locale, source };
}

/** The language of the page that answers; the staff's stay French. */
export function localeOf(ctx: Context): Locale {
  return isForStaff(ctx) ? DEFAULT_LOCALE : (ctx.state.language?.locale ?? DEFAULT_LOCALE);
}

/**
 * What the person himself has chosen; null when the page's language was only guessed.
 * @param now when given, a choice made long before does not count: another person may have made it in this browser
 */
export function chosenLanguage(ctx: Context, now?: Date): Locale | null {
  const { locale, source, chosenAt } = ctx.state.language ?? { locale: null, source: 'none' };
  if (source !== 'link' && source !== 'cookie') return null;
  if (now && now.getTime() - (chosenAt?.getTime() ?? 0) > SAME_VISIT_MS) return null;
  return locale;
}

/** By a link of this very request. */
export const isChosenNow = (ctx: Context): boolean => ctx.state.language?.source === 'link';

/** What the families' pages read of their addresses. */
const OF_PAGES: readonly string[] = ['avis', 'choix', 'de', 'identifiant', 'le', 'page', 'profil'];

/**
 * The same page in each language; null where there is no such page: the staff's, and the answer to a form that went
 * well, which cannot be asked for again. Addresses are a query alone, so that they cannot lead elsewhere.
 */
export function languageLinks(ctx: Context): LanguageLink[] | null {
  if (isForStaff(ctx) || (ctx.method === 'POST' && ctx.status === 200)) return null;
  const query = new URLSearchParams(ctx.querystring);
  // The request of a service is its whole query; elsewhere only what our pages read goes on (B03).
  if (!ctx.path.startsWith('/oidc/'))
    for (const name of [...query.keys()]) if (!OF_PAGES.includes(name)) query.delete(name);
  return LOCALES.map((locale) => {
    query.set('lang', locale);
    return {
      locale,
      name: LANGUAGE_NAMES[locale],
      href: `?${query}`,
      current: locale === localeOf(ctx),
    };
  });
}

const isForStaff = (ctx: Context): boolean => /^\/admin(\/|$)/.test(ctx.path);

const cookieName = ({ secure }: Pick<Config, 'secure'>) => `${secure ? '__Host-' : ''}educonnect_language`;

function keepCookie(config: Pick<Config, 'secure'>, ctx: Context, locale: Locale, chosenAt: Date): void {
  ctx.cookies.set(cookieName(config), `${locale}.${Math.floor(chosenAt.getTime() / 1000)}`, {
    path: '/',
    httpOnly: true,
    signed: true,
    sameSite: 'lax',
    secure: config.secure,
    maxAge: YEAR_MS,
    overwrite: true,
  });
}

function readCookie(config: Pick<Config, 'secure'>, ctx: Context): Language | null {
  const [name, seconds] = (ctx.cookies.get(cookieName(config), { signed: true }) ?? '').split('.');
  const locale = readLocale(name);
  return locale && { locale, source: 'cookie', chosenAt: new Date(Number(seconds) * 1000) };
}
