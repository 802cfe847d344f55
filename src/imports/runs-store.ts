import { inTransaction, isDuplicate } from '../db/transaction.ts';
import type { Database } from '../deps.ts';
import type { ImportReport } from './types.ts';

/** How long a run that gives no sign of life keeps others out, in milliseconds. */
export const LEASE_MS = 60_000;

/** Longest report that is kept whole, in characters, and the schools kept of a longer one. */
const KEPT_CHARS = 4_000_000;
const KEPT_SCHOOLS = 10_000;

export type RunState = 'done' | 'refused' | 'failed';
export type Running = { ok: false; reason: 'running'; report: string; since: Date };

/**
 * Becomes the one run that works. A run whose lease ended is dead (its process was killed): it is written off and
 * replaced. The lease is a row and not GET_LOCK, which does not hold across the nodes of a cluster.
 */
export async function takeRun(
  db: Database,
  { folder, dryRun, now }: { folder: string; dryRun: boolean; now: Date },
): Promise<{ ok: true; id: number } | Running> {
  try {
    return await inTransaction(db, async (trx) => {
      const other = await trx('import_runs').where({ running: 1 }).forUpdate().first();
      if (other && other.lease_until > now) return runningBy(other);
      if (other)
        await trx('import_runs').where({ id: other.id }).update({ running: null, state: 'abandoned' });
      const [id] = await trx('import_runs').insert({
        folder: folder.slice(0, 400),
        dry_run: dryRun ? 1 : 0,
        state: 'running',
        running: 1,
        lease_until: new Date(now.getTime() + LEASE_MS),
        started_at: now,
      });
      return { ok: true as const, id: id as number };
    });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    return runningBy((await db('import_runs').where({ running: 1 }).first()) ?? { id: 0, started_at: now });
  }
}

function runningBy(row: { id: number; started_at: Date }): Running {
  return { ok: false, reason: 'running', report: String(row.id), since: row.started_at };
}

/**
 * Prolongs the lease; inside the transaction of a school it is also what keeps a run that was replaced while it
 * slept from writing. @returns false when the run is no longer the one that works
 */
export async function renewLease(db: Database, id: number, now: Date): Promise<boolean> {
  const changed = await db('import_runs')
    .where({ id, running: 1 })
    .update({ lease_until: new Date(now.getTime() + LEASE_MS) });
  return changed === 1;
}

export type Release = { ok: true; folder: string; digest: string } | { ok: false; reason: string };

/** A run that the brake refused and nobody has released yet. @param report what the run's report is called */
export async function findRefused(db: Database, report: string): Promise<Release> {
  const row = /^\d{1,9}$/.test(report)
    ? await db('import_runs')
        .where({ id: Number(report) })
        .first()
    : undefined;
  if (!row) return { ok: false, reason: `there is no report ${report}` };
  if (row.released_by !== null)
    return { ok: false, reason: `report ${report} has been released, by ${row.released_by}` };
  if (row.state !== 'refused' || row.feed_digest === null)
    return { ok: false, reason: `report ${report} is not of a run that the brake refused` };
  return { ok: true, folder: row.folder, digest: row.feed_digest };
}

/** One refused run is released once. */
export async function markReleased(db: Database, report: string, by: number): Promise<void> {
  await db('import_runs')
    .where({ id: Number(report) })
    .update({ released_by: by });
}

/** Keeps the report with the run and lets the next one work. */
export async function finishRun(
  db: Database,
  id: number,
  {
    state,
    report,
    now,
    digest = null,
  }: { state: RunState; report: ImportReport; now: Date; digest?: string | null },
): Promise<void> {
  await db('import_runs')
    .where({ id, running: 1 })
    .update({
      running: null,
      lease_until: null,
      state,
      feed_digest: digest,
      finished_at: now,
      report: keptReport(report),
    });
}

/** A statement of MariaDB holds 16 MB by default: of a nation's schools only those to which something happened. */
function keptReport(report: ImportReport): string {
  const whole = JSON.stringify(report);
  if (whole.length <= KEPT_CHARS) return whole;
  const eventful = report.schools.filter((school) => {
    const { uai: _uai, name: _name, degree: _degree, pupils: _p, guardians: _g, failed, ...counts } = school;
    return failed !== undefined || Object.values(counts).some((count) => count > 0);
  });
  const schools = eventful.slice(0, KEPT_SCHOOLS);
  const note = `${schools.length} of ${report.schools.length} schools are kept in this report`;
  return JSON.stringify({ ...report, schools, notes: [note, ...report.notes.slice(0, 1000)] });
}
