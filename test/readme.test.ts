import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { schema } from '../src/config/schema.ts';
import { jobTable } from '../src/jobs/table.ts';
import { providerChores } from '../src/provider/chores.ts';
import { testDeps } from './support/deps.ts';

/** The tables of the README name all that there is. */

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
/** What the first column of any table names. */
const named = readme
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .flatMap((line) =>
    [...(line.split(/(?<!\\)\|/)[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );

test('each command', () => {
  const table = readFileSync(join(root, 'src', 'commands.ts'), 'utf8');
  const commands = [...table.matchAll(/^ {4}name: '([a-z-]+)',$/gm)].map(([, name = '']) => name);
  expect(commands).toContain('serve');
  const words = named.map((name) => name.split(' ')[0]);
  expect(commands.filter((name) => !words.includes(name))).toEqual([]);
});

test('each job', () => {
  const deps = testDeps({ db: undefined as never, url: 'mysql://nobody@localhost/none' });
  const jobs = jobTable(deps, providerChores).map(({ name }) => name);
  expect(jobs.filter((name) => !named.includes(name))).toEqual([]);
});

test('each variable of the configuration', () => {
  expect(Object.keys(schema.shape).filter((name) => !named.includes(name))).toEqual([]);
});

test('each part of the source', () => {
  const parts = readdirSync(join(root, 'src'), { withFileTypes: true }).map((entry) =>
    entry.isDirectory() ? `${entry.name}/` : entry.name,
  );
  expect(parts.filter((name) => !named.includes(name))).toEqual([]);
});
