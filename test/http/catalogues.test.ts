import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createTranslator } from '../../src/http/translate.ts';
import { LOCALES } from '../../src/languages/locales.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'views', 'locales');

/** Only the staff read these, and the staff's pages stay French. */
const isForStaff = (key: string) => key.startsWith('admin.') || key.endsWith('.staff');

/** Texts that are the same word in French and in another language. */
const SAME_WORDS: Record<string, string[]> = {
  en: ['Service', 'Cookies'],
  ar: [],
  tr: [],
};
/** Proper names, and what is not for reading. */
const SAME_EVERYWHERE = ['EduConnect', 'FranceConnect', '@contact', ''];

function flatten(value: object, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'string' ? [[prefix + name, inner]] : flatten(inner, `${prefix}${name}.`),
  );
}
const read = (locale: string) =>
  new Map(flatten(JSON.parse(readFileSync(join(FOLDER, `${locale}.json`), 'utf8'))));

const french = new Map([...read('fr')].filter(([key]) => !isForStaff(key)));

/** What a sentence must keep: its params, its links, what the page makes of its beginning. */
const paramsOf = (text: string) =>
  [...new Set([...text.matchAll(/\{(\w+)(?:\}|, plural,)/g)].map(([, name]) => name))].sort();
const linksOf = (text: string) => [...text.matchAll(/\]\((.+?)\)/g)].map(([, to]) => to).sort();
const boldOf = (text: string) => text.split('**').length - 1;

describe.each(LOCALES.filter((locale) => locale !== 'fr'))('the catalogue %s', (locale) => {
  const texts = read(locale);
  const both = [...french].flatMap(([key, text]) => {
    const other = texts.get(key);
    return other === undefined ? [] : [{ key, text, other }];
  });

  test('has every text of the families, and no other', () => {
    expect([...french.keys()].filter((key) => !texts.has(key))).toEqual([]);
    expect([...texts.keys()].filter((key) => !french.has(key))).toEqual([]);
  });

  test('keeps params, links, bold words and the marks of lists', () => {
    for (const { key, text, other } of both) {
      const kept = (it: string) => ({
        key,
        params: paramsOf(it),
        links: linksOf(it),
        bold: boldOf(it),
        item: it.startsWith('- '),
        contact: it === '@contact',
        empty: it === '',
        ends: /\s$/.test(it),
      });
      expect(kept(other)).toEqual(kept(text));
    }
  });

  test('is translated', () => {
    const same = [...SAME_EVERYWHERE, ...(SAME_WORDS[locale] ?? [])];
    expect(both.filter(({ text, other }) => text === other && !same.includes(text))).toEqual([]);
  });

  test('punctuates as its language does', () => {
    const strange = { en: /[«»]| [:;!?]/, tr: /[«»]| [:;!?]/, ar: /[?;,](?!\d)|“|”/ }[locale];
    // What Latin letters hold between them is theirs: an address, a number.
    const own = (text: string) => text.replace(/\{\w+, plural,/g, '').replace(/\u2066.*?\u2069/g, '');
    expect(both.filter(({ other }) => strange.test(own(other))).map(({ key }) => key)).toEqual([]);
  });

  test('every plural is whole: each form of the language has its words', () => {
    const forms = new Intl.PluralRules(locale)
      .resolvedOptions()
      .pluralCategories.filter((it) => it !== 'zero');
    for (const { key, other } of both) {
      for (const [, list = ''] of other.matchAll(/\{\w+, plural,((?: \w+ \{[^{}]*\})+)\}/g)) {
        const named = [...list.matchAll(/ (\w+) \{/g)].map(([, form]) => form ?? '');
        expect({ key, named: named.sort() }).toEqual({ key, named: [...forms].sort() });
      }
    }
  });
});

describe('numbers in words', () => {
  const say = (locale: 'en' | 'ar', text: string, count: number) =>
    createTranslator({ a: { b: text } }, { locale }).text('a.b', { count });

  test('each language has its own forms', () => {
    const english = '{count, plural, one {# try} other {# tries}}';
    expect([1, 2].map((count) => say('en', english, count))).toEqual(['1 try', '2 tries']);
    const arabic =
      '{count, plural, one {واحدة} two {اثنتان} few {# محاولات} many {# محاولة} other {# محاولة}}';
    expect([1, 2, 3, 11].map((count) => say('ar', arabic, count))).toEqual([
      'واحدة',
      'اثنتان',
      '3 محاولات',
      '11 محاولة',
    ]);
  });

  test('what is filled into Arabic keeps its own direction', () => {
    const { text, markup } = createTranslator({ a: { b: 'إلى {name} [هنا]({url})' } }, { locale: 'ar' });
    const params = { name: 'p.martin2', url: '/aide' };
    expect(text('a.b', params)).toContain('\u2068p.martin2\u2069');
    expect(markup('a.b', params)).toBe('إلى <bdi>p.martin2</bdi> <a class="govuk-link" href="/aide">هنا</a>');
  });

  test('a text that a language has not is shown in French', () => {
    const { text, has } = createTranslator({}, { locale: 'tr', reference: { a: { b: 'Quoi ?' } } });
    expect(text('a.b')).toBe('Quoi\u00a0?');
    expect(has('a.b')).toBe(true);
  });
});
