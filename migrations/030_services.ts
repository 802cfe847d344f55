import type { Knex } from 'knex';

/**
 * Relying services: notices of a logout that wait until their service has taken them, and the secret before the
 * present one, which is good for some days more.
 *
 * A notice is one row for each service of a session that has ended; it is gone when the service has answered. There is
 * no foreign key to the session, which is over.
 */

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  await db.raw(`CREATE TABLE logout_notices (
    client_id VARCHAR(64) ${ASCII} NOT NULL,
    sid VARCHAR(64) ${ASCII} NOT NULL,
    account_id CHAR(22) ${ASCII} NOT NULL,
    attempts SMALLINT UNSIGNED NOT NULL DEFAULT 0,
    due_at DATETIME(3) NOT NULL,
    give_up_at DATETIME(3) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    PRIMARY KEY (client_id, sid),
    KEY logout_notices_due (due_at),
    CONSTRAINT logout_notices_client FOREIGN KEY (client_id) REFERENCES oidc_clients (client_id) ON DELETE CASCADE
  ) ${TABLE}`);
  await db.raw(`ALTER TABLE oidc_clients
    ADD COLUMN secret_at DATETIME(3) NULL,
    ADD COLUMN old_secret_sealed VARCHAR(500) ${ASCII} NULL,
    ADD COLUMN old_secret_until DATETIME(3) NULL`);
  await db.raw('UPDATE oidc_clients SET secret_at = created_at WHERE secret_sealed IS NOT NULL');
}

export async function down(db: Knex): Promise<void> {
  await db.raw('DROP TABLE IF EXISTS logout_notices');
  await db.raw(
    'ALTER TABLE oidc_clients DROP COLUMN secret_at, DROP COLUMN old_secret_sealed, DROP COLUMN old_secret_until',
  );
}
