import { withLease } from '../db/leases.ts';
import type { Deps } from '../deps.ts';
import { type Begun, beginRun, finishRun, giveBackRun } from './run-store.ts';
import type { Job, JobResult } from './types.ts';

export type Ran =
  | { ran: true; result: JobResult }
  /** `elsewhere`: another process is at it; `settled`: it was done for this moment; `stopped`: given back. */
  | { ran: false; reason: 'elsewhere' | 'settled' | 'stopped' };

type Needs = Pick<Deps, 'jobsDb' | 'clock' | 'random' | 'log'>;

/**
 * Runs a job once among all processes: the lease keeps the others out while it works, the row of its run once it
 * has. A run whose process dies is taken up by another when the lease ends.
 * @param dueAt the moment of the schedule that it stands for; null: by hand
 */
export async function runJob(
  deps: Needs,
  job: Job,
  { dueAt, stop }: { dueAt: Date | null; stop: AbortSignal },
): Promise<Ran> {
  if (!job.alone) return { ran: true, result: await job.run({ now: deps.clock.now(), signal: stop }) };
  const lease = await withLease(deps, `job:${job.name}`, (signal) => noted(deps, job, { dueAt, signal }), {
    stop,
  });
  return lease.held ? lease.result : { ran: false, reason: 'elsewhere' };
}

async function noted(
  deps: Needs,
  job: Job,
  { dueAt, signal }: { dueAt: Date | null; signal: AbortSignal },
): Promise<Ran> {
  const { jobsDb, clock, log } = deps;
  const now = clock.now();
  const begun = await beginRun(jobsDb, { job: job.name, dueAt, now });
  if (begun === null) return { ran: false, reason: 'settled' };
  const line = { job: job.name, run: begun.id, attempt: begun.attempt };
  let result: JobResult;
  try {
    result = await job.run({ now, signal });
  } catch (err) {
    if (signal.aborted && dueAt !== null) return giveBack(deps, begun, line);
    result = failureOf(deps, line, err);
  }
  await finishRun(jobsDb, begun, { ...result, now: clock.now() });
  log[result.outcome === 'done' ? 'info' : 'error']({ ...line, ...result }, 'a job has ended');
  return { ran: true, result };
}

/** What is kept of what was thrown: the message of a database error quotes values. */
export function failureOf({ log }: Pick<Deps, 'log'>, line: object, err: unknown): JobResult {
  log.error({ ...line, err }, 'a job failed');
  const { code, name } = err as Error & { code?: unknown };
  return { outcome: 'failed', details: { error: String(code ?? name) } };
}

async function giveBack({ jobsDb, log }: Needs, begun: Begun, line: object): Promise<Ran> {
  log.warn(line, 'a job was stopped on the way');
  await giveBackRun(jobsDb, begun);
  return { ran: false, reason: 'stopped' };
}
