import { insertBatch } from '../db/batch.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Database } from '../deps.ts';
import type { FeedBase } from './bases.ts';
import type { StaffFunction } from './check.ts';

const CHUNK = 1000;

type Row = {
  source_id: string;
  title: string | null;
  given_name: string;
  family_name: string;
  email: string | null;
  digest: string;
  functions: string;
};

/**
 * Brings the staff of a base in line with the feed: who is new or changed is written with his functions, who is gone
 * from a whole feed that has staff loses them. A function in a school that is not known is left out.
 * @param schoolIds ids of schools by their id in the feed
 */
export async function applyStaff(
  db: Database,
  runId: number,
  base: FeedBase,
  schoolIds: ReadonlyMap<string, number>,
  now: Date,
): Promise<void> {
  const scope = { academy_code: base.academyCode, degree: base.degree };
  let after = '';
  for (;;) {
    const rows = await changedStaff(db, runId, base, after);
    const last = rows.at(-1);
    if (!last) break;
    after = last.source_id;
    await inTransaction(db, (trx) => writeStaff(trx, scope, rows, schoolIds, now));
  }
  const gone = await goneStaff(db, runId, base);
  for (let start = 0; start < gone.length; start += CHUNK) {
    const part = gone.slice(start, start + CHUNK);
    await inTransaction(db, async (trx) => {
      await trx('staff_functions').whereIn('staff_id', part).delete();
      await trx('staff').whereIn('id', part).update({ left_at: now, updated_at: now, digest: '' });
    });
  }
}

async function changedStaff(db: Database, runId: number, base: FeedBase, after: string): Promise<Row[]> {
  const [rows] = await db.raw(
    `SELECT s.source_id, s.title, s.given_name, s.family_name, s.email, s.digest, s.functions
     FROM staged_staff s LEFT JOIN staff p
       ON p.academy_code = s.academy_code AND p.degree = s.degree AND p.source_id = s.source_id
     WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.refused = 0 AND s.deleted = 0
       AND s.source_id > ? AND (p.id IS NULL OR p.left_at IS NOT NULL OR p.digest <> s.digest)
     ORDER BY s.source_id LIMIT ${CHUNK}`,
    [runId, base.academyCode, base.degree, after],
  );
  return rows;
}

async function writeStaff(
  db: Database,
  scope: { academy_code: string; degree: number },
  rows: readonly Row[],
  schoolIds: ReadonlyMap<string, number>,
  now: Date,
): Promise<void> {
  await insertBatch(
    db,
    `INSERT INTO staff (academy_code, degree, source_id, title, given_name, family_name, email, digest, created_at, updated_at)`,
    rows.map((row) => [
      scope.academy_code,
      scope.degree,
      row.source_id,
      row.title,
      row.given_name,
      row.family_name,
      row.email,
      row.digest,
      now,
      now,
    ]),
    `ON DUPLICATE KEY UPDATE title = VALUES(title), given_name = VALUES(given_name), family_name = VALUES(family_name),
       email = VALUES(email), digest = VALUES(digest), left_at = NULL, updated_at = VALUES(updated_at)`,
  );
  const ids: { id: number; source_id: string }[] = await db('staff')
    .select('id', 'source_id')
    .where(scope)
    .whereIn(
      'source_id',
      rows.map((row) => row.source_id),
    );
  const idOf = new Map(ids.map((row) => [row.source_id, row.id]));
  await db('staff_functions')
    .whereIn('staff_id', [...idOf.values()])
    .delete();
  const functions = rows.flatMap((row) =>
    (JSON.parse(row.functions) as StaffFunction[]).flatMap(([school, code, label]) => {
      const schoolId = schoolIds.get(school);
      return schoolId === undefined ? [] : [[idOf.get(row.source_id) as number, schoolId, code, label]];
    }),
  );
  await insertBatch(db, 'INSERT INTO staff_functions (staff_id, school_id, code, label)', functions);
}

async function goneStaff(db: Database, runId: number, base: FeedBase): Promise<number[]> {
  const [rows] = await db.raw(
    `SELECT p.id FROM staff p LEFT JOIN staged_staff s
       ON s.run_id = ? AND s.academy_code = p.academy_code AND s.degree = p.degree AND s.source_id = p.source_id
     WHERE p.academy_code = ? AND p.degree = ? AND p.left_at IS NULL
       AND ${base.delta ? 's.deleted = 1' : 's.source_id IS NULL'}`,
    [runId, base.academyCode, base.degree],
  );
  return rows.map((row: { id: number }) => row.id);
}
