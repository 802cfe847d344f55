import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { breaches, importsOf } from './support/architecture.ts';

const root = join(import.meta.dirname, '..');

function readFolder(folder: string): Record<string, string> {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')];
      }),
  );
}

test('the house stands: doors -> rooms -> stores and ground, nothing points back', () => {
  const files = { ...readFolder('src'), ...readFolder('migrations'), ...readFolder('test') };
  expect(Object.keys(files).length).toBeGreaterThan(20);
  expect(breaches(files)).toEqual([]);
});

test('what src/ imports is installed in production', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const packages = Object.entries(readFolder('src')).flatMap(([file, text]) =>
    importsOf(file, text)
      .filter(({ specifier, typeOnly }) => !typeOnly && !/^(src|migrations)\/|^node:/.test(specifier))
      .map(({ specifier }) => specifier.replace(/^((?:@[^/]+\/)?[^/]+).*/, '$1')),
  );
  expect(Object.keys(dependencies)).toEqual(expect.arrayContaining([...new Set(packages)]));
});

describe('the checker', () => {
  test('reads static, multi-line, bare, type, dynamic imports and re-exports, not comments', () => {
    const text = [
      "import a from './a.ts';",
      'import {',
      '  b,',
      '  type B,',
      "} from '../b.ts';",
      "import 'c';",
      "import type { D } from './d.ts';",
      "export * from './e.ts';",
      "export type { F } from './f.ts';",
      "const g = await import('./g.ts');",
      "// import h from './h.ts';",
      " * import('./i.ts')",
      "import type from './j.ts';",
      "export const from = 'k';",
    ].join('\n');
    const found = importsOf('src/mire/x.ts', text).map(
      ({ specifier, typeOnly }) => `${specifier}${typeOnly ? ' (type)' : ''}`,
    );
    expect(found).toEqual([
      'src/mire/a.ts',
      'src/b.ts',
      'c',
      'src/mire/d.ts (type)',
      'src/mire/e.ts',
      'src/mire/f.ts (type)',
      'src/mire/j.ts',
      'src/mire/g.ts',
    ]);
  });

  const refused: [string, string, string][] = [
    ['a door that imports a door', 'src/mire/a.ts', "import '../provider/b.ts';"],
    ['a room that imports a door', 'src/accounts/a.ts', "import '../mire/b.ts';"],
    ['a room that imports one not listed for it', 'src/codes/a.ts', "import '../accounts/b.ts';"],
    ['even for a type', 'src/directory/a.ts', "import type { B } from '../accounts/b.ts';"],
    ['even late', 'src/directory/a.ts', "const b = await import('../accounts/b.ts');"],
    ['ground that imports a room', 'src/http/a.ts', "import '../accounts/b.ts';"],
    ['a room that imports the pages', 'src/accounts/a.ts', "import '../http/b.ts';"],
    ['a room that imports Koa', 'src/accounts/a.ts', "import Router from '@koa/router';"],
    ['a room that reaches for a gateway', 'src/messages/a.ts', "import '../gateways/smtp.ts';"],
    ['a door that goes to the database', 'src/mire/a.ts', "import '../db/database.ts';"],
    ['knex outside a store', 'src/accounts/find.ts', "import type { Knex } from 'knex';"],
    ['mysql2 outside a store', 'src/accounts/find.ts', "import mysql from 'mysql2/promise';"],
    ['the demo imported', 'src/cli.ts', "import './demo/main.ts';"],
    ['an application that wires rooms', 'src/app.ts', "import './accounts/find.ts';"],
    ['dependencies that are more than types', 'src/deps.ts', "import './accounts/find.ts';"],
    ['values from the dependencies', 'src/accounts/a.ts', "import { x } from '../deps.ts';"],
    ['a room that reads the settings', 'src/codes/a.ts', "import { loadConfig } from '../config.ts';"],
    ['a configuration that imports', 'src/config.ts', "import './deps.ts';"],
    ['the schema of the settings elsewhere', 'src/codes/a.ts', "import '../config/schema.ts';"],
    ['crypto with a package', 'src/crypto/a.ts', "import argon2 from 'argon2';"],
    ['a migration that follows the code', 'migrations/001.ts', "import '../src/accounts/store.ts';"],
    ['code that imports tests', 'src/demo/a.ts', "import '../../test/support/b.ts';"],
  ];
  test.each(refused)('refuses %s', (_what, file, text) => {
    expect(breaches({ [file]: text })).toEqual([expect.stringContaining(`${file} imports `)]);
  });

  const accepted: [string, string, string][] = [
    ['a door on a room', 'src/mire/a.ts', "import '../accounts/b.ts';"],
    ['a room on a listed room', 'src/enrolment/a.ts', "import '../codes/b.ts';"],
    ['a room on transactions', 'src/accounts/a.ts', "import '../db/transaction.ts';"],
    ['anybody on crypto', 'src/codes/a.ts', "import '../crypto/digests.ts';"],
    ['anybody on how files are written', 'src/statistics/a.ts', "import '../files/csv.ts';"],
    ['the type of the dependencies', 'src/codes/a.ts', "import type { Deps } from '../deps.ts';"],
    ['the type of the settings', 'src/codes/a.ts', "import type { Config } from '../config.ts';"],
    ['dependencies typed by anybody', 'src/deps.ts', "import type { R } from './http/render.ts';"],
    ['knex in a store', 'src/accounts/store.ts', "import type { Knex } from 'knex';"],
    ['knex in a named store', 'src/provider/key-store.ts', "import type { Knex } from 'knex';"],
    ['migrations listed', 'src/db/migrations.ts', "import * as a from '../../migrations/001.ts';"],
    ['the program on all but the demo', 'src/main.ts', "import './jobs/import.ts';"],
    ['the demo on all', 'src/demo/main.ts', "import '../main.ts';"],
  ];
  test.each(accepted)('accepts %s', (_what, file, text) => {
    expect(breaches({ [file]: text })).toEqual([]);
  });

  test.each([
    'process.env.HOME',
    'const { env } = process;',
    "process['env']",
    "import { env } from 'node:process';",
  ])('refuses %s outside config.ts', (text) => {
    expect(breaches({ 'src/mire/a.ts': text })).toEqual(['src/mire/a.ts reads the environment']);
    expect(breaches({ 'src/config.ts': text })).toEqual([]);
  });

  test.each([
    "await db('accounts').where({ id })",
    "return deps.db<Row>('accounts');",
    "await trx('accounts').insert(row);",
    "deps.jobsDb('imports')",
    "await deps.db.raw('SELECT 1')",
    "await trx.select('id').from('accounts')",
    'db.schema.hasTable(name)',
    "import { type Sql, selectRows } from '../db/statement.ts';",
  ])('refuses %s outside a store', (text) => {
    expect(breaches({ 'src/accounts/find.ts': text })).toEqual([
      'src/accounts/find.ts writes SQL and is no store',
    ]);
    for (const file of ['src/accounts/store.ts', 'src/db/health.ts', 'test/a.test.ts'])
      expect(breaches({ [file]: text })).toEqual([]);
  });

  test.each([
    'await inTransaction(deps.db, (trx) => save(trx, row));',
    'const save = async (trx: Transaction) => recordAudit(trx, line);',
    "// db('accounts') is for stores",
    'String.raw`a`',
    "import { beginTransaction, type Sql } from '../db/statement.ts';",
  ])('accepts %s anywhere', (text) => {
    expect(breaches({ 'src/accounts/find.ts': text })).toEqual([]);
  });

  test('refuses names that say nothing, and parts that the house does not have', () => {
    expect(breaches({ 'src/http/utils.ts': '' })).toEqual(['src/http/utils.ts is called utils']);
    expect(breaches({ 'test/helpers/a.ts': '' })).toEqual(['test/helpers/a.ts is called helpers']);
    expect(breaches({ 'src/credentials/common-passwords.ts': '' })).toEqual([]);
    expect(breaches({ 'src/attic/a.ts': '' })).toEqual(['src/attic/a.ts is in no room of the house']);
  });

  test('finds a cycle, also one of types, but not the one through the dependencies', () => {
    const circle = {
      'src/accounts/a.ts': "import './b.ts';",
      'src/accounts/b.ts': "import type { C } from './c.ts';",
      'src/accounts/c.ts': "import './a.ts';",
    };
    expect(breaches(circle)).toEqual([
      'cycle: src/accounts/a.ts -> src/accounts/b.ts -> src/accounts/c.ts -> src/accounts/a.ts',
    ]);
    const seam = {
      'src/deps.ts': "import type { R } from './http/render.ts';",
      'src/http/render.ts': "import type { Deps } from '../deps.ts';",
    };
    expect(breaches(seam)).toEqual([]);
  });
});
