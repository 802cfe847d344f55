import type { Knex } from 'knex';
import { chunksOf } from '../db/batch.ts';
import type { Database } from '../deps.ts';
import { ofPopulation } from '../directory/population-store.ts';
import { searchWords } from '../directory/search-words.ts';
import { linkedPupils, recordedPupils } from '../directory/store.ts';
import type {
  GuardianFilters,
  GuardianRow,
  GuardianSort,
  ListPage,
  SchoolScope,
} from './guardian-filters.ts';
import { ACCOUNT_SORTS, filterAccounts, haveWords, LISTED_COLUMNS, unsettled } from './listed-store.ts';

/** The guardians of one school's pupils: every statement begins at the school. */

/** An address is known, of the account or of the directory. */
const HAS_EMAIL = `(a.email IS NOT NULL OR EXISTS (SELECT 1 FROM guardian_references e
  WHERE e.account_id = a.id AND e.left_at IS NULL AND e.email IS NOT NULL))`;

/**
 * (pupil, guardian) pairs that the filters let through: pupils of the population, open accounts.
 * A pair may come twice, when two references lead to the same pupil. Tables as in `linkedPupils`, a accounts.
 */
function pairsOf(db: Database, school: Pick<SchoolScope, 'id'>, filters: GuardianFilters): Knex.QueryBuilder {
  const pairs = linkedPupils(db)
    .join('accounts as a', 'a.id', 'g.account_id')
    .where({ 'p.school_id': school.id, 'a.kind': 'guardian' })
    .whereNull('a.closed_at')
    .modify(ofPopulation);
  filterAccounts(pairs, filters, HAS_EMAIL);
  const words = searchWords(filters.text);
  if (words.length > 0)
    pairs.where((either) =>
      either
        .where((pupil) => haveWords(pupil, 'p.search_name', words))
        .orWhere((guardian) => haveWords(guardian, 'g.search_name', words)),
    );
  return pairs;
}

/** Rows and distinct accounts that a search finds (X21). */
export async function countGuardians(
  db: Database,
  school: Pick<SchoolScope, 'id'>,
  filters: GuardianFilters,
): Promise<{ rows: number; accounts: number }> {
  const pairs = pairsOf(db, school, filters).distinct({ pupilId: 'p.id', accountId: 'a.id' });
  const found: { found: unknown; accounts: unknown } | undefined = await db
    .from(pairs.as('r'))
    .count({ found: '*' })
    .countDistinct({ accounts: 'r.accountId' })
    .first();
  return { rows: Number(found?.found ?? 0), accounts: Number(found?.accounts ?? 0) };
}

/** What each column sorts by. */
const SORTS: Record<GuardianSort, string> = {
  ...ACCOUNT_SORTS,
  pupil: 'p.family_name',
  guardian: 'a.family_name',
  email: HAS_EMAIL,
};

/** A second key, so that « NOM Prénom » is sorted as one. */
const SECOND: Partial<Record<GuardianSort, string>> = { pupil: 'p.given_name', guardian: 'a.given_name' };

/** One page of the list: keys are sorted first, and only the page's rows are read whole. */
export async function findGuardianRows(
  db: Database,
  school: Pick<SchoolScope, 'id'>,
  filters: GuardianFilters,
  page: ListPage,
): Promise<GuardianRow[]> {
  const { sort, descending } = page;
  const keys = { pupilId: 'p.id', accountId: 'a.id', k3: 'p.family_name', k4: 'p.given_name' };
  const order = [
    { column: 'k1', order: descending ? 'desc' : 'asc' },
    { column: 'k2', order: descending ? 'desc' : 'asc' },
    ...['k3', 'k4', 'pupilId', 'accountId'].map((column) => ({ column, order: 'asc' })),
  ];
  const inner = pairsOf(db, school, filters)
    .distinct({ ...keys })
    .select(db.raw(`${SORTS[sort]} AS k1`), db.raw(`${SECOND[sort] ?? '0'} AS k2`))
    .orderBy(order)
    .limit(page.limit)
    .offset(page.offset);
  if (sort === 'class') inner.leftJoin('classes as c', 'c.id', 'p.class_id');
  const rows: (Omit<GuardianRow, 'hasEmail'> & { hasEmail: unknown })[] = await db
    .from(inner.as('r'))
    .join('pupils as p', 'p.id', 'r.pupilId')
    .join('accounts as a', 'a.id', 'r.accountId')
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .orderBy(order.map(({ column, order: way }) => ({ column: `r.${column}`, order: way })))
    .select(LISTED_COLUMNS)
    .select(db.raw('COALESCE(p.mef_label, p.mef_code) AS mefLabel'), db.raw(`${HAS_EMAIL} AS hasEmail`));
  return rows.map((row) => ({ ...row, hasEmail: Number(row.hasEmail) === 1 }));
}

/** Internal ids of all accounts that a search finds. */
export async function findGuardianIds(
  db: Database,
  school: Pick<SchoolScope, 'id'>,
  filters: GuardianFilters,
): Promise<number[]> {
  return pairsOf(db, school, filters).distinct('a.id').orderBy('a.id').pluck('a.id');
}

/**
 * Internal ids of those of these accounts that are open and a guardian's of a pupil who is in the school, in the order
 * of the ids. Also of whoever says that the pupil is not his: it is the school that has to look at it.
 */
export async function findOwnIds(
  db: Database,
  school: Pick<SchoolScope, 'id'>,
  publicIds: readonly string[],
  { withoutSettled = false }: { withoutSettled?: boolean | undefined } = {},
): Promise<number[]> {
  const ids: number[] = [];
  for (const part of chunksOf(publicIds)) {
    const own = recordedPupils(db)
      .join('accounts as a', 'a.id', 'g.account_id')
      .whereIn('a.public_id', part)
      .where({ 'p.school_id': school.id, 'a.kind': 'guardian' })
      .whereNull('a.closed_at');
    if (withoutSettled) own.modify(unsettled);
    ids.push(...(await own.distinct('a.id').pluck('a.id')));
  }
  return ids.sort((a, b) => a - b);
}

/** How many of these classes are the school's. */
export async function countOwnClasses(
  db: Database,
  school: Pick<SchoolScope, 'id'>,
  classIds: readonly number[],
): Promise<number> {
  const row = await db('classes')
    .where({ school_id: school.id })
    .whereIn('id', classIds)
    .count({ n: '*' })
    .first();
  return Number(row?.n ?? 0);
}

/** Since when FranceConnect is linked to an account; null: it is not. */
export async function findLinkedAt(db: Database, accountId: number): Promise<Date | null> {
  const row = await db('account_franceconnect').where({ account_id: accountId }).first({ at: 'linked_at' });
  return row?.at ?? null;
}
