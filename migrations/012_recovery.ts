import type { Knex } from 'knex';

/**
 * Recovery of a forgotten identifier or password: what was asked for in an interaction, and the accounts that it
 * found. A link that recovers a password is bound to the credentials that it replaces.
 */

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  for (const table of ['recovery_accounts', 'recoveries']) await db.schema.dropTableIfExists(table);
  await db.raw('ALTER TABLE mail_links DROP COLUMN credentials_version');
}

const STATEMENTS = [
  // NULL: the link outlives a change of password.
  'ALTER TABLE mail_links ADD COLUMN credentials_version INT UNSIGNED NULL',

  // One row an interaction of the provider. The row is the same whether somebody was found or not.
  `CREATE TABLE recoveries (
    interaction_hash CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    goal VARCHAR(10) ${ASCII} NOT NULL,
    step VARCHAR(6) ${ASCII} NOT NULL,
    mobile VARCHAR(16) ${ASCII} NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY recoveries_expiry (expires_at),
    CONSTRAINT recoveries_goal CHECK (goal IN ('identifier', 'password')),
    CONSTRAINT recoveries_step CHECK (step IN ('code', 'proved'))
  ) ${TABLE}`,

  `CREATE TABLE recovery_accounts (
    interaction_hash CHAR(43) ${ASCII} NOT NULL,
    account_id BIGINT UNSIGNED NOT NULL,
    credentials_version INT UNSIGNED NOT NULL,
    PRIMARY KEY (interaction_hash, account_id),
    KEY recovery_accounts_account (account_id),
    CONSTRAINT recovery_accounts_recovery FOREIGN KEY (interaction_hash)
      REFERENCES recoveries (interaction_hash) ON DELETE CASCADE,
    CONSTRAINT recovery_accounts_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id)
  ) ${TABLE}`,
];
