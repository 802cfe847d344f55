import type { Knex } from 'knex';

/**
 * Statistics: the last computation of each school, and how its accounts stood each week since September.
 *
 * `counts` is one document a school and not rows: it is written and read whole, and a nation's worth of rows by class,
 * level, MEF, origin and state would be millions to rewrite each night.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  for (const table of ['statistics_weeks', 'statistics_snapshots']) await db.schema.dropTableIfExists(table);
}

const STATEMENTS = [
  `CREATE TABLE statistics_snapshots (
    school_id INT UNSIGNED NOT NULL PRIMARY KEY,
    computed_at DATETIME(3) NOT NULL,
    counts MEDIUMTEXT ${TEXT} NOT NULL,
    CONSTRAINT statistics_snapshots_school FOREIGN KEY (school_id) REFERENCES schools (id) ON DELETE CASCADE
  ) ${TABLE}`,

  // week: its Monday in Paris. The last computation of a week stands for it.
  `CREATE TABLE statistics_weeks (
    school_id INT UNSIGNED NOT NULL,
    week DATE NOT NULL,
    computed_at DATETIME(3) NOT NULL,
    guardians_not_notified INT UNSIGNED NOT NULL,
    guardians_notified INT UNSIGNED NOT NULL,
    guardians_activating INT UNSIGNED NOT NULL,
    guardians_activated INT UNSIGNED NOT NULL,
    pupils_not_notified INT UNSIGNED NOT NULL,
    pupils_notified INT UNSIGNED NOT NULL,
    pupils_activating INT UNSIGNED NOT NULL,
    pupils_activated INT UNSIGNED NOT NULL,
    PRIMARY KEY (school_id, week),
    KEY statistics_weeks_week (week),
    CONSTRAINT statistics_weeks_school FOREIGN KEY (school_id) REFERENCES schools (id) ON DELETE CASCADE
  ) ${TABLE}`,
];
