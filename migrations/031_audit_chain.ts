import type { Knex } from 'knex';

/**
 * The audit trail, sealed in a chain (security.md, decision 11). Lines are written as before and sealed seconds later,
 * many at a time; each month has a chain of its own, so that it can go when its time is over.
 *
 * seal_id, line_mac: NULL until the line is sealed. There is no foreign key: a seal that is taken away must be seen to
 * be missing, and a month goes line by line before its seals do.
 */

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  await db.raw(
    'ALTER TABLE audit_events DROP KEY audit_events_seal, DROP COLUMN seal_id, DROP COLUMN line_mac',
  );
  for (const table of ['audit_seals', 'audit_chains']) await db.schema.dropTableIfExists(table);
}

/** Whoever seals holds this row, so that months and seals begin one after the other. It is no month. */
const TURN = "INSERT INTO audit_chains (month, seals, line_count, head, mac) VALUES ('turn', 0, 0, '', '')";

const STATEMENTS = [
  // Where each month stands; mac: over the other columns, so that the last seals cannot be taken away unseen.
  `CREATE TABLE audit_chains (
    month CHAR(7) ${ASCII} NOT NULL PRIMARY KEY,
    before_head CHAR(43) ${ASCII} NULL,
    seals INT UNSIGNED NOT NULL,
    line_count BIGINT UNSIGNED NOT NULL,
    head CHAR(43) ${ASCII} NOT NULL,
    mac CHAR(43) ${ASCII} NOT NULL
  ) ${TABLE}`,

  TURN,

  `CREATE TABLE audit_seals (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    month CHAR(7) ${ASCII} NOT NULL,
    number INT UNSIGNED NOT NULL,
    line_count INT UNSIGNED NOT NULL,
    hash CHAR(43) ${ASCII} NOT NULL,
    sealed_at DATETIME(3) NOT NULL,
    UNIQUE KEY audit_seals_number (month, number)
  ) ${TABLE}`,

  `ALTER TABLE audit_events
    ADD COLUMN seal_id BIGINT UNSIGNED NULL,
    ADD COLUMN line_mac CHAR(43) ${ASCII} NULL,
    ADD KEY audit_events_seal (seal_id, id)`,
];
