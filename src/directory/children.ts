import type { Database } from '../deps.ts';

/** A record of the directory (AAF): a guardian's, or a pupil's. */
export type DirectoryRecord = { academyCode: string; degree: 1 | 2; sourceId: string };

/** A pupil as a relying service may see him, with the guardian's record that leads to him. */
export type Child = {
  id: number;
  givenName: string;
  familyName: string;
  schoolId: number;
  uai: string;
  school: string;
  degree: 1 | 2;
  class: string | null;
  level: string | null;
  mef: string | null;
  ine: string | null;
  /** Identifier in SIECLE, which the second degree has. */
  siecleId: string | null;
  record: DirectoryRecord;
  /** Records of the account that lead to this pupil: a guardian's references, the pupil's own record. */
  reachedBy: DirectoryRecord[];
};

type Row = Omit<Child, 'record' | 'reachedBy'> & {
  academyCode: string;
  sourceId: string;
  refAcademyCode: string;
  refDegree: 1 | 2;
  refSourceId: string;
};

/**
 * The pupils that an account speaks for today, in one statement: of a guardian those of his living legal links, of a
 * pupil himself; only pupils who are in a school. A pupil reached by two references comes once.
 * @param account the account's internal id and kind
 */
export async function childrenOfAccount(
  db: Database,
  account: { id: number; kind: 'guardian' | 'pupil' },
): Promise<Child[]> {
  const rows: Row[] = await (account.kind === 'pupil'
    ? pupilRows(db, account.id)
    : guardianRows(db, account.id));
  const children = new Map<number, Child>();
  for (const row of rows) {
    const { academyCode, sourceId, refAcademyCode, refDegree, refSourceId, ...pupil } = row;
    const reachedBy = { academyCode: refAcademyCode, degree: refDegree, sourceId: refSourceId };
    const known = children.get(row.id);
    if (known) known.reachedBy.push(reachedBy);
    else
      children.set(row.id, {
        ...pupil,
        record: { academyCode, degree: row.degree, sourceId },
        reachedBy: [reachedBy],
      });
  }
  return [...children.values()];
}

const PUPIL = {
  id: 'p.id',
  givenName: 'p.given_name',
  familyName: 'p.family_name',
  schoolId: 's.id',
  uai: 's.uai',
  school: 's.name',
  degree: 'p.degree',
  class: 'c.label',
  level: 'p.level_label',
  mef: 'p.mef_code',
  ine: 'p.ine',
  siecleId: 'p.siecle_id',
  academyCode: 'p.academy_code',
  sourceId: 'p.source_id',
};

function guardianRows(db: Database, accountId: number): Promise<Row[]> {
  return db('guardian_references as g')
    .join('legal_links as l', 'l.guardian_reference_id', 'g.id')
    .join('pupils as p', 'p.id', 'l.pupil_id')
    .join('schools as s', 's.id', 'p.school_id')
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .where('g.account_id', accountId)
    .whereNull('g.left_at')
    .whereNull('l.ended_at')
    .whereNull('p.left_at')
    .orderBy([{ column: 'p.birth_date' }, { column: 'p.id' }, { column: 'g.id' }])
    .select({
      ...PUPIL,
      refAcademyCode: 'g.academy_code',
      refDegree: 'g.degree',
      refSourceId: 'g.source_id',
    }) as unknown as Promise<Row[]>;
}

function pupilRows(db: Database, accountId: number): Promise<Row[]> {
  return db('pupils as p')
    .join('schools as s', 's.id', 'p.school_id')
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .where('p.account_id', accountId)
    .whereNull('p.left_at')
    .select({
      ...PUPIL,
      refAcademyCode: 'p.academy_code',
      refDegree: 'p.degree',
      refSourceId: 'p.source_id',
    }) as unknown as Promise<Row[]>;
}
