import type { Knex } from 'knex';

/**
 * The ways in that need no school: enrolment by SMS and by FranceConnect, one-time codes, what failed and may be
 * told to the school, children whom a guardian says not to be his.
 */

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  const tables = [
    'wrong_attachments',
    'failed_checks',
    'one_time_codes',
    'enrolment_references',
    'enrolments',
  ];
  for (const table of tables) await db.schema.dropTableIfExists(table);
  await db.raw('ALTER TABLE accounts DROP COLUMN frozen_at');
}

const STATEMENTS = [
  // Said « Ce n'est pas moi »: nobody gets in until the school has given a new password.
  'ALTER TABLE accounts ADD COLUMN frozen_at DATETIME(3) NULL',

  // One row an interaction of the provider. What the person typed is not kept: only what it matched.
  `CREATE TABLE enrolments (
    interaction_hash CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    way VARCHAR(14) ${ASCII} NOT NULL,
    step VARCHAR(14) ${ASCII} NOT NULL,
    client_id VARCHAR(64) ${ASCII} NULL,
    fc_issuer VARCHAR(200) ${ASCII} NULL,
    fc_sub VARCHAR(255) ${ASCII} NULL,
    fc_identity_sealed TEXT ${ASCII} NULL,
    mobile VARCHAR(16) ${ASCII} NULL,
    account_id BIGINT UNSIGNED NULL,
    credentials_version INT UNSIGNED NULL,
    code_proved_at DATETIME(3) NULL,
    children_proved_at DATETIME(3) NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY enrolments_account (account_id),
    KEY enrolments_expiry (expires_at),
    CONSTRAINT enrolments_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT enrolments_way CHECK (way IN ('sms', 'franceconnect')),
    CONSTRAINT enrolments_step CHECK (step IN ('mobile', 'names', 'code', 'children', 'credentials', 'done')),
    CONSTRAINT enrolments_franceconnect CHECK ((way = 'franceconnect') = (fc_sub IS NOT NULL AND fc_issuer IS NOT NULL))
  ) ${TABLE}`,

  // The references of the directory that fit what was typed.
  `CREATE TABLE enrolment_references (
    interaction_hash CHAR(43) ${ASCII} NOT NULL,
    guardian_reference_id INT UNSIGNED NOT NULL,
    PRIMARY KEY (interaction_hash, guardian_reference_id),
    KEY enrolment_references_reference (guardian_reference_id),
    CONSTRAINT enrolment_references_enrolment FOREIGN KEY (interaction_hash)
      REFERENCES enrolments (interaction_hash) ON DELETE CASCADE,
    CONSTRAINT enrolment_references_reference_fk FOREIGN KEY (guardian_reference_id)
      REFERENCES guardian_references (id)
  ) ${TABLE}`,

  // code_hmac NULL: nobody was found, no code was sent and none fits; the page must not show the difference.
  `CREATE TABLE one_time_codes (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    purpose VARCHAR(20) ${ASCII} NOT NULL,
    binding_hash CHAR(43) ${ASCII} NOT NULL,
    code_hmac CHAR(43) ${ASCII} NULL,
    outbox_key VARCHAR(100) ${ASCII} NULL,
    tries TINYINT UNSIGNED NOT NULL DEFAULT 0,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    consumed_at DATETIME(3) NULL,
    KEY one_time_codes_binding (binding_hash, purpose),
    KEY one_time_codes_expiry (expires_at)
  ) ${TABLE}`,

  // Which check failed, never what was typed; for the school, 30 days.
  `CREATE TABLE failed_checks (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    account_id BIGINT UNSIGNED NOT NULL,
    way VARCHAR(14) ${ASCII} NOT NULL,
    failed VARCHAR(14) ${ASCII} NOT NULL,
    at DATETIME(3) NOT NULL,
    KEY failed_checks_account (account_id, at),
    KEY failed_checks_at (at),
    CONSTRAINT failed_checks_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT failed_checks_way CHECK (way IN ('sms', 'franceconnect', 'school', 'recovery')),
    CONSTRAINT failed_checks_failed CHECK (failed IN ('name', 'mobile', 'birth-date', 'code', 'delivery'))
  ) ${TABLE}`,

  // signalled by the guardian; the school looks at it and closes it.
  `CREATE TABLE wrong_attachments (
    guardian_reference_id INT UNSIGNED NOT NULL,
    pupil_id INT UNSIGNED NOT NULL,
    account_id BIGINT UNSIGNED NULL,
    state VARCHAR(8) ${ASCII} NOT NULL,
    reported_at DATETIME(3) NOT NULL,
    closed_at DATETIME(3) NULL,
    closed_by VARCHAR(120) ${TEXT} NULL,
    PRIMARY KEY (guardian_reference_id, pupil_id),
    KEY wrong_attachments_pupil (pupil_id, state),
    KEY wrong_attachments_account (account_id),
    CONSTRAINT wrong_attachments_reference FOREIGN KEY (guardian_reference_id) REFERENCES guardian_references (id),
    CONSTRAINT wrong_attachments_pupil_fk FOREIGN KEY (pupil_id) REFERENCES pupils (id),
    CONSTRAINT wrong_attachments_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT wrong_attachments_state CHECK (
      (state = 'open' AND closed_at IS NULL) OR (state = 'closed' AND closed_at IS NOT NULL))
  ) ${TABLE}`,
];
