import type { Knex } from 'knex';

/**
 * What runs by the clock (K04): who is at a piece of work now, and what was run when, with its outcome.
 * A lease is a row and not GET_LOCK, which does not hold across the nodes of a cluster.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  for (const table of ['job_runs', 'leases']) await db.schema.dropTableIfExists(table);
}

const STATEMENTS = [
  `CREATE TABLE leases (
    name VARCHAR(60) ${ASCII} NOT NULL PRIMARY KEY,
    holder CHAR(22) ${ASCII} NOT NULL,
    heartbeat_at DATETIME(3) NOT NULL,
    ends_at DATETIME(3) NOT NULL
  ) ${TABLE}`,

  // due_at: the moment of the schedule that this run stands for; its unique key lets each be run once. NULL: by hand.
  `CREATE TABLE job_runs (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    job VARCHAR(40) ${ASCII} NOT NULL,
    due_at DATETIME(3) NULL,
    attempts INT UNSIGNED NOT NULL,
    started_at DATETIME(3) NOT NULL,
    finished_at DATETIME(3) NULL,
    outcome VARCHAR(8) ${ASCII} NULL,
    details TEXT ${TEXT} NULL,
    UNIQUE KEY job_runs_due (job, due_at),
    KEY job_runs_job (job, started_at),
    KEY job_runs_started (started_at),
    CONSTRAINT job_runs_outcome CHECK (outcome IN ('done', 'refused', 'failed')),
    CONSTRAINT job_runs_finished CHECK ((finished_at IS NULL) = (outcome IS NULL))
  ) ${TABLE}`,
];
