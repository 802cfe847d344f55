import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Persona } from '../../src/demo/personas.ts';

/** The whole demo as a person starts it, in a folder of its own. */
const BASE = 23930;
const READY = 'Ctrl-C stops everything';
const ROOT = join(import.meta.dirname, '../..');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ec-demo-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Run = { child: ChildProcess; text: () => string; exit: Promise<number | null> };

function start(args: string[] = [], env: Record<string, string> = {}): Run {
  const { DATABASE_URL: _other, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/demo/main.ts', ...args], {
    cwd: ROOT,
    env: { ...inherited, NODE_ENV: 'production', DEMO_FOLDER: folder, DEMO_PORT_BASE: String(BASE), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  const exit = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  return { child, text: () => text, exit };
}

async function untilReady({ child, text }: Run): Promise<void> {
  while (!text().includes(READY)) {
    if (child.exitCode !== null) throw new Error(`it ended:\n${text()}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

const status = async (port: number, path = '/') =>
  (await fetch(`http://localhost:${port}${path}`).catch(() => undefined))?.status;
const personas = async (): Promise<Persona[]> =>
  JSON.parse(await readFile(join(folder, 'personas.json'), 'utf8'));
const mode = async (path: string) => ((await stat(join(folder, path))).mode & 0o777).toString(8);

test('a first start fills everything, a second block of ports is refused, Ctrl-C ends all, --fresh forgets', async () => {
  const first = start();
  await untilReady(first);
  const people = await personas();
  const letter = people.find((one) => one.key === 'school-path');
  expect(first.text()).toContain(letter?.identifier);
  expect(first.text()).toContain(letter?.provisional_password);
  expect(await status(BASE, '/readyz')).toBe(200);
  for (const port of [BASE + 3, BASE + 4, BASE + 5]) expect(await status(port)).toBe(200);
  const login = await fetch(`http://localhost:${BASE + 3}/choix?compte=educonnect`);
  expect(login.url).toMatch(new RegExp(`^http://localhost:${BASE}/interaction/`));
  expect(await mode('.')).toBe('700');
  for (const file of ['env', 'personas.json', 'clients.json']) expect(await mode(file)).toBe('600');

  const second = start();
  expect(await second.exit).toBe(1);
  expect(second.text()).toContain(`Port ${BASE} is in use`);
  const elsewhere = start([], { DEMO_PORT_BASE: String(BASE - 30) });
  expect(await elsewhere.exit).toBe(1);
  expect(elsewhere.text()).toMatch(/is in use by process \d+\. Stop it first\.\n$/);

  first.child.kill('SIGINT');
  first.child.kill('SIGINT');
  expect(await first.exit).toBe(0);
  expect(await status(BASE, '/healthz')).toBeUndefined();
  const server = Number(await readFile(join(folder, 'database', 'mariadb.pid'), 'utf8').catch(() => '0'));
  expect(server).toBe(0);

  const environment = await readFile(join(folder, 'env'), 'utf8');
  const third = start(['--fresh'], { TWILIO_BASE_URL: 'http://localhost:9' });
  await untilReady(third);
  const fresh = (await personas()).find((one) => one.key === 'school-path');
  expect(fresh).toMatchObject({ identifier: letter?.identifier, children: letter?.children });
  expect(fresh?.provisional_password).not.toBe(letter?.provisional_password);
  const after = await readFile(join(folder, 'env'), 'utf8');
  expect(after).toContain('TWILIO_BASE_URL=http://localhost:9\n');
  const secret = /^SEALING_KEYS=.*$/m;
  expect(secret.exec(after)?.[0]).toBe(secret.exec(environment)?.[0]);
  third.child.kill('SIGTERM');
  expect(await third.exit).toBe(0);
}, 180_000);

test.each([
  [['--frsh'], {}, "Unknown option '--frsh'"],
  [[], { DEMO_PORT_BASE: 'x' }, 'DEMO_PORT_BASE must be a port'],
])('what is not understood is said plainly: %j %j', async (args, env, sentence) => {
  const run = start(args, env as Record<string, string>);
  expect(await run.exit).toBe(1);
  expect(run.text()).toContain(sentence);
  expect(run.text()).not.toContain('    at ');
});

test('a port taken by somebody else is named before anything is begun', async () => {
  const other = createServer();
  await new Promise<void>((done) => other.listen(BASE + 25, done));
  const run = start();
  expect(await run.exit).toBe(1);
  expect(run.text()).toContain(`Port ${BASE + 25} is in use`);
  await new Promise((done) => other.close(done));
});
