import { parseArgs } from 'node:util';
import type { Deps } from '../deps.ts';
import { workForServer } from './own-process.ts';
import { runJob } from './run-job.ts';
import { latestRuns } from './run-store.ts';
import { nextAt } from './schedule.ts';
import type { Job } from './types.ts';

type Io = { out(line: string): void; err(line: string): void };

const USAGE = 'usage: educonnect job run <name> [--json]\n       educonnect job list [--json]';

/** `educonnect job run <name>` and `job list`. @returns 0 done; 1 refused, failed or at work elsewhere; 2 wrong usage */
export async function jobCommand(deps: Deps, jobs: readonly Job[], argv: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { json: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [verb, name, ...more] = positionals;
  const json = values.json ?? false;
  if (verb === 'list' && name === undefined) return list(deps, jobs, json, io);
  const job = jobs.find((candidate) => candidate.name === name);
  if (verb === 'run' && job !== undefined && more.length === 0) return run(deps, job, json, io);
  if (verb === 'work' && job !== undefined && more.length === 0) return work(deps, job, io);
  const names = jobs.map((candidate) => candidate.name).join(', ');
  io.err(`${USAGE}\njobs: ${names}`);
  return 2;
}

async function run(deps: Deps, job: Job, json: boolean, io: Io): Promise<number> {
  const stop = new AbortController().signal;
  const ran = await runJob(deps, job, { dueAt: null, stop });
  if (!ran.ran) {
    io.err(`${job.name} is at work in another process; nothing was done`);
    return 1;
  }
  const { outcome, details } = ran.result;
  const text = Object.entries(details).map(([what, count]) => `${what}: ${count}`);
  io.out(json ? JSON.stringify(details) : text.join(', ') || 'nothing to do');
  if (outcome !== 'done') io.err(`${job.name}: ${outcome}`);
  return outcome === 'done' ? 0 : 1;
}

/** Of the server that holds the job's lease; not a command for people. */
async function work(deps: Deps, job: Job, io: Io): Promise<number> {
  const code = await workForServer(deps, job);
  if (code === null) io.err('only a server asks for this: educonnect job run <name>');
  return code ?? 2;
}

async function list(deps: Deps, jobs: readonly Job[], json: boolean, io: Io): Promise<number> {
  const latest = await latestRuns(deps.jobsDb);
  const now = deps.clock.now();
  const rows = jobs.map(({ name, schedule, alone }) => {
    const run = latest.get(name);
    const last = run && {
      due_at: run.dueAt,
      started_at: run.startedAt,
      finished_at: run.finishedAt,
      outcome: run.outcome,
      details: run.details === null ? null : (JSON.parse(run.details) as object),
    };
    return { name, schedule, always: !alone, next_at: schedule && nextAt(schedule, now), last: last ?? null };
  });
  if (json) io.out(JSON.stringify(rows));
  else
    for (const { name, always, next_at, last } of rows) {
      const next = next_at ? `next ${next_at.toISOString()}` : 'not by the clock';
      const past = last
        ? `last ${last.started_at.toISOString()} ${last.outcome ?? 'not ended'}`
        : 'not run yet';
      // Of these no runs are noted: one that stands still is seen by doctor and in /metrics.
      io.out(always ? `${name}  all the time, in each server` : [name, next, past].join('  '));
    }
  return 0;
}
