import type { Knex } from 'knex';

/**
 * SMS in the outbox with what the carrier tells of their delivery, one living code a sign-in, and who was sent a code
 * when (security.md, decision 10: limits that slide).
 */

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  for (const statement of UNDO) await db.raw(statement);
}

const STATEMENTS = [
  // Codes live for minutes; at most one of a purpose in a sign-in.
  'DELETE FROM one_time_codes',
  `ALTER TABLE one_time_codes
    DROP KEY one_time_codes_binding,
    ADD COLUMN resend_at DATETIME(3) NOT NULL,
    ADD UNIQUE KEY one_time_codes_binding (binding_hash, purpose)`,

  // times: when a code was sent, in milliseconds since 1970, the oldest first, as a JSON array.
  `CREATE TABLE code_requests (
    request_key CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    times TEXT ${ASCII} NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY code_requests_expiry (expires_at)
  ) ${TABLE}`,

  // unsure: it may have left, and is never sent again; a report of its delivery settles it.
  'ALTER TABLE outbox_messages DROP CONSTRAINT outbox_messages_state',
  `ALTER TABLE outbox_messages
    ADD COLUMN carrier_sid VARCHAR(40) ${ASCII} NULL,
    ADD COLUMN delivery VARCHAR(12) ${ASCII} NULL,
    ADD COLUMN delivery_code VARCHAR(10) ${ASCII} NULL,
    ADD COLUMN forget_at DATETIME(3) NULL,
    ADD COLUMN concern_way VARCHAR(14) ${ASCII} NULL,
    ADD COLUMN concern_accounts VARCHAR(120) ${ASCII} NULL,
    ADD KEY outbox_messages_forget (forget_at),
    ADD CONSTRAINT outbox_messages_state CHECK (
      (state IN ('waiting', 'sending') AND content_sealed IS NOT NULL AND sent_at IS NULL)
      OR (state = 'sent' AND content_sealed IS NULL AND sent_at IS NOT NULL)
      OR (state IN ('failed', 'unsure') AND content_sealed IS NULL AND sent_at IS NULL))`,
];

const UNDO = [
  "UPDATE outbox_messages SET state = 'failed' WHERE state = 'unsure'",
  'ALTER TABLE outbox_messages DROP CONSTRAINT outbox_messages_state',
  `ALTER TABLE outbox_messages
    DROP KEY outbox_messages_forget,
    DROP COLUMN carrier_sid,
    DROP COLUMN delivery,
    DROP COLUMN delivery_code,
    DROP COLUMN forget_at,
    DROP COLUMN concern_way,
    DROP COLUMN concern_accounts,
    ADD CONSTRAINT outbox_messages_state CHECK (
      (state IN ('waiting', 'sending') AND content_sealed IS NOT NULL AND sent_at IS NULL)
      OR (state = 'sent' AND content_sealed IS NULL AND sent_at IS NOT NULL)
      OR (state = 'failed' AND content_sealed IS NULL AND sent_at IS NULL))`,
  'DROP TABLE IF EXISTS code_requests',
  `ALTER TABLE one_time_codes
    DROP KEY one_time_codes_binding,
    DROP COLUMN resend_at,
    ADD KEY one_time_codes_binding (binding_hash, purpose)`,
];
