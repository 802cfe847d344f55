import { posix } from 'node:path';

/**
 * The rules of the house: doors -> rooms -> stores and ground, nothing points back, which import lines tell; SQL in
 * stores only, and the environment in `config.ts` only, which their calls tell.
 * `files` maps a path from the top of the clone (`src/...`, `migrations/...`) to its text.
 */

type Import = { from: string; specifier: string; typeOnly: boolean };

const DOORS = ['provider', 'mire', 'account', 'admin', 'jobs'];

/** Each room with the rooms that it may know. All may know `audit`, so that every change can leave its line. */
const ROOMS: Record<string, string[]> = {
  directory: [],
  imports: ['directory', 'accounts'],
  accounts: ['directory'],
  credentials: ['accounts'],
  // The SMS is queued in the transaction that writes the code.
  codes: ['messages'],
  // It queues the mail that confirms an address in the transaction that records it.
  enrolment: ['directory', 'accounts', 'credentials', 'codes', 'messages'],
  messages: ['accounts', 'credentials', 'directory'],
  statistics: ['directory', 'accounts'],
  // What a guardian lacks for each way in, and what the school can do about it.
  assistance: ['directory', 'accounts', 'credentials', 'codes', 'enrolment', 'messages', 'imports'],
  // Who of the staff may do what for which school; knows neither accounts nor guardians.
  staff: ['directory'],
  audit: [],
};
const rooms = Object.keys(ROOMS);

/** What a process needs before it opens its doors: `build-deps.ts` makes it for `main.ts`, `cli.ts` and the demo. */
const INSIDE = ['config.ts', ...rooms, 'gateways', 'http', 'db'];

/**
 * What each part of `src/` may import of the others; `crypto`, `files` and `languages` are open to all. A part that is
 * not here may not exist.
 * `http` knows `db` to tell a database that is away (503) from a fault, `jobs` knows it for leases.
 */
const MAY_IMPORT: Record<string, string[]> = {
  'main.ts': ['app.ts', 'build-deps.ts', ...DOORS, ...INSIDE],
  'cli.ts': ['build-deps.ts', 'commands.ts', 'config.ts'],
  'commands.ts': ['main.ts', ...DOORS, ...INSIDE],
  'build-deps.ts': INSIDE,
  'app.ts': [...DOORS, 'http'],
  'config.ts': ['config'],
  config: [],
  'deps.ts': [],
  provider: [...rooms, 'db', 'http'],
  mire: [...rooms, 'http'],
  account: [...rooms, 'http'],
  admin: [...rooms, 'http'],
  jobs: [...rooms, 'db'],
  ...Object.fromEntries(rooms.map((room) => [room, [...(ROOMS[room] ?? []), 'audit', 'db']])),
  gateways: [],
  http: ['db'],
  db: [],
  crypto: [],
  languages: [],
  files: [],
  demo: [
    'main.ts',
    'cli.ts',
    'commands.ts',
    'app.ts',
    'build-deps.ts',
    'config.ts',
    ...DOORS,
    ...rooms,
    'gateways',
    'http',
    'db',
  ],
};

const FORBIDDEN_NAMES = ['services', 'managers', 'helpers', 'utils', 'common', 'misc'];
const KNOWS_KNEX = /^src\/(db\/.*|provider\/adapter\.ts|deps\.ts|(.+\/)?([^/]+-)?store\.ts)$/;

/** @returns one sentence a breach, sorted; empty when the house stands */
export function breaches(files: Readonly<Record<string, string>>): string[] {
  const found: string[] = [];
  for (const [file, text] of Object.entries(files)) {
    found.push(...nameBreaches(file), ...environmentBreaches(file, text), ...sqlBreaches(file, text));
    for (const line of importsOf(file, text)) found.push(...importBreaches(line));
  }
  return [...new Set([...found, ...cycles(files)])].sort();
}

/** Static, dynamic and type imports and re-exports, comments left out. */
export function importsOf(file: string, text: string): Import[] {
  const code = withoutComments(text);
  const statements = code.matchAll(
    /^(?:import|export)\b(\s+type\b(?!\s+from\b))?(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]/gm,
  );
  const calls = code.matchAll(/\bimport\(\s*['"`]([^'"`]+)['"`]/g);
  return [
    ...Array.from(statements, ([, type, specifier = '']) => ({
      from: file,
      specifier: resolve(file, specifier),
      typeOnly: type !== undefined,
    })),
    ...Array.from(calls, ([, specifier = '']) => ({
      from: file,
      specifier: resolve(file, specifier),
      typeOnly: false,
    })),
  ];
}

function withoutComments(text: string): string {
  return text.replace(/^\s*(\/\/|\/\*|\*).*$/gm, '');
}

function resolve(file: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier;
}

/** `src/mire/finish.ts` -> `mire`, `src/app.ts` -> `app.ts`, anything outside `src/` -> undefined. */
function partOf(path: string): string | undefined {
  return /^src\/([^/]+)/.exec(path)?.[1];
}

function nameBreaches(file: string): string[] {
  const words = file.split(/[/.]/);
  const bad = FORBIDDEN_NAMES.filter((name) => words.includes(name)).map(
    (name) => `${file} is called ${name}`,
  );
  const part = partOf(file);
  if (part !== undefined && !(part in MAY_IMPORT)) bad.push(`${file} is in no room of the house`);
  return bad;
}

function environmentBreaches(file: string, text: string): string[] {
  if (!file.startsWith('src/') || file === 'src/config.ts') return [];
  const code = withoutComments(text);
  const reads = /\bprocess\s*(\?\.|\.)\s*env\b|\bprocess\[|\}\s*=\s*process\b|from 'node:process'/.test(code);
  return reads ? [`${file} reads the environment`] : [];
}

/** A table that is named or SQL that is written; to open a transaction, or to hand the database on, is neither. */
const SQL_CALL =
  /\b(?:db|trx|jobsDb|knex)\s*(?:<[^<>()]*>)?\(|\.raw\(|\b(?:db|trx|jobsDb)\.(?:schema|from|select|insert|table)\b/;

/** What db/statement.ts offers to those who write SQL; to hold a transaction is not that. */
const SQL_IMPORT =
  /import\s*\{[^}]*\b(?:selectRows|selectFirst|change)\b[^}]*\}\s*from\s*'[^']*db\/statement\.ts'/;

function sqlBreaches(file: string, text: string): string[] {
  if (!file.startsWith('src/') || KNOWS_KNEX.test(file)) return [];
  const code = withoutComments(text);
  return SQL_CALL.test(code) || SQL_IMPORT.test(code) ? [`${file} writes SQL and is no store`] : [];
}

function importBreaches({ from, specifier, typeOnly }: Import): string[] {
  const breach = [`${from} imports ${specifier}`];
  const own = partOf(from);
  const other = partOf(specifier);
  const inside = /^(src|migrations|test|scripts|bench)\//.test(specifier);
  if (from.startsWith('migrations/')) return inside ? breach : [];
  if (own === undefined) return [];
  if (!inside) return mayUsePackage(from, own, specifier) ? [] : breach;
  if (other === undefined) return own === 'db' && specifier.startsWith('migrations/') ? [] : breach;
  if (own === other || ['crypto', 'files', 'languages'].includes(other)) return [];
  // deps.ts is the seam between those who use and those who provide: types only, so that nothing is bound by it.
  if (own === 'deps.ts' || other === 'deps.ts') return typeOnly ? [] : breach;
  // What a setting is called may be known everywhere; who reads the settings is the matter.
  if (other === 'config.ts' && typeOnly) return [];
  return MAY_IMPORT[own]?.includes(other) ? [] : breach;
}

function mayUsePackage(from: string, own: string, specifier: string): boolean {
  const name = specifier.replace(/^node:.*/, 'node:').replace(/^((?:@[^/]+\/)?[^/]+).*/, '$1');
  if (name === 'knex' || name === 'mysql2') return KNOWS_KNEX.test(from);
  if (own === 'config.ts' || own === 'config') return name === 'node:' || name === 'zod';
  if (own === 'crypto') return name === 'node:';
  const isKoa = /^(koa|koa-.*|@koa\/.*|@types\/koa.*)$/.test(name);
  return !(isKoa && rooms.includes(own));
}

/** Files that reach themselves. Type imports of deps.ts are no ties: nothing of it is there at run time. */
function cycles(files: Readonly<Record<string, string>>): string[] {
  const edges = new Map<string, string[]>();
  for (const [file, text] of Object.entries(files)) {
    const targets = importsOf(file, text).map((line) => line.specifier);
    edges.set(
      file,
      targets.filter((target) => target in files && target !== 'src/deps.ts'),
    );
  }
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: string[]) => {
    const at = way.indexOf(file);
    if (at >= 0) found.push(`cycle: ${[...way.slice(at), file].join(' -> ')}`);
    if (at >= 0 || done.has(file)) return;
    for (const target of edges.get(file) ?? []) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  return found;
}
