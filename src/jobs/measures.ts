import { unsealedLines } from '../audit/chain-store.ts';
import type { Deps } from '../deps.ts';
import { latestRuns } from './run-store.ts';

/** Of `/metrics`, which this door does not know. */
type Metrics = {
  addReading(
    reading: { name: string; help: string; labelNames: readonly string[] },
    read: () => Promise<{ labels: Record<string, string>; value: number }[]>,
  ): void;
};

const OUTCOMES = ['done', 'refused', 'failed'] as const;

/** When each job last ran and how it ended (the night's import among them), and what the audit's chain has yet to take. */
export function measureJobs(metrics: Metrics, { jobsDb, clock }: Pick<Deps, 'jobsDb' | 'clock'>): void {
  const since = (at: Date) => (clock.now().getTime() - at.getTime()) / 1000;
  metrics.addReading(
    {
      name: 'educonnect_job_age_seconds',
      help: 'Since the last run of a job ended, by job',
      labelNames: ['job'],
    },
    async () =>
      [...(await latestRuns(jobsDb)).values()].flatMap(({ job, finishedAt }) =>
        finishedAt === null ? [] : [{ labels: { job }, value: since(finishedAt) }],
      ),
  );
  metrics.addReading(
    {
      name: 'educonnect_job_outcome',
      help: 'How the last run of a job ended: 1 for that outcome',
      labelNames: ['job', 'outcome'],
    },
    async () =>
      [...(await latestRuns(jobsDb)).values()].flatMap(({ job, outcome: last }) =>
        last === null
          ? []
          : OUTCOMES.map((outcome) => ({ labels: { job, outcome }, value: Number(outcome === last) })),
      ),
  );
  metrics.addReading(
    {
      name: 'educonnect_audit_unsealed_seconds',
      help: 'Age of the oldest audit line that is not sealed; 0: none',
      labelNames: [],
    },
    async () => {
      const { oldest } = await unsealedLines(jobsDb);
      return [{ labels: {}, value: oldest === null ? 0 : since(oldest) }];
    },
  );
}
