import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openDatabase } from '../src/db/database.ts';
import { migrate } from '../src/db/migrations.ts';
import { type PrivateDatabase, startPrivateDatabase } from '../src/demo/private-database.ts';
import { type Program, runProgram } from './support/program.ts';

/** Each test starts processes, which takes its time where others run beside it. */
jest.setTimeout(120_000);

const ENVIRONMENT = {
  NODE_ENV: 'test',
  BASE_URL: 'http://localhost:3000',
  ALLOW_INSECURE_ISSUER: '1',
  HOST: '127.0.0.1',
  PORT: '0',
  METRICS_PORT: '0',
  COOKIE_KEYS: 'cookie-key-of-the-test-suite-1',
  SEALING_KEYS: 'sealing-key-of-the-test-suite-1',
  SUBJECT_SALT: 'subject-salt-of-the-test-suite',
  SMTP_URL: 'smtp://127.0.0.1:1',
  ARGON2_MEMORY_KIB: '1024',
};

let folder: string;
let url: string;
let server: PrivateDatabase;
const running: Program[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ec-main-'));
  await startServer();
  url = server.databaseUrl('ec');
});
afterEach(async () => {
  for (const program of running.splice(0)) {
    program.child.kill('SIGKILL');
    await program.ended;
  }
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startServer(): Promise<void> {
  server = await startPrivateDatabase({ folder, durable: false, log: () => {}, databases: ['ec'] });
}

function start(env: Record<string, string> = {}): Program {
  const program = runProgram('src/main.ts', [], { ...ENVIRONMENT, DATABASE_URL: url, ...env });
  running.push(program);
  return program;
}

/** What the answer says becomes of the connection. */
const connectionOf = (at: { port: number; agent: Agent }) =>
  new Promise<string | undefined>((resolve, reject) => {
    const sent = request({ ...at, host: '127.0.0.1', path: '/healthz' }, (response) => {
      response.resume().once('end', () => resolve(response.headers.connection));
    });
    sent.once('error', reject).end();
  });

const portOf = async (program: Program) => Number((await program.says(/"port":(\d+)/))[1]);

describe('the server process', () => {
  test('M03: says all that is wrong with its configuration at once, no value shown, and exits with 1', async () => {
    const program = start({
      NODE_ENV: 'production',
      BASE_URL: 'http://educonnect.example',
      ALLOW_INSECURE_ISSUER: '',
      COOKIE_KEYS: 'short',
      SUBJECT_SALT: '',
      PORT: 'many',
    });
    expect(await program.ended).toBe(1);
    for (const name of ['COOKIE_KEYS', 'SUBJECT_SALT', 'PORT']) expect(program.output()).toContain(name);
    expect(program.output()).not.toMatch(/short\b|many|at .*\.ts:/);
  });

  test('refuses a database that lacks migrations, names them, and exits with 1', async () => {
    const program = start();
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain('001_core');
    expect(program.output()).toContain('educonnect migrate');
    const db = openDatabase({
      url,
      pool: 2,
      connectTimeoutMs: 5000,
      acquireTimeoutMs: 5000,
      statementTimeoutMs: 20_000,
      lockWaitSeconds: 5,
    });
    await migrate(db);
    await db.destroy();
  });

  test('waits for a database that is away, says so, serves when it is there, and stops on SIGTERM', async () => {
    await server.stop();
    const program = start();
    await program.says(/waiting for the database/);
    await startServer();
    const port = await portOf(program);
    const answer = await fetch(`http://127.0.0.1:${port}/oidc/.well-known/openid-configuration`);
    expect(((await answer.json()) as { issuer: string }).issuer).toBe('http://localhost:3000/oidc');
    program.child.kill('SIGTERM');
    expect(await program.ended).toBe(0);
  });

  test('K04: SIGTERM lets a request under way finish, takes no new one, and ends within ten seconds', async () => {
    const program = start();
    const port = await portOf(program);
    const slow = request({ port, host: '127.0.0.1', method: 'POST', path: '/oidc/token', agent: false });
    slow.setHeader('content-type', 'application/x-www-form-urlencoded');
    slow.setHeader('content-length', 29);
    slow.write('grant_type=');
    await new Promise((resolve) => slow.once('socket', (socket) => socket.once('connect', resolve)));
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    program.child.kill('SIGTERM');
    await program.says(/stopping/);
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    const answered = new Promise<number>((resolve, reject) => {
      slow.once('response', (response) => resolve(response.resume().statusCode ?? 0));
      slow.once('error', reject);
    });
    slow.end('authorization_code');
    expect(await answered).toBe(400);
    expect(await program.ended).toBe(0);
  });

  test('WEB_CONCURRENCY: so many processes on one port, one that dies is replaced, all stop together', async () => {
    const program = start({ WEB_CONCURRENCY: '2', METRICS_PORT: '' });
    const [, port] = await program.says(/"port":(\d+)[\s\S]*"port":\d+/);
    const alive = () => fetch(`http://127.0.0.1:${port}/healthz`, { headers: { connection: 'close' } });
    expect((await alive()).status).toBe(200);
    const children = await readFile(`/proc/${program.child.pid}/task/${program.child.pid}/children`, 'utf8');
    const worker = children.trim().split(' ').map(Number).at(-1) ?? 0;
    process.kill(worker, 'SIGKILL');
    await program.says(/it is replaced[\s\S]*"port":\d+/);
    expect((await alive()).status).toBe(200);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let asked = 1; asked < 500; asked += 1)
      expect(await connectionOf({ port: Number(port), agent })).toBe('keep-alive');
    expect(await connectionOf({ port: Number(port), agent })).toBe('close');
    expect(await connectionOf({ port: Number(port), agent })).toBe('keep-alive');
    agent.destroy();
    program.child.kill('SIGTERM');
    expect(await program.ended).toBe(0);
  });

  test.each(['PORT', 'METRICS_PORT'])('a %s that is taken: says which, and ends with 1', async (name) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const program = start({ [name]: String(port) });
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain(`address already in use 127.0.0.1:${port}`);
    expect(program.output()).not.toMatch(/^ +at /m);
    await new Promise((resolve) => other.close(resolve));
  });

  test('one that waits for a database stops as soon as it is told to', async () => {
    const program = start({ DATABASE_URL: 'mysql://nobody@127.0.0.1:1/none' });
    await program.says(/waiting for the database/);
    program.child.kill('SIGINT');
    expect(await program.ended).toBe(0);
  });
});
