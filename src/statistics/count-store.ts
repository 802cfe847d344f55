import type { Knex } from 'knex';
import type { AccountOrigin, AccountState } from '../accounts/types.ts';
import type { Database } from '../deps.ts';
import { ofPopulation } from '../directory/population-store.ts';
import { linkedPupils } from '../directory/store.ts';

/** How many accounts of a group are in one state and of one origin. */
export type CountRow = {
  schoolId: number;
  groupedBy: 'structure' | 'class' | 'level' | 'mef';
  classId: number | null;
  /** Of a level or a MEF. */
  label: string | null;
  state: AccountState;
  origin: AccountOrigin;
  accounts: number;
};

/**
 * The accounts of the legal guardians of the population of these schools, closed ones left out
 * distinct ones, in the school and in each class, level and MEF where they have a child.
 */
export async function countGuardians(db: Database, schoolIds: readonly number[]): Promise<CountRow[]> {
  const pairs = linkedPupils(db)
    .join('accounts as a', 'a.id', 'g.account_id')
    .where('a.kind', 'guardian')
    .whereNull('a.closed_at')
    .whereIn('p.school_id', schoolIds)
    .modify(ofPopulation);
  return countGroups(db, pairs);
}

/** The accounts of the pupils of the population themselves, by the same groups. */
export async function countPupilAccounts(db: Database, schoolIds: readonly number[]): Promise<CountRow[]> {
  const pairs = db('pupils as p')
    .join('schools as s', 's.id', 'p.school_id')
    .join('accounts as a', 'a.id', 'p.account_id')
    .where('a.kind', 'pupil')
    .whereNull('a.closed_at')
    .whereIn('p.school_id', schoolIds)
    .modify(ofPopulation);
  return countGroups(db, pairs);
}

const GROUPINGS = ['structure', 'class', 'level', 'mef'] as const;
const NUMBERS = '(SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4)';

/**
 * One statement, so that all tables tell of the same moment. The pairs are made distinct, hence put together once,
 * and only then repeated for each grouping. Labels are told apart to the letter: a group bears the one it was
 * counted by.
 */
async function countGroups(db: Database, pairs: Knex.QueryBuilder): Promise<CountRow[]> {
  const exact = (value: string, name: string) =>
    db.raw(`CONVERT(${value} USING utf8mb4) COLLATE utf8mb4_bin AS ??`, [name]);
  const distinct = pairs
    .distinct({
      school_id: 'p.school_id',
      degree: 's.degree',
      class_id: 'p.class_id',
      account_id: 'a.id',
      state: 'a.state',
      origin: 'a.origin',
    })
    .select(exact('COALESCE(p.level_label, p.level_code)', 'level'))
    .select(exact('COALESCE(p.mef_label, p.mef_code)', 'mef'));
  type Row = Omit<CountRow, 'groupedBy' | 'accounts'> & { n: number; accounts: unknown };
  const rows: Row[] = await db
    .from(distinct.as('r'))
    .joinRaw(`CROSS JOIN ${NUMBERS} d`)
    // Only the second degree knows MEF.
    .where((either) => either.where('d.n', '<', 4).orWhere('r.degree', 2))
    .groupBy('schoolId', 'n', 'classId', 'label', 'state', 'origin')
    .select({ schoolId: 'r.school_id', n: 'd.n', state: 'r.state', origin: 'r.origin' })
    .select(db.raw('CASE WHEN d.n = 2 THEN r.class_id END AS classId'))
    .select(db.raw('CASE WHEN d.n = 3 THEN r.level WHEN d.n = 4 THEN r.mef END AS label'))
    .select(db.raw('COUNT(DISTINCT r.account_id) AS accounts'));
  return rows.map(({ n, accounts, ...row }) => ({
    ...row,
    groupedBy: GROUPINGS[n - 1] as CountRow['groupedBy'],
    accounts: Number(accounts),
  }));
}

/**
 * Pupils of the population of each school (X20), and those of them with a guardian whose account is « Activé »
 * by school.
 */
export async function countPupils(
  db: Database,
  schoolIds: readonly number[],
): Promise<Map<number, { inSchool: number; covered: number }>> {
  const covered = linkedPupils(db)
    .join('accounts as a', 'a.id', 'g.account_id')
    .where({ 'a.kind': 'guardian', 'a.state': 'activated' })
    .whereNull('a.closed_at')
    .whereIn('p.school_id', schoolIds)
    .distinct({ id: 'p.id' });
  const rows: { schoolId: number; inSchool: unknown; covered: unknown }[] = await db('pupils as p')
    .join('schools as s', 's.id', 'p.school_id')
    .leftJoin(covered.as('c'), 'c.id', 'p.id')
    .whereIn('p.school_id', schoolIds)
    .modify(ofPopulation)
    .groupBy('p.school_id')
    .select({ schoolId: 'p.school_id' })
    .count({ inSchool: 'p.id', covered: 'c.id' });
  return new Map(
    rows.map((row) => [row.schoolId, { inSchool: Number(row.inSchool), covered: Number(row.covered) }]),
  );
}

/** Labels of all classes of these schools, by id. */
export async function findClassLabels(
  db: Database,
  schoolIds: readonly number[],
): Promise<Map<number, string>> {
  const rows: { id: number; label: string }[] = await db('classes')
    .whereIn('school_id', schoolIds)
    .select('id', 'label');
  return new Map(rows.map(({ id, label }) => [id, label]));
}
