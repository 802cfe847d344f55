import cluster, { type Worker } from 'node:cluster';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';

const RESTART_AFTER_MS = 1000;

/** True in the process that is to start the others (WEB_CONCURRENCY above 1) and answers no request itself. */
export function isSupervisor(config: Pick<Config, 'WEB_CONCURRENCY'>): boolean {
  return config.WEB_CONCURRENCY > 1 && cluster.isPrimary;
}

/**
 * Keeps WEB_CONCURRENCY processes of this program at work on one port: one that ends is replaced. Each shows its
 * own measures, on METRICS_PORT, METRICS_PORT + 1, ...
 * @param signal told to stop: passed on to all, and awaited
 */
export async function superviseWorkers(
  { config, log }: Pick<Deps, 'config' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  const { METRICS_PORT: first } = config;
  const slots = Array.from({ length: config.WEB_CONCURRENCY }, async (_, slot) => {
    const env = first === undefined || first === 0 ? {} : { METRICS_PORT: String(first + slot) };
    while (!signal.aborted) {
      const worker = cluster.fork(env);
      const how = await untilGone(worker, signal);
      if (signal.aborted) return;
      log.error({ pid: worker.process.pid, how }, 'a worker has ended; it is replaced');
      await pause(RESTART_AFTER_MS, signal);
    }
  });
  await Promise.all(slots);
}

/** A worker that has finished lets go of its supervisor; the line between them would keep it alive. */
export function leaveSupervisor(): void {
  cluster.worker?.disconnect();
}

function untilGone(worker: Worker, signal: AbortSignal): Promise<string> {
  const stop = () => void worker.process.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  return new Promise((resolve) => {
    worker.once('exit', (code, killedBy) => {
      signal.removeEventListener('abort', stop);
      resolve(killedBy ?? `exit code ${code}`);
    });
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
