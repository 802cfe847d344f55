import { insertBatch } from '../db/batch.ts';
import type { Database } from '../deps.ts';
import type { SchoolPlan } from './school-plan.ts';
import { GUARDIAN_COLUMNS, PUPIL_COLUMNS } from './staging-rows.ts';

const CHUNK = 1000;

/** Where a school's rows are: the run that staged them and the key that its persons share. */
export type Target = { runId: number; academyCode: string; degree: number; now: Date };

/**
 * Inserts or updates references from the staged rows. An account that was created for one (same public id) is
 * attached; one that has an account keeps it, whichever it became by regrouping.
 */
export async function writeGuardians(
  db: Database,
  target: Target,
  sourceIds: readonly string[],
): Promise<void> {
  const columns = GUARDIAN_COLUMNS.join(', ');
  const staged = GUARDIAN_COLUMNS.map((column) => `s.${column}`).join(', ');
  await eachChunk(sourceIds, (part) =>
    db.raw(
      `INSERT INTO guardian_references
         (academy_code, degree, source_id, ${columns}, account_id, created_at, updated_at)
       SELECT s.academy_code, s.degree, s.source_id, ${staged}, a.id, ?, ?
       FROM staged_guardians s LEFT JOIN accounts a ON a.public_id = s.public_id
       WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.source_id IN (?)
       ON DUPLICATE KEY UPDATE ${changeDates('guardian_references', GUARDIAN_DATES)}, ${updates(GUARDIAN_COLUMNS)},
         left_at = NULL,
         account_id = COALESCE(guardian_references.account_id, VALUES(account_id)),
         updated_at = VALUES(updated_at)`,
      [target.now, target.now, target.runId, target.academyCode, target.degree, part],
    ),
  );
}

/**
 * The same for pupils, who also come into the school and leave the one they were in.
 * @param schoolIds by number of the school in the feed
 */
export async function writePupils(
  db: Database,
  target: Target,
  schoolIds: ReadonlyMap<number, number>,
  sourceIds: readonly string[],
): Promise<void> {
  const columns = PUPIL_COLUMNS.join(', ');
  const staged = PUPIL_COLUMNS.map((column) => `s.${column}`).join(', ');
  const schools = [...schoolIds].map(() => 'SELECT ? AS no, ? AS id').join(' UNION ALL ');
  await eachChunk(sourceIds, (part) =>
    db.raw(
      `INSERT INTO pupils
         (academy_code, degree, source_id, ${columns}, school_id, class_id, account_id, created_at, updated_at)
       SELECT s.academy_code, s.degree, s.source_id, ${staged}, o.id, c.id, a.id, ?, ?
       FROM staged_pupils s
       JOIN (${schools}) o ON o.no = s.school_no
       LEFT JOIN classes c ON c.school_id = o.id AND c.code = s.class_code
       LEFT JOIN accounts a ON a.public_id = s.public_id
       WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.source_id IN (?)
       ON DUPLICATE KEY UPDATE ${changeDates('pupils', PUPIL_DATES)}, ${updates(PUPIL_COLUMNS)}, school_id = VALUES(school_id), class_id = VALUES(class_id),
         left_at = NULL, account_id = COALESCE(pupils.account_id, VALUES(account_id)),
         updated_at = VALUES(updated_at)`,
      [
        target.now,
        target.now,
        ...[...schoolIds].flat(),
        target.runId,
        target.academyCode,
        target.degree,
        part,
      ],
    ),
  );
}

/** A pupil with a guardian who is not known yet is looked at again the next night. */
export async function forgetLinks(db: Database, target: Target, sourceIds: readonly string[]): Promise<void> {
  await eachChunk(sourceIds, (part) =>
    db('pupils')
      .where({ academy_code: target.academyCode, degree: target.degree })
      .whereIn('source_id', part)
      .update({ links_digest: null }),
  );
}

/** The same by row. */
export async function forgetLinksOf(db: Database, pupilIds: readonly number[]): Promise<void> {
  await eachChunk(pupilIds, (part) => db('pupils').whereIn('id', part).update({ links_digest: null }));
}

/** When what a guardian proves himself by last became another (assistance/): the column of the date, and of what. */
const GUARDIAN_DATES = {
  names_changed_at: ['given_name', 'family_name', 'birth_name'],
  mobile_changed_at: ['mobile'],
};
const PUPIL_DATES = { ine_changed_at: ['ine'], birth_date_changed_at: ['birth_date'] };

/** Before the columns themselves: what is assigned first sees the old row. */
function changeDates(table: string, dates: Readonly<Record<string, readonly string[]>>): string {
  const assigned = Object.entries(dates).map(([date, columns]) => {
    const same = columns.map((column) => `${table}.${column} <=> VALUES(${column})`).join(' AND ');
    return `${date} = IF(${same}, ${table}.${date}, VALUES(updated_at))`;
  });
  return assigned.join(', ');
}

function updates(columns: readonly string[]): string {
  return columns.map((column) => `${column} = VALUES(${column})`).join(', ');
}

/** Row ids by the ids of the feed. */
export async function rowIds(
  db: Database,
  table: 'pupils' | 'guardian_references',
  target: Target,
  sourceIds: readonly string[],
): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  await eachChunk(sourceIds, async (part) => {
    const rows: { id: number; source_id: string }[] = await db(table)
      .select('id', 'source_id')
      .where({ academy_code: target.academyCode, degree: target.degree })
      .whereIn('source_id', part);
    for (const row of rows) ids.set(row.source_id, row.id);
  });
  return ids;
}

/** Pupils who left keep their record, links and accounts; they may come back. */
export async function markLeft(db: Database, pupilIds: readonly number[], now: Date): Promise<void> {
  await eachChunk(pupilIds, (part) =>
    db('pupils').whereIn('id', part).update({ left_at: now, updated_at: now }),
  );
}

/** Opens links, or opens again those that had ended. */
export async function openLinks(
  db: Database,
  links: readonly { guardianId: number; pupilId: number; code: string }[],
  now: Date,
): Promise<void> {
  await eachChunk(links, (part) =>
    insertBatch(
      db,
      'INSERT INTO legal_links (guardian_reference_id, pupil_id, link_code, created_at)',
      part.map(({ guardianId, pupilId, code }) => [guardianId, pupilId, code, now]),
      'ON DUPLICATE KEY UPDATE link_code = VALUES(link_code), ended_at = NULL',
    ),
  );
  await eachChunk([...new Set(links.map((link) => link.guardianId))], (part) =>
    db('guardian_references')
      .whereIn('id', part)
      .whereNotNull('left_at')
      .update({ left_at: null, updated_at: now }),
  );
}

/** Ends links; a reference that answers for nobody any more is marked, its account lives on (R-005a). */
export async function endLinks(db: Database, links: SchoolPlan['endLinks'], now: Date): Promise<void> {
  await eachChunk(links, (part) =>
    db('legal_links')
      .whereIn('pupil_id', [...new Set(part.map((link) => link.pupilId))])
      .whereIn(
        ['guardian_reference_id', 'pupil_id'],
        part.map(({ guardianId, pupilId }) => [guardianId, pupilId]),
      )
      .update({ ended_at: now }),
  );
  await eachChunk([...new Set(links.map((link) => link.guardianId))], (part) =>
    db.raw(
      `UPDATE guardian_references g SET g.left_at = ?, g.updated_at = ?
       WHERE g.id IN (?) AND g.left_at IS NULL AND NOT EXISTS (
         SELECT 1 FROM legal_links l WHERE l.guardian_reference_id = g.id AND l.ended_at IS NULL)`,
      [now, now, part],
    ),
  );
}

/** An account bears the name of its reference as long as it has only one; after a regrouping the names are its own. */
export async function renameAccounts(db: Database, renamed: SchoolPlan['renamed'], now: Date): Promise<void> {
  const set = 'SET a.given_name = p.given_name, a.family_name = p.family_name, a.updated_at = ?';
  await eachChunk(renamed.guardianIds, (part) =>
    db.raw(
      `UPDATE accounts a JOIN guardian_references p ON p.account_id = a.id ${set}
       WHERE p.id IN (?) AND NOT EXISTS (
         SELECT 1 FROM guardian_references o WHERE o.account_id = p.account_id AND o.id <> p.id)`,
      [now, part],
    ),
  );
  await eachChunk(renamed.pupilIds, (part) =>
    db.raw(`UPDATE accounts a JOIN pupils p ON p.account_id = a.id ${set} WHERE p.id IN (?)`, [now, part]),
  );
}

/** A rehearsal remembers what it has counted, so that a guardian of two schools counts once. */
export async function markPlanned(
  db: Database,
  target: Target,
  planned: ReadonlyMap<string, 1 | 2>,
): Promise<void> {
  const scope = { run_id: target.runId, academy_code: target.academyCode, degree: target.degree };
  for (const mark of [1, 2]) {
    const ids = [...planned].flatMap(([id, as]) => (as === mark ? [id] : []));
    await eachChunk(ids, (part) =>
      db('staged_guardians').where(scope).whereIn('source_id', part).update({ planned: mark }),
    );
  }
}

export async function eachChunk<T>(
  items: readonly T[],
  write: (part: T[]) => PromiseLike<unknown>,
): Promise<void> {
  for (let start = 0; start < items.length; start += CHUNK) await write(items.slice(start, start + CHUNK));
}
