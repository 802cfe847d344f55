import type { Database } from '../deps.ts';
import type { KnownSchool } from './known-store.ts';
import type { CurrentPerson, SchoolState, StagedGuardian } from './school-state.ts';
import { SAME_PERSON } from './staging-store.ts';
import { contactsOf, currentGuardians, type Scope, stagedGuardians } from './state-guardians-store.ts';
import { groupBy, loadLeavers, loadLinks, touchedPupils } from './state-pupils-store.ts';
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

/** Labels by code, by school. */
async function loadClasses(db: Database, schoolIds: number[]): Promise<Map<number, Map<string, string>>> {
  if (schoolIds.length === 0) return new Map();
  const rows: { school_id: number; code: string; label: string }[] = await db('classes')
    .select('school_id', 'code', 'label')
    .whereIn('school_id', schoolIds);
  const bySchool = groupBy(rows, (row) => row.school_id);
  return new Map([...bySchool].map(([id, of]) => [id, new Map(of.map((row) => [row.code, row.label]))]));
}
