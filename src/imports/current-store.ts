import type { Database } from '../deps.ts';
import type { Link } from './check.ts';
import type { KnownSchool } from './known-store.ts';
import type {
  CurrentLink,
  CurrentPerson,
  CurrentPupil,
  SchoolState,
  StagedGuardian,
  StagedPupil,
} from './school-state.ts';
import { SAME_PERSON, TOUCHED } from './staging-store.ts';
import {
  contactsOf,
  currentGuardians,
  inChunks,
  type Scope,
  stagedGuardians,
} from './state-guardians-store.ts';
import type { StagedSchool } from './types.ts';

/** A school of the feed with the known one that it is; `spoken`: the feed tells who its pupils are. */
export type SchoolToLoad = { staged: StagedSchool; known: KnownSchool | null; spoken: boolean };

/**
 * All that the plans of some schools of one base look at, of the persons to whom something happened only: some nine
 * statements whatever the number of schools and persons, 1000 ids each. Guardians are shared by the states, since
 * one may have children in two of the schools.
 */
export async function loadSchoolStates(
  db: Database,
  runId: number,
  schools: readonly SchoolToLoad[],
  delta: boolean,
): Promise<SchoolState[]> {
  const [first] = schools;
  if (!first) return [];
  const scope: Scope = { academy_code: first.staged.academyCode, degree: first.staged.degree };
  const known = schools.flatMap((school) => (school.known ? [school.known.id] : []));
  const spoken = schools.flatMap(({ known, spoken }) => (known && spoken ? [known.id] : []));
  const touched = await touchedPupils(
    db,
    runId,
    schools.map(({ staged }) => staged.no),
  );
  const linksOf = await loadLinks(
    db,
    [...touched.values()].flatMap(({ current }) => current),
  );
  const leaving = await loadLeavers(db, runId, scope, spoken, delta);
  const changes = await loadChangedGuardians(db, runId, scope, known);
  const classes = await loadClasses(db, known);
  const named = [...touched.values()].flatMap(({ staged }) =>
    staged.flatMap((pupil) => pupil.guardians.map(([id]) => id)),
  );
  const changed = [...changes.values()].flatMap((of) => [...of.changed]);
  const { guardians, currents } = await loadGuardians(db, runId, scope, [...new Set([...named, ...changed])]);
  return schools.map(({ staged, known, spoken }) => {
    const { staged: pupils = [], current = [] } = touched.get(staged.no) ?? {};
    const change = known ? changes.get(known.id) : undefined;
    const here = known && spoken ? (leaving.get(known.id) ?? []) : [];
    return {
      degree: staged.degree,
      stagedDigest: staged.digest,
      school: known,
      pupils,
      spoken,
      guardians,
      changedGuardians: [...(change?.changed ?? [])],
      deletedLinks: change?.deletedLinks ?? [],
      currentPupils: new Map([...current, ...here].map((pupil) => [pupil.sourceId, pupil])),
      currentGuardians: currents,
      currentLinks: current.flatMap((pupil) => linksOf.get(pupil.id) ?? []),
      currentClasses: (known && pupils.length > 0 && classes.get(known.id)) || new Map(),
      elsewhere: new Set(),
    };
  });
}

type Touched = Map<number, { staged: StagedPupil[]; current: CurrentPupil[] }>;

/** By number of the school. */
async function touchedPupils(db: Database, runId: number, schoolNos: number[]): Promise<Touched> {
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
async function loadLeavers(
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

type Changes = { changed: Set<string>; deletedLinks: { guardianId: number; pupilId: number }[] };

/** Known guardians of the schools' pupils whose record is another, and the links of those who are deleted. */
async function loadChangedGuardians(db: Database, runId: number, scope: Scope, schoolIds: number[]) {
  const changes = new Map<number, Changes>();
  if (schoolIds.length === 0) return changes;
  const [rows] = await db.raw(
    `SELECT o.school_id AS schoolId, p.source_id AS id, s.deleted, l.guardian_reference_id AS guardianId,
       l.pupil_id AS pupilId
     FROM pupils o
     JOIN legal_links l ON l.pupil_id = o.id AND l.ended_at IS NULL
     JOIN guardian_references p ON p.id = l.guardian_reference_id
     JOIN staged_guardians s ON s.run_id = ? AND ${SAME_PERSON}
     WHERE o.school_id IN (?) AND o.left_at IS NULL AND p.academy_code = ? AND p.degree = ? AND s.refused = 0
       AND (s.deleted = 1 OR NOT (s.digest <=> p.digest))`,
    [runId, schoolIds, scope.academy_code, scope.degree],
  );
  for (const { schoolId, id, deleted, guardianId, pupilId } of rows) {
    const of = changes.get(schoolId) ?? { changed: new Set(), deletedLinks: [] };
    changes.set(schoolId, of);
    if (deleted) of.deletedLinks.push({ guardianId, pupilId });
    else of.changed.add(id);
  }
  return changes;
}

/** What is staged of them and what is known; what was known of how to reach them only where it may change. */
async function loadGuardians(db: Database, runId: number, scope: Scope, ids: string[]) {
  const currents: Map<string, CurrentPerson> = await currentGuardians(db, scope, ids);
  const guardians: Map<string, StagedGuardian> = await stagedGuardians(db, runId, scope, ids);
  const differing = [...currents.values()].filter(({ sourceId, digest }) => {
    const staged = guardians.get(sourceId);
    return staged !== undefined && staged.digest !== digest;
  });
  const contacts = await contactsOf(
    db,
    runId,
    scope,
    differing.map(({ sourceId }) => sourceId),
  );
  for (const { sourceId } of differing) {
    const [before, after] = [contacts.known.get(sourceId), contacts.staged.get(sourceId)];
    const [current, staged] = [currents.get(sourceId), guardians.get(sourceId)];
    if (current && before) current.contact = before;
    if (staged && after) staged.contact = after;
  }
  return { guardians, currents };
}

/** By the pupil's row. */
async function loadLinks(db: Database, pupils: readonly CurrentPupil[]): Promise<Map<number, CurrentLink[]>> {
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

/** Labels by code, by school. */
async function loadClasses(db: Database, schoolIds: number[]): Promise<Map<number, Map<string, string>>> {
  if (schoolIds.length === 0) return new Map();
  const rows: { school_id: number; code: string; label: string }[] = await db('classes')
    .select('school_id', 'code', 'label')
    .whereIn('school_id', schoolIds);
  const bySchool = groupBy(rows, (row) => row.school_id);
  return new Map([...bySchool].map(([id, of]) => [id, new Map(of.map((row) => [row.code, row.label]))]));
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
