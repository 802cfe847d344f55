import type { Knex } from 'knex';
import type { Database } from '../deps.ts';

/**
 * Joins, as `w`, what was signalled as a wrong attachment and holds: the school has not looked at it yet, or has
 * found that it is wrong.
 * @param links how the query calls legal_links
 */
export function withWrongAttachments(query: Knex.QueryBuilder, links: string): void {
  query.leftJoin('wrong_attachments as w', function joinThoseThatHold() {
    this.on('w.guardian_reference_id', `${links}.guardian_reference_id`)
      .andOn('w.pupil_id', `${links}.pupil_id`)
      .andOn((either) => either.onVal('w.state', 'open').orOnVal('w.outcome', 'removed'));
  });
}

/**
 * The pupils whom the school says to be an account's: reached by a reference that is in the directory and a legal link
 * that has not ended, and in a school; also those whom the guardian says not to be his, while the school has not found
 * that he is right. Tables: g guardian_references, l legal_links, p pupils, s schools, w wrong_attachments (`w.state`
 * null: nothing is signalled). A pupil comes once for each reference that leads to him.
 */
export function recordedPupils(db: Database) {
  return db('guardian_references as g')
    .join('legal_links as l', 'l.guardian_reference_id', 'g.id')
    .join('pupils as p', 'p.id', 'l.pupil_id')
    .join('schools as s', 's.id', 'p.school_id')
    .modify(withWrongAttachments, 'l')
    .whereNull('g.left_at')
    .whereNull('l.ended_at')
    .whereNull('p.left_at')
    .where((either) => either.whereNull('w.state').orWhere('w.state', 'open'));
}

/**
 * The children of accounts, as every query means them: as `recordedPupils`, without those whom the guardian says not
 * to be his, until the school has found that they are.
 */
export function linkedPupils(db: Database) {
  return recordedPupils(db).whereNull('w.state');
}

/** The pupil whose own account it is. Tables: p pupils, s schools. */
function pupilHimself(db: Database, accountId: number) {
  return db('pupils as p')
    .join('schools as s', 's.id', 'p.school_id')
    .where('p.account_id', accountId)
    .whereNull('p.left_at');
}

export type PupilOfAccount = {
  id: number;
  givenName: string;
  familyName: string;
  /** YYYY-MM-DD; null when the directory does not know it. */
  birthDate: string | null;
  schoolUai: string;
  schoolName: string;
  degree: 1 | 2;
};

const PUPIL_COLUMNS = {
  id: 'p.id',
  givenName: 'p.given_name',
  familyName: 'p.family_name',
  birthDate: 'p.birth_date',
  schoolUai: 's.uai',
  schoolName: 's.name',
  degree: 'p.degree',
};

/**
 * The pupils that an account answers for today: a guardian's children, or the pupil himself. A pupil reached by two
 * references of a regrouped account comes once. Ordered by age, then id.
 */
export async function pupilsOfAccount(db: Database, accountId: number): Promise<PupilOfAccount[]> {
  return linkedPupils(db)
    .where('g.account_id', accountId)
    .select(PUPIL_COLUMNS)
    .union([pupilHimself(db, accountId).select(PUPIL_COLUMNS)])
    .orderBy([{ column: 'birthDate' }, { column: 'id' }]);
}

/** A child with the record of the account that leads to him: the guardian's reference, or the pupil's own. */
export type ChildRow = {
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
  academyCode: string;
  sourceId: string;
  refAcademyCode: string;
  refDegree: 1 | 2;
  refSourceId: string;
};

const CHILD_COLUMNS = {
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

/** What services may be told of an account's children, by age; a row for each reference that leads to one. */
export async function findChildRows(
  db: Database,
  account: { id: number; kind: 'guardian' | 'pupil' },
): Promise<ChildRow[]> {
  const guardian = account.kind === 'guardian';
  const rows = guardian ? linkedPupils(db).where('g.account_id', account.id) : pupilHimself(db, account.id);
  const by = guardian ? 'g' : 'p';
  return rows
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .orderBy([{ column: 'p.birth_date' }, { column: 'p.id' }, { column: `${by}.id` }])
    .select({
      ...CHILD_COLUMNS,
      refAcademyCode: `${by}.academy_code`,
      refDegree: `${by}.degree`,
      refSourceId: `${by}.source_id`,
    });
}

/**
 * The address that the school knows of the account's holder (R-057 b): that of the reference changed last which has
 * one; null when no reference has any.
 */
export async function knownEmail(db: Database, accountId: number): Promise<string | null> {
  const row: { email: string } | undefined = await db('guardian_references')
    .select('email')
    .where({ account_id: accountId })
    .whereNull('left_at')
    .whereNotNull('email')
    .orderBy([{ column: 'updated_at', order: 'desc' }, { column: 'id' }])
    .first();
  return row?.email ?? null;
}
