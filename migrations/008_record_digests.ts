import type { Knex } from 'knex';

/**
 * Records of the feed that are, sign for sign, those of the night before are not read again.
 *
 * `record_digest`: the text of the record that a row was last written from, with what else decided what became of it
 * (the rules, the labels, the configured prefixes); NULL when the row must be compared with the next record in full.
 */

const DIGEST = 'record_digest CHAR(22) CHARACTER SET ascii COLLATE ascii_bin NULL';
const TABLES = ['pupils', 'guardian_references', 'staged_pupils', 'staged_guardians'];

export async function up(db: Knex): Promise<void> {
  for (const table of TABLES) await db.raw(`ALTER TABLE ${table} ADD COLUMN ${DIGEST}`);
}

export async function down(db: Knex): Promise<void> {
  for (const table of TABLES) await db.raw(`ALTER TABLE ${table} DROP COLUMN record_digest`);
}
