import type { Database } from '../deps.ts';
import type { JobResult } from './types.ts';

/** A moment of the schedule is tried this often; after a failure, so much later, in milliseconds. */
const ATTEMPTS = 3;
const TRY_AGAIN_MS = 5 * 60_000;
const WORDS_CHARS = 300;

export type JobRun = {
  id: number;
  job: string;
  dueAt: Date | null;
  attempts: number;
  startedAt: Date;
  finishedAt: Date | null;
  outcome: JobResult['outcome'] | null;
  details: string | null;
};

const COLUMNS = {
  id: 'id',
  job: 'job',
  dueAt: 'due_at',
  attempts: 'attempts',
  startedAt: 'started_at',
  finishedAt: 'finished_at',
  outcome: 'outcome',
  details: 'details',
};

/** True when nothing is left to do for this moment of the schedule, or not yet. */
export async function isSettled(db: Database, job: string, dueAt: Date, now: Date): Promise<boolean> {
  const run = await findRun(db, job, dueAt);
  return run !== undefined && settled(run, now);
}

/** True when no further attempt of this moment of the schedule will be begun. */
export async function isOver(db: Database, job: string, dueAt: Date): Promise<boolean> {
  const run = await findRun(db, job, dueAt);
  if (run === undefined) return false;
  return run.outcome === 'done' || run.outcome === 'refused' || run.attempts >= ATTEMPTS;
}

function findRun(db: Database, job: string, dueAt: Date): Promise<JobRun | undefined> {
  return db('job_runs').where({ job, due_at: dueAt }).first(COLUMNS);
}

function settled({ outcome, attempts, startedAt }: JobRun, now: Date): boolean {
  if (outcome === 'done' || outcome === 'refused' || attempts >= ATTEMPTS) return true;
  // Without an outcome its process has died: who holds the lease takes it up at once.
  return outcome === 'failed' && now.getTime() - startedAt.getTime() < TRY_AGAIN_MS;
}

/** The claim of a run; `attempt` proves it. */
export type Begun = { id: number; attempt: number };

/** Notes that a run begins; only who holds the job's lease does so. @returns null when the moment is settled */
export async function beginRun(
  db: Database,
  { job, dueAt, now }: { job: string; dueAt: Date | null; now: Date },
): Promise<Begun | null> {
  const earlier = dueAt === null ? undefined : await findRun(db, job, dueAt);
  if (earlier === undefined) {
    const [id] = await db('job_runs').insert({ job, due_at: dueAt, attempts: 1, started_at: now });
    return { id: id as number, attempt: 1 };
  }
  if (settled(earlier, now)) return null;
  const attempt = earlier.attempts + 1;
  const claimed = await db('job_runs')
    .where({ id: earlier.id, attempts: earlier.attempts })
    .update({ attempts: attempt, started_at: now, finished_at: null, outcome: null, details: null });
  return claimed === 1 ? { id: earlier.id, attempt } : null;
}

export async function finishRun(
  db: Database,
  { id, attempt }: Begun,
  { outcome, details, now }: JobResult & { now: Date },
): Promise<void> {
  const text = JSON.stringify(details, (_name, value) =>
    typeof value === 'string' ? value.slice(0, WORDS_CHARS) : value,
  );
  await db('job_runs').where({ id, attempts: attempt }).update({ outcome, details: text, finished_at: now });
}

/** Gives back a run that was stopped on the way, as if it had not been tried: the next process takes it up. */
export async function giveBackRun(db: Database, { id, attempt }: Begun): Promise<void> {
  await db('job_runs')
    .where({ id, attempts: attempt })
    .update({ attempts: attempt - 1 });
}

/** The latest run of each job, by the job's name. */
export async function latestRuns(db: Database): Promise<Map<string, JobRun>> {
  const latest = db('job_runs').groupBy('job').max('id');
  const rows: JobRun[] = await db('job_runs').whereIn('id', latest).select(COLUMNS);
  return new Map(rows.map((row) => [row.job, row]));
}
