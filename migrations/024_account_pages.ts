import type { Knex } from 'knex';

/**
 * « Mon compte »: when its person last proved who he is, and what « Mes sessions » tells of a session of the provider.
 * Sessions from before have neither device nor beginning, which the page says as well.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';

export async function up(db: Knex): Promise<void> {
  await db.raw('ALTER TABLE account_sessions ADD COLUMN proved_at DATETIME(3) NULL');
  // device: a word for the browser and one for the machine, never the whole user agent.
  await db.raw(
    `ALTER TABLE oidc_sessions ADD COLUMN begun_at DATETIME(3) NULL, ADD COLUMN device VARCHAR(40) ${TEXT} NULL`,
  );
}

export async function down(db: Knex): Promise<void> {
  await db.raw('ALTER TABLE oidc_sessions DROP COLUMN device, DROP COLUMN begun_at');
  await db.raw('ALTER TABLE account_sessions DROP COLUMN proved_at');
}
