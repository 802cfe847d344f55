import { setTimeout as pause } from 'node:timers/promises';
import type { Database, Deps } from '../deps.ts';
import {
  type CountRow,
  countGuardians,
  countPupilAccounts,
  countPupils,
  findClassLabels,
} from './count-store.ts';
import { groupRows } from './group.ts';
import { forgetWeeks, keepSnapshots, type School, schoolsAfter } from './store.ts';
import type { SchoolCounts } from './types.ts';
import { firstWeek, weekOf } from './weeks.ts';

/** Schools of a statement of the night. With more, the database would put the pairs of large ones on disk. */
const SCHOOLS = 8;
const WEEKS = 500;

/**
 * Computes the statistics of these schools and keeps them, in a number of statements that does not depend on
 * how many pupils they have.
 * @param now the moment of the computation, which is shown
 */
export async function computeSchools(db: Database, schools: readonly School[], now: Date): Promise<void> {
  const ids = schools.map(({ id }) => id);
  const secondDegree = schools.filter(({ degree }) => degree === 2).map(({ id }) => id);
  const guardians = bySchool(await countGuardians(db, ids));
  const accounts = bySchool(secondDegree.length === 0 ? [] : await countPupilAccounts(db, secondDegree));
  const pupils = await countPupils(db, ids);
  const labels = await findClassLabels(db, ids);
  const found = schools.map(({ id, degree }) => {
    const counts: SchoolCounts = {
      degree,
      guardians: groupRows(guardians.get(id) ?? [], labels),
      pupils: degree === 1 ? null : groupRows(accounts.get(id) ?? [], labels),
      inSchool: pupils.get(id)?.inSchool ?? 0,
      covered: pupils.get(id)?.covered ?? 0,
    };
    return { schoolId: id, counts };
  });
  await keepSnapshots(db, found, { week: weekOf(now), computedAt: now });
}

function bySchool(rows: readonly CountRow[]): Map<number, CountRow[]> {
  const schools = new Map<number, CountRow[]>();
  for (const row of rows) {
    const own = schools.get(row.schoolId);
    if (own) own.push(row);
    else schools.set(row.schoolId, [row]);
  }
  return schools;
}

/**
 * Computes the statistics of all schools, some at a time, and forgets the weeks of earlier school years. It rests as
 * long as it works, so that whoever signs in meanwhile has most of the database to himself.
 * @param signal aborted: throws between two batches; what was computed stays
 * @param batch schools at a time
 */
export async function computeAll(
  { jobsDb, clock }: Pick<Deps, 'jobsDb' | 'clock'>,
  { signal, batch = SCHOOLS }: { signal?: AbortSignal; batch?: number } = {},
): Promise<{ schools: number; weeksForgotten: number }> {
  let done = 0;
  for (let last = 0; ; ) {
    signal?.throwIfAborted();
    const began = performance.now();
    const schools = await schoolsAfter(jobsDb, last, batch);
    if (schools.length === 0) break;
    await computeSchools(jobsDb, schools, clock.now());
    done += schools.length;
    last = schools.at(-1)?.id ?? last;
    await pause(performance.now() - began);
  }
  return { schools: done, weeksForgotten: await forgetEarlierYears(jobsDb, clock.now(), signal) };
}

async function forgetEarlierYears(db: Database, now: Date, signal?: AbortSignal): Promise<number> {
  const first = firstWeek(now);
  let forgotten = 0;
  for (let deleted = WEEKS; deleted === WEEKS; forgotten += deleted) {
    signal?.throwIfAborted();
    deleted = await forgetWeeks(db, first, WEEKS);
  }
  return forgotten;
}
