import type { Knex } from 'knex';

/**
 * FranceConnect: visitors who were sent there and have to come back to the sign-in and the browser that they left
 * from; sessions that came from there, which are ended there too; logouts on their way through it.
 */

const EXACT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  const tables = ['franceconnect_logouts', 'franceconnect_sessions', 'franceconnect_requests'];
  for (const table of tables) await db.schema.dropTableIfExists(table);
}

const STATEMENTS = [
  // One row each time that somebody is sent there. `interaction_sealed`: the interaction's id, by which he goes back.
  // What comes back is sealed; the identity goes once the interaction has taken it, the ID token ends the session.
  `CREATE TABLE franceconnect_requests (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    state_hash CHAR(43) ${ASCII} NOT NULL,
    browser_hash CHAR(43) ${ASCII} NOT NULL,
    nonce VARCHAR(64) ${ASCII} NOT NULL,
    interaction_hash CHAR(43) ${ASCII} NOT NULL,
    interaction_sealed VARCHAR(300) ${ASCII} NOT NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    consumed_at DATETIME(3) NULL,
    outcome VARCHAR(14) ${ASCII} NULL,
    identity_sealed TEXT ${ASCII} NULL,
    id_token_sealed TEXT ${ASCII} NULL,
    taken_at DATETIME(3) NULL,
    UNIQUE KEY franceconnect_requests_state (state_hash),
    KEY franceconnect_requests_interaction (interaction_hash, consumed_at),
    KEY franceconnect_requests_expiry (expires_at),
    CONSTRAINT franceconnect_requests_outcome CHECK (
      outcome IN ('identified', 'cancelled', 'refused', 'unreachable', 'late')),
    CONSTRAINT franceconnect_requests_answer CHECK (outcome IS NULL OR consumed_at IS NOT NULL),
    CONSTRAINT franceconnect_requests_identity CHECK (
      outcome = 'identified' OR (identity_sealed IS NULL AND id_token_sealed IS NULL))
  ) ${TABLE}`,

  // It goes with the session. `sealed_for`: the interaction's hash, which the sealed value is bound to.
  `CREATE TABLE franceconnect_sessions (
    session_uid VARCHAR(64) ${ASCII} NOT NULL PRIMARY KEY,
    sealed_for CHAR(43) ${ASCII} NOT NULL,
    id_token_sealed TEXT ${ASCII} NOT NULL,
    created_at DATETIME(3) NOT NULL,
    CONSTRAINT franceconnect_sessions_session FOREIGN KEY (session_uid)
      REFERENCES oidc_sessions (uid) ON DELETE CASCADE
  ) ${TABLE}`,

  // Where a browser goes when FranceConnect has ended its own session; once.
  `CREATE TABLE franceconnect_logouts (
    state_hash CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    next_url TEXT ${EXACT} NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY franceconnect_logouts_expiry (expires_at)
  ) ${TABLE}`,
];
