import type { Knex } from 'knex';

/**
 * Distributions as the school sees them (sections L, M and O): what was asked, what became of each account, the
 * letters while they are being made, and addresses that mail servers refuse.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  for (const statement of BACK) await db.raw(statement);
}

const STATEMENTS = [
  // The address that was refused stays beside the date: another address is not bad.
  `ALTER TABLE accounts
    ADD COLUMN bounced_email VARCHAR(254) ${TEXT} NULL,
    ADD COLUMN email_bounced_at DATETIME(3) NULL`,

  // form_key: of the page that was confirmed, so that pressing twice is one distribution.
  'ALTER TABLE notification_batches DROP CONSTRAINT notification_batches_channel',
  `ALTER TABLE notification_batches
    ADD COLUMN public_id CHAR(22) ${ASCII} NULL,
    ADD COLUMN form_key CHAR(43) ${ASCII} NULL,
    ADD COLUMN with_reset TINYINT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN single_account TINYINT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN pdf_state VARCHAR(8) ${ASCII} NOT NULL DEFAULT 'none',
    ADD COLUMN pdf_done INT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN pdf_attempts INT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN pdf_due_at DATETIME(3) NULL,
    ADD COLUMN pdf_made_at DATETIME(3) NULL,
    ADD COLUMN pdf_digest CHAR(43) ${ASCII} NULL`,
  "UPDATE notification_batches SET public_id = LPAD(id, 22, '0')",
  `ALTER TABLE notification_batches
    MODIFY public_id CHAR(22) ${ASCII} NOT NULL,
    ADD UNIQUE KEY notification_batches_public_id (public_id),
    ADD UNIQUE KEY notification_batches_form (school_id, form_key),
    ADD KEY notification_batches_pdf (pdf_state, pdf_due_at),
    ADD CONSTRAINT notification_batches_channel CHECK (channel IN ('sheet', 'email', 'reset')),
    ADD CONSTRAINT notification_batches_pdf_state CHECK (pdf_state IN ('none', 'waiting', 'making', 'ready', 'failed'))`,

  // message NULL: not distributed. message_id: of the last mail; what became of it outlives the outbox's row.
  `ALTER TABLE notification_results
    MODIFY message CHAR(3) ${ASCII} NULL,
    ADD COLUMN outcome VARCHAR(12) ${ASCII} NOT NULL DEFAULT 'distributed',
    ADD COLUMN reset VARCHAR(12) ${ASCII} NULL,
    ADD COLUMN delivery VARCHAR(8) ${ASCII} NULL,
    ADD COLUMN tries TINYINT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN message_id VARCHAR(200) ${ASCII} NULL,
    ADD UNIQUE KEY notification_results_message_id (message_id),
    ADD CONSTRAINT notification_results_outcome CHECK (
      outcome IN ('distributed', 'reset', 'no-address', 'bad-address', 'frozen', 'kept')),
    ADD CONSTRAINT notification_results_reset CHECK (reset IN ('done', 'not-notified', 'no-password')),
    ADD CONSTRAINT notification_results_delivery CHECK (
      delivery IN ('waiting', 'sent', 'failed', 'bounced', 'replaced'))`,

  // The letters of a long distribution, sealed, in parts; forgotten within a day (G04).
  `CREATE TABLE letter_parts (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    batch_id BIGINT UNSIGNED NOT NULL,
    part INT UNSIGNED NOT NULL,
    content_sealed MEDIUMTEXT ${ASCII} NOT NULL,
    made_at DATETIME(3) NOT NULL,
    UNIQUE KEY letter_parts_part (batch_id, part),
    KEY letter_parts_made (made_at),
    CONSTRAINT letter_parts_batch FOREIGN KEY (batch_id) REFERENCES notification_batches (id)
  ) ${TABLE}`,
];

const BACK = [
  'DROP TABLE IF EXISTS letter_parts',
  'DELETE FROM notification_results WHERE message IS NULL',
  `DELETE r FROM notification_results r JOIN notification_batches b ON b.id = r.batch_id WHERE b.channel = 'reset'`,
  `ALTER TABLE notification_results
    DROP CONSTRAINT notification_results_outcome,
    DROP CONSTRAINT notification_results_reset,
    DROP CONSTRAINT notification_results_delivery,
    DROP KEY notification_results_message_id,
    DROP COLUMN outcome, DROP COLUMN reset, DROP COLUMN delivery, DROP COLUMN tries, DROP COLUMN message_id,
    MODIFY message CHAR(3) ${ASCII} NOT NULL`,
  "DELETE FROM notification_batches WHERE channel = 'reset'",
  'ALTER TABLE notification_batches DROP CONSTRAINT notification_batches_channel, DROP CONSTRAINT notification_batches_pdf_state',
  `ALTER TABLE notification_batches
    DROP KEY notification_batches_public_id,
    DROP KEY notification_batches_form,
    DROP KEY notification_batches_pdf,
    DROP COLUMN public_id, DROP COLUMN form_key, DROP COLUMN with_reset, DROP COLUMN single_account,
    DROP COLUMN pdf_state, DROP COLUMN pdf_done, DROP COLUMN pdf_attempts, DROP COLUMN pdf_due_at,
    DROP COLUMN pdf_made_at, DROP COLUMN pdf_digest,
    ADD CONSTRAINT notification_batches_channel CHECK (channel IN ('sheet', 'email'))`,
  'ALTER TABLE accounts DROP COLUMN bounced_email, DROP COLUMN email_bounced_at',
];
