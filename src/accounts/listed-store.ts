import type { Knex } from 'knex';
import { anywhere } from '../directory/search-words.ts';
import type { GuardianFilters, GuardianSort } from './guardian-filters.ts';

/** What the lists of guardians and of pupils share. Tables: a accounts, p pupils, s schools. */

/** Every criterion but the words, which each list looks for in names of its own. @param hasEmail SQL that says so */
export function filterAccounts(rows: Knex.QueryBuilder, filters: GuardianFilters, hasEmail: string): void {
  const { classIds, mefCodes, states, origins, email, providedBefore } = filters;
  if (classIds.length > 0) rows.whereIn('p.class_id', classIds);
  if (mefCodes.length > 0) rows.whereIn('p.mef_code', mefCodes);
  if (states.length > 0) rows.whereIn('a.state', states);
  if (origins.length > 0) rows.whereIn('a.origin', origins);
  if (email !== null) rows.whereRaw(email === 'with' ? hasEmail : `NOT ${hasEmail}`);
  if (providedBefore !== null)
    rows
      .where('a.password_kind', 'provisional')
      .where('a.provisional_created_at', '<=', providedBefore)
      .where((either) =>
        either.whereNull('a.distributed_at').orWhere('a.distributed_at', '<=', providedBefore),
      );
  if (filters.withoutSettled) rows.modify(unsettled);
}

/** Of the 2nd degree only those for whom something may be done. */
export function unsettled(query: Knex.QueryBuilder): void {
  query.where((either) =>
    either.where('s.degree', 1).orWhereNotIn('a.origin', ['franceconnect', 'guardian']),
  );
}

/** All the words are in the name, whatever their order; also where the name is written in two and the word is not. */
export function haveWords(query: Knex.QueryBuilder, column: string, words: readonly string[][]): void {
  for (const spellings of words)
    query.where((any) => {
      for (const spelling of spellings)
        any
          .orWhere(column, 'like', anywhere(spelling))
          .orWhereRaw("REPLACE(??, ' ', '') LIKE ?", [column, anywhere(spelling)]);
    });
}

/** What a row of a list shows of pupil, class and account. Tables: p pupils, c classes, a accounts. */
export const LISTED_COLUMNS = {
  pupilId: 'p.id',
  pupilFamilyName: 'p.family_name',
  pupilGivenName: 'p.given_name',
  classLabel: 'c.label',
  accountId: 'a.id',
  publicId: 'a.public_id',
  familyName: 'a.family_name',
  givenName: 'a.given_name',
  identifier: 'a.identifier',
  origin: 'a.origin',
  state: 'a.state',
  distributedAt: 'a.distributed_at',
  lastLoginAt: 'a.last_login_at',
} as const;

/** What columns sort by; states in the order of an account's life, origins in that of their labels. */
export const ACCOUNT_SORTS = {
  class: 'c.label',
  mef: 'p.mef_label',
  identifier: 'a.identifier',
  origin: "FIELD(a.origin, 'school', 'franceconnect', 'none', 'guardian')",
  state: "FIELD(a.state, 'not_notified', 'notified', 'activating', 'activated')",
  distributed: 'a.distributed_at',
  login: 'a.last_login_at',
} as const satisfies Partial<Record<GuardianSort, string>>;
