import type { Database, Transaction } from '../deps.ts';
import { endMarks } from './forced-marks-store.ts';

/**
 * Where an account's rows are, by its internal id: all of it goes. Whoever adds a table that names an account adds it
 * here (a test walks the database's foreign keys).
 */
export const DELETED_WITH_ACCOUNT: readonly { table: string; column: string }[] = [
  { table: 'account_franceconnect', column: 'account_id' },
  { table: 'passkeys', column: 'account_id' },
  { table: 'passkey_offers', column: 'account_id' },
  { table: 'mail_links', column: 'account_id' },
  { table: 'first_connections', column: 'account_id' },
  { table: 'enrolments', column: 'account_id' },
  { table: 'recovery_accounts', column: 'account_id' },
  { table: 'failed_checks', column: 'account_id' },
  { table: 'regroup_proofs', column: 'account_id' },
  { table: 'regroup_proofs', column: 'other_account_id' },
  // An erased account is not taken back out of another.
  { table: 'regrouped_references', column: 'merged_account_id' },
  { table: 'regroupings', column: 'merged_account_id' },
  { table: 'regroupings', column: 'survivor_account_id' },
  { table: 'child_passwords', column: 'account_id' },
  { table: 'child_passwords', column: 'guardian_account_id' },
];

/** By its public id. Dead already: the account is closed and its credentials are others. */
export const DEAD_WITH_ACCOUNT = ['account_sessions', 'oidc_sessions', 'oidc_grants'] as const;

/** What stays says who did what to which number, and nothing of who that was. */
export async function eraseRows(trx: Transaction, ids: number[], now: Date): Promise<void> {
  await blankRecipients(trx, ids);
  for (const { table, column } of DELETED_WITH_ACCOUNT) await trx(table).whereIn(column, ids).delete();
  await trx('wrong_attachments').whereIn('account_id', ids).update({ account_id: null });
  await endMarks(trx, ids, 'removed', now);
  await trx('notification_results').whereIn('account_id', ids).update({ message_id: null });
  await trx('audit_events')
    .whereIn('account_id', ids)
    .where('actor_kind', 'person')
    .update({ actor: null, ip: null, request_id: null });
  await detachRecords(trx, ids, now);
  await trx.raw(`UPDATE accounts SET ${TOMBSTONE} WHERE id IN (?)`, [now, now, now, now, ids]);
}

/** Columns that a tombstone keeps as they were. */
export const KEPT_COLUMNS = ['id', 'public_id', 'kind'];

/** `*` begins no identifier that is ever given or typed; the series of identifiers remembers the number. */
const TOMBSTONE = `identifier = CONCAT('*', id), state = 'not_notified', origin = 'none', given_name = '',
  family_name = '', email = NULL, email_verified_at = NULL, school_email = NULL, bounced_email = NULL,
  email_bounced_at = NULL, password_kind = 'none', password_hash = NULL, password_changed_at = NULL,
  provisional_sealed = NULL, provisional_created_at = NULL, distributed_at = NULL, activated_at = NULL,
  last_login_at = NULL, frozen_at = NULL, forget_at = NULL, language = NULL, must_change_since = NULL, merged_into = NULL,
  credentials_version = credentials_version + 1, closed_at = ?, erased_at = ?, created_at = ?, updated_at = ?`;

/**
 * The directory is the school's and stays. Its records lose the account and are looked at anew by the next import,
 * which gives those who have a right to one an account that has nothing of the old one.
 */
async function detachRecords(trx: Transaction, ids: number[], now: Date): Promise<void> {
  await trx.raw(
    `UPDATE pupils p JOIN legal_links l ON l.pupil_id = p.id AND l.ended_at IS NULL
     JOIN guardian_references g ON g.id = l.guardian_reference_id
     SET p.links_digest = NULL WHERE g.account_id IN (?)`,
    [ids],
  );
  await trx('pupils')
    .whereIn('account_id', ids)
    .update({ account_id: null, links_digest: null, record_digest: null, updated_at: now });
  await trx('guardian_references')
    .whereIn('account_id', ids)
    .update({ account_id: null, record_digest: null, updated_at: now });
}

/** Messages that have left or never will; those that wait go to whom they were meant for. */
async function blankRecipients(trx: Transaction, ids: number[]): Promise<void> {
  const [rows] = await trx.raw(
    `SELECT email AS r FROM accounts WHERE id IN (?) UNION SELECT school_email FROM accounts WHERE id IN (?)
     UNION SELECT bounced_email FROM accounts WHERE id IN (?)
     UNION SELECT email FROM mail_links WHERE account_id IN (?)
     UNION SELECT email FROM guardian_references WHERE account_id IN (?)
     UNION SELECT mobile FROM guardian_references WHERE account_id IN (?)`,
    [ids, ids, ids, ids, ids, ids],
  );
  const recipients = rows.flatMap(({ r }: { r: string | null }) => (r ? [r] : []));
  if (recipients.length === 0) return;
  await trx('outbox_messages')
    .whereIn('recipient', recipients)
    .whereIn('state', ['sent', 'failed', 'unsure'])
    .update({ recipient: '' });
}

/** In statements of their own: sign-ins lock these rows first and the account's last. */
export async function eraseSessions(db: Database, publicIds: readonly string[]): Promise<void> {
  for (const table of DEAD_WITH_ACCOUNT) await db(table).whereIn('account_id', publicIds).delete();
}
