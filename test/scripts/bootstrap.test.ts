import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  APACHE_MODULES,
  checkNode,
  installPackages,
  installSystemPackages,
  linkCommand,
  packagesState,
  SetupError,
  withoutNpm,
} from '../../scripts/bootstrap.mjs';

type Run = { command: string; args: string[]; env: NodeJS.ProcessEnv };

let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'ec-bootstrap-'));
  writeLock('1.0.0');
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

function writeLock(version: string): void {
  const packages = {
    '': { name: 'educonnect' },
    'node_modules/koa': { version },
    'node_modules/jest': { version: '30.0.0', dev: true },
    'node_modules/native-for-another-machine': { version: '2.0.0', optional: true },
  };
  writeFileSync(join(clone, 'package-lock.json'), JSON.stringify({ packages }));
}

/** What npm leaves behind when it has installed these. */
function writeInstalled(packages: Record<string, { version: string }>): void {
  mkdirSync(join(clone, 'node_modules'), { recursive: true });
  writeFileSync(join(clone, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));
}

/** A machine that remembers what it was told. `exit` is what every program answers. */
function machine(
  options: { isRoot?: boolean; hasApt?: boolean; programs?: string[]; files?: string[]; exit?: number } = {},
) {
  const programs = new Set(options.programs ?? []);
  const lines: string[] = [];
  const runs: Run[] = [];
  return {
    root: clone,
    isRoot: options.isRoot ?? false,
    hasApt: options.hasApt ?? false,
    find: (names: string[]) => names.find((name) => programs.has(name)),
    exists: (file: string) => (options.files ?? []).includes(file),
    log: (line: string) => void lines.push(line),
    run: (command: string, args: string[], settings: { env?: NodeJS.ProcessEnv } = {}) => {
      runs.push({ command, args, env: settings.env ?? {} });
      if (args.includes('install') && (options.exit ?? 0) === 0) {
        for (const program of ['mariadbd', 'mariadb-install-db', 'chromium']) programs.add(program);
      }
      return options.exit ?? 0;
    },
    lines,
    runs,
  };
}

describe('node packages', () => {
  test('are installed once, and again when the lock file changes', () => {
    const here = machine();
    installPackages(here, { dev: true });
    installPackages(here, { dev: true });
    expect(here.runs.map(({ command, args }) => `${command} ${args[0]}`)).toEqual(['npm ci']);
    expect(here.lines).toEqual(['Installing node packages (npm ci)']);

    writeLock('1.0.1');
    installPackages(here, { dev: true });
    expect(here.runs).toHaveLength(2);
  });

  test('run no install script, and take development packages whatever the environment says', () => {
    const here = machine();
    installPackages(here, { dev: true });
    expect(here.runs[0]?.args).toEqual(expect.arrayContaining(['--ignore-scripts', '--include=dev']));
    expect(here.runs[0]?.env.NODE_ENV).toBe('development');
  });

  test('that a developer installed by hand are left as they are', () => {
    writeInstalled({ 'node_modules/koa': { version: '1.0.0' }, 'node_modules/jest': { version: '30.0.0' } });
    const here = machine();
    installPackages(here, { dev: true });
    expect(here.runs).toEqual([]);
    expect(packagesState(clone, { dev: true }).stamped).toBe(true);
  });

  test('without the development ones are enough to run, not to build', () => {
    writeInstalled({ 'node_modules/koa': { version: '1.0.0' } });
    expect(packagesState(clone, { dev: false }).satisfied).toBe(true);
    expect(packagesState(clone, { dev: true }).satisfied).toBe(false);
  });

  test('of another version, platform or Node are not taken for ours', () => {
    writeInstalled({ 'node_modules/koa': { version: '0.9.0' } });
    expect(packagesState(clone, { dev: false }).satisfied).toBe(false);

    writeInstalled({ 'node_modules/koa': { version: '1.0.0' } });
    writeFileSync(join(clone, 'node_modules', '.educonnect-stamp'), 'plan9-mips-1 0 dev\n');
    expect(packagesState(clone, { dev: false }).satisfied).toBe(false);
  });

  test('that cannot be fetched are a sentence, and no stamp is left', () => {
    const here = machine({ exit: 1 });
    expect(() => installPackages(here, { dev: true })).toThrow(/npm ci failed.*registry/);
    expect(packagesState(clone, { dev: true }).satisfied).toBe(false);
  });
});

describe('system packages', () => {
  test('that are there ask for nothing', () => {
    const here = machine({ programs: ['mariadbd', 'mariadb-install-db', 'google-chrome'] });
    installSystemPackages(here, ['mariadb', 'chromium']);
    expect([here.runs, here.lines]).toEqual([[], []]);
  });

  test('on a machine that is not Debian: what is missing, how to get it, how to do without', () => {
    const here = machine({ isRoot: true });
    const message = refusal(() => installSystemPackages(here, ['mariadb', 'chromium']));
    expect(message).toContain('Missing: a MariaDB server');
    expect(message).toContain('Debian or Ubuntu: sudo apt-get install');
    expect(message).toContain('brew install mariadb');
    expect(message).toContain('set DATABASE_URL=mysql://');
    expect(message).toContain('Missing: the Chromium browser');
    expect(here.runs).toEqual([]);
  });

  test('on Debian, but not as root: the command to type', () => {
    const here = machine({ hasApt: true, programs: ['mariadbd', 'mariadb-install-db'] });
    const message = refusal(() => installSystemPackages(here, ['mariadb', 'chromium']));
    expect(message).toContain('here: sudo apt-get install --no-install-recommends chromium');
    expect(message).not.toContain('MariaDB');
    expect(here.runs).toEqual([]);
  });

  test('for tests: the variable that names another server', () => {
    const message = refusal(() => installSystemPackages(machine(), ['mariadb'], { tests: true }));
    expect(message).toContain('TEST_DATABASE_URL=mysql://');
  });

  test('as root on Debian are installed, without questions, waiting for another apt', () => {
    const here = machine({ isRoot: true, hasApt: true });
    installSystemPackages(here, ['mariadb']);
    expect(here.lines).toEqual(['Installing system packages: mariadb-server-core mariadb-client-core']);
    expect(here.runs.map(({ args }) => args.find((arg) => /^[a-z]+$/.test(arg)))).toEqual([
      'update',
      'install',
    ]);
    expect(here.runs[1]?.args).toEqual(
      expect.arrayContaining(['DPkg::Lock::Timeout=300', '-y', 'mariadb-server-core']),
    );
    expect(here.runs[1]?.env.DEBIAN_FRONTEND).toBe('noninteractive');
  });

  test('are there when their files are too: an Apache without the module is not enough', () => {
    const without = machine({ hasApt: true, programs: ['apache2'] });
    expect(refusal(() => installSystemPackages(without, ['apache']))).toContain(
      'here: sudo apt-get install --no-install-recommends apache2-bin libapache2-mod-auth-openidc',
    );
    const files = [`${APACHE_MODULES}/mod_auth_openidc.so`];
    const here = machine({ programs: ['apache2'], files });
    installSystemPackages(here, ['apache']);
    expect([here.runs, here.lines]).toEqual([[], []]);
  });

  test('that apt-get cannot install are a sentence', () => {
    const here = machine({ isRoot: true, hasApt: true, exit: 100 });
    expect(refusal(() => installSystemPackages(here, ['chromium']))).toContain(
      'apt-get could not install chromium',
    );
  });
});

test('the command is linked where npx looks, again after npm wiped it, over whatever is there', () => {
  const link = join(clone, 'node_modules', '.bin', 'educonnect');
  linkCommand(machine());
  expect(readlinkSync(link)).toBe('../../bin/educonnect.mjs');
  rmSync(link);
  writeFileSync(link, 'something else');
  linkCommand(machine());
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
});

test('a nested npm does not inherit the settings of the npm around it', () => {
  const env = { PATH: '/bin', npm_config_omit: 'dev', NPM_CONFIG_PREFIX: '/x', npm_lifecycle_event: 'test' };
  expect(withoutNpm(env)).toEqual({ PATH: '/bin' });
});

test('Node before 20.19 is refused by its version', () => {
  for (const version of ['18.20.4', '20.18.3']) expect(() => checkNode(version)).toThrow(version);
  for (const version of ['20.19.0', '22.0.0', '24.21.0']) expect(() => checkNode(version)).not.toThrow();
});

test('scripts that run before the packages are there import nothing but Node and each other', () => {
  for (const name of ['bootstrap', 'child', 'test', 'build', 'start', 'demo']) {
    const text = readFileSync(join(import.meta.dirname, '../../scripts', `${name}.mjs`), 'utf8');
    for (const [, specifier] of text.matchAll(/from '([^']+)'/g)) {
      expect(specifier).toMatch(/^(node:|\.\/(bootstrap|child)\.mjs$)/);
    }
  }
});

function refusal(work: () => void): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SetupError) return error.message;
    throw error;
  }
  throw new Error('was not refused');
}
