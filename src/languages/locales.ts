/** The languages of the families' pages; French is the reference, and what is shown when nothing else is known. */
export const LOCALES = ['fr', 'en', 'ar', 'tr'] as const;

export type Locale = (typeof LOCALES)[number];

export const DEFAULT_LOCALE: Locale = 'fr';

/** Each in its own words, for whoever cannot read the page that he is on. */
export const LANGUAGE_NAMES: Record<Locale, string> = {
  fr: 'Français',
  en: 'English',
  ar: 'العربية',
  tr: 'Türkçe',
};

export const directionOf = (locale: Locale): 'ltr' | 'rtl' => (locale === 'ar' ? 'rtl' : 'ltr');

/** @param value anything that a request may hold; what is not one of our languages is none */
export function readLocale(value: unknown): Locale | null {
  return LOCALES.find((locale) => locale === value) ?? null;
}

/** What may tell the language of a page, the strongest first. */
export const LANGUAGE_SOURCES = ['link', 'cookie', 'service', 'account', 'browser', 'none'] as const;

export type LanguageSource = (typeof LANGUAGE_SOURCES)[number];

/** The language of a request, and who said so. */
export type Language = { locale: Locale; source: LanguageSource; chosenAt?: Date };
