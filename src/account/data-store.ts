import type { Database } from '../deps.ts';

/** What the tables hold of one person, for « Télécharger mes données ». No secret is read: no hash, no sealed value, no token. */

/** More than anybody has; a longer list is cut, and the file says so. */
export const MOST_ROWS = 2000;

export type HeldRow = Record<string, string | number | Date | null>;

/** Dates of the account that nothing else reads. */
export async function findAccountDates(db: Database, accountId: number): Promise<HeldRow> {
  return db('accounts')
    .where({ id: accountId })
    .select(
      'created_at',
      'updated_at',
      'password_changed_at',
      'provisional_created_at',
      'forget_at',
      'language',
    )
    .first();
}

/** Accounts that were regrouped with this one. */
export async function findMerged(db: Database, ids: readonly number[]): Promise<HeldRow[]> {
  if (ids.length === 0) return [];
  return db('accounts').whereIn('id', ids).orderBy('closed_at').select('identifier', 'closed_at');
}

export async function findFranceConnect(db: Database, accountId: number): Promise<HeldRow | null> {
  return (
    (await db('account_franceconnect').where({ account_id: accountId }).first('issuer', 'linked_at')) ?? null
  );
}

/** What is kept of each key, but for the key itself. */
export async function findPasskeysHeld(db: Database, accountId: number): Promise<HeldRow[]> {
  return db('passkeys')
    .where({ account_id: accountId })
    .orderBy('id')
    .limit(MOST_ROWS)
    .select({ key_name: 'name' }, 'synced', 'created_at', 'last_used_at');
}

/** What the schools know of a guardian, a row a school register. */
export async function findReferences(db: Database, accountId: number): Promise<HeldRow[]> {
  return db('guardian_references')
    .where({ account_id: accountId })
    .orderBy('id')
    .limit(MOST_ROWS)
    .select(
      'academy_code',
      'degree',
      'title',
      'given_name',
      'family_name',
      'birth_name',
      'mobile',
      { mobile_as_written: 'mobile_raw' },
      'sms_consent',
      'email',
      'address',
      'postal_code',
      'town',
      'country',
      'created_at',
      'updated_at',
      'left_at',
    );
}

/** What the school knows of a pupil, for himself: to a guardian the dates that prove who he is are not given. */
export async function findOwnPupil(db: Database, accountId: number): Promise<HeldRow[]> {
  return db('pupils')
    .where({ account_id: accountId })
    .orderBy('id')
    .limit(MOST_ROWS)
    .select(
      'academy_code',
      'degree',
      'ine',
      'given_name',
      'family_name',
      'birth_date',
      { level: 'level_label' },
      'mef_label',
      'created_at',
      'updated_at',
      'left_at',
    );
}

/** Children whom he has said not to be his. */
export async function findReports(db: Database, accountId: number): Promise<HeldRow[]> {
  return db('wrong_attachments as w')
    .join('pupils as p', 'p.id', 'w.pupil_id')
    .where({ 'w.account_id': accountId })
    .orderBy('w.reported_at')
    .limit(MOST_ROWS)
    .select('p.given_name', 'p.family_name', 'w.state', 'w.reported_at', 'w.closed_at');
}

/** Checks that failed on the way in, kept for thirty days for the school that helps. */
export async function findFailedChecks(db: Database, accountId: number): Promise<HeldRow[]> {
  return db('failed_checks')
    .where({ account_id: accountId })
    .orderBy('at')
    .limit(MOST_ROWS)
    .select('at', 'way', 'failed');
}

/** Messages about this very account to its address, which others of the family may share; their words are not kept. */
export async function findMessages(
  db: Database,
  { id, email }: { id: number; email: string | null },
): Promise<HeldRow[]> {
  if (email === null) return [];
  return db('outbox_messages')
    .where({ recipient: email, concern_accounts: String(id) })
    .orderBy('id', 'desc')
    .limit(MOST_ROWS)
    .select('created_at', 'channel', { subject: 'template' }, 'state');
}

/** Links that were mailed and are still good. */
export async function findPendingLinks(db: Database, accountId: number, now: Date): Promise<HeldRow[]> {
  return db('mail_links')
    .where({ account_id: accountId })
    .whereNull('consumed_at')
    .whereNull('revoked_at')
    .where('expires_at', '>', now)
    .orderBy('created_at')
    .limit(MOST_ROWS)
    .select('purpose', { sent_to: 'email' }, 'created_at', 'expires_at');
}
