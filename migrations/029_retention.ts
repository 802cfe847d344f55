import type { Knex } from 'knex';

/**
 * The years pass: accounts that are to be forgotten, accounts that were, and what the job of retention found
 * too much to do by itself.
 *
 * `forget_at`: their holder (or an operator for him) has asked for it; signing in before withdraws it.
 * `erased_at`: nothing is left but the row, so that neither `public_id` nor the number of the identifier comes again.
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
  `ALTER TABLE accounts
    ADD COLUMN forget_at DATETIME(3) NULL,
    ADD COLUMN erased_at DATETIME(3) NULL,
    ADD KEY accounts_forget (forget_at),
    ADD CONSTRAINT accounts_erased CHECK (erased_at IS NULL OR closed_at IS NOT NULL)`,
  'ALTER TABLE pupils ADD KEY pupils_left (left_at)',
  // Whose address is taken out of the messages that have left.
  'ALTER TABLE outbox_messages ADD KEY outbox_messages_recipient (recipient)',

  // settings: the rules that were in force; a run that is accepted stands for them and for no more than `due`.
  `CREATE TABLE retention_runs (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    found_at DATETIME(3) NOT NULL,
    settings VARCHAR(300) ${ASCII} NOT NULL,
    due TEXT ${TEXT} NOT NULL,
    state VARCHAR(8) ${ASCII} NOT NULL,
    accepted_at DATETIME(3) NULL,
    KEY retention_runs_found (found_at),
    CONSTRAINT retention_runs_state CHECK (state IN ('refused', 'accepted', 'done'))
  ) ${TABLE}`,
];

const BACK = [
  'DROP TABLE IF EXISTS retention_runs',
  'ALTER TABLE outbox_messages DROP KEY outbox_messages_recipient',
  'ALTER TABLE pupils DROP KEY pupils_left',
  `ALTER TABLE accounts DROP CONSTRAINT accounts_erased, DROP KEY accounts_forget,
    DROP COLUMN forget_at, DROP COLUMN erased_at`,
];
