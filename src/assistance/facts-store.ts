import type { Database } from '../deps.ts';
import { withWrongAttachments } from '../directory/store.ts';
import { BEHIND_ONE_NUMBER, type Candidate, candidates } from '../enrolment/matching-store.ts';
import type { FailedChecks, GuardianFacts, PupilFacts } from './types.ts';

/** What the diagnosis looks at, of any number of accounts with the same statements. */

export type AccountRow = Omit<GuardianFacts['account'], 'emailRefusedAt'> & {
  /** Which address mail servers refuse, and since when. */
  bouncedEmail: string | null;
  emailBouncedAt: Date | null;
  emailVerifiedAt: Date | null;
};

export async function findAccounts(db: Database, ids: readonly number[]): Promise<AccountRow[]> {
  return db('accounts as a')
    .leftJoin('account_franceconnect as f', 'f.account_id', 'a.id')
    .whereIn('a.id', [...ids])
    .whereNull('a.closed_at')
    .select({
      id: 'a.id',
      publicId: 'a.public_id',
      identifier: 'a.identifier',
      givenName: 'a.given_name',
      familyName: 'a.family_name',
      state: 'a.state',
      email: 'a.email',
      passwordKind: 'a.password_kind',
      provisionalCreatedAt: 'a.provisional_created_at',
      distributedAt: 'a.distributed_at',
      activatedAt: 'a.activated_at',
      lastLoginAt: 'a.last_login_at',
      frozenAt: 'a.frozen_at',
      franceConnectSince: 'f.linked_at',
      bouncedEmail: 'a.bounced_email',
      emailBouncedAt: 'a.email_bounced_at',
      emailVerifiedAt: 'a.email_verified_at',
    });
}

export type ReferenceRow = Omit<GuardianFacts['references'][number], 'sharedWith' | 'ambiguous'> & {
  accountId: number;
};

/** Records that are in the directory. */
export async function findReferences(db: Database, accountIds: readonly number[]): Promise<ReferenceRow[]> {
  return db('guardian_references as g')
    .whereIn('g.account_id', [...accountIds])
    .whereNull('g.left_at')
    .orderBy('g.id')
    .select({
      id: 'g.id',
      accountId: 'g.account_id',
      degree: 'g.degree',
      givenName: 'g.given_name',
      familyName: 'g.family_name',
      birthName: 'g.birth_name',
      mobile: 'g.mobile',
      mobileRaw: 'g.mobile_raw',
      email: 'g.email',
      namesChangedAt: db.raw('COALESCE(g.names_changed_at, g.created_at)'),
      mobileChangedAt: db.raw('COALESCE(g.mobile_changed_at, g.created_at)'),
    });
}

export type PupilRow = PupilFacts & { accountId: number; endedAt: Date | null };

/** Children by living links, also those whom the guardian disowns; and the links that have ended, with `endedAt`. */
export async function findPupils(db: Database, accountIds: readonly number[]): Promise<PupilRow[]> {
  const rows: PupilRow[] = await db('guardian_references as g')
    .join('legal_links as l', 'l.guardian_reference_id', 'g.id')
    .join('pupils as p', 'p.id', 'l.pupil_id')
    .join('schools as s', 's.id', 'p.school_id')
    .modify(withWrongAttachments, 'l')
    .whereIn('g.account_id', [...accountIds])
    .whereNull('g.left_at')
    .orderBy([{ column: 'p.birth_date' }, { column: 'p.id' }, { column: 'g.id' }])
    .select({
      accountId: 'g.account_id',
      id: 'p.id',
      referenceId: 'g.id',
      givenName: 'p.given_name',
      familyName: 'p.family_name',
      degree: 'p.degree',
      schoolId: 'p.school_id',
      school: db.raw("CONCAT(s.uai, ' - ', s.name)"),
      hasIne: db.raw('p.ine IS NOT NULL'),
      hasBirthDate: db.raw('p.birth_date IS NOT NULL'),
      hasClass: db.raw('p.class_id IS NOT NULL'),
      ineChangedAt: 'p.ine_changed_at',
      birthDateChangedAt: 'p.birth_date_changed_at',
      linkedAt: 'l.created_at',
      endedAt: db.raw('COALESCE(l.ended_at, p.left_at)'),
      disowned: db.raw('w.state IS NOT NULL'),
      ruledOut: db.raw("w.outcome <=> 'removed'"),
    });
  return rows.map((row) => ({
    ...row,
    hasIne: Boolean(row.hasIne),
    hasBirthDate: Boolean(row.hasBirthDate),
    hasClass: Boolean(row.hasClass),
    disowned: Boolean(row.disowned),
    ruledOut: Boolean(row.ruledOut),
  }));
}

/** What failed since then, of each kind how often and when last. */
export async function countFailedChecks(
  db: Database,
  accountIds: readonly number[],
  since: Date,
): Promise<(FailedChecks & { accountId: number })[]> {
  const rows: (FailedChecks & { accountId: number })[] = await db('failed_checks')
    .whereIn('account_id', [...accountIds])
    .where('at', '>', since)
    .groupBy('account_id', 'way', 'failed')
    .select({ accountId: 'account_id', way: 'way', failed: 'failed' })
    .count({ times: '*' })
    .max({ lastAt: 'at' });
  return rows.map((row) => ({ ...row, times: Number(row.times) }));
}

/** The last link of mail C07 of each account that has not been used. */
export async function findActivationLinks(
  db: Database,
  accountIds: readonly number[],
): Promise<{ accountId: number; sentAt: Date; expiresAt: Date }[]> {
  const rows: { accountId: number; sentAt: Date; expiresAt: Date }[] = await db('mail_links')
    .whereIn('account_id', [...accountIds])
    .where({ purpose: 'activate' })
    .whereNull('consumed_at')
    .whereNull('revoked_at')
    .groupBy('account_id')
    .select({ accountId: 'account_id' })
    .max({ sentAt: 'created_at', expiresAt: 'expires_at' });
  return rows;
}

/** Everybody of the directory behind these numbers, in one statement. @param mobiles E.164; few: those of a page */
export async function findSharers(db: Database, mobiles: readonly string[]): Promise<Candidate[]> {
  const behind = mobiles.map((mobile) => candidates(db).where('g.mobile', mobile).limit(BEHIND_ONE_NUMBER));
  return behind.length === 0 ? [] : db.unionAll(behind, true);
}

/** The export that the data of a school are of; null: none was taken. */
export async function findDataDates(
  db: Database,
  schoolId: number,
): Promise<{ degree: 1 | 2; exportedOn: string | null; takenAt: Date | null } | null> {
  const row = await db('schools as s')
    .leftJoin('import_feeds as f', (join) =>
      join.on('f.academy_code', 's.academy_code').andOn('f.degree', 's.degree'),
    )
    .leftJoin('import_runs as r', 'r.id', 'f.run_id')
    .where('s.id', schoolId)
    .first({ degree: 's.degree', exportedOn: 'f.exported_on', takenAt: 'r.finished_at' });
  return row ?? null;
}
