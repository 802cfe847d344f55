import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import type { Deps } from '../deps.ts';
import { failureOf } from './run-job.ts';
import type { Job, JobResult, JobTurn } from './types.ts';

/**
 * The `educonnect` program: its file, what Node needs to run it, and how far it gives way to requests (nice(2), 0 to
 * 19).
 */
export type Program = { file: string; execArgv: readonly string[]; niceness: number };

/** What the two processes say to each other. The line between them is also how each knows that the other is there. */
const STOP = 'stop';

/**
 * The job, done by a process of its own for the server that holds its lease: what it computes takes nothing from the
 * requests that this process answers, and it yields to them. A server that dies takes it along (`workForServer`).
 */
export function inOwnProcess({ log }: Pick<Deps, 'log'>, job: Job, program: Program): Job {
  return { ...job, run: (turn) => runElsewhere(log, job.name, program, turn) };
}

async function runElsewhere(
  log: Deps['log'],
  name: string,
  { file, execArgv, niceness }: Program,
  { signal }: JobTurn,
): Promise<JobResult> {
  signal.throwIfAborted();
  const child = fork(file, ['job', 'work', name], { execArgv: [...execArgv] });
  log.info({ job: name, pid: child.pid }, 'a job works in a process of its own');
  const stop = () => void (child.connected && child.send(STOP, () => {}));
  let result: JobResult | undefined;
  child.once('message', (message) => {
    result = message as JobResult;
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    yieldToRequests(child.pid, niceness);
    await once(child, 'close');
  } finally {
    signal.removeEventListener('abort', stop);
  }
  if (result) return result;
  signal.throwIfAborted();
  const { exitCode, signalCode } = child;
  return {
    outcome: 'failed',
    details: { error: 'its process ended', how: signalCode ?? `exit code ${exitCode}` },
  };
}

function yieldToRequests(pid: number | undefined, niceness: number): void {
  try {
    if (pid !== undefined) setPriority(pid, niceness);
  } catch {
    // It has ended, or the system does not let us.
  }
}

/**
 * `educonnect job work <name>`: the other half. Told to stop, it ends where that is safe. When the server is gone it
 * ends at once: whoever holds the lease next begins anew, so nothing that it still did would be of use.
 * @returns the exit code; null when no server is there
 */
export async function workForServer(deps: Deps, job: Job): Promise<number | null> {
  if (!process.connected) return null;
  const stopping = new AbortController();
  process.on('message', (message) => message === STOP && stopping.abort());
  process.once('disconnect', () => process.exit(1));
  // Those of a terminal go to all its processes: the server says what they mean.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {});
  try {
    const result = await job.run({ now: deps.clock.now(), signal: stopping.signal });
    await tell(result);
    return 0;
  } catch (error) {
    if (!stopping.signal.aborted) await tell(failureOf(deps, { job: job.name }, error));
    return 1;
  } finally {
    process.removeAllListeners('disconnect');
    process.disconnect();
  }
}

function tell(result: JobResult): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(result, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}
