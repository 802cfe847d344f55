/**
 * What a fresh clone needs before anything of it can run. Only node: imports here: there may be no node_modules yet.
 * Each step says what it does in one line, and says nothing when there is nothing to do.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const STAMP = '.educonnect-stamp';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Administrators' folders are not in the PATH of a plain user of Debian. */
const EXTRA_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];

/** Where Debian keeps Apache's modules. */
export const APACHE_MODULES = '/usr/lib/apache2/modules';

/**
 * What may be missing: the programs and files that show it is there, the Debian packages that bring it, and how else
 * to get it.
 */
export const SYSTEM_NEEDS = {
  mariadb: {
    what: 'a MariaDB server (10.11 or later)',
    programs: [['mariadbd'], ['mariadb-install-db']],
    packages: ['mariadb-server-core', 'mariadb-client-core'],
    elsewhere: ['macOS: brew install mariadb', 'Fedora: dnf install mariadb-server'],
    instead: {
      run: 'or set DATABASE_URL=mysql://user:password@host:3306/database to use a MariaDB 10.11+ or MySQL 8 server of yours',
      tests: 'or set TEST_DATABASE_URL=mysql://user:password@host:3306/ with a user who may create databases',
    },
  },
  chromium: {
    what: 'the Chromium browser',
    programs: [['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']],
    packages: ['chromium'],
    elsewhere: ['macOS: brew install --cask chromium', 'Fedora: dnf install chromium'],
  },
  // The programs alone: the package brings no server.
  backup: {
    what: 'mariadb-dump, with which a backup is rehearsed (for tests only)',
    programs: [['mariadb-dump'], ['mariadb']],
    packages: ['mariadb-client'],
    elsewhere: ['macOS: brew install mariadb', 'Fedora: dnf install mariadb'],
  },
  // Not the package `apache2`, which starts a server of its own on port 80.
  apache: {
    what: 'Apache with mod_auth_openidc, as Debian has them (for tests only)',
    programs: [['apache2']],
    files: [`${APACHE_MODULES}/mod_auth_openidc.so`],
    packages: ['apache2-bin', 'libapache2-mod-auth-openidc'],
    elsewhere: ['any system with Docker: docker run --rm -v "$PWD:/app" -w /app node:24-bookworm npm test'],
  },
};

/** A fault that a person can mend: shown as a sentence, without a stack. */
export class SetupError extends Error {}

/** This machine, as the steps below see it; tests hand in another. */
export function thisMachine() {
  return {
    root,
    isRoot: process.getuid?.() === 0,
    hasApt: findProgram(['apt-get']) !== undefined && isDebian(),
    find: findProgram,
    exists: existsSync,
    log: (line) => console.log(line),
    run: runToEnd,
  };
}

/**
 * Makes the clone ready to run.
 * @param {{dev?: boolean, assets?: boolean, mariadb?: boolean, chromium?: boolean, backup?: boolean, apache?: boolean, tests?: boolean}} wanted
 *   dev: development packages too (default true); assets: build the style sheets (default true)
 * @throws {SetupError} with what a person has to do
 */
export async function bootstrap(wanted = {}, machine = thisMachine()) {
  checkNode(process.versions.node);
  installPackages(machine, { dev: wanted.dev ?? true });
  linkCommand(machine);
  const needs = ['mariadb', 'chromium', 'backup', 'apache'].filter((need) => wanted[need]);
  installSystemPackages(machine, needs, { tests: wanted.tests ?? false });
  if (wanted.assets ?? true) await buildAssets(machine);
}

/** Runs a script's main function; a SetupError becomes its sentence and exit code 1. */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

export function checkNode(version) {
  const [major, minor] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetupError(`Node.js 20.19 or later is needed, 24 is recommended; this is ${version}.`);
}

/** `npm ci`, unless node_modules already is what the lock file asks for on this machine. */
export function installPackages(machine, { dev }) {
  const stampFile = join(machine.root, 'node_modules', STAMP);
  const { stamp, satisfied, stamped } = packagesState(machine.root, { dev });
  if (stamped) return;
  if (!satisfied) {
    machine.log('Installing node packages (npm ci)');
    const scope = dev ? ['--include=dev'] : ['--omit=dev'];
    const env = { ...withoutNpm(process.env), NODE_ENV: dev ? 'development' : 'production' };
    // No install script is needed: every native part comes prebuilt in its package.
    const args = ['ci', '--ignore-scripts', ...scope, '--no-audit', '--no-fund', '--loglevel=error'];
    const code = machine.run('npm', args, { cwd: machine.root, env });
    if (code !== 0) throw new SetupError('npm ci failed (see above). Is the package registry reachable?');
    mkdirSync(dirname(stampFile), { recursive: true });
  }
  writeFileSync(stampFile, stamp);
}

/**
 * What node_modules is worth.
 * stamped: an earlier run noted that it fits this lock file, platform and binary interface of Node;
 * satisfied: it fits, be it by npm's own record of what a developer installed by hand.
 */
export function packagesState(folder, { dev }) {
  const lock = readFileSync(join(folder, 'package-lock.json'));
  const here = `${process.platform}-${process.arch}-${process.versions.modules}`;
  const hash = createHash('sha256').update(lock).digest('hex');
  const stampFor = (scope) => `${here} ${hash} ${scope}\n`;
  const found = readText(join(folder, 'node_modules', STAMP));
  // Development packages include the others, so the larger set also satisfies the smaller.
  const stamped = found === stampFor('dev') || (!dev && found === stampFor('production'));
  const sameMachine = found === '' || found.startsWith(`${here} `);
  const satisfied = stamped || (sameMachine && isInstalled(folder, JSON.parse(lock.toString()), dev));
  return { stamp: stampFor(dev ? 'dev' : 'production'), stamped, satisfied };
}

/** Compares the lock file with the record that npm leaves at the end of each install. */
function isInstalled(folder, lock, dev) {
  const record = readText(join(folder, 'node_modules', '.package-lock.json'));
  if (record === '') return false;
  const installed = JSON.parse(record).packages;
  return Object.entries(lock.packages).every(([path, wanted]) => {
    const left = path === '' || wanted.optional || wanted.devOptional || (wanted.dev && !dev);
    return left || installed[path]?.version === wanted.version;
  });
}

/** npm hands its own settings to the scripts it runs; a nested npm must not inherit them (`--omit`, the prefix...). */
export function withoutNpm(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^npm_/i.test(name)));
}

/** `npx educonnect` looks in node_modules/.bin, and npm does not link a package's own command there. */
export function linkCommand(machine) {
  const link = join(machine.root, 'node_modules', '.bin', 'educonnect');
  const target = join('..', '..', 'bin', 'educonnect.mjs');
  if (readLink(link) === target) return;
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

/** Installs what is missing with apt-get where that is ours to do, else says what a person has to install. */
export function installSystemPackages(machine, needs, { tests = false } = {}) {
  const missing = () => needs.map((need) => SYSTEM_NEEDS[need]).filter((need) => !isThere(machine, need));
  const absent = missing();
  if (absent.length === 0) return;
  if (!(machine.isRoot && machine.hasApt)) throw new SetupError(whatToInstall(absent, { ...machine, tests }));
  const packages = absent.flatMap((need) => need.packages);
  machine.log(`Installing system packages: ${packages.join(' ')}`);
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=300'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // A list that cannot be brought up to date may still do: the install tells.
  machine.run('apt-get', [...options, 'update'], { env, quiet: true });
  const install = [...options, '-y', '--no-install-recommends', 'install', ...packages];
  const code = machine.run('apt-get', install, { env, quiet: true });
  if (code === 0 && missing().length === 0) return;
  throw new SetupError(`apt-get could not install ${packages.join(' ')} (exit code ${code}, see above).`);
}

function isThere(machine, need) {
  const programs = need.programs.every((names) => machine.find(names) !== undefined);
  return programs && (need.files ?? []).every((file) => machine.exists(file));
}

function whatToInstall(absent, { hasApt, tests }) {
  return absent
    .flatMap((need) => [
      `Missing: ${need.what}. Install it, then run this again:`,
      `  - ${hasApt ? 'here' : 'Debian or Ubuntu'}: sudo apt-get install --no-install-recommends ${need.packages.join(' ')}`,
      ...need.elsewhere.map((hint) => `  - ${hint}`),
      ...(need.instead ? [`  - ${tests ? need.instead.tests : need.instead.run}`] : []),
    ])
    .join('\n');
}

/** Style sheets, fonts and scripts into public/, when their sources changed. */
export async function buildAssets(machine) {
  const script = join(machine.root, 'scripts', 'build-assets.mjs');
  if (!existsSync(script)) return;
  const assets = await import(pathToFileURL(script).href);
  await assets.buildAssets({ root: machine.root, log: machine.log });
}

/**
 * The first of these programs that can be run.
 * @param {string[]} names other names of one program, the best first
 * @returns {string | undefined} its path
 */
export function findProgram(names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...EXTRA_FOLDERS].filter(
    (folder) => folder !== '',
  );
  for (const name of names) {
    const path = folders.map((folder) => join(folder, name)).find(isExecutable);
    if (path !== undefined) return path;
  }
  return undefined;
}

export const findChromium = () => process.env.CHROMIUM_PATH || findProgram(SYSTEM_NEEDS.chromium.programs[0]);
export const findApache = () => findProgram(SYSTEM_NEEDS.apache.programs[0]);

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isDebian() {
  return existsSync('/etc/debian_version');
}

function readText(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function readLink(path) {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Runs a program to its end and returns its exit code; quiet shows its output only when it fails. */
function runToEnd(command, args, { cwd = root, env = process.env, quiet = false } = {}) {
  const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'];
  const result = spawnSync(command, args, { cwd, env, stdio, maxBuffer: 64 * 1024 * 1024 });
  if (result.error) console.error(`${command}: ${result.error.message}`);
  if (quiet && result.status !== 0)
    process.stderr.write(Buffer.concat([result.stdout, result.stderr].filter(Boolean)));
  return result.status ?? 1;
}
