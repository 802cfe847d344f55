import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildAssets } from '../../scripts/build-assets.mjs';
import { formatDate } from '../../src/http/dates.ts';
import { createRenderer } from '../../src/http/render.ts';
import { createTranslator } from '../../src/http/translate.ts';
import { LOCALES } from '../../src/languages/locales.ts';
import { PAGE_STATES } from '../support/page-states.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('texts', () => {
  const { text, markup, has } = createTranslator({
    labels: { question: 'Quoi ?' },
    page: { hello: 'Bonjour {name} !', quote: '« {name} »', rich: '**{name}** [ici]({url}) <b>' },
  });

  test('a text that is missing, or lacks a word, is a fault and never a hole in the page', () => {
    expect(() => text('page.goodbye')).toThrow('page.goodbye');
    expect(() => text('page.hello')).toThrow('name');
    expect(() => text('page.hello', { name: null })).toThrow('name');
    expect(has('page.hello')).toBe(true);
    expect(has('page')).toBe(false);
  });

  test('punctuation does not begin a line, but accessible names are kept to the letter', () => {
    expect(text('page.hello', { name: 'Léa' })).toBe('Bonjour Léa\u00a0!');
    expect(text('page.quote', { name: 'A : B' })).toBe('«\u00a0A : B\u00a0»');
    expect(text('labels.question')).toBe('Quoi ?');
  });

  test('what a person typed is never read as markup', () => {
    const html = markup('page.rich', { name: '<i>**x**</i> [a](b)', url: 'https://x.test/?a="b"&c' });
    expect(html).toBe(
      '<strong class="ec-strong">&#60;i&#62;**x**&#60;/i&#62; [a](b)</strong> ' +
        '<a class="govuk-link" href="https://x.test/?a=&#34;b&#34;&#38;c">ici</a> &#60;b&#62;',
    );
  });
});

describe('dates', () => {
  test.each([
    ['2026-09-12', '12 septembre 2026', '12/09/2026'],
    ['2026-09-01', '1er septembre 2026', '01/09/2026'],
    ['1999-02-28', '28 février 1999', '28/02/1999'],
  ])('%s', (day, long, short) => {
    expect(formatDate(day)).toBe(long);
    expect(formatDate(day, 'short')).toBe(short);
  });

  test('an instant is shown as its day in Paris', () => {
    expect(formatDate(new Date('2026-08-31T22:30:00Z'))).toBe('1er septembre 2026');
    expect(formatDate(new Date('2026-12-31T22:30:00Z'))).toBe('31 décembre 2026');
  });

  test.each(['12/09/2026', '2026-13-01', '', '2026-9-1'])('anything else is refused: %p', (value) => {
    expect(() => formatDate(value)).toThrow('formatDate');
  });
});

describe('pages', () => {
  beforeAll(async () => {
    await buildAssets({ root: ROOT });
  });
  const render = createRenderer({ rootDir: ROOT, production: true });

  test('an undefined value that would be printed is a fault', () => {
    expect(() => render('mire/profile', {})).toThrow(/undefined/);
  });

  test('data is escaped', () => {
    const html = render('mire/switch-person', { action: '"><script>', csrf: "'<", name: '<img src=x>' });
    expect(html).not.toContain('<img src=x>');
    expect(html).not.toContain('"><script>');
  });

  test.each(PAGE_STATES)(
    '$name: every form is a POST with its token, nothing is inline',
    ({ template, data }) => {
      const html = render(template, data);
      const forms = html.match(/<form[\s\S]*?<\/form>/g) ?? [];
      for (const form of forms.filter((it) => !it.includes('op.logoutForm'))) {
        if (template === 'mire/profile' && !form.includes('name="answer"'))
          expect(form).toMatch(/^<form method="get"/);
        else if (form.includes(' role="search"')) {
          // A search changes nothing, and its address may be kept.
          expect(form).toMatch(/^<form [^>]*method="get"/);
          expect(form).not.toContain('_csrf');
        } else {
          expect(form).toMatch(/^<form method="post" action="\/[^"]*" novalidate>/);
          expect(form).toContain('<input type="hidden" name="_csrf" value="jeton">');
        }
      }
      expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|\sstyle=|<style|\son[a-z]+=|javascript:/);
      expect(html).not.toMatch(/undefined|\[object/);
      const addresses = [...html.matchAll(/<(?:link|script|img)[^>]*?(?:src|href)="([^"]*)"/g)].map(
        ([, it]) => it,
      );
      for (const address of addresses) expect(address).toMatch(/^\/assets\/[\w.-]+$/);
    },
  );

  test('every text that a template names exists', () => {
    const names = readdirSync(join(ROOT, 'views'), { recursive: true, encoding: 'utf8' });
    const texts = JSON.parse(readFileSync(join(ROOT, 'views', 'locales', 'fr.json'), 'utf8'));
    const { has } = createTranslator(texts);
    const missing = names
      .filter((name) => name.endsWith('.njk'))
      .flatMap((name) => {
        const source = readFileSync(join(ROOT, 'views', name), 'utf8');
        const keys = [...source.matchAll(/\btm?\('([\w.-]+)'\s*[,)]/g)].map(([, key]) => key ?? '');
        return keys.filter((key) => !has(key)).map((key) => `${name}: ${key}`);
      });
    expect(missing).toEqual([]);
  });

  test('every text is used: its key, or what a template or the code puts a word behind, is written somewhere', () => {
    const sources = ['views', 'src'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(njk|ts)$/.test(name))
        .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
    );
    const all = sources.join('\n');
    const written = new Set(
      Array.from(all.matchAll(/['"`]([\w.-]+)(?=['"`]|\$\{)/g), ([, text]) => text ?? ''),
    );
    const words = new Set(all.match(/[\w-]+/g));
    const isUsed = (key: string): boolean => {
      const parts = key.split('.');
      const isMade = parts.some((part, index) => {
        const block = parts.slice(0, index).join('.');
        return written.has(`${block}.`) || ((part === 'errors' || index > 1) && written.has(block));
      });
      return written.has(key) || (isMade && parts.every((part) => /^\d+$/.test(part) || words.has(part)));
    };
    // A title, or the words for pupils, beside a text that is used.
    const plain = (key: string) => key.replace(/(Title|Hint|Pupil|One)+$/, '');
    const texts = JSON.parse(readFileSync(join(ROOT, 'views', 'locales', 'fr.json'), 'utf8'));
    expect(keysOf(texts).filter((key) => !isUsed(key) && !isUsed(plain(key)))).toEqual([]);
  });
});

function keysOf(texts: object): string[] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'string' ? [key] : keysOf(value).map((rest) => `${key}.${rest}`),
  );
}

describe('templates on disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ec-views-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('are read again at each page, but once only in production', () => {
    mkdirSync(join(folder, 'views', 'locales'), { recursive: true });
    for (const locale of LOCALES)
      writeFileSync(join(folder, 'views', 'locales', `${locale}.json`), '{"a":{"b":"un"}}');
    const write = (text: string) => writeFileSync(join(folder, 'views', 'page.njk'), text);
    write("{{ t('a.b') }}");
    const [fresh, kept] = [false, true].map((production) => createRenderer({ rootDir: folder, production }));
    expect([fresh?.('page', {}), kept?.('page', {})]).toEqual(['un', 'un']);
    write("{{ t('a.b') }} deux");
    expect([fresh?.('page', {}), kept?.('page', {})]).toEqual(['un deux', 'un']);
    write("{{ asset('educonnect.css') }}");
    expect(() => fresh?.('page', {})).toThrow('build-assets');
  });
});
