import type { Knex } from 'knex';

/**
 * The address that the school gave an account: kept beside the account's own, so that it counts for as long as
 * that one is the same. Credentials are mailed to an address that nobody has confirmed only if the school gave it, or
 * the directory, or there is no other.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';

export async function up(db: Knex): Promise<void> {
  await db.raw(`ALTER TABLE accounts ADD COLUMN school_email VARCHAR(254) ${TEXT} NULL`);
}

export async function down(db: Knex): Promise<void> {
  await db.raw('ALTER TABLE accounts DROP COLUMN school_email');
}
