import type { Knex } from 'knex';
import type { Database } from '../deps.ts';
import { recordedPupils } from '../directory/store.ts';

/** No school has as many; what is beyond is not read. */
const MOST = 20_000;

/** What a pupil's record may lack, as conditions. */
const LACKS = {
  'no-ine': 'p.ine IS NULL',
  'no-class': 'p.class_id IS NULL',
  'no-birth-date': 'p.birth_date IS NULL',
  'no-guardian': `NOT EXISTS (SELECT 1 FROM legal_links l JOIN guardian_references g ON g.id = l.guardian_reference_id
    WHERE l.pupil_id = p.id AND l.ended_at IS NULL AND g.left_at IS NULL)`,
} as const;
export const PUPIL_LISTS = ['no-ine', 'no-class', 'no-birth-date', 'no-guardian'] as const;
export type PupilList = (typeof PUPIL_LISTS)[number];

/** The pupils of a school, and how many lack what; in one pass. */
export async function countQualityPupils(
  db: Database,
  schoolId: number,
): Promise<Record<PupilList | 'all', number>> {
  const row = await db('pupils as p')
    .where('p.school_id', schoolId)
    .whereNull('p.left_at')
    .select({ all: db.raw('COUNT(*)') })
    .select(PUPIL_LISTS.map((list) => db.raw(`SUM(${LACKS[list]}) AS ??`, [list])))
    .first();
  const counts = (['all', ...PUPIL_LISTS] as const).map((key) => [key, Number(row?.[key] ?? 0)]);
  return Object.fromEntries(counts) as Record<PupilList | 'all', number>;
}

export type PupilItem = { givenName: string; familyName: string; className: string | null };

export type Slice = { offset: number; limit: number };

/** The pupils of a school whose records lack something, by name. */
export async function findQualityPupils(
  db: Database,
  schoolId: number,
  list: PupilList,
  { offset, limit }: Slice,
): Promise<PupilItem[]> {
  return db('pupils as p')
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .where('p.school_id', schoolId)
    .whereNull('p.left_at')
    .whereRaw(LACKS[list])
    .orderBy(['p.family_name', 'p.given_name', 'p.id'])
    .offset(offset)
    .limit(Math.min(limit, MOST))
    .select({ givenName: 'p.given_name', familyName: 'p.family_name', className: 'c.label' });
}

/** A guardian's record, as far as one has to look at those of a whole school. */
export type QualityGuardian = {
  id: number;
  title: string | null;
  givenName: string;
  familyName: string;
  mobile: string | null;
  /** Where there is no mobile. */
  mobileRaw: string | null;
  email: string | null;
  accountId: number | null;
  hasAccountEmail: boolean;
  /** One of those who have the same mobile under another name, as the server tells names apart; null: nobody. */
  sharer: { givenName: string; familyName: string } | null;
};

/** Given names that differ from the second on, and hyphens, make nobody another: most records of one person agree so. */
const called = (table: string) =>
  `REPLACE(${table}.family_name, '-', ' '), SUBSTRING_INDEX(REPLACE(${table}.given_name, ',', ' '), ' ', 1)`;
const SHARER = `(SELECT CONCAT(o.family_name, '\\n', o.given_name) FROM guardian_references AS o
  WHERE o.mobile = g.mobile AND o.left_at IS NULL AND (${called('o')}) <> (${called('g')}) LIMIT 1)`;

/** The records of a school's guardians, as its list means them. Tables as in `recordedPupils`. */
const recordsOf = (db: Database, schoolId: number): Knex.QueryBuilder =>
  recordedPupils(db).where('p.school_id', schoolId);

/** Legal guardians of a school's pupils, each record once, by name. */
export async function findQualityGuardians(db: Database, schoolId: number): Promise<QualityGuardian[]> {
  const records = recordsOf(db, schoolId).distinct({ id: 'g.id' });
  const rows = await db(records.as('m'))
    .join('guardian_references as g', 'g.id', 'm.id')
    .leftJoin('accounts as a', (join) => join.on('a.id', 'g.account_id').andOnNull('a.closed_at'))
    .orderBy(['g.family_name', 'g.given_name', 'g.id'])
    .limit(MOST)
    .select({
      id: 'g.id',
      title: 'g.title',
      givenName: 'g.given_name',
      familyName: 'g.family_name',
      mobile: 'g.mobile',
      mobileRaw: db.raw('IF(g.mobile IS NULL, g.mobile_raw, NULL)'),
      email: 'g.email',
      accountId: 'a.id',
      hasAccountEmail: db.raw('a.email IS NOT NULL'),
      sharer: db.raw(SHARER),
    });
  return rows.map((row) => ({
    ...row,
    hasAccountEmail: Boolean(row.hasAccountEmail),
    sharer: namesOf(row.sharer),
  }));
}

function namesOf(written: string | null): QualityGuardian['sharer'] {
  const [familyName, givenName] = written?.split('\n') ?? [];
  return familyName === undefined || givenName === undefined ? null : { familyName, givenName };
}

/** What the pages say besides, a row for each pupil of this school to whom the record leads. */
export type QualityDetail = {
  id: number;
  publicId: string | null;
  identifier: string | null;
  mobileRaw: string | null;
  pupil: string;
};

/** @param ids of records; few: a page, or a part of a list */
export async function findQualityDetails(
  db: Database,
  schoolId: number,
  ids: readonly number[],
): Promise<QualityDetail[]> {
  return recordsOf(db, schoolId)
    .leftJoin('accounts as a', (join) => join.on('a.id', 'g.account_id').andOnNull('a.closed_at'))
    .whereIn('g.id', [...ids])
    .orderBy(['g.id', 'p.family_name', 'p.given_name'])
    .select({
      id: 'g.id',
      publicId: 'a.public_id',
      identifier: 'a.identifier',
      mobileRaw: 'g.mobile_raw',
      pupil: db.raw("CONCAT(p.family_name, ' ', p.given_name)"),
    });
}

/** More people than this behind one number make it a placeholder, which the first of them show as well. */
const BEHIND_ONE_NUMBER = 200;

export type MobileOwner = { mobile: string; givenName: string; familyName: string };

/** The names of those who have one of these numbers, in this school or elsewhere; in one statement. @param mobiles few */
export async function findMobileOwners(db: Database, mobiles: readonly string[]): Promise<MobileOwner[]> {
  const behind = mobiles.map((mobile) =>
    db('guardian_references')
      .where({ mobile })
      .whereNull('left_at')
      .limit(BEHIND_ONE_NUMBER)
      .select({ mobile: 'mobile', givenName: 'given_name', familyName: 'family_name' }),
  );
  return behind.length === 0 ? [] : db.unionAll(behind, true);
}
