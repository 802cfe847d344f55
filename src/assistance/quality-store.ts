import type { Database } from '../deps.ts';

/** No school has as many; what is beyond is not read. */
const MOST = 20_000;

export type QualityPupil = {
  id: number;
  givenName: string;
  familyName: string;
  className: string | null;
  hasIne: boolean;
  hasClass: boolean;
  hasBirthDate: boolean;
  hasGuardian: boolean;
};

/** The pupils of a school with what their records lack, by name. */
export async function findQualityPupils(db: Database, schoolId: number): Promise<QualityPupil[]> {
  const rows = await db('pupils as p')
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .where('p.school_id', schoolId)
    .whereNull('p.left_at')
    .orderBy(['p.family_name', 'p.given_name', 'p.id'])
    .limit(MOST)
    .select({
      id: 'p.id',
      givenName: 'p.given_name',
      familyName: 'p.family_name',
      className: 'c.label',
      hasIne: db.raw('p.ine IS NOT NULL'),
      hasClass: db.raw('p.class_id IS NOT NULL'),
      hasBirthDate: db.raw('p.birth_date IS NOT NULL'),
      hasGuardian: db.raw(
        `EXISTS (SELECT 1 FROM legal_links l JOIN guardian_references g ON g.id = l.guardian_reference_id
           WHERE l.pupil_id = p.id AND l.ended_at IS NULL AND g.left_at IS NULL)`,
      ),
    });
  return rows.map((row) => ({
    ...row,
    hasIne: Boolean(row.hasIne),
    hasClass: Boolean(row.hasClass),
    hasBirthDate: Boolean(row.hasBirthDate),
    hasGuardian: Boolean(row.hasGuardian),
  }));
}

/** A guardian's record with one of the pupils to whom it leads in this school. */
export type QualityGuardian = {
  id: number;
  title: string | null;
  givenName: string;
  familyName: string;
  mobile: string | null;
  mobileRaw: string | null;
  email: string | null;
  accountId: number | null;
  publicId: string | null;
  identifier: string | null;
  accountEmail: string | null;
  pupil: string;
};

/** Legal guardians of a school's pupils, a row for each pair, by name. */
export async function findQualityGuardians(db: Database, schoolId: number): Promise<QualityGuardian[]> {
  return db('pupils as p')
    .join('legal_links as l', 'l.pupil_id', 'p.id')
    .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
    .leftJoin('accounts as a', (join) => join.on('a.id', 'g.account_id').andOnNull('a.closed_at'))
    .where('p.school_id', schoolId)
    .whereNull('p.left_at')
    .whereNull('l.ended_at')
    .whereNull('g.left_at')
    .orderBy(['g.family_name', 'g.given_name', 'g.id', 'p.family_name', 'p.given_name'])
    .limit(MOST)
    .select({
      id: 'g.id',
      title: 'g.title',
      givenName: 'g.given_name',
      familyName: 'g.family_name',
      mobile: 'g.mobile',
      mobileRaw: 'g.mobile_raw',
      email: 'g.email',
      accountId: 'a.id',
      publicId: 'a.public_id',
      identifier: 'a.identifier',
      accountEmail: 'a.email',
      pupil: db.raw("CONCAT(p.family_name, ' ', p.given_name)"),
    });
}

/** More people behind the numbers of a school than this are placeholders, which the first of them show as well. */
const MOST_SHARERS = 20_000;

export type MobileOwner = { mobile: string; givenName: string; familyName: string };

/** The names of everybody who has one of the numbers of a school's guardians, there or elsewhere. */
export async function findMobileOwners(db: Database, schoolId: number): Promise<MobileOwner[]> {
  const mobiles = db('pupils as p')
    .join('legal_links as l', 'l.pupil_id', 'p.id')
    .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
    .where('p.school_id', schoolId)
    .whereNull('p.left_at')
    .whereNull('l.ended_at')
    .whereNull('g.left_at')
    .whereNotNull('g.mobile')
    .distinct('g.mobile');
  return db(mobiles.as('m'))
    .join('guardian_references as o', 'o.mobile', 'm.mobile')
    .whereNull('o.left_at')
    .limit(MOST_SHARERS)
    .distinct({ mobile: 'o.mobile', givenName: 'o.given_name', familyName: 'o.family_name' });
}
