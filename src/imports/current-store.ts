import type { Database } from '../deps.ts';
import type { Link } from './check.ts';
import type {
  CurrentLink,
  CurrentPerson,
  CurrentPupil,
  SchoolState,
  StagedGuardian,
  StagedPupil,
} from './plan.ts';
import type { StagedSchool } from './types.ts';

const CHUNK = 1000;

type SchoolRow = { id: number; digest: string | null; uai: string; source_id: string };
export type CurrentSchool = { ok: true; school: SchoolRow | null } | { ok: false; reason: string };

/** The row of a school, found by its id in the feed or else by its UAI (an académie may renumber its schools). */
export async function findSchool(db: Database, staged: StagedSchool): Promise<CurrentSchool> {
  const rows: SchoolRow[] = await db('schools')
    .select('id', 'digest', 'uai', 'source_id')
    .where({ academy_code: staged.academyCode, degree: staged.degree, source_id: staged.sourceId })
    .orWhere({ uai: staged.uai });
  if (rows.length > 1)
    return { ok: false, reason: `its id and its UAI ${staged.uai} belong to two known schools` };
  return { ok: true, school: rows[0] ?? null };
}

/** All that the plan of a school looks at: a dozen statements whatever the number of its pupils, 1000 ids each. */
export async function loadSchoolState(
  db: Database,
  runId: number,
  staged: StagedSchool,
  school: SchoolRow | null,
): Promise<SchoolState> {
  const scope = { academy_code: staged.academyCode, degree: staged.degree };
  const pupils = await stagedPupils(db, runId, staged.no);
  const currentPupils = await loadPupils(db, scope, school?.id ?? null, pupils);
  const currentLinks = await loadLinks(db, [...currentPupils.values()]);
  const guardianIds = [...new Set(pupils.flatMap((pupil) => pupil.guardians.map(([id]) => id)))];
  const present = new Set(pupils.map((pupil) => pupil.sourceId));
  const missing = [...currentPupils.keys()].filter((id) => !present.has(id));
  return {
    degree: staged.degree,
    stagedDigest: staged.digest,
    school,
    pupils,
    guardians: await stagedGuardians(db, runId, scope, guardianIds),
    currentPupils,
    currentGuardians: await loadGuardians(db, scope, guardianIds),
    currentLinks,
    currentClasses: school ? await loadClasses(db, school.id) : new Map(),
    elsewhere: await stagedIds(db, runId, scope, missing),
  };
}

type Scope = { academy_code: string; degree: number };

async function stagedPupils(db: Database, runId: number, schoolNo: number): Promise<StagedPupil[]> {
  const rows = await db('staged_pupils')
    .select({
      sourceId: 'source_id',
      fileNo: 'file_no',
      digest: 'digest',
      ine: 'ine',
      classCode: 'class_code',
      classLabel: 'class_label',
      givenName: 'given_name',
      familyName: 'family_name',
      publicId: 'public_id',
      guardians: 'guardians',
    })
    .where({ run_id: runId, school_no: schoolNo, refused: 0 })
    .orderBy('source_id');
  return rows.map(({ ine, guardians, ...row }) => ({
    ...row,
    hasIne: ine !== null,
    guardians: JSON.parse(guardians) as Link[],
  }));
}

async function stagedGuardians(db: Database, runId: number, scope: Scope, ids: string[]) {
  const rows: StagedGuardian[] = await inChunks(ids, (part) =>
    db('staged_guardians')
      .select({
        sourceId: 'source_id',
        digest: 'digest',
        givenName: 'given_name',
        familyName: 'family_name',
        publicId: 'public_id',
        refused: 'refused',
        planned: 'planned',
      })
      .where({ run_id: runId, ...scope })
      .whereIn('source_id', part),
  );
  return new Map(rows.map((row) => [row.sourceId, { ...row, refused: Boolean(row.refused) }]));
}

async function stagedIds(db: Database, runId: number, scope: Scope, ids: string[]): Promise<Set<string>> {
  const rows: { source_id: string }[] = await inChunks(ids, (part) =>
    db('staged_pupils')
      .select('source_id')
      .where({ run_id: runId, ...scope })
      .whereIn('source_id', part),
  );
  return new Set(rows.map((row) => row.source_id));
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

async function loadPupils(
  db: Database,
  scope: Scope,
  schoolId: number | null,
  staged: readonly StagedPupil[],
): Promise<Map<string, CurrentPupil>> {
  type Row = PersonRow & { schoolId: number | null };
  const columns = { ...PERSON, schoolId: 'school_id' };
  const here: Row[] =
    schoolId === null
      ? []
      : await db('pupils')
          .select(columns)
          .where({ school_id: schoolId, ...scope })
          .whereNull('left_at');
  const known = new Set(here.map((row) => row.sourceId));
  const others = staged.map((pupil) => pupil.sourceId).filter((id) => !known.has(id));
  const elsewhere: Row[] = await inChunks(others, (part) =>
    db('pupils').select(columns).where(scope).whereIn('source_id', part),
  );
  return new Map(
    [...here, ...elsewhere].map(({ leftAt, ...row }) => [row.sourceId, { ...row, left: leftAt !== null }]),
  );
}

async function loadGuardians(db: Database, scope: Scope, ids: string[]): Promise<Map<string, CurrentPerson>> {
  const rows: PersonRow[] = await inChunks(ids, (part) =>
    db('guardian_references').select(PERSON).where(scope).whereIn('source_id', part),
  );
  return new Map(rows.map(({ leftAt, ...row }) => [row.sourceId, { ...row, left: leftAt !== null }]));
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
