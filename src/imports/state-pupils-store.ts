import type { Database } from '../deps.ts';
import type { Link } from './check.ts';
import type { CurrentLink, CurrentPupil, StagedPupil } from './school-state.ts';
import { SAME_PERSON, TOUCHED } from './staging-store.ts';
import { inChunks, type Scope } from './state-guardians-store.ts';

/** Pupils to whom something happened, as staged, and those of them who are known. */
type Touched = Map<number, { staged: StagedPupil[]; current: CurrentPupil[] }>;

/** By number of the school. */
export async function touchedPupils(db: Database, runId: number, schoolNos: number[]): Promise<Touched> {
  const [rows] = await db.raw(
    `SELECT s.school_no AS schoolNo, s.source_id AS sourceId, s.file_no AS fileNo, s.digest,
       s.links_digest AS linksDigest, s.ine, s.class_code AS classCode, s.class_label AS classLabel,
       s.given_name AS givenName, s.family_name AS familyName, s.public_id AS publicId, s.guardians,
       p.id, p.digest AS oldDigest, p.links_digest AS oldLinksDigest, p.account_id AS accountId,
       p.left_at AS leftAt, p.given_name AS oldGivenName, p.family_name AS oldFamilyName, p.school_id AS schoolId
     FROM staged_pupils s LEFT JOIN pupils p ON ${SAME_PERSON}
     WHERE s.run_id = ? AND s.school_no IN (?) AND s.refused = 0 AND s.deleted = 0 AND ${TOUCHED}
     ORDER BY s.school_no, s.source_id`,
    [runId, schoolNos],
  );
  const touched: Touched = new Map();
  for (const row of rows) {
    const { sourceId, fileNo, digest, linksDigest, classCode, classLabel, givenName, familyName, publicId } =
      row;
    const of = touched.get(row.schoolNo) ?? { staged: [], current: [] };
    touched.set(row.schoolNo, of);
    const guardians = JSON.parse(row.guardians) as Link[];
    const person = { sourceId, digest, linksDigest, givenName, familyName };
    of.staged.push({
      ...person,
      fileNo,
      classCode,
      classLabel,
      publicId,
      hasIne: row.ine !== null,
      guardians,
    });
    if (row.id === null) continue;
    of.current.push({
      id: row.id,
      sourceId,
      digest: row.oldDigest,
      linksDigest: row.oldLinksDigest,
      accountId: row.accountId,
      left: row.leftAt !== null,
      givenName: row.oldGivenName,
      familyName: row.oldFamilyName,
      schoolId: row.schoolId,
    });
  }
  return touched;
}

/** Pupils of the schools who are not in a whole feed at all, or whom a file of changes deletes. */
export async function loadLeavers(
  db: Database,
  runId: number,
  scope: Scope,
  schoolIds: number[],
  delta: boolean,
): Promise<Map<number, CurrentPupil[]>> {
  if (schoolIds.length === 0) return new Map();
  const [rows] = await db.raw(
    `SELECT p.id, p.source_id AS sourceId, p.digest, p.links_digest AS linksDigest, p.account_id AS accountId,
       p.given_name AS givenName, p.family_name AS familyName, p.school_id AS schoolId
     FROM pupils p
     LEFT JOIN staged_unchanged u ON u.run_id = ? AND u.pupil_id = p.id
     LEFT JOIN staged_pupils s ON s.run_id = ? AND ${SAME_PERSON}
     WHERE p.school_id IN (?) AND p.academy_code = ? AND p.degree = ? AND p.left_at IS NULL
       AND ${delta ? 's.deleted = 1' : 's.source_id IS NULL AND u.pupil_id IS NULL'}`,
    [runId, runId, schoolIds, scope.academy_code, scope.degree],
  );
  return groupBy(
    rows.map((row: Omit<CurrentPupil, 'left'>) => ({ ...row, left: false })),
    (pupil: CurrentPupil) => pupil.schoolId as number,
  );
}

/** By the pupil's row. */
export async function loadLinks(
  db: Database,
  pupils: readonly CurrentPupil[],
): Promise<Map<number, CurrentLink[]>> {
  const rows: (Omit<CurrentLink, 'ended'> & { endedAt: Date | null })[] = await inChunks(
    pupils.map((pupil) => pupil.id),
    (part) =>
      db('legal_links as l')
        .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
        .select({
          pupilId: 'l.pupil_id',
          guardianId: 'l.guardian_reference_id',
          guardianSourceId: 'g.source_id',
          code: 'l.link_code',
          endedAt: 'l.ended_at',
        })
        .whereIn('l.pupil_id', part),
  );
  const links = rows.map(({ endedAt, ...row }) => ({ ...row, ended: endedAt !== null }));
  return groupBy(links, (link) => link.pupilId);
}

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
