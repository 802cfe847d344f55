import { countMarks, type MarkEnd } from '../accounts/forced-marks-store.ts';
import type { Database } from '../deps.ts';
import type { ForcedChange } from './forced-store.ts';

const PARIS = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/Paris',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

export type ForcedProgress = {
  marked: number;
  /** Still to be changed. */
  left: number;
  ended: Record<MarkEnd, number>;
  /** Changed by their holders, by the day in Paris (`YYYY-MM-DD`), the first day first. */
  days: { day: string; changed: number }[];
};

/** What has become of the accounts of a forced change. */
export async function readForcedProgress(
  db: Database,
  { id }: Pick<ForcedChange, 'id'>,
): Promise<ForcedProgress> {
  const counts = await countMarks(db, id);
  const progress: ForcedProgress = {
    marked: 0,
    left: 0,
    ended: { changed: 0, reset: 0, removed: 0 },
    days: [],
  };
  const days = new Map<string, number>();
  for (const { how, hour, count } of counts) {
    progress.marked += count;
    if (how === null) progress.left += count;
    else progress.ended[how] += count;
    if (how !== 'changed' || hour === null) continue;
    const day = PARIS.format(new Date(`${hour.replace(' ', 'T')}:00:00Z`));
    days.set(day, (days.get(day) ?? 0) + count);
  }
  return { ...progress, days: Array.from(days, ([day, changed]) => ({ day, changed })) };
}
