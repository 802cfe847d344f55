import type { Locale } from '../languages/locales.ts';

/** As families from the Maghreb, the Levant and the Gulf all read them: the names that Arabic newspapers print. */
const AR_MONTHS = 'يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر';

const MONTHS: Record<Locale, readonly string[]> = {
  fr: 'janvier février mars avril mai juin juillet août septembre octobre novembre décembre'.split(' '),
  en: 'January February March April May June July August September October November December'.split(' '),
  ar: AR_MONTHS.split(' '),
  tr: 'Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık'.split(' '),
};

const PARIS = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/Paris',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

const PARIS_TIME = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Paris',
  hour: 'numeric',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** The hour of an instant in Paris, as people write it: « 9 h 05 », elsewhere « 09:05 ». */
export function formatTime(value: Date, locale: Locale = 'fr'): string {
  const [hour, minute] = PARIS_TIME.format(value).split(':');
  if (locale === 'fr') return `${Number(hour)}\u00a0h\u00a0${minute}`;
  return `${hour?.padStart(2, '0')}:${minute}`;
}

export type DateForm = 'long' | 'short' | 'dashed';

/**
 * A day as people write it.
 * @param value an instant (its day in Paris) or a calendar day `YYYY-MM-DD`; anything else throws
 * @param form `long` « 1er septembre 2026 », `short` « 01/09/2026 », `dashed` « 01-09-2026 » (tables of the staff, R-105)
 */
export function formatDate(value: Date | string, form: DateForm = 'long', locale: Locale = 'fr'): string {
  const day = value instanceof Date ? PARIS.format(value) : value;
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  const month = MONTHS[locale][Number(parts?.[2]) - 1];
  if (parts === null || month === undefined) throw new Error('formatDate takes a Date or YYYY-MM-DD');
  if (form === 'dashed') return `${parts[3]}-${parts[2]}-${parts[1]}`;
  if (form === 'short') return [parts[3], parts[2], parts[1]].join(locale === 'tr' ? '.' : '/');
  const number = Number(parts[3]);
  return `${number === 1 && locale === 'fr' ? '1er' : number} ${month} ${parts[1]}`;
}
