import type { Knex } from 'knex';

/**
 * The import, complete: what the brake remembers, files of changes, the staff of schools.
 *
 * `links_digest`: what the guardians of a pupil were when his links were last brought in line; NULL when one of them
 * was not known then. With `digest` it tells the pupils to whom nothing happened without reading their links.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  for (const table of ['staged_staff', 'staff_functions', 'staff', 'import_feeds']) {
    await db.schema.dropTableIfExists(table);
  }
  for (const statement of BACK) await db.raw(statement);
}

const STATEMENTS = [
  'ALTER TABLE pupils ADD COLUMN links_digest CHAR(43) CHARACTER SET ascii COLLATE ascii_bin NULL',

  `ALTER TABLE staged_pupils
    ADD COLUMN deleted TINYINT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN links_digest CHAR(43) ${ASCII} NULL`,

  'ALTER TABLE staged_guardians ADD COLUMN deleted TINYINT UNSIGNED NOT NULL DEFAULT 0',

  // feed_digest: the contents of the files; a refused run is released for the same contents only, once.
  `ALTER TABLE import_runs
    ADD COLUMN feed_digest CHAR(43) ${ASCII} NULL,
    ADD COLUMN released_by INT UNSIGNED NULL`,

  // The date of the last export taken of each base (académie and degree): an older one is refused.
  `CREATE TABLE import_feeds (
    academy_code VARCHAR(3) ${ASCII} NOT NULL,
    degree TINYINT UNSIGNED NOT NULL,
    exported_on DATE NOT NULL,
    run_id INT UNSIGNED NOT NULL,
    PRIMARY KEY (academy_code, degree)
  ) ${TABLE}`,

  `CREATE TABLE staff (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    academy_code VARCHAR(3) ${ASCII} NOT NULL,
    degree TINYINT UNSIGNED NOT NULL,
    source_id VARCHAR(64) ${ASCII} NOT NULL,
    title VARCHAR(10) ${TEXT} NULL,
    given_name VARCHAR(120) ${TEXT} NOT NULL,
    family_name VARCHAR(120) ${TEXT} NOT NULL,
    email VARCHAR(254) ${TEXT} NULL,
    digest CHAR(43) ${ASCII} NOT NULL,
    left_at DATETIME(3) NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    UNIQUE KEY staff_source (academy_code, degree, source_id),
    KEY staff_email (email)
  ) ${TABLE}`,

  `CREATE TABLE staff_functions (
    staff_id INT UNSIGNED NOT NULL,
    school_id INT UNSIGNED NOT NULL,
    code VARCHAR(20) ${ASCII} NOT NULL,
    label VARCHAR(120) ${TEXT} NULL,
    PRIMARY KEY (staff_id, school_id, code),
    KEY staff_functions_school (school_id, code),
    CONSTRAINT staff_functions_staff FOREIGN KEY (staff_id) REFERENCES staff (id) ON DELETE CASCADE,
    CONSTRAINT staff_functions_school_fk FOREIGN KEY (school_id) REFERENCES schools (id)
  ) ${TABLE}`,

  `CREATE TABLE staged_staff (
    run_id INT UNSIGNED NOT NULL,
    academy_code VARCHAR(3) ${ASCII} NOT NULL,
    degree TINYINT UNSIGNED NOT NULL,
    source_id VARCHAR(64) ${ASCII} NOT NULL,
    file_no SMALLINT UNSIGNED NOT NULL,
    refused TINYINT UNSIGNED NOT NULL,
    deleted TINYINT UNSIGNED NOT NULL DEFAULT 0,
    functions TEXT ${TEXT} NULL,
    title VARCHAR(10) ${TEXT} NULL,
    given_name VARCHAR(120) ${TEXT} NULL,
    family_name VARCHAR(120) ${TEXT} NULL,
    email VARCHAR(254) ${TEXT} NULL,
    digest CHAR(43) ${ASCII} NULL,
    PRIMARY KEY (run_id, academy_code, degree, source_id)
  ) ${TABLE}`,
];

const BACK = [
  'ALTER TABLE import_runs DROP COLUMN feed_digest, DROP COLUMN released_by',
  'ALTER TABLE staged_guardians DROP COLUMN deleted',
  'ALTER TABLE staged_pupils DROP COLUMN deleted, DROP COLUMN links_digest',
  'ALTER TABLE pupils DROP COLUMN links_digest',
];
