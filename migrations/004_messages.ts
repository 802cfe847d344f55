import type { Knex } from 'knex';

/**
 * Outgoing messages and distributions (sections L and M, security.md 1.9).
 * A message's subject and bodies are sealed and live only until it has left or failed for good.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  for (const table of ['notification_results', 'notification_batches', 'outbox_messages']) {
    await db.schema.dropTableIfExists(table);
  }
}

const STATEMENTS = [
  `CREATE TABLE outbox_messages (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    unique_key VARCHAR(100) ${ASCII} NOT NULL,
    channel VARCHAR(8) ${ASCII} NOT NULL,
    template VARCHAR(40) ${ASCII} NOT NULL,
    recipient VARCHAR(254) ${TEXT} NOT NULL,
    content_sealed MEDIUMTEXT ${ASCII} NULL,
    message_id VARCHAR(200) ${ASCII} NOT NULL,
    state VARCHAR(8) ${ASCII} NOT NULL,
    attempts INT UNSIGNED NOT NULL DEFAULT 0,
    due_at DATETIME(3) NOT NULL,
    give_up_at DATETIME(3) NOT NULL,
    last_error VARCHAR(200) ${TEXT} NULL,
    created_at DATETIME(3) NOT NULL,
    sent_at DATETIME(3) NULL,
    UNIQUE KEY outbox_messages_key (unique_key),
    UNIQUE KEY outbox_messages_message_id (message_id),
    KEY outbox_messages_due (channel, state, due_at),
    CONSTRAINT outbox_messages_channel CHECK (channel IN ('email', 'sms')),
    CONSTRAINT outbox_messages_state CHECK (
      (state IN ('waiting', 'sending') AND content_sealed IS NOT NULL AND sent_at IS NULL)
      OR (state = 'sent' AND content_sealed IS NULL AND sent_at IS NOT NULL)
      OR (state = 'failed' AND content_sealed IS NULL AND sent_at IS NULL))
  ) ${TABLE}`,

  `CREATE TABLE notification_batches (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    school_id INT UNSIGNED NOT NULL,
    channel VARCHAR(8) ${ASCII} NOT NULL,
    actor_kind VARCHAR(12) ${ASCII} NOT NULL,
    actor VARCHAR(120) ${TEXT} NULL,
    created_at DATETIME(3) NOT NULL,
    KEY notification_batches_school (school_id, created_at),
    CONSTRAINT notification_batches_school_fk FOREIGN KEY (school_id) REFERENCES schools (id),
    CONSTRAINT notification_batches_channel CHECK (channel IN ('sheet', 'email'))
  ) ${TABLE}`,

  `CREATE TABLE notification_results (
    batch_id BIGINT UNSIGNED NOT NULL,
    account_id BIGINT UNSIGNED NOT NULL,
    message CHAR(3) ${ASCII} NOT NULL,
    PRIMARY KEY (batch_id, account_id),
    KEY notification_results_account (account_id),
    CONSTRAINT notification_results_batch FOREIGN KEY (batch_id) REFERENCES notification_batches (id),
    CONSTRAINT notification_results_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id)
  ) ${TABLE}`,
];
