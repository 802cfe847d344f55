import type { Database } from '../deps.ts';

const STAGED = ['staged_pupils', 'staged_guardians', 'staged_staff', 'staged_unchanged'] as const;
const BATCH = 2_000;
/** A run whose lease ended that long ago is dead: no pause of a process or clock is so long. */
const DEAD_AFTER_MS = 3600_000;

/**
 * Empties the staging tables of runs that died and were not followed by another, in small batches.
 * @returns rows deleted
 */
export async function forgetDeadRuns(
  db: Database,
  { now, signal }: { now: Date; signal?: AbortSignal },
): Promise<number> {
  // Written off first: a run that wakes up after all finds its lease gone, and not its rows.
  await db('import_runs')
    .where({ running: 1 })
    .where('lease_until', '<', new Date(now.getTime() - DEAD_AFTER_MS))
    .update({ running: null, state: 'abandoned', lease_until: null, finished_at: now });
  let done = 0;
  for (const table of STAGED) {
    const staged: number[] = await db(table).distinct().pluck('run_id');
    const runs: number[] = await db('import_runs').whereIn('id', staged).whereNull('running').pluck('id');
    for (const run of runs) {
      for (let deleted = BATCH; deleted === BATCH && !signal?.aborted; done += deleted) {
        const [result] = await db.raw('DELETE FROM ?? WHERE run_id = ? LIMIT ?', [table, run, BATCH]);
        deleted = (result as { affectedRows: number }).affectedRows;
      }
    }
  }
  return done;
}
