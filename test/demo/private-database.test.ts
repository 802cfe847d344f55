import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { type PrivateDatabase, startPrivateDatabase } from '../../src/demo/private-database.ts';

const root = join(import.meta.dirname, '../..');
const quiet = () => {};
let folder: string;
let running: PrivateDatabase[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ec-private-'));
  running = [];
});
afterEach(async () => {
  for (const server of running) await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(databases: string[] = [], at = folder): Promise<PrivateDatabase> {
  const server = await startPrivateDatabase({ folder: at, durable: false, log: quiet, databases });
  running.push(server);
  return server;
}

async function ask(server: PrivateDatabase, database: string, sql: string): Promise<unknown[]> {
  const connection = await createConnection({ socketPath: server.socketPath, user: 'root', database });
  try {
    const [rows] = await connection.query(sql);
    return rows as unknown[];
  } finally {
    await connection.end();
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

test('what was written is there after a restart, and the server has gone after stop', async () => {
  const first = await start(['school_year']);
  await ask(first, 'school_year', 'CREATE TABLE pupil (name VARCHAR(20))');
  await ask(first, 'school_year', "INSERT INTO pupil VALUES ('Zoë')");
  await first.stop();
  expect(await exists(first.socketPath)).toBe(false);

  const second = await start(['school_year']);
  expect(await ask(second, 'school_year', 'SELECT name FROM pupil')).toEqual([{ name: 'Zoë' }]);
});

test('strict SQL, utf8mb4 and UTC are on, no port is open, only the owner may enter, and the address says where', async () => {
  const server = await start(['a']);
  const [row] = await ask(
    server,
    'a',
    'SELECT @@sql_mode AS mode, @@collation_server AS collation, @@global.time_zone AS zone, @@skip_networking AS closed',
  );
  expect(row).toMatchObject({ collation: 'utf8mb4_unicode_ci', zone: '+00:00', closed: 1 });
  expect((row as { mode: string }).mode).toContain('STRICT_TRANS_TABLES');
  expect((await stat(dirname(server.socketPath))).mode & 0o777).toBe(0o700);

  const url = new URL(server.databaseUrl('educonnect'));
  expect(url.pathname).toBe('/educonnect');
  expect(url.searchParams.get('socketPath')).toBe(server.socketPath);
});

test('a folder too deep for a socket is served through a short one that is cleaned away', async () => {
  const server = await start([], join(folder, 'x'.repeat(120)));
  expect(server.socketPath.length).toBeLessThan(100);
  await server.stop();
  expect(await exists(dirname(server.socketPath))).toBe(false);
});

test('a database name that is not a plain word is refused', async () => {
  await expect(start(['a`; DROP'])).rejects.toThrow('Not a name for a database');
});

test('a folder held by a living process is refused', async () => {
  await start();
  await expect(start()).rejects.toThrow(`in use by process ${process.pid}`);
});

test('after its owner was killed outright the next start gets the folder back', async () => {
  const program = `
    import { startPrivateDatabase } from ${JSON.stringify(pathToFileURL(join(root, 'src/demo/private-database.ts')).href)};
    await startPrivateDatabase({ folder: ${JSON.stringify(folder)}, durable: false, log: () => {}, databases: ['kept'] });
    console.log('ready');`;
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(owner.stdout, 'data');
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  expect(await readFile(join(folder, 'owner.pid'), 'utf8')).toBe(`${owner.pid}\n`);

  const server = await start();
  expect(await ask(server, 'kept', 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});
