import type { Database } from '../deps.ts';
import { findSnapshot, findWeeks } from './store.ts';
import type { Snapshot, Week } from './types.ts';
import { firstWeek, weekOf } from './weeks.ts';

/** What a page shows: the last computation, and the weeks of this school year with the first and the last of them. */
export type Statistics = Snapshot & { weeks: Week[]; first: string; last: string };

/** In two statements. @returns null when the school's statistics were never computed */
export async function readStatistics(db: Database, schoolId: number, now: Date): Promise<Statistics | null> {
  const snapshot = await findSnapshot(db, schoolId);
  if (snapshot === null) return null;
  const first = firstWeek(now);
  return { ...snapshot, weeks: await findWeeks(db, schoolId, first), first, last: weekOf(now) };
}
