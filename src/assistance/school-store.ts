import type { Knex } from 'knex';
import type { Account } from '../accounts/types.ts';
import type { Database } from '../deps.ts';
import { recordedPupils, withWrongAttachments } from '../directory/store.ts';

/** Statements about all the guardians of one school; none reads another school's pupils but to count ways in. */

/** The accounts of a school's guardians, as its list means them. Column: id. */
function members(db: Database, schoolId: number): Knex.QueryBuilder {
  return recordedPupils(db)
    .where('p.school_id', schoolId)
    .whereNotNull('g.account_id')
    .distinct({ id: 'g.account_id' });
}

/** What tells whether somebody gets in, without why. */
export type Standing = Pick<
  Account,
  | 'id'
  | 'state'
  | 'passwordKind'
  | 'distributedAt'
  | 'provisionalCreatedAt'
  | 'frozenAt'
  | 'familyName'
  | 'givenName'
> & {
  activatedAt: Date | null;
  lastLoginAt: Date | null;
  lastFailedAt: Date | null;
  linked: boolean;
  child: boolean;
  dated: boolean;
  /** A record with a mobile to which codes leave leads to a child who can be proved. */
  provable: boolean;
};

const OF_ACCOUNT = {
  id: 'a.id',
  state: 'a.state',
  passwordKind: 'a.password_kind',
  distributedAt: 'a.distributed_at',
  provisionalCreatedAt: 'a.provisional_created_at',
  frozenAt: 'a.frozen_at',
  familyName: 'a.family_name',
  givenName: 'a.given_name',
  activatedAt: 'a.activated_at',
  lastLoginAt: 'a.last_login_at',
};

/**
 * Where each guardian of a school stands who is not yet through, or for whom a check has failed since then.
 * @param prefixes of the mobiles to which codes leave
 */
export async function findStandings(
  db: Database,
  schoolId: number,
  { since, prefixes }: { since: Date; prefixes: readonly string[] },
): Promise<Standing[]> {
  const served = prefixes.length === 0 ? '0' : prefixes.map(() => 'r.mobile LIKE ?').join(' OR ');
  const mine = 'c.id IS NOT NULL AND w.state IS NULL';
  const rows = await db(members(db, schoolId).as('m'))
    .join('accounts as a', 'a.id', 'm.id')
    .leftJoin('account_franceconnect as f', 'f.account_id', 'a.id')
    .leftJoin('guardian_references as r', (join) => join.on('r.account_id', 'a.id').andOnNull('r.left_at'))
    .leftJoin('legal_links as k', (join) =>
      join.on('k.guardian_reference_id', 'r.id').andOnNull('k.ended_at'),
    )
    .leftJoin('pupils as c', (join) =>
      join.on('c.id', 'k.pupil_id').andOnNull('c.left_at').andOnNotNull('c.school_id'),
    )
    .modify(withWrongAttachments, 'k')
    .whereNull('a.closed_at')
    .where((either) =>
      either
        .where('a.state', '<>', 'activated')
        .orWhereNotNull('a.frozen_at')
        .orWhere('a.password_kind', 'provisional')
        .orWhereExists(
          db('failed_checks as x')
            .select(db.raw('1'))
            .whereRaw('x.account_id = a.id')
            .where('x.at', '>', since),
        ),
    )
    .groupBy(Object.values(OF_ACCOUNT))
    .select({
      ...OF_ACCOUNT,
      linked: db.raw('MAX(f.account_id IS NOT NULL)'),
      child: db.raw(`MAX(${mine})`),
      dated: db.raw(`MAX(${mine} AND c.birth_date IS NOT NULL)`),
      provable: db.raw(
        `COALESCE(MAX(${mine} AND c.birth_date IS NOT NULL AND c.ine IS NOT NULL AND (${served})), 0)`,
        prefixes.map((prefix) => `${prefix}%`),
      ),
      lastFailedAt: db('failed_checks as y')
        .max('y.at')
        .whereRaw('y.account_id = a.id')
        .where('y.at', '>', since),
    });
  const flags = ['linked', 'child', 'dated', 'provable'] as const;
  return rows.map((row) => ({
    ...row,
    ...Object.fromEntries(flags.map((flag) => [flag, Number(row[flag]) === 1])),
  })) as Standing[];
}

export type Candidate = Pick<
  Account,
  | 'id'
  | 'publicId'
  | 'identifier'
  | 'familyName'
  | 'givenName'
  | 'email'
  | 'state'
  | 'passwordKind'
  | 'distributedAt'
  | 'provisionalCreatedAt'
>;

/** Guardians of a school who were notified and are not « Activé » yet: whom a relaunch is for. */
export async function findUnfinished(db: Database, schoolId: number): Promise<Candidate[]> {
  return db(members(db, schoolId).as('m'))
    .join('accounts as a', 'a.id', 'm.id')
    .whereNull('a.closed_at')
    .whereIn('a.state', ['notified', 'activating'])
    .select({
      id: 'a.id',
      publicId: 'a.public_id',
      identifier: 'a.identifier',
      familyName: 'a.family_name',
      givenName: 'a.given_name',
      email: 'a.email',
      state: 'a.state',
      passwordKind: 'a.password_kind',
      distributedAt: 'a.distributed_at',
      provisionalCreatedAt: 'a.provisional_created_at',
    });
}

/** What waits where, for the links to it: two counts in one statement. */
export async function countWaiting(
  db: Database,
  schoolId: number,
  since: Date,
): Promise<{ attachments: number; failed: number }> {
  const row = await db
    .select({
      attachments: db('pupils as p')
        .join('wrong_attachments as w', 'w.pupil_id', 'p.id')
        .where({ 'p.school_id': schoolId, 'w.state': 'open' })
        .whereNull('p.left_at')
        .count('*'),
      failed: db(members(db, schoolId).as('m'))
        .join('accounts as a', 'a.id', 'm.id')
        .whereNull('a.closed_at')
        .whereExists(
          db('failed_checks as x')
            .select(db.raw('1'))
            .whereRaw('x.account_id = a.id')
            .whereRaw(
              "x.at > COALESCE(GREATEST(COALESCE(a.activated_at, a.last_login_at), COALESCE(a.last_login_at, a.activated_at)), '1970-01-01')",
            )
            .where('x.at', '>', since),
        )
        .count('*'),
    })
    .first();
  return { attachments: Number(row?.attachments ?? 0), failed: Number(row?.failed ?? 0) };
}
