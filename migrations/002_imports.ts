import type { Knex } from 'knex';

/**
 * The night: each run with its report, and the tables in which a feed waits until all of it was read.
 * The columns of the staged tables are those of the live ones, so that a school is applied by INSERT ... SELECT.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const EXACT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  for (const table of ['staged_guardians', 'staged_pupils', 'import_runs']) {
    await db.schema.dropTableIfExists(table);
  }
}

const STATEMENTS = [
  // `running` is 1 or NULL: its unique key lets one run work at a time, the lease says when a dead one may be replaced.
  `CREATE TABLE import_runs (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    folder VARCHAR(400) ${TEXT} NOT NULL,
    dry_run TINYINT UNSIGNED NOT NULL,
    state VARCHAR(12) ${ASCII} NOT NULL,
    running TINYINT UNSIGNED NULL,
    lease_until DATETIME(3) NULL,
    started_at DATETIME(3) NOT NULL,
    finished_at DATETIME(3) NULL,
    report LONGTEXT ${TEXT} NULL,
    UNIQUE KEY import_runs_running (running),
    KEY import_runs_started (started_at),
    CONSTRAINT import_runs_state CHECK (state IN ('running', 'done', 'refused', 'failed', 'abandoned')),
    CONSTRAINT import_runs_one CHECK (running IS NULL OR (running = 1 AND lease_until IS NOT NULL))
  ) ${TABLE}`,

  `CREATE TABLE staged_pupils (
    run_id INT UNSIGNED NOT NULL,
    academy_code VARCHAR(3) ${ASCII} NOT NULL,
    degree TINYINT UNSIGNED NOT NULL,
    source_id VARCHAR(64) ${ASCII} NOT NULL,
    school_no INT UNSIGNED NULL,
    file_no SMALLINT UNSIGNED NOT NULL,
    refused TINYINT UNSIGNED NOT NULL,
    public_id CHAR(22) ${ASCII} NULL,
    guardians TEXT ${ASCII} NULL,
    ine VARCHAR(11) ${ASCII} NULL,
    given_name VARCHAR(120) ${TEXT} NULL,
    family_name VARCHAR(120) ${TEXT} NULL,
    search_name VARCHAR(250) ${TEXT} NULL,
    birth_date DATE NULL,
    class_code VARCHAR(100) ${EXACT} NULL,
    class_label VARCHAR(200) ${TEXT} NULL,
    level_code VARCHAR(20) ${TEXT} NULL,
    level_label VARCHAR(100) ${TEXT} NULL,
    cycle VARCHAR(40) ${TEXT} NULL,
    mef_code VARCHAR(11) ${ASCII} NULL,
    mef_label VARCHAR(120) ${TEXT} NULL,
    siecle_id VARCHAR(40) ${ASCII} NULL,
    digest CHAR(43) ${ASCII} NULL,
    PRIMARY KEY (run_id, academy_code, degree, source_id),
    KEY staged_pupils_school (run_id, school_no)
  ) ${TABLE}`,

  // `planned`: a rehearsal (--dry-run) has already counted it; 1 the reference, 2 with an account.
  `CREATE TABLE staged_guardians (
    run_id INT UNSIGNED NOT NULL,
    academy_code VARCHAR(3) ${ASCII} NOT NULL,
    degree TINYINT UNSIGNED NOT NULL,
    source_id VARCHAR(64) ${ASCII} NOT NULL,
    file_no SMALLINT UNSIGNED NOT NULL,
    refused TINYINT UNSIGNED NOT NULL,
    planned TINYINT UNSIGNED NOT NULL DEFAULT 0,
    public_id CHAR(22) ${ASCII} NULL,
    title VARCHAR(10) ${TEXT} NULL,
    given_name VARCHAR(120) ${TEXT} NULL,
    family_name VARCHAR(120) ${TEXT} NULL,
    birth_name VARCHAR(120) ${TEXT} NULL,
    search_name VARCHAR(250) ${TEXT} NULL,
    mobile VARCHAR(16) ${ASCII} NULL,
    mobile_raw VARCHAR(60) ${TEXT} NULL,
    sms_consent TINYINT UNSIGNED NULL,
    email VARCHAR(254) ${TEXT} NULL,
    address VARCHAR(400) ${TEXT} NULL,
    postal_code VARCHAR(12) ${TEXT} NULL,
    town VARCHAR(120) ${TEXT} NULL,
    country VARCHAR(60) ${TEXT} NULL,
    digest CHAR(43) ${ASCII} NULL,
    PRIMARY KEY (run_id, academy_code, degree, source_id)
  ) ${TABLE}`,
];
