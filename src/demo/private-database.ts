/** A MariaDB server of our own, in a folder of our own: no system service, no port, no password to know. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The kernel keeps 108 bytes for the path of a Unix socket (unix(7)), the closing zero included. */
const LONGEST_SOCKET_PATH = 100;
const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;

/** Folders that a user's PATH often lacks although the distribution puts the server there. */
const BINARY_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];

const SQL_MODE = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY';

const LEAN = ['--innodb-log-file-size=8M', '--aria-log-file-size=8M'];

/** A crash may lose data: for tests only, never for anything that somebody wants to find again. */
const FORGETFUL = [
  '--innodb-flush-method=nosync',
  '--innodb-doublewrite=0',
  '--innodb-flush-log-at-trx-commit=0',
  '--skip-log-bin',
];

export type PrivateDatabaseOptions = {
  /** Where data, log and pid file live; created when absent, used again when there. */
  folder: string;
  /** false only for data that nobody misses after a crash (tests). */
  durable: boolean;
  log: (line: string) => void;
  /** Databases to create unless they exist: letters, digits and `_` only. */
  databases?: readonly string[];
  /** Flags after ours, so that they win: a bench wants `--innodb-buffer-pool-size=1G`. */
  settings?: readonly string[];
};

export type PrivateDatabase = {
  socketPath: string;
  /** Address without a database name: `mysql://root@localhost/?socketPath=...`. */
  url: string;
  databaseUrl: (name: string) => string;
  /** Stops the server and waits until it has gone; calling twice is harmless. */
  stop: () => Promise<void>;
  /** Resolves when the server has gone, asked or not. */
  gone: Promise<void>;
};

/**
 * Starts MariaDB on the given folder and waits until it answers.
 * Root has no password: the way in is a socket in a folder that only this user may enter, and no port is open.
 * Throws with a sentence for a person when no server is installed, another process holds the folder, or it does not start.
 */
export async function startPrivateDatabase(options: PrivateDatabaseOptions): Promise<PrivateDatabase> {
  const folder = resolve(options.folder);
  const statements = (options.databases ?? []).map(createDatabaseStatement).join('');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await releaseFolder(folder, options.log);
  await rm(temporaryFolder(folder), { recursive: true, force: true });
  await mkdir(temporaryFolder(folder), { mode: 0o700 });
  await initialise(folder, options);

  const socketFolder = await prepareSocketFolder(folder);
  const socketPath = join(socketFolder, 's');
  const logFile = join(folder, 'mariadb.log');
  await writeFile(initFile(folder), statements);
  await writeFile(join(folder, 'owner.pid'), `${process.pid}\n`);
  const server = await launch(folder, socketPath, logFile, options);
  const stop = async () => {
    await server.stop();
    await rm(join(folder, 'owner.pid'), { force: true });
    if (!socketFolder.startsWith(folder)) await rm(socketFolder, { recursive: true, force: true });
  };

  try {
    await untilGreeting(socketPath, server.hasGone);
  } catch (error) {
    await stop();
    throw new Error(`MariaDB did not start (${(error as Error).message}). Its log: ${logFile}`);
  }
  const databaseUrl = (name: string) =>
    `mysql://root@localhost/${name}?socketPath=${encodeURIComponent(socketPath)}`;
  return { socketPath, url: databaseUrl(''), databaseUrl, stop, gone: server.gone };
}

async function launch(folder: string, socketPath: string, logFile: string, options: PrivateDatabaseOptions) {
  const flags = [
    '--no-defaults',
    ...asRoot(),
    `--datadir=${join(folder, 'data')}`,
    `--tmpdir=${temporaryFolder(folder)}`,
    `--socket=${socketPath}`,
    '--skip-networking',
    `--pid-file=${join(folder, 'mariadb.pid')}`,
    `--init-file=${initFile(folder)}`,
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    '--default-time-zone=+00:00',
    '--innodb-buffer-pool-size=64M',
    ...LEAN,
    '--performance-schema=0',
    `--sql-mode=${SQL_MODE}`,
    ...(options.durable ? [] : FORGETFUL),
    ...(options.settings ?? []),
  ];
  const output = await open(logFile, 'a');
  // Its own session: Ctrl-C reaches us first, and the database outlives the last request.
  const child = spawn(...diesWithParent(executable('mariadbd'), flags), {
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  });
  const watched = watch(child);
  await output.close();
  return watched;
}

/** Our end is the server's end, and its end is told. */
function watch(child: ChildProcess) {
  const state = { gone: false };
  const gone = new Promise<void>((done) => {
    child.once('error', () => done());
    child.once('exit', () => done());
  }).then(() => {
    state.gone = true;
  });
  const killWithUs = () => void child.kill('SIGTERM');
  process.once('exit', killWithUs);
  const stop = async () => {
    process.off('exit', killWithUs);
    if (!state.gone) await stopChild(child, gone);
  };
  return { gone, hasGone: () => state.gone, stop };
}

/** On Linux the kernel ends the server when we are killed outright; elsewhere the next start finds the leftover. */
function diesWithParent(command: string, flags: string[]): [string, string[]] {
  const setpriv = '/usr/bin/setpriv';
  if (process.platform !== 'linux' || !existsSync(setpriv)) return [command, flags];
  return [setpriv, ['--pdeathsig', 'TERM', command, ...flags]];
}

/** What the server executes before it lets anybody in. */
function initFile(folder: string): string {
  return join(folder, 'databases.sql');
}

/** Not the common one: a server that starts deletes the temporary tables it finds there, those of others too. */
function temporaryFolder(folder: string): string {
  return join(folder, 'tmp');
}

async function initialise(folder: string, { durable, log }: PrivateDatabaseOptions): Promise<void> {
  const data = join(folder, 'data');
  if (existsSync(data)) return;
  log('Creating a private MariaDB database');
  // Under another name until it is whole, so that an interrupted first run is not taken for a database.
  const draft = await mkdtemp(join(folder, 'new-'));
  try {
    await run(executable('mariadb-install-db'), [
      '--no-defaults',
      ...asRoot(),
      `--datadir=${draft}`,
      '--auth-root-authentication-method=normal',
      `--tmpdir=${temporaryFolder(folder)}`,
      '--skip-test-db',
      '--skip-name-resolve',
      ...LEAN,
      ...(durable ? [] : FORGETFUL),
    ]);
    await rename(draft, data);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw new Error(`MariaDB could not create its data folder: ${explain(error)}`);
  }
}

/** Stops a server that a killed run left behind; refuses when its owner is alive. */
async function releaseFolder(folder: string, log: (line: string) => void): Promise<void> {
  const server = await readPid(join(folder, 'mariadb.pid'));
  if (server === undefined || !(await isServerOf(server, folder))) return;
  const owner = await readPid(join(folder, 'owner.pid'));
  if (owner !== undefined && isAlive(owner)) {
    throw new Error(`The database in ${folder} is in use by process ${owner}. Stop it first.`);
  }
  log('Stopping a database server left by an earlier run');
  process.kill(server, 'SIGTERM');
  const deadline = Date.now() + STOP_WITHIN_MS;
  while (isAlive(server)) {
    if (Date.now() > deadline) throw new Error(`MariaDB, process ${server}, does not stop. Stop it first.`);
    await pause(20);
  }
}

/** A pid can belong to somebody else by now: only a server running on our folder counts. */
async function isServerOf(pid: number, folder: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const command = await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return command.stdout.includes(`--datadir=${join(folder, 'data')}`);
}

async function prepareSocketFolder(folder: string): Promise<string> {
  const inside = join(folder, 'socket');
  if (Buffer.byteLength(join(inside, 's')) > LONGEST_SOCKET_PATH) return mkdtemp(join(tmpdir(), 'ec-'));
  await mkdir(inside, { recursive: true, mode: 0o700 });
  if (!(await lstat(inside)).isDirectory()) throw new Error(`${inside} is not a folder.`);
  await chmod(inside, 0o700);
  return inside;
}

/** The server speaks first: its first byte means that it takes statements. */
async function untilGreeting(socketPath: string, hasGone: () => boolean): Promise<void> {
  const deadline = Date.now() + START_WITHIN_MS;
  while (!(await greets(socketPath))) {
    if (hasGone()) throw new Error('it ended at once');
    if (Date.now() > deadline) throw new Error(`no answer within ${START_WITHIN_MS / 1000} seconds`);
    await pause(10);
  }
}

function greets(socketPath: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(socketPath);
    const finish = (answer: boolean) => {
      socket.destroy();
      done(answer);
    };
    socket.setTimeout(1000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('end', () => finish(false));
    socket.once('data', () => finish(true));
  });
}

async function stopChild(child: ChildProcess, gone: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await gone;
  clearTimeout(timer);
}

function createDatabaseStatement(name: string): string {
  if (!/^\w+$/.test(name)) throw new Error(`Not a name for a database: ${name}`);
  // One line a statement: that is how the server reads an init file.
  return `CREATE DATABASE IF NOT EXISTS \`${name}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;\n`;
}

function executable(name: string): string {
  const found = BINARY_FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
  return found ?? name;
}

/** MariaDB refuses to run as root unless told to. */
function asRoot(): string[] {
  return userInfo().uid === 0 ? ['--user=root'] : [];
}

async function readPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function explain(error: unknown): string {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
  if (code === 'ENOENT') return 'no MariaDB server is installed (mariadb-server-core, mariadb-client-core).';
  return stderr?.trim() || message;
}
