import type { Knex } from 'knex';
import { chunksOf } from '../db/batch.ts';
import type { Database } from '../deps.ts';
import { searchWords } from '../directory/search-words.ts';
import { recordedPupils } from '../directory/store.ts';
import type {
  GuardianFilters,
  GuardianSort,
  ListedAccount,
  ListedPupil,
  ListedRow,
  ListPage,
  NoAccount,
  SchoolScope,
} from './guardian-filters.ts';
import { ACCOUNT_SORTS, filterAccounts, haveWords, LISTED_COLUMNS } from './listed-store.ts';
import type { AccountState } from './types.ts';

/** The pupils of one school with their own accounts: every statement begins at the school. */

/** Mails carry passwords: only an address that the pupil has confirmed is one; the directory has none of pupils. */
const HAS_EMAIL = '(a.email IS NOT NULL AND a.email_verified_at IS NOT NULL)';

/**
 * The pupils that the filters let through, each once; also those who have no account, unless a criterion is about it.
 * Tables: p pupils, s schools, a accounts.
 */
function pupilsOf(
  db: Database,
  school: Pick<SchoolScope, 'id'>,
  filters: GuardianFilters,
): Knex.QueryBuilder {
  const pupils = db('pupils as p')
    .join('schools as s', 's.id', 'p.school_id')
    .leftJoin('accounts as a', (join) => join.on('a.id', 'p.account_id').andOnNull('a.closed_at'))
    .where('p.school_id', school.id)
    .whereNull('p.left_at');
  filterAccounts(pupils, filters, HAS_EMAIL);
  if (filters.email !== null) pupils.whereNotNull('a.id');
  const words = searchWords(filters.text);
  if (words.length > 0) haveWords(pupils, 'p.search_name', words);
  return pupils;
}

/** Pupils that a search finds, and the accounts that they have. */
export async function countPupils(
  db: Database,
  school: Pick<SchoolScope, 'id'>,
  filters: GuardianFilters,
): Promise<{ rows: number; accounts: number }> {
  const found: { found: unknown; accounts: unknown } | undefined = await pupilsOf(db, school, filters)
    .count({ found: '*', accounts: 'a.id' })
    .first();
  return { rows: Number(found?.found ?? 0), accounts: Number(found?.accounts ?? 0) };
}

const SORTS: Record<GuardianSort, string> = {
  ...ACCOUNT_SORTS,
  pupil: 'p.family_name',
  // No such column here.
  guardian: 'p.family_name',
  email: HAS_EMAIL,
};

/** One page of the list; those without an account come where an empty column comes. */
export async function findPupilRows(
  db: Database,
  school: Pick<SchoolScope, 'id'>,
  filters: GuardianFilters,
  { sort, descending, offset, limit }: ListPage,
): Promise<ListedRow[]> {
  const way = descending ? 'desc' : 'asc';
  const rows: PupilRow[] = await pupilsOf(db, school, filters)
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .orderByRaw(`${SORTS[sort]} ${way}, p.family_name ${sort === 'pupil' ? way : 'asc'}`)
    .orderBy([
      { column: 'p.given_name', order: sort === 'pupil' ? way : 'asc' },
      { column: 'p.id', order: 'asc' },
    ])
    .offset(offset)
    .limit(limit)
    .select(LISTED_COLUMNS)
    .select(
      db.raw('COALESCE(p.mef_label, p.mef_code) AS mefLabel'),
      db.raw(`${HAS_EMAIL} AS hasEmail`),
      // One that he has had is closed: another is not made for him.
      db.raw(
        "CASE WHEN p.account_id IS NOT NULL THEN 'closed' WHEN p.ine IS NULL THEN 'no-ine' ELSE 'not-yet' END AS why",
      ),
    );
  return rows.map(listedOf);
}

type PupilRow = ListedPupil &
  Omit<ListedAccount, 'accountId' | 'hasEmail'> & {
    accountId: number | null;
    hasEmail: unknown;
    why: NoAccount;
  };

function listedOf(row: PupilRow): ListedRow {
  const {
    pupilId,
    pupilFamilyName,
    pupilGivenName,
    classLabel,
    mefLabel,
    accountId,
    hasEmail,
    why,
    ...rest
  } = row;
  const pupil = { pupilId, pupilFamilyName, pupilGivenName, classLabel, mefLabel };
  if (accountId === null) return { ...pupil, account: null, noAccount: why };
  return { ...pupil, account: { ...rest, accountId, hasEmail: Number(hasEmail) === 1 }, noAccount: null };
}

/** Internal ids of all accounts that a search finds. */
export async function findPupilIds(
  db: Database,
  school: Pick<SchoolScope, 'id'>,
  filters: GuardianFilters,
): Promise<number[]> {
  return pupilsOf(db, school, filters).whereNotNull('a.id').orderBy('a.id').pluck('a.id');
}

/** Internal ids of those of these accounts that are open and of a pupil who is in the school, in their order. */
export async function findOwnPupilIds(
  db: Database,
  school: Pick<SchoolScope, 'id'>,
  publicIds: readonly string[],
): Promise<number[]> {
  const ids: number[] = [];
  for (const part of chunksOf(publicIds)) {
    const own: number[] = await db('accounts as a')
      .join('pupils as p', 'p.account_id', 'a.id')
      .whereIn('a.public_id', part)
      .where({ 'p.school_id': school.id, 'a.kind': 'pupil' })
      .whereNull('p.left_at')
      .whereNull('a.closed_at')
      .pluck('a.id');
    ids.push(...own);
  }
  return ids.sort((a, b) => a - b);
}

/** The pupil whose own an account is, as his school sees him. */
export type OwnPupil = {
  id: number;
  givenName: string;
  familyName: string;
  /** YYYY-MM-DD; null when the directory does not know it. */
  birthDate: string | null;
  birthDateChangedAt: Date | null;
  ineChangedAt: Date | null;
  hasIne: boolean;
  className: string | null;
  mef: string | null;
};

export async function findPupilOf(
  db: Database,
  schoolId: number,
  accountId: number,
): Promise<OwnPupil | null> {
  const row: (Omit<OwnPupil, 'hasIne'> & { hasIne: unknown }) | undefined = await db('pupils as p')
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .where({ 'p.account_id': accountId, 'p.school_id': schoolId })
    .whereNull('p.left_at')
    .select({
      id: 'p.id',
      givenName: 'p.given_name',
      familyName: 'p.family_name',
      birthDate: 'p.birth_date',
      birthDateChangedAt: 'p.birth_date_changed_at',
      ineChangedAt: 'p.ine_changed_at',
      className: 'c.label',
    })
    .select(db.raw('p.ine IS NOT NULL AS hasIne'), db.raw('COALESCE(p.mef_label, p.mef_code) AS mef'))
    .first();
  return row ? { ...row, hasIne: Number(row.hasIne) === 1 } : null;
}

/** More guardians than anybody has. */
const MOST_GUARDIANS = 50;

/** The open accounts of a pupil's guardians, also of one who says that he is not his; by name. */
export async function findGuardiansOf(
  db: Database,
  pupilId: number,
): Promise<
  (Pick<ListedAccount, 'publicId' | 'familyName' | 'givenName' | 'identifier'> & { state: AccountState })[]
> {
  return recordedPupils(db)
    .join('accounts as a', 'a.id', 'g.account_id')
    .where({ 'p.id': pupilId, 'a.kind': 'guardian' })
    .whereNull('a.closed_at')
    .distinct({
      publicId: 'a.public_id',
      familyName: 'a.family_name',
      givenName: 'a.given_name',
      identifier: 'a.identifier',
      state: 'a.state',
    })
    .orderBy(['familyName', 'givenName', 'publicId'])
    .limit(MOST_GUARDIANS);
}
