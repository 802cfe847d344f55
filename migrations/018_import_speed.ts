import type { Knex } from 'knex';

/**
 * The night without what is as it was: a record of a whole feed whose bytes are those of the last time is neither
 * parsed nor staged.
 *
 * `record_digest`: of the bytes of the record from which the row was last written, and of what else its columns
 * follow from; NULL when they come from elsewhere (a change, an extraction) or from a version before this one.
 * `repeats`: how many further records of a feed have the id of the staged one and say something else.
 */

const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';
const DIGEST = 'ADD COLUMN record_digest BINARY(16) NULL';
const REPEATS =
  'ADD COLUMN repeats INT UNSIGNED NOT NULL DEFAULT 0, ADD COLUMN repeat_file SMALLINT UNSIGNED NULL';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTableIfExists('staged_unchanged');
  for (const statement of BACK) await db.raw(statement);
}

const STATEMENTS = [
  `ALTER TABLE pupils ${DIGEST}`,
  `ALTER TABLE guardian_references ${DIGEST}`,
  `ALTER TABLE staged_pupils ${DIGEST}, ${REPEATS}`,
  `ALTER TABLE staged_guardians ${DIGEST}, ${REPEATS}`,
  `ALTER TABLE staged_staff ${REPEATS}`,

  // Known pupils who are in the feed with the record of the last time, in the order of their rows.
  `CREATE TABLE staged_unchanged (
    run_id INT UNSIGNED NOT NULL,
    pupil_id INT UNSIGNED NOT NULL,
    school_no INT UNSIGNED NOT NULL,
    PRIMARY KEY (run_id, pupil_id)
  ) ${TABLE}`,
];

const BACK = [
  'ALTER TABLE staged_staff DROP COLUMN repeats, DROP COLUMN repeat_file',
  'ALTER TABLE staged_guardians DROP COLUMN repeats, DROP COLUMN repeat_file, DROP COLUMN record_digest',
  'ALTER TABLE staged_pupils DROP COLUMN repeats, DROP COLUMN repeat_file, DROP COLUMN record_digest',
  'ALTER TABLE guardian_references DROP COLUMN record_digest',
  'ALTER TABLE pupils DROP COLUMN record_digest',
];
