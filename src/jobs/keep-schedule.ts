import type { Deps } from '../deps.ts';
import { runJob } from './run-job.ts';
import { isOver, isSettled } from './run-store.ts';
import { dueAt } from './schedule.ts';
import type { Job } from './types.ts';

const EVERY_MS = 30_000;

export type Schedule = {
  /** Looks at the clock now. @returns when all that was due is over */
  tick(): Promise<void>;
  /** Begins nothing new, tells what is under way to end, waits for it. */
  stop(): Promise<void>;
};

/**
 * Looks at the clock now and every half minute, and runs what is due and nobody has run. So a moment missed while no
 * process was there is made good at the next start, and it does not matter whether two clocks agree to the second.
 */
export function keepSchedule(
  deps: Pick<Deps, 'jobsDb' | 'clock' | 'random' | 'log'>,
  jobs: readonly Job[],
  everyMs = EVERY_MS,
): Schedule {
  const stopping = new AbortController();
  const underWay = new Map<string, Promise<void>>();

  const look = async (job: Job, pattern: string) => {
    try {
      const now = deps.clock.now();
      const due = dueAt(pattern, now);
      if (due === null || (await isSettled(deps.jobsDb, job.name, due, now))) return;
      if (job.after !== undefined && !(await isOver(deps.jobsDb, job.after, due))) return;
      await runJob(deps, job, { dueAt: due, stop: stopping.signal });
    } catch (err) {
      deps.log.error({ err, job: job.name }, 'a job could not be begun or noted');
    }
  };
  const tick = async () => {
    for (const job of jobs) {
      if (stopping.signal.aborted || job.schedule === null || underWay.has(job.name)) continue;
      const turn = look(job, job.schedule).finally(() => underWay.delete(job.name));
      underWay.set(job.name, turn);
    }
    await Promise.all(underWay.values());
  };
  const timer = setInterval(() => void tick(), everyMs).unref();
  void tick();
  return {
    tick,
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await Promise.all(underWay.values());
    },
  };
}
