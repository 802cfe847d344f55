import type { Database } from '../deps.ts';
import type { Link } from './check.ts';
import type {
  Contact,
  CurrentLink,
  CurrentPerson,
  CurrentPupil,
  SchoolState,
  StagedGuardian,
  StagedPupil,
} from './plan.ts';
import type { FeedBase } from './stage.ts';
import { type StagedSchool, UNREADABLE } from './types.ts';

const CHUNK = 1000;

type SchoolRow = { id: number; digest: string | null };
type Base = Pick<FeedBase, 'academyCode' | 'degree' | 'delta'>;

const SAME_PERSON = `p.academy_code = s.academy_code AND p.degree = s.degree AND p.source_id = s.source_id`;
/** A staged pupil (s) to whom something happened since he was written (p). */
const TOUCHED = `(p.id IS NULL OR p.left_at IS NOT NULL
  OR NOT (p.digest <=> s.digest) OR NOT (p.links_digest <=> s.links_digest))`;

/** Numbers of the schools of a base (`no` of the feed) that have a pupil to whom something happened. */
export async function touchedSchools(db: Database, runId: number, base: Base): Promise<number[]> {
  const [rows] = await db.raw(
    `SELECT DISTINCT s.school_no AS no FROM staged_pupils s LEFT JOIN pupils p ON ${SAME_PERSON}
     WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.refused = 0 AND s.deleted = 0 AND ${TOUCHED}`,
    [runId, base.academyCode, base.degree],
  );
  return rows.map((row: { no: number }) => row.no);
}

/** Ids of the schools with a pupil one of whose guardians is another than the night before, or deleted. */
export async function schoolsOfChangedGuardians(db: Database, runId: number, base: Base): Promise<number[]> {
  const [rows] = await db.raw(
    `SELECT DISTINCT o.school_id AS id FROM staged_guardians s
     JOIN guardian_references p ON ${SAME_PERSON}
     JOIN legal_links l ON l.guardian_reference_id = p.id AND l.ended_at IS NULL
     JOIN pupils o ON o.id = l.pupil_id AND o.left_at IS NULL AND o.school_id IS NOT NULL
     WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.refused = 0
       AND (s.deleted = 1 OR NOT (s.digest <=> p.digest))`,
    [runId, base.academyCode, base.degree],
  );
  return rows.map((row: { id: number }) => row.id);
}

export type Totals = Map<number, { pupils: number; guardians: number }>;

/** Pupils of the feed and their guardians, by number of the school. */
export async function stagedTotals(db: Database, runId: number): Promise<Totals> {
  const [rows] = await db.raw(
    `SELECT school_no AS no, COUNT(*) AS n FROM staged_pupils
     WHERE run_id = ? AND refused = 0 AND deleted = 0 GROUP BY school_no`,
    [runId],
  );
  const [guardians] = await db.raw(
    `SELECT s.school_no AS no, COUNT(DISTINCT NULLIF(j.id, ?)) AS n
     FROM staged_pupils s, JSON_TABLE(s.guardians, '$[*]' COLUMNS (id VARCHAR(64) PATH '$[0]')) j
     WHERE s.run_id = ? AND s.refused = 0 AND s.deleted = 0 GROUP BY s.school_no`,
    [UNREADABLE, runId],
  );
  const of = new Map<number, number>(guardians.map((row: Counted) => [row.no, Number(row.n)]));
  return new Map(
    rows.map((row: Counted) => [row.no, { pupils: Number(row.n), guardians: of.get(row.no) ?? 0 }]),
  );
}
type Counted = { no: number; n: unknown };

/**
 * All that the plan of a school looks at, of the persons to whom something happened only: some eight statements
 * whatever their number, 1000 ids each.
 */
export async function loadSchoolState(
  db: Database,
  runId: number,
  staged: StagedSchool,
  school: SchoolRow | null,
  { delta, spoken }: { delta: boolean; spoken: boolean },
): Promise<SchoolState> {
  const scope = { academy_code: staged.academyCode, degree: staged.degree };
  const { pupils, currentPupils } = await touchedPupils(db, runId, staged.no);
  const currentLinks = await loadLinks(db, [...currentPupils.values()]);
  const leaving = school && spoken ? await loadLeavers(db, runId, scope, school.id, delta) : [];
  for (const pupil of leaving) currentPupils.set(pupil.sourceId, pupil);
  const { changed, deletedLinks } = school
    ? await loadChangedGuardians(db, runId, scope, school.id)
    : { changed: [], deletedLinks: [] };
  const named = pupils.flatMap((pupil) => pupil.guardians.map(([id]) => id));
  const guardianIds = [...new Set([...named, ...changed])];
  return {
    degree: staged.degree,
    stagedDigest: staged.digest,
    school,
    pupils,
    spoken,
    guardians: await stagedGuardians(db, runId, scope, guardianIds),
    changedGuardians: changed,
    deletedLinks,
    currentPupils,
    currentGuardians: await loadGuardians(db, scope, guardianIds),
    currentLinks,
    currentClasses: school && pupils.length > 0 ? await loadClasses(db, school.id) : new Map(),
    elsewhere: new Set(),
  };
}

type Scope = { academy_code: string; degree: number };

async function touchedPupils(db: Database, runId: number, schoolNo: number) {
  const [rows] = await db.raw(
    `SELECT s.source_id AS sourceId, s.file_no AS fileNo, s.digest, s.links_digest AS linksDigest, s.ine,
       s.class_code AS classCode, s.class_label AS classLabel, s.given_name AS givenName,
       s.family_name AS familyName, s.public_id AS publicId, s.guardians,
       p.id, p.digest AS oldDigest, p.links_digest AS oldLinksDigest, p.account_id AS accountId,
       p.left_at AS leftAt, p.given_name AS oldGivenName, p.family_name AS oldFamilyName, p.school_id AS schoolId
     FROM staged_pupils s LEFT JOIN pupils p ON ${SAME_PERSON}
     WHERE s.run_id = ? AND s.school_no = ? AND s.refused = 0 AND s.deleted = 0 AND ${TOUCHED}
     ORDER BY s.source_id`,
    [runId, schoolNo],
  );
  const pupils: StagedPupil[] = [];
  const currentPupils = new Map<string, CurrentPupil>();
  for (const row of rows) {
    const { sourceId, fileNo, digest, linksDigest, classCode, classLabel, givenName, familyName, publicId } =
      row;
    const guardians = JSON.parse(row.guardians) as Link[];
    const person = { sourceId, digest, linksDigest, givenName, familyName };
    pupils.push({ ...person, fileNo, classCode, classLabel, publicId, hasIne: row.ine !== null, guardians });
    if (row.id === null) continue;
    currentPupils.set(sourceId, {
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
  return { pupils, currentPupils };
}

/** Pupils of the school who are not in a whole feed at all, or whom a file of changes deletes. */
async function loadLeavers(
  db: Database,
  runId: number,
  scope: Scope,
  schoolId: number,
  delta: boolean,
): Promise<CurrentPupil[]> {
  const [rows] = await db.raw(
    `SELECT p.id, p.source_id AS sourceId, p.digest, p.links_digest AS linksDigest, p.account_id AS accountId,
       p.given_name AS givenName, p.family_name AS familyName, p.school_id AS schoolId
     FROM pupils p LEFT JOIN staged_pupils s ON s.run_id = ? AND ${SAME_PERSON}
     WHERE p.school_id = ? AND p.academy_code = ? AND p.degree = ? AND p.left_at IS NULL
       AND ${delta ? 's.deleted = 1' : 's.source_id IS NULL'}`,
    [runId, schoolId, scope.academy_code, scope.degree],
  );
  return rows.map((row: Omit<CurrentPupil, 'left'>) => ({ ...row, left: false }));
}

/** Known guardians of the school's pupils whose record is another, and the links of those who are deleted. */
async function loadChangedGuardians(db: Database, runId: number, scope: Scope, schoolId: number) {
  const [rows] = await db.raw(
    `SELECT p.source_id AS id, s.deleted, l.guardian_reference_id AS guardianId, l.pupil_id AS pupilId
     FROM pupils o
     JOIN legal_links l ON l.pupil_id = o.id AND l.ended_at IS NULL
     JOIN guardian_references p ON p.id = l.guardian_reference_id
     JOIN staged_guardians s ON s.run_id = ? AND ${SAME_PERSON}
     WHERE o.school_id = ? AND o.left_at IS NULL AND p.academy_code = ? AND p.degree = ? AND s.refused = 0
       AND (s.deleted = 1 OR NOT (s.digest <=> p.digest))`,
    [runId, schoolId, scope.academy_code, scope.degree],
  );
  type Row = { id: string; deleted: number; guardianId: number; pupilId: number };
  const gone = (rows as Row[]).filter((row) => row.deleted);
  const changed = new Set((rows as Row[]).filter((row) => !row.deleted).map((row) => row.id));
  const deletedLinks = gone.map(({ guardianId, pupilId }) => ({ guardianId, pupilId }));
  return { changed: [...changed], deletedLinks };
}

const ADDRESS = `CONCAT_WS('|', address, postal_code, town, country)`;

async function stagedGuardians(db: Database, runId: number, scope: Scope, ids: string[]) {
  const rows: (StagedGuardian & Contact)[] = await inChunks(ids, (part) =>
    db('staged_guardians')
      .select({
        sourceId: 'source_id',
        digest: 'digest',
        givenName: 'given_name',
        familyName: 'family_name',
        publicId: 'public_id',
        refused: 'refused',
        planned: 'planned',
        mobile: 'mobile',
        email: 'email',
      })
      .select(db.raw(`${ADDRESS} AS address`))
      .where({ run_id: runId, deleted: 0, ...scope })
      .whereIn('source_id', part),
  );
  return new Map(
    rows.map(({ mobile, email, address, ...row }) => [
      row.sourceId,
      { ...row, refused: Boolean(row.refused), contact: { mobile, email, address } },
    ]),
  );
}

const PERSON = {
  id: 'id',
  sourceId: 'source_id',
  digest: 'digest',
  accountId: 'account_id',
  leftAt: 'left_at',
  givenName: 'given_name',
  familyName: 'family_name',
};
type PersonRow = Omit<CurrentPerson, 'left'> & { leftAt: Date | null };

async function loadGuardians(db: Database, scope: Scope, ids: string[]): Promise<Map<string, CurrentPerson>> {
  const rows: (PersonRow & Contact)[] = await inChunks(ids, (part) =>
    db('guardian_references')
      .select({ ...PERSON, mobile: 'mobile', email: 'email' })
      .select(db.raw(`${ADDRESS} AS address`))
      .where(scope)
      .whereIn('source_id', part),
  );
  return new Map(
    rows.map(({ leftAt, mobile, email, address, ...row }) => [
      row.sourceId,
      { ...row, left: leftAt !== null, contact: { mobile, email, address } },
    ]),
  );
}

async function loadLinks(db: Database, pupils: readonly CurrentPupil[]): Promise<CurrentLink[]> {
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
  return rows.map(({ endedAt, ...row }) => ({ ...row, ended: endedAt !== null }));
}

async function loadClasses(db: Database, schoolId: number): Promise<Map<string, string>> {
  const rows: { code: string; label: string }[] = await db('classes')
    .select('code', 'label')
    .where({ school_id: schoolId });
  return new Map(rows.map((row) => [row.code, row.label]));
}

async function inChunks<K, R>(keys: readonly K[], query: (part: K[]) => PromiseLike<R[]>): Promise<R[]> {
  const rows: R[] = [];
  for (let start = 0; start < keys.length; start += CHUNK) {
    rows.push(...(await query(keys.slice(start, start + CHUNK))));
  }
  return rows;
}
