import type { Knex } from 'knex';

/**
 * Passkeys (WebAuthn): the public keys of accounts, what a browser is asked to sign, once, and who was offered one.
 */

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  for (const table of ['passkey_offers', 'passkey_challenges', 'passkeys'])
    await db.schema.dropTableIfExists(table);
}

const STATEMENTS = [
  // credential_hash: an authenticator's id of the key may have a thousand bytes. user_handle: of the account when the
  // key was made; the key keeps it when accounts are regrouped. suspected_at: its counter went back, it is refused.
  `CREATE TABLE passkeys (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    public_id CHAR(22) ${ASCII} NOT NULL,
    account_id BIGINT UNSIGNED NOT NULL,
    credential_hash CHAR(43) ${ASCII} NOT NULL,
    credential_id VARCHAR(1400) ${ASCII} NOT NULL,
    user_handle VARCHAR(88) ${ASCII} NOT NULL,
    public_key TEXT ${ASCII} NOT NULL,
    sign_count BIGINT UNSIGNED NOT NULL,
    transports VARCHAR(100) ${ASCII} NOT NULL,
    synced TINYINT UNSIGNED NOT NULL,
    name VARCHAR(60) ${TEXT} NOT NULL,
    created_at DATETIME(3) NOT NULL,
    last_used_at DATETIME(3) NULL,
    user_verified_at DATETIME(3) NOT NULL,
    suspected_at DATETIME(3) NULL,
    UNIQUE KEY passkeys_public_id (public_id),
    UNIQUE KEY passkeys_credential (credential_hash),
    KEY passkeys_account (account_id),
    CONSTRAINT passkeys_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id)
  ) ${TABLE}`,

  // binding_hash: of the sign-in or of the session of « Mon compte » that it was made for.
  `CREATE TABLE passkey_challenges (
    challenge_hash CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    purpose VARCHAR(8) ${ASCII} NOT NULL,
    binding_hash CHAR(43) ${ASCII} NOT NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY passkey_challenges_expiry (expires_at),
    CONSTRAINT passkey_challenges_purpose CHECK (purpose IN ('register', 'sign-in'))
  ) ${TABLE}`,

  // What its holder answered to the offer of a key; no row: he was not asked yet.
  `CREATE TABLE passkey_offers (
    account_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    answer VARCHAR(5) ${ASCII} NOT NULL,
    session_hash CHAR(43) ${ASCII} NOT NULL,
    answered_at DATETIME(3) NOT NULL,
    CONSTRAINT passkey_offers_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT passkey_offers_answer CHECK (answer IN ('later', 'never'))
  ) ${TABLE}`,
];
