import { countMarks, type MarkCount, type MarkEnd } from '../accounts/forced-marks-store.ts';
import type { Database } from '../deps.ts';
import { dayInParis } from '../files/day.ts';
import type { ForcedChange } from './forced-store.ts';

export type ForcedProgress = {
  marked: number;
  /** Still to be changed. */
  left: number;
  ended: Record<MarkEnd, number>;
  /** Changed by their holders, by the day in Paris (`YYYY-MM-DD`), the first day first. */
  days: { day: string; changed: number }[];
};

/** What has become of the accounts of forced changes, by the id of each. One statement. */
export async function readForcedProgress(
  db: Database,
  changes: readonly Pick<ForcedChange, 'id'>[],
): Promise<Map<number, ForcedProgress>> {
  const read = new Map(changes.map(({ id }) => [id, nothing()]));
  if (read.size === 0) return read;
  for (const count of await countMarks(db, [...read.keys()])) {
    const progress = read.get(count.changeId);
    if (progress) add(progress, count);
  }
  return read;
}

export const nothing = (): ForcedProgress => ({
  marked: 0,
  left: 0,
  ended: { changed: 0, reset: 0, removed: 0, lifted: 0 },
  days: [],
});

/** Hours come in their order. */
function add(progress: ForcedProgress, { how, hour, count }: MarkCount): void {
  progress.marked += count;
  if (how === null) progress.left += count;
  else progress.ended[how] += count;
  if (how !== 'changed' || hour === null) return;
  const day = dayInParis(new Date(`${hour.replace(' ', 'T')}:00:00Z`));
  const last = progress.days.at(-1);
  if (last?.day === day) last.changed += count;
  else progress.days.push({ day, changed: count });
}
