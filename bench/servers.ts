/** The two that are compared, each in a process of its own: EduConnect as in production, and the bare library. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BareSettings } from './bare/main.ts';
import type { Program } from './program.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export type RunningServer = { pid: number; stop(): Promise<void> };

/**
 * The configuration of a production process, but for its address: real password hashing, access log, pool. Visitors
 * come through a trusted proxy, each from an address of his own, as they do.
 */
export function environment(databaseUrl: string, port: number): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return {
    PATH,
    HOME,
    NODE_ENV: 'production',
    BASE_URL: `http://localhost:${port}`,
    HOST: '127.0.0.1',
    PORT: String(port),
    ALLOW_INSECURE_ISSUER: '1',
    HTTP_LOOPBACK_CLIENTS: '1',
    TRUSTED_PROXIES: '127.0.0.1',
    DATABASE_URL: databaseUrl,
    COOKIE_KEYS: 'cookie-key-of-the-bench-0123456789',
    SEALING_KEYS: 'sealing-key-of-the-bench-0123456789',
    SUBJECT_SALT: 'subject-salt-of-the-bench-0123456789',
    SMTP_URL: 'smtp://127.0.0.1:1',
    PHONE_EXTRA_MOBILE_PREFIXES: '+3363998',
    LOGIN_ATTEMPTS_PER_ADDRESS: '1000000',
  };
}

type Starting = { program: Program; folder: string; flags?: readonly string[] };

export function startOurs(
  env: Record<string, string>,
  { program, folder, flags = [] }: Starting,
): Promise<RunningServer> {
  return start([...flags, program.ours], env, join(folder, 'ours.log'), Number(env.WEB_CONCURRENCY ?? 1));
}

export function startBare(
  settings: BareSettings,
  { program, folder, flags = [] }: Starting,
): Promise<RunningServer> {
  const { PATH = '', HOME = '' } = process.env;
  const args = [...flags, program.bare, JSON.stringify(settings)];
  return start(args, { PATH, HOME, NODE_ENV: 'production' }, join(folder, 'bare.log'));
}

/** What our server logged as faults, each once, for whoever wonders about a 503. */
export function faultsOf(folder: string): string[] {
  const log = join(folder, 'ours.log');
  const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : [];
  const faults = lines
    .filter((line) => /^\{"level":[56]0/.test(line))
    .map((line) => JSON.parse(line) as { msg: string; err?: { message: string } })
    .map(({ msg, err }) => `${msg}: ${err?.message.slice(0, 200)}`);
  return [...new Set(faults)];
}

/** Starts one of our commands; the caller waits for its end. @param program compiled; absent: from its sources */
export function startCommand(
  args: readonly string[],
  env: Record<string, string>,
  program?: Program,
): ChildProcess {
  const command = program ? [join(dirname(program.ours), 'cli.js')] : ['--import', 'tsx', 'src/cli.ts'];
  return spawn(process.execPath, [...command, ...args], { cwd: root, env });
}

/** Its log goes to a file: a pipe would be read by the process that measures. */
async function start(
  args: readonly string[],
  env: Record<string, string>,
  log: string,
  processes = 1,
): Promise<RunningServer> {
  const file = openSync(log, 'a');
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', file, file] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const killed = () => void child.kill('SIGKILL');
  process.once('exit', killed);
  const stop = async () => {
    child.kill('SIGTERM');
    await gone;
    process.off('exit', killed);
  };
  const port = env.PORT ?? (JSON.parse(args.at(-1) ?? '{}') as { port: number }).port;
  const answered = await Promise.race([answers(`http://127.0.0.1:${port}/`), gone.then(() => false)]);
  if (!answered) throw new Error(`a server did not start: ${readFileSync(log, 'utf8').slice(-1000)}`);
  // The first of several answers long before the last; connections of visitors would all stay with it.
  const listening = () => readFileSync(log, 'utf8').split('"msg":"listening"').length - 1;
  while (child.exitCode === null && processes > 1 && listening() < processes) await pause(100);
  return { pid: child.pid ?? 0, stop };
}

async function answers(url: string): Promise<boolean> {
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      await fetch(url, { redirect: 'manual' }).then((response) => response.arrayBuffer());
      return true;
    } catch {
      await pause(100);
    }
  }
  return false;
}
