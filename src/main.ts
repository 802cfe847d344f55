import { realpathSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createApp } from './app.ts';
import { buildDeps, closeDeps } from './build-deps.ts';
import { type Config, ConfigError, loadConfig } from './config.ts';
import { pendingMigrations } from './db/migrations.ts';
import type { Deps } from './deps.ts';
import { listenForMetrics } from './http/health.ts';
import { createMetrics } from './http/metrics.ts';
import { isSupervisor, leaveSupervisor, superviseWorkers } from './http/workers.ts';
import { measureJobs } from './jobs/measures.ts';
import { inOwnProcess, type Program } from './jobs/own-process.ts';
import { startJobs } from './jobs/run.ts';
import { keepDoing } from './jobs/send-messages.ts';
import { jobTable } from './jobs/table.ts';
import type { Job } from './jobs/types.ts';
import { providerChores } from './provider/chores.ts';
import { createProvider } from './provider/index.ts';
import { measureNotices } from './provider/measures.ts';

const RETRY_MS = 1000;
/** Between two lines that say that the database is still away. */
const REPEAT_AFTER = 15;
/** Requests under way get this long after SIGTERM (K04); then their connections are cut. */
const DRAIN_MS = 8000;
/** A client that sends its request drop by drop holds a connection, not a place for ever (H03). */
const PATIENCE = { requestMs: 30_000, headersMs: 10_000, lookedAtMs: 2000 };
/**
 * A connection that a proxy keeps stays with the process that it came to: after so many requests it is told to come
 * anew, so that of several processes one that was replaced gets its share again.
 */
const REQUESTS_A_CONNECTION = 500;
const NOTICES_LOOKED_AT_MS = 1000;

export type RunningServer = {
  /** The port that was given when the configuration said 0. */
  port: number;
  /** Finishes what is under way, ten seconds at most, and closes all. */
  stop(): Promise<void>;
};

/**
 * Listens with everything built and checked; the caller decides when to stop.
 * @param jobs what it does by the clock
 * @param patience how long a request may take to arrive
 */
export async function startServer(
  deps: Deps,
  jobs: readonly Job[] = jobTable(deps, providerChores),
  patience = PATIENCE,
): Promise<RunningServer> {
  const { config, log } = deps;
  const metrics = createMetrics(deps, { ofProcess: true });
  measureJobs(metrics, deps);
  measureNotices(metrics, deps);
  const provider = await createProvider(deps);
  const app = createApp(deps, provider, metrics);
  const server = createServer(
    {
      requestTimeout: patience.requestMs,
      headersTimeout: patience.headersMs,
      // Node's own is half a minute: what is late would be noticed so much later still.
      connectionsCheckingInterval: patience.lookedAtMs,
    },
    app.callback(),
  );
  server.maxRequestsPerSocket = REQUESTS_A_CONNECTION;
  const measures =
    config.METRICS_PORT === undefined ? null : await listenForMetrics(metrics, config.METRICS_PORT);
  await listen(server, config).catch((error: unknown) => {
    // What is open would keep a process alive that serves nobody.
    measures?.close();
    throw error;
  });
  const running = startJobs(deps, jobs);
  const telling = keepDoing(deps, (signal) => provider.tellServices(signal), NOTICES_LOOKED_AT_MS);
  const { port } = server.address() as AddressInfo;
  log.info({ port, url: config.BASE_URL }, 'listening');
  return {
    port,
    async stop() {
      provider.close();
      await Promise.all([drain(server), measures && drain(measures), running.stop(), telling.stop()]);
    },
  };
}

function listen(server: Server, { PORT, HOST }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(PORT, HOST, resolve);
  });
}

/** No new connections; idle ones close at once, busy ones when they have answered or when the time is over. */
async function drain(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(cut);
}

/**
 * The server process: waits for the database, refuses one that lacks migrations, listens until SIGTERM or SIGINT.
 * @returns the exit code
 */
export async function serve(config: Config): Promise<number> {
  const deps = buildDeps(config);
  const stopping = new AbortController();
  const asked = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const stop = () => stopping.abort();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    const pending = await whenReachable(deps, stopping.signal);
    if (pending === null) return 0;
    if (pending.length > 0) {
      deps.log.fatal({ pending }, 'migrations are pending: run `npx educonnect migrate`');
      return 1;
    }
    if (isSupervisor(config)) await superviseWorkers(deps, stopping.signal);
    else await serveUntil(deps, asked);
    return 0;
  } finally {
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
    await closeDeps(deps);
    leaveSupervisor();
  }
}

async function serveUntil(deps: Deps, asked: Promise<void>): Promise<void> {
  const server = await startServer(deps, jobsOfServer(deps));
  await asked;
  deps.log.info('stopping');
  await server.stop();
}

/**
 * What must neither slow the requests that this process answers meanwhile nor fill its memory, with what Node is told:
 * letters leave much behind, which is to be taken away early rather than when there is no more room. They give way
 * less than the night's import: a director looks at their progress.
 */
const ELSEWHERE: Readonly<Record<string, Pick<Program, 'execArgv' | 'niceness'>>> = {
  import: { execArgv: [], niceness: 10 },
  'make-letters': { execArgv: ['--max-old-space-size=160', '--max-semi-space-size=8'], niceness: 5 },
};

/** The night's import and many letters are the work of processes of their own. */
function jobsOfServer(deps: Deps): Job[] {
  const { dirname, filename } = import.meta;
  const file = join(dirname, `cli${extname(filename)}`);
  const loader = extname(filename) === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];
  return jobTable(deps, providerChores).map((job) => {
    const how = ELSEWHERE[job.name];
    if (how === undefined) return job;
    const { execArgv, niceness } = how;
    return inOwnProcess(deps, job, { file, execArgv: [...loader, ...execArgv], niceness });
  });
}

/** Asks until the database answers, and says so. @returns the migrations that it lacks; null when told to stop */
async function whenReachable({ db, log }: Deps, signal: AbortSignal): Promise<string[] | null> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      return await pendingMigrations(db);
    } catch (err) {
      if (attempt % REPEAT_AFTER === 0) log.warn({ err }, 'waiting for the database');
      await pause(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
  return null;
}

/** The process that `npm start` runs. */
export async function main(): Promise<number> {
  try {
    return await serve(loadConfig());
  } catch (error) {
    // A port that is taken is no fault of the program's either.
    const told = error instanceof ConfigError || (error as NodeJS.ErrnoException).syscall === 'listen';
    const text = told ? (error as Error).message : (error as Error).stack;
    process.stderr.write(`educonnect: ${text}\n`);
    return 1;
  }
}

const program = process.argv[1];
if (program !== undefined && realpathSync(program) === import.meta.filename) process.exitCode = await main();
