import { z } from 'zod';
import { insertBatch } from '../db/batch.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Database } from '../deps.ts';
import { byState, ORIGINS, type SchoolCounts, type Snapshot, STATES, type Week } from './types.ts';

export type School = { id: number; uai: string; name: string; town: string | null; degree: 1 | 2 };

const SCHOOL = ['id', 'uai', 'name', 'town', 'degree'];

export async function findSchool(db: Database, uai: string): Promise<School | null> {
  const row: School | undefined = await db('schools').where({ uai }).first(SCHOOL);
  return row ?? null;
}

/** The next schools in the order of their ids. */
export async function schoolsAfter(db: Database, id: number, limit: number): Promise<School[]> {
  return db('schools').where('id', '>', id).orderBy('id').limit(limit).select(SCHOOL);
}

/**
 * Keeps what a computation found, as the school's last one and as the state of its week. One that is older than what
 * is kept changes nothing: a head's click may overtake the night.
 */
export async function keepSnapshots(
  db: Database,
  found: readonly { schoolId: number; counts: SchoolCounts }[],
  { week, computedAt }: { week: string; computedAt: Date },
): Promise<void> {
  const snapshots = found.map(({ schoolId, counts }) => [schoolId, computedAt, JSON.stringify(counts)]);
  const weeks = found.map(({ schoolId, counts }) => [schoolId, week, computedAt, ...weekCounts(counts)]);
  await inTransaction(db, async (trx) => {
    await insertBatch(
      trx,
      'INSERT INTO statistics_snapshots (school_id, computed_at, counts)',
      snapshots,
      newer(['counts']),
    );
    await insertBatch(
      trx,
      `INSERT INTO statistics_weeks (school_id, week, computed_at, ${WEEK_COLUMNS.join(', ')})`,
      weeks,
      newer(WEEK_COLUMNS),
    );
  });
}

const KINDS = ['guardians', 'pupils'] as const;
const WEEK_COLUMNS = KINDS.flatMap((kind) => STATES.map((state) => `${kind}_${state}`));

function weekCounts(counts: SchoolCounts): number[] {
  return KINDS.flatMap((kind) => {
    const states = byState(counts[kind]?.structure ?? {});
    return STATES.map((state) => states[state]);
  });
}

/** Assignments are made from left to right, so the time comes last. */
function newer(columns: readonly string[]): string {
  const kept = columns.map(
    (column) => `${column} = IF(VALUES(computed_at) < computed_at, ${column}, VALUES(${column}))`,
  );
  return `ON DUPLICATE KEY UPDATE ${kept.join(', ')}, computed_at = GREATEST(computed_at, VALUES(computed_at))`;
}

/** The last computation of a school; null: there was none yet. */
export async function findSnapshot(db: Database, schoolId: number): Promise<Snapshot | null> {
  const row: { computed_at: Date; counts: string } | undefined = await db('statistics_snapshots')
    .where({ school_id: schoolId })
    .first('computed_at', 'counts');
  return row ? { computedAt: row.computed_at, counts: readCounts(row.counts) } : null;
}

/** What is kept may come from an earlier version of this program. @throws when it cannot be understood */
function readCounts(text: string): SchoolCounts {
  return COUNTS.parse(JSON.parse(text)) as SchoolCounts;
}

const BY_STATE = z.partialRecord(z.enum(STATES), z.int().nonnegative());
const BY_ORIGIN = z.partialRecord(z.enum(ORIGINS), BY_STATE);
const GROUPS = z.array(z.object({ label: z.string().nullable(), counts: BY_ORIGIN }));
const KIND = z.object({ structure: BY_ORIGIN, classes: GROUPS, levels: GROUPS, mefs: GROUPS });
const COUNTS = z.object({
  degree: z.literal([1, 2]),
  guardians: KIND,
  pupils: KIND.nullable(),
  inSchool: z.int().nonnegative(),
  covered: z.int().nonnegative(),
});

/** The weeks of a school from `first` on (its Monday, `YYYY-MM-DD`), in order; those without a computation are not there. */
export async function findWeeks(db: Database, schoolId: number, first: string): Promise<Week[]> {
  const rows: ({ week: string } & Record<string, number>)[] = await db('statistics_weeks')
    .where({ school_id: schoolId })
    .where('week', '>=', first)
    .orderBy('week')
    .select('week', ...WEEK_COLUMNS);
  return rows.map((row) => {
    const [guardians, pupils] = KINDS.map((kind) =>
      Object.fromEntries(STATES.map((state) => [state, row[`${kind}_${state}`]])),
    );
    return { week: row.week, guardians, pupils } as Week;
  });
}

/** Deletes at most `limit` weeks before `first`. @returns how many */
export async function forgetWeeks(db: Database, first: string, limit: number): Promise<number> {
  return db('statistics_weeks').where('week', '<', first).orderBy('week').limit(limit).delete();
}
