import { cutoffsOf } from '../accounts/retention-rules.ts';
import { importIsRunning, keepImportAway } from '../accounts/retention-store.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Database, Deps } from '../deps.ts';
import {
  deletePupils,
  deleteReferences,
  endOfRange,
  leftPupils,
  leftReferences,
} from '../directory/records-retention-store.ts';
import type { JobTurn } from './types.ts';

const LOOKED_AT = 2_000;
const TOGETHER = 200;

export type DueRecords = { kind: 'pupils' | 'guardians'; ids: number[] };

/** Records of the directory that are to be deleted by now, some at a time. @param cutoff null: none */
export async function* scanRecords(
  db: Database,
  cutoff: Date | null,
  signal?: AbortSignal,
  limit = LOOKED_AT,
): AsyncGenerator<DueRecords> {
  if (cutoff === null) return;
  for (let after = 0; ; ) {
    signal?.throwIfAborted();
    const ids = await leftPupils(db, cutoff, after, limit);
    const last = ids.at(-1);
    if (last === undefined) break;
    yield { kind: 'pupils', ids };
    after = last;
  }
  for (let after = 0; ; ) {
    signal?.throwIfAborted();
    const upTo = await endOfRange(db, after, limit);
    if (upTo === null) return;
    const ids = await leftReferences(db, cutoff, { after, upTo });
    if (ids.length > 0) yield { kind: 'guardians', ids };
    after = upTo;
  }
}

/**
 * Deletes them; what a feed brings back is new. Each transaction finds its records itself, so that an import between
 * two of them loses nothing. @returns how many by kind; null when an import is at work
 */
export async function deleteRecords(
  { jobsDb, config }: Pick<Deps, 'jobsDb' | 'config'>,
  { now, signal }: JobTurn,
): Promise<Record<string, number> | null> {
  const { records: cutoff } = cutoffsOf(config, now);
  const done: Record<string, number> = {};
  for await (const { kind, ids } of scanRecords(jobsDb, cutoff, signal, TOGETHER)) {
    if (await importIsRunning(jobsDb, now)) return null;
    const deleted = await inTransaction(jobsDb, async (trx) => {
      if (!(await keepImportAway(trx, now))) return null;
      const still = await stillDue(trx, kind, ids, cutoff as Date);
      await (kind === 'pupils' ? deletePupils(trx, still) : deleteReferences(trx, still));
      return still.length;
    });
    if (deleted === null) return null;
    done[kind] = (done[kind] ?? 0) + deleted;
  }
  return done;
}

async function stillDue(
  trx: Database,
  kind: DueRecords['kind'],
  ids: readonly number[],
  cutoff: Date,
): Promise<number[]> {
  const [first, last] = [ids[0] as number, ids.at(-1) as number];
  const wanted = new Set(ids);
  const found =
    kind === 'pupils'
      ? await leftPupils(trx, cutoff, first - 1, ids.length)
      : await leftReferences(trx, cutoff, { after: first - 1, upTo: last });
  return found.filter((id) => wanted.has(id));
}
