import type { Knex } from 'knex';

/**
 * The store of persons: directory (schools, classes, pupils, guardian references, legal links), accounts,
 * credentials' throttles, mail links, first connections under way, audit.
 * Runs alike on MySQL 8 and MariaDB 10.11: no feature that only one of them has.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const EXACT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  const tables = [
    'audit_events',
    'first_connections',
    'mail_links',
    'throttles',
    'legal_links',
    'guardian_references',
    'pupils',
    'classes',
    'account_franceconnect',
    'accounts',
    'identifier_series',
    'schools',
  ];
  for (const table of tables) await db.schema.dropTableIfExists(table);
}

const STATEMENTS = [
  `CREATE TABLE schools (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    uai CHAR(8) ${ASCII} NOT NULL,
    academy_code VARCHAR(3) ${ASCII} NOT NULL,
    academy_name VARCHAR(80) ${TEXT} NOT NULL,
    degree TINYINT UNSIGNED NOT NULL,
    source_id VARCHAR(64) ${ASCII} NOT NULL,
    name VARCHAR(200) ${TEXT} NOT NULL,
    town VARCHAR(120) ${TEXT} NULL,
    phone VARCHAR(40) ${TEXT} NULL,
    contract VARCHAR(8) ${ASCII} NULL,
    digest CHAR(43) ${ASCII} NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    UNIQUE KEY schools_uai (uai),
    UNIQUE KEY schools_source (academy_code, degree, source_id),
    CONSTRAINT schools_degree CHECK (degree IN (1, 2))
  ) ${TABLE}`,

  `CREATE TABLE identifier_series (
    base VARCHAR(80) ${ASCII} NOT NULL PRIMARY KEY,
    next_number INT UNSIGNED NOT NULL
  ) ${TABLE}`,

  `CREATE TABLE accounts (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    public_id CHAR(22) ${ASCII} NOT NULL,
    kind VARCHAR(8) ${ASCII} NOT NULL,
    identifier VARCHAR(90) ${ASCII} NOT NULL,
    state VARCHAR(16) ${ASCII} NOT NULL,
    origin VARCHAR(16) ${ASCII} NOT NULL,
    given_name VARCHAR(120) ${TEXT} NOT NULL,
    family_name VARCHAR(120) ${TEXT} NOT NULL,
    email VARCHAR(254) ${TEXT} NULL,
    email_verified_at DATETIME(3) NULL,
    password_kind VARCHAR(12) ${ASCII} NOT NULL,
    password_hash VARCHAR(255) ${ASCII} NULL,
    password_changed_at DATETIME(3) NULL,
    provisional_sealed VARCHAR(255) ${ASCII} NULL,
    provisional_created_at DATETIME(3) NULL,
    distributed_at DATETIME(3) NULL,
    activated_at DATETIME(3) NULL,
    last_login_at DATETIME(3) NULL,
    credentials_version INT UNSIGNED NOT NULL DEFAULT 0,
    merged_into BIGINT UNSIGNED NULL,
    closed_at DATETIME(3) NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    UNIQUE KEY accounts_public_id (public_id),
    UNIQUE KEY accounts_identifier (identifier),
    KEY accounts_email (email),
    KEY accounts_name (family_name, given_name),
    CONSTRAINT accounts_merged FOREIGN KEY (merged_into) REFERENCES accounts (id),
    CONSTRAINT accounts_kind CHECK (kind IN ('guardian', 'pupil')),
    CONSTRAINT accounts_state CHECK (state IN ('not_notified', 'notified', 'activating', 'activated')),
    CONSTRAINT accounts_origin CHECK (origin IN ('none', 'school', 'guardian', 'franceconnect')),
    CONSTRAINT accounts_password CHECK (
      (password_kind = 'none' AND password_hash IS NULL AND provisional_sealed IS NULL)
      OR (password_kind = 'personal' AND password_hash IS NOT NULL AND provisional_sealed IS NULL)
      OR (password_kind = 'provisional' AND password_hash IS NULL AND provisional_sealed IS NOT NULL
          AND provisional_created_at IS NOT NULL)),
    CONSTRAINT accounts_not_notified CHECK (state <> 'not_notified' OR (password_kind = 'none' AND origin = 'none')),
    CONSTRAINT accounts_notified CHECK (state <> 'notified' OR (password_kind = 'provisional' AND origin = 'school')),
    CONSTRAINT accounts_activated CHECK (state <> 'activated' OR activated_at IS NOT NULL),
    CONSTRAINT accounts_verified CHECK (email_verified_at IS NULL OR email IS NOT NULL),
    CONSTRAINT accounts_merge_closed CHECK (merged_into IS NULL OR closed_at IS NOT NULL)
  ) ${TABLE}`,

  `CREATE TABLE account_franceconnect (
    account_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    issuer VARCHAR(200) ${ASCII} NOT NULL,
    sub VARCHAR(255) ${ASCII} NOT NULL,
    linked_at DATETIME(3) NOT NULL,
    UNIQUE KEY account_franceconnect_sub (issuer, sub),
    CONSTRAINT account_franceconnect_account FOREIGN KEY (account_id) REFERENCES accounts (id)
  ) ${TABLE}`,

  `CREATE TABLE classes (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    school_id INT UNSIGNED NOT NULL,
    code VARCHAR(100) ${EXACT} NOT NULL,
    label VARCHAR(200) ${TEXT} NOT NULL,
    UNIQUE KEY classes_code (school_id, code),
    CONSTRAINT classes_school FOREIGN KEY (school_id) REFERENCES schools (id)
  ) ${TABLE}`,

  `CREATE TABLE pupils (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    academy_code VARCHAR(3) ${ASCII} NOT NULL,
    degree TINYINT UNSIGNED NOT NULL,
    source_id VARCHAR(64) ${ASCII} NOT NULL,
    ine VARCHAR(11) ${ASCII} NULL,
    given_name VARCHAR(120) ${TEXT} NOT NULL,
    family_name VARCHAR(120) ${TEXT} NOT NULL,
    search_name VARCHAR(250) ${TEXT} NOT NULL,
    birth_date DATE NULL,
    school_id INT UNSIGNED NULL,
    class_id INT UNSIGNED NULL,
    level_code VARCHAR(20) ${TEXT} NULL,
    level_label VARCHAR(100) ${TEXT} NULL,
    cycle VARCHAR(40) ${TEXT} NULL,
    mef_code VARCHAR(11) ${ASCII} NULL,
    mef_label VARCHAR(120) ${TEXT} NULL,
    siecle_id VARCHAR(40) ${ASCII} NULL,
    account_id BIGINT UNSIGNED NULL,
    digest CHAR(43) ${ASCII} NULL,
    left_at DATETIME(3) NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    UNIQUE KEY pupils_source (academy_code, degree, source_id),
    UNIQUE KEY pupils_account (account_id),
    KEY pupils_school (school_id, class_id),
    KEY pupils_ine (ine),
    KEY pupils_search (search_name),
    CONSTRAINT pupils_degree CHECK (degree IN (1, 2)),
    CONSTRAINT pupils_school_fk FOREIGN KEY (school_id) REFERENCES schools (id),
    CONSTRAINT pupils_class_fk FOREIGN KEY (class_id) REFERENCES classes (id),
    CONSTRAINT pupils_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id)
  ) ${TABLE}`,

  `CREATE TABLE guardian_references (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    academy_code VARCHAR(3) ${ASCII} NOT NULL,
    degree TINYINT UNSIGNED NOT NULL,
    source_id VARCHAR(64) ${ASCII} NOT NULL,
    title VARCHAR(10) ${TEXT} NULL,
    given_name VARCHAR(120) ${TEXT} NOT NULL,
    family_name VARCHAR(120) ${TEXT} NOT NULL,
    birth_name VARCHAR(120) ${TEXT} NULL,
    search_name VARCHAR(250) ${TEXT} NOT NULL,
    mobile VARCHAR(16) ${ASCII} NULL,
    mobile_raw VARCHAR(60) ${TEXT} NULL,
    sms_consent TINYINT UNSIGNED NULL,
    email VARCHAR(254) ${TEXT} NULL,
    address VARCHAR(400) ${TEXT} NULL,
    postal_code VARCHAR(12) ${TEXT} NULL,
    town VARCHAR(120) ${TEXT} NULL,
    country VARCHAR(60) ${TEXT} NULL,
    account_id BIGINT UNSIGNED NULL,
    digest CHAR(43) ${ASCII} NULL,
    left_at DATETIME(3) NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    UNIQUE KEY guardian_references_source (academy_code, degree, source_id),
    KEY guardian_references_account (account_id),
    KEY guardian_references_mobile (mobile),
    KEY guardian_references_search (search_name),
    CONSTRAINT guardian_references_degree CHECK (degree IN (1, 2)),
    CONSTRAINT guardian_references_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id)
  ) ${TABLE}`,

  `CREATE TABLE legal_links (
    guardian_reference_id INT UNSIGNED NOT NULL,
    pupil_id INT UNSIGNED NOT NULL,
    link_code VARCHAR(4) ${ASCII} NULL,
    created_at DATETIME(3) NOT NULL,
    ended_at DATETIME(3) NULL,
    PRIMARY KEY (guardian_reference_id, pupil_id),
    KEY legal_links_pupil (pupil_id, ended_at),
    CONSTRAINT legal_links_guardian FOREIGN KEY (guardian_reference_id) REFERENCES guardian_references (id),
    CONSTRAINT legal_links_pupil_fk FOREIGN KEY (pupil_id) REFERENCES pupils (id)
  ) ${TABLE}`,

  `CREATE TABLE throttles (
    throttle_key CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    hits INT UNSIGNED NOT NULL,
    window_ends_at DATETIME(3) NOT NULL,
    locked_until DATETIME(3) NULL,
    KEY throttles_end (window_ends_at)
  ) ${TABLE}`,

  `CREATE TABLE mail_links (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    token_hash CHAR(43) ${ASCII} NOT NULL,
    purpose VARCHAR(20) ${ASCII} NOT NULL,
    account_id BIGINT UNSIGNED NOT NULL,
    email VARCHAR(254) ${TEXT} NOT NULL,
    interaction_hash CHAR(43) ${ASCII} NULL,
    client_id VARCHAR(64) ${ASCII} NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    consumed_at DATETIME(3) NULL,
    revoked_at DATETIME(3) NULL,
    UNIQUE KEY mail_links_token (token_hash),
    KEY mail_links_account (account_id, purpose),
    KEY mail_links_expiry (expires_at),
    CONSTRAINT mail_links_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id)
  ) ${TABLE}`,

  `CREATE TABLE first_connections (
    interaction_hash CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    account_id BIGINT UNSIGNED NOT NULL,
    step VARCHAR(16) ${ASCII} NOT NULL,
    credentials_version INT UNSIGNED NOT NULL,
    new_password_hash VARCHAR(255) ${ASCII} NULL,
    email VARCHAR(254) ${TEXT} NULL,
    pupil_id INT UNSIGNED NULL,
    client_id VARCHAR(64) ${ASCII} NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY first_connections_account (account_id),
    KEY first_connections_expiry (expires_at),
    CONSTRAINT first_connections_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT first_connections_pupil_fk FOREIGN KEY (pupil_id) REFERENCES pupils (id),
    CONSTRAINT first_connections_step CHECK (step IN ('new-password', 'address', 'birth-date', 'activation', 'done'))
  ) ${TABLE}`,

  `CREATE TABLE audit_events (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    at DATETIME(3) NOT NULL,
    event VARCHAR(40) ${ASCII} NOT NULL,
    outcome VARCHAR(12) ${ASCII} NOT NULL,
    actor_kind VARCHAR(12) ${ASCII} NOT NULL,
    actor VARCHAR(120) ${TEXT} NULL,
    account_id BIGINT UNSIGNED NULL,
    school_id INT UNSIGNED NULL,
    ip VARCHAR(45) ${ASCII} NULL,
    request_id VARCHAR(64) ${ASCII} NULL,
    details VARCHAR(500) ${TEXT} NULL,
    KEY audit_events_account (account_id, at),
    KEY audit_events_school (school_id, at),
    KEY audit_events_at (at),
    KEY audit_events_event (event, at)
  ) ${TABLE}`,
];
