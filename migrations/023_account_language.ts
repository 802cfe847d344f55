import type { Knex } from 'knex';

/** The language that a person chose for the pages, the letters and the mails (`fr`, `en`, `ar`, `tr`); null: never chosen. */

export async function up(db: Knex): Promise<void> {
  await db.raw('ALTER TABLE accounts ADD COLUMN language CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NULL');
}

export async function down(db: Knex): Promise<void> {
  await db.raw('ALTER TABLE accounts DROP COLUMN language');
}
