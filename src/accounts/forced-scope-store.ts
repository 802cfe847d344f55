import type { Knex } from 'knex';
import type { Database, Transaction } from '../deps.ts';
import { recordedPupils } from '../directory/store.ts';
import type { AccountKind, AccountState } from './types.ts';

/** Which accounts a forced change is about. What is null or empty leaves nobody out. */
export type ForcedCriteria = {
  /** Internal ids of schools. */
  schools: readonly number[] | null;
  academy: string | null;
  kind: AccountKind | null;
  classIds: readonly number[];
  /** Of these only those with a password of their own. */
  states: readonly AccountState[];
  /** Who has changed his password since then is left out. */
  changedBefore: Date | null;
};

/** Why an account is left out, or that it is not. */
export type ForcedStanding =
  | 'concerned'
  | 'no-password'
  | 'provisional'
  | 'not-activated'
  | 'marked'
  | 'changed-since';

/** `concerned` is what `mayBeMarked` lets through. */
const standing = (db: Database, { states, changedBefore }: ForcedCriteria) =>
  db.raw(
    `CASE WHEN a.state = 'activated' AND a.password_kind = 'none' THEN 'no-password'
       WHEN a.state = 'activated' AND a.password_kind = 'provisional' THEN 'provisional'
       WHEN a.state NOT IN (${states.map(() => '?').join(', ')}) OR a.password_kind <> 'personal' THEN 'not-activated'
       WHEN a.must_change_since IS NOT NULL THEN 'marked'
       WHEN a.password_changed_at >= ? THEN 'changed-since'
       ELSE 'concerned' END AS standing`,
    [...states, changedBefore] as string[],
  );

function mayBeMarked(query: Knex.QueryBuilder, { kind, states, changedBefore }: ForcedCriteria): void {
  query
    .whereNull('a.closed_at')
    .where('a.password_kind', 'personal')
    .whereIn('a.state', [...states])
    .whereNull('a.must_change_since');
  if (kind !== null) query.where('a.kind', kind);
  if (changedBefore !== null)
    query.where((either) =>
      either.whereNull('a.password_changed_at').orWhere('a.password_changed_at', '<', changedBefore),
    );
}

/** Ids of the accounts of the schools' pupils and of their guardians, each once. @param among only of these */
function ofSchools(db: Database, criteria: ForcedCriteria, among?: readonly number[]): Knex.QueryBuilder {
  const { schools, academy, classIds, kind } = criteria;
  const within = (query: Knex.QueryBuilder, account: string) => {
    query.whereNotNull(account).select({ id: account });
    if (schools !== null) query.whereIn('p.school_id', [...schools]);
    if (academy !== null) query.where('s.academy_code', academy);
    if (classIds.length > 0) query.whereIn('p.class_id', [...classIds]);
    if (among !== undefined) query.whereIn(account, [...among]);
    return query;
  };
  const guardians = within(recordedPupils(db), 'g.account_id');
  const pupils = within(
    db('pupils as p').join('schools as s', 's.id', 'p.school_id').whereNull('p.left_at'),
    'p.account_id',
  );
  if (kind === 'guardian') return guardians.distinct();
  return kind === 'pupil' ? pupils : guardians.union([pupils]);
}

const everywhere = ({ schools, academy }: ForcedCriteria) => schools === null && academy === null;

/** How many open accounts there are of each standing. One statement. */
export async function countStandings(
  db: Database,
  criteria: ForcedCriteria,
): Promise<Record<ForcedStanding, number>> {
  const accounts = everywhere(criteria)
    ? db('accounts as a')
    : db(ofSchools(db, criteria).as('c')).join('accounts as a', 'a.id', 'c.id');
  if (criteria.kind !== null) accounts.where('a.kind', criteria.kind);
  const rows: { standing: ForcedStanding; count: unknown }[] = await accounts
    .whereNull('a.closed_at')
    .select(standing(db, criteria))
    .groupBy('standing')
    .count({ count: '*' });
  const none = {
    concerned: 0,
    'no-password': 0,
    provisional: 0,
    'not-activated': 0,
    marked: 0,
    'changed-since': 0,
  };
  return { ...none, ...Object.fromEntries(rows.map((row) => [row.standing, Number(row.count)])) };
}

/** Up to so many schools their accounts are looked for from the schools; of more, all accounts are gone through. */
const FEW_SCHOOLS = 50;

/**
 * The next accounts that may be marked, in the order of their ids, not locked.
 * @returns `last`: where to go on; null: there are no more
 */
export async function findToMark(
  db: Database,
  criteria: ForcedCriteria,
  { after, limit }: { after: number; limit: number },
): Promise<{ ids: number[]; last: number | null }> {
  const few = criteria.schools !== null && criteria.schools.length <= FEW_SCHOOLS;
  const accounts = few
    ? db(ofSchools(db, criteria).as('c')).join('accounts as a', 'a.id', 'c.id')
    : db('accounts as a');
  const ids: number[] = await accounts
    .where('a.id', '>', after)
    .modify(mayBeMarked, criteria)
    .orderBy('a.id')
    .limit(limit)
    .pluck('a.id');
  const last = ids.length < limit ? null : (ids.at(-1) ?? null);
  if (few || everywhere(criteria) || ids.length === 0) return { ids, last };
  const own: number[] = await db(ofSchools(db, criteria, ids).as('c'))
    .orderBy('c.id')
    .pluck('c.id');
  return { ids: own, last };
}

/** Those of these that may still be marked, locked in the order of their ids. */
export async function lockToMark(
  trx: Transaction,
  criteria: ForcedCriteria,
  ids: readonly number[],
): Promise<{ id: number; publicId: string; credentialsVersion: number }[]> {
  if (ids.length === 0) return [];
  return trx('accounts as a')
    .whereIn('a.id', [...ids])
    .modify(mayBeMarked, criteria)
    .orderBy('a.id')
    .select({ id: 'a.id', publicId: 'a.public_id', credentialsVersion: 'a.credentials_version' })
    .forUpdate();
}
