import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { APACHE_MODULES } from '../../scripts/bootstrap.mjs';
import { CLAIMS } from '../../src/provider/claims.ts';
import { clientCommand } from '../../src/provider/cli.ts';
import { SCOPES } from '../../src/provider/client-settings.ts';
import { pageText } from './code-blocks.ts';

/** What the pages for integrators name exists under that name; that it works is tried beside. */

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'docs/integrating');
const PAGES = readdirSync(FOLDER);

const unique = (found: Iterable<string>) => [...new Set(found)].sort();
/** Everything that matches in the text, or its first group. */
const all = (text: string, pattern: RegExp) =>
  unique([...text.matchAll(pattern)].map((match) => match[1] ?? match[0]));

/** All text of the files of a kind below a folder of the repository. */
function textOf(folder: string, ending: RegExp): string {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

test('claims.md: each claim stands under its scope, and each scope is there', () => {
  const stated: Record<string, string[]> = {};
  let scope = '';
  for (const [, first = '', second = ''] of pageText('claims.md').matchAll(/^\|([^|]*)\|([^|]*)\|/gm)) {
    const [, named] = /^ `(\w+)` $/.exec(first) ?? [];
    if (named !== undefined && (SCOPES as readonly string[]).includes(named)) scope = named;
    const claims = second.startsWith(' no claim') ? [] : all(second, /`(\w+)`/g);
    if (scope !== '') stated[scope] = [...(stated[scope] ?? []), ...claims];
  }
  expect(Object.keys(stated).sort()).toEqual([...SCOPES].sort());
  const expected = { ...CLAIMS, educonnect_ine: ['ine', 'eleves'], offline_access: [] };
  for (const [name, claims] of Object.entries(expected))
    expect([name, stated[name]?.sort()]).toEqual([name, [...claims].sort()]);
});

test('the options of `educonnect client` that pages name are its own', async () => {
  const lines: string[] = [];
  const io = { out() {}, err: (line: string) => void lines.push(line) };
  await clientCommand({} as Parameters<typeof clientCommand>[0], [], io);
  const known = all(lines.join('\n'), /--[a-z][a-z-]+/g);
  const commands = PAGES.flatMap((page) => {
    const joined = pageText(page).replaceAll(/\\\n/g, ' ');
    return [...joined.matchAll(/client (?:add|update|service|rotate-secret)\b[^`\n]*/g)].map(
      ([line]) => line,
    );
  });
  expect(commands.length).toBeGreaterThan(8);
  expect(known).toEqual(expect.arrayContaining(all(commands.join('\n'), /--[a-z][a-z-]+/g)));
  const alone = all(PAGES.map(pageText).join('\n'), /`(--[a-z][a-z-]+)(?: [^`]*)?`/g);
  expect([...known, '--fresh']).toEqual(expect.arrayContaining(alone));
});

test('codes, variables and labels are those of the program', () => {
  const source = textOf('src', /\.ts$/);
  const words = textOf('views/locales', /^fr\.json$/) + source;
  for (const page of PAGES) {
    const text = pageText(page).replaceAll(/```[\s\S]*?```/g, '');
    for (const code of all(text, /EC-\d+-[A-Z]+/g))
      expect(`${page}: ${source.includes(code) ? '' : code}`).toBe(`${page}: `);
    for (const label of all(text, /« ([^»]+) »/g)) {
      if (PLACEHOLDERS.includes(label)) continue;
      expect(`${page}: ${words.includes(label) ? '' : label}`).toBe(`${page}: `);
    }
  }
  for (const name of all(pageText('logout.md'), /`([A-Z]+_[A-Z_]+)`/g)) expect(source).toContain(name);
});

/** What stands in the same marks and is no label of ours: an example, an English message, a question of the reader. */
const PLACEHOLDERS = [
  'A parent who has been here before',
  'Vous allez vers Mon service',
  'is somebody there?',
  'requires PKCE',
  'grant type is not allowed',
  'Éloïse',
  'Annuler',
  'Se connecter avec ÉduConnect',
];

test('test-people.md: the people are those of the demo, all of them', () => {
  const cast = textOf('src/demo', /\.ts$/);
  const contract = readFileSync(join(ROOT, 'test/demo/personas.test.ts'), 'utf8');
  const keys = all(contract.slice(contract.indexOf('KEYS = ['), contract.indexOf('];')), /'([a-z0-9-]+)'/g);
  const text = pageText('test-people.md');
  for (const key of keys) {
    expect(text).toContain(`\`${key}\``);
    expect(cast).toContain(`'${key}'`);
  }
});

test('mod_auth_openidc.md: each directive is one of the module', () => {
  const module = readFileSync(`${APACHE_MODULES}/mod_auth_openidc.so`, 'latin1');
  const directives = all(pageText('mod_auth_openidc.md'), /\bOIDC[A-Z][A-Za-z]+/g);
  expect(directives.length).toBeGreaterThan(15);
  expect(directives.filter((name) => !module.includes(`${name}\0`))).toEqual([]);
});

test('every page is in the index, every link leads somewhere, and the README leads here', () => {
  const index = all(pageText('README.md'), /\]\(([\w.-]+\.md)\)/g);
  expect(index).toEqual(PAGES.filter((page) => page !== 'README.md').sort());
  for (const page of PAGES)
    for (const link of all(pageText(page), /\]\((?!https?:)([^)#]+)/g))
      expect(`${page}: ${existsSync(join(FOLDER, link)) ? '' : link}`).toBe(`${page}: `);
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  for (const link of all(readme, /\]\((docs\/integrating\/[^)#]*)/g))
    expect(existsSync(join(ROOT, dirname(link)))).toBe(true);
  expect(readme).toContain('(docs/integrating/README.md)');
});
