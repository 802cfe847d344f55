import type { Database } from '../deps.ts';

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
 * The pupils that an account answers for today: for a guardian those of legal links that have not ended, for a pupil
 * himself; only pupils who are in a school. A pupil reached by two references of a regrouped account comes
 * once. Ordered by age, then id.
 */
export async function pupilsOfAccount(db: Database, accountId: number): Promise<PupilOfAccount[]> {
  const himself = db('pupils as p')
    .join('schools as s', 's.id', 'p.school_id')
    .where('p.account_id', accountId)
    .whereNull('p.left_at')
    .select(PUPIL_COLUMNS);
  return db('guardian_references as g')
    .join('legal_links as l', 'l.guardian_reference_id', 'g.id')
    .join('pupils as p', 'p.id', 'l.pupil_id')
    .join('schools as s', 's.id', 'p.school_id')
    .where('g.account_id', accountId)
    .whereNull('l.ended_at')
    .whereNull('p.left_at')
    .select(PUPIL_COLUMNS)
    .union([himself])
    .orderBy([{ column: 'birthDate' }, { column: 'id' }]);
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
