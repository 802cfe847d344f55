import { insertBatch } from '../db/batch.ts';
import type { Database } from '../deps.ts';
import { eachChunk } from './apply-store.ts';
import type { StagedSchool } from './types.ts';

type Written = { staged: StagedSchool; known: { id: number } | null };

const COLUMNS = [
  ['uai', 'uai'],
  ['academy_code', 'academyCode'],
  ['academy_name', 'academyName'],
  ['degree', 'degree'],
  ['source_id', 'sourceId'],
  ['name', 'name'],
  ['town', 'town'],
  ['phone', 'phone'],
  ['contract', 'contract'],
  ['digest', 'digest'],
] as const;

/** Writes what schools of one base are called and where they are. @returns their ids, by number in the feed */
export async function writeSchools(
  db: Database,
  schools: readonly Written[],
  now: Date,
): Promise<Map<number, number>> {
  const ids = new Map<number, number>();
  for (const { staged, known } of schools) {
    if (!known) continue;
    // One at a time: it may take the UAI of another, and few change in a night.
    const values = Object.fromEntries(COLUMNS.map(([column, key]) => [column, staged[key]]));
    await db('schools')
      .where({ id: known.id })
      .update({ ...values, updated_at: now });
    ids.set(staged.no, known.id);
  }
  const fresh = schools.filter(({ known }) => !known).map(({ staged }) => staged);
  const [first] = fresh;
  if (!first) return ids;
  await insertBatch(
    db,
    `INSERT INTO schools (${COLUMNS.map(([column]) => column).join(', ')}, created_at, updated_at)`,
    fresh.map((staged) => [...COLUMNS.map(([, key]) => staged[key]), now, now]),
  );
  const rows: { id: number; uai: string }[] = await db('schools')
    .select('id', 'uai')
    .whereIn(
      'uai',
      fresh.map(({ uai }) => uai),
    );
  const idOf = new Map(rows.map((row) => [row.uai, row.id]));
  for (const { no, uai } of fresh) ids.set(no, idOf.get(uai) as number);
  return ids;
}

export async function writeClasses(
  db: Database,
  classes: readonly { schoolId: number; code: string; label: string }[],
): Promise<void> {
  await eachChunk(classes, (part) =>
    insertBatch(
      db,
      'INSERT INTO classes (school_id, code, label)',
      part.map(({ schoolId, code, label }) => [schoolId, code, label]),
      'ON DUPLICATE KEY UPDATE label = VALUES(label)',
    ),
  );
}
