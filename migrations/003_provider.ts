import type { Knex } from 'knex';

/**
 * The OpenID Provider: relying services and the schools where they are active, sessions and the services that they
 * reached, grants, codes and tokens, sign-ins under way, signing keys.
 *
 * Whatever a browser or a service presents (session cookie, interaction, code, token, pushed request) is kept as its
 * SHA-256 only. Locks are always taken in the order session, interaction, grant, token: the parent's row is what the
 * requests of one session or one grant wait for. There is no foreign key to `accounts`: it would make each login wait
 * for whoever holds the account's row, in the other order; accounts are never deleted, and each read joins them.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const EXACT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  const tables = [
    'signing_keys',
    'oidc_replays',
    'oidc_pushed_requests',
    'oidc_interactions',
    'oidc_tokens',
    'oidc_grants',
    'session_clients',
    'oidc_sessions',
    'client_services',
    'oidc_clients',
  ];
  for (const table of tables) await db.schema.dropTableIfExists(table);
}

const STATEMENTS = [
  `CREATE TABLE oidc_clients (
    client_id VARCHAR(64) ${ASCII} NOT NULL PRIMARY KEY,
    name VARCHAR(200) ${TEXT} NOT NULL,
    sector VARCHAR(255) ${ASCII} NOT NULL,
    metadata MEDIUMTEXT ${EXACT} NOT NULL,
    secret_sealed VARCHAR(500) ${ASCII} NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL
  ) ${TABLE}`,

  // school_key stands for school_id in the unique key, which would take any number of NULLs ("all schools").
  `CREATE TABLE client_services (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    client_id VARCHAR(64) ${ASCII} NOT NULL,
    school_id INT UNSIGNED NULL,
    school_key INT UNSIGNED GENERATED ALWAYS AS (COALESCE(school_id, 0)) STORED,
    created_at DATETIME(3) NOT NULL,
    UNIQUE KEY client_services_school (client_id, school_key),
    KEY client_services_school_id (school_id),
    CONSTRAINT client_services_client FOREIGN KEY (client_id) REFERENCES oidc_clients (client_id) ON DELETE CASCADE,
    CONSTRAINT client_services_school_fk FOREIGN KEY (school_id) REFERENCES schools (id)
  ) ${TABLE}`,

  `CREATE TABLE oidc_sessions (
    uid VARCHAR(64) ${ASCII} NOT NULL PRIMARY KEY,
    id_hash CHAR(43) ${ASCII} NOT NULL,
    account_id CHAR(22) ${ASCII} NOT NULL,
    credentials_version INT NOT NULL,
    payload MEDIUMTEXT ${EXACT} NOT NULL,
    touched_at DATETIME(3) NOT NULL,
    idle_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    UNIQUE KEY oidc_sessions_id (id_hash),
    KEY oidc_sessions_account (account_id),
    KEY oidc_sessions_expiry (expires_at)
  ) ${TABLE}`,

  // No foreign key to the grant: a revoked grant leaves the service in the session, so that a logout still tells it.
  `CREATE TABLE session_clients (
    session_uid VARCHAR(64) ${ASCII} NOT NULL,
    client_id VARCHAR(64) ${ASCII} NOT NULL,
    sid VARCHAR(64) ${ASCII} NOT NULL,
    grant_id VARCHAR(64) ${ASCII} NULL,
    created_at DATETIME(3) NOT NULL,
    PRIMARY KEY (session_uid, client_id),
    KEY session_clients_client (client_id),
    CONSTRAINT session_clients_session FOREIGN KEY (session_uid) REFERENCES oidc_sessions (uid) ON DELETE CASCADE,
    CONSTRAINT session_clients_client_fk FOREIGN KEY (client_id) REFERENCES oidc_clients (client_id) ON DELETE CASCADE
  ) ${TABLE}`,

  `CREATE TABLE oidc_grants (
    id VARCHAR(64) ${ASCII} NOT NULL PRIMARY KEY,
    account_id CHAR(22) ${ASCII} NOT NULL,
    client_id VARCHAR(64) ${ASCII} NOT NULL,
    credentials_version INT NOT NULL,
    payload MEDIUMTEXT ${EXACT} NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY oidc_grants_account (account_id),
    KEY oidc_grants_client (client_id),
    KEY oidc_grants_expiry (expires_at),
    CONSTRAINT oidc_grants_client_fk FOREIGN KEY (client_id) REFERENCES oidc_clients (client_id) ON DELETE CASCADE
  ) ${TABLE}`,

  // To delete a grant is to revoke it: whoever inserts a token of it at that moment waits for its row, and then fails.
  `CREATE TABLE oidc_tokens (
    id_hash CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    kind VARCHAR(20) ${ASCII} NOT NULL,
    grant_id VARCHAR(64) ${ASCII} NOT NULL,
    session_uid VARCHAR(64) ${ASCII} NULL,
    payload MEDIUMTEXT ${EXACT} NOT NULL,
    consumed_at DATETIME(3) NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY oidc_tokens_grant (grant_id),
    KEY oidc_tokens_session (session_uid),
    KEY oidc_tokens_expiry (expires_at),
    CONSTRAINT oidc_tokens_kind CHECK (kind IN ('AuthorizationCode', 'AccessToken', 'RefreshToken')),
    CONSTRAINT oidc_tokens_grant_fk FOREIGN KEY (grant_id) REFERENCES oidc_grants (id) ON DELETE CASCADE
  ) ${TABLE}`,

  // credentials_version: that of the account when the login was handed over; a password changed since undoes it.
  `CREATE TABLE oidc_interactions (
    id_hash CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    client_id VARCHAR(64) ${ASCII} NOT NULL,
    payload MEDIUMTEXT ${EXACT} NOT NULL,
    result TEXT ${EXACT} NULL,
    credentials_version INT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY oidc_interactions_client (client_id),
    KEY oidc_interactions_expiry (expires_at),
    CONSTRAINT oidc_interactions_client_fk FOREIGN KEY (client_id) REFERENCES oidc_clients (client_id) ON DELETE CASCADE
  ) ${TABLE}`,

  `CREATE TABLE oidc_pushed_requests (
    id_hash CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    payload MEDIUMTEXT ${EXACT} NOT NULL,
    consumed_at DATETIME(3) NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY oidc_pushed_requests_expiry (expires_at)
  ) ${TABLE}`,

  `CREATE TABLE oidc_replays (
    id_hash CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    expires_at DATETIME(3) NOT NULL,
    KEY oidc_replays_expiry (expires_at)
  ) ${TABLE}`,

  // The unique key lets one of several processes that start at once create a generation.
  `CREATE TABLE signing_keys (
    kid VARCHAR(64) ${ASCII} NOT NULL PRIMARY KEY,
    alg VARCHAR(8) ${ASCII} NOT NULL,
    generation INT UNSIGNED NOT NULL,
    private_sealed TEXT ${ASCII} NOT NULL,
    published_at DATETIME(3) NOT NULL,
    signs_from DATETIME(3) NOT NULL,
    withdrawn_at DATETIME(3) NULL,
    UNIQUE KEY signing_keys_generation (alg, generation),
    CONSTRAINT signing_keys_alg CHECK (alg IN ('RS256', 'ES256', 'EdDSA'))
  ) ${TABLE}`,
];
