import type { Knex } from 'knex';

/**
 * Who of the staff is signed in (R-180): the sessions of the directors' module, and what the portal said of each at
 * sign-in. Staff have no accounts here. The cookie's value is kept as its SHA-256 only, the portal's tokens sealed.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTableIfExists('staff_grants');
  await db.schema.dropTableIfExists('staff_sessions');
}

const STATEMENTS = [
  // strong: signed in with the key. rights_read_at: when the portal last said what is in staff_grants.
  `CREATE TABLE staff_sessions (
    id_hash CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    issuer VARCHAR(400) ${ASCII} NOT NULL,
    sub VARCHAR(255) ${ASCII} NOT NULL,
    given_name VARCHAR(120) ${TEXT} NOT NULL,
    family_name VARCHAR(120) ${TEXT} NOT NULL,
    email VARCHAR(254) ${TEXT} NULL,
    strong TINYINT UNSIGNED NOT NULL,
    chosen_uai CHAR(8) ${ASCII} NULL,
    tokens_sealed TEXT ${ASCII} NOT NULL,
    rights_read_at DATETIME(3) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    last_seen_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY staff_sessions_expiry (expires_at)
  ) ${TABLE}`,

  `CREATE TABLE staff_grants (
    id_hash CHAR(43) ${ASCII} NOT NULL,
    uai CHAR(8) ${ASCII} NOT NULL,
    role VARCHAR(16) ${ASCII} NOT NULL,
    PRIMARY KEY (id_hash, uai, role),
    CONSTRAINT staff_grants_session FOREIGN KEY (id_hash) REFERENCES staff_sessions (id_hash) ON DELETE CASCADE,
    CONSTRAINT staff_grants_role CHECK (role IN ('head', 'administration', 'troubleshooting'))
  ) ${TABLE}`,
];
