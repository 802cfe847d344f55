import type { Knex } from 'knex';

/**
 * « Mon compte »: the sessions of its pages, and the registration that the provider knows it by.
 *
 * A session here belongs to a session of the provider and goes with its row, whoever deletes that one (sign-out,
 * change of person, purge). The cookie's value is kept as its SHA-256 only.
 */

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

/** As in the code, which must not change it: sessions, grants and sign-ins under way name their service. */
const CLIENT_ID = 'educonnect-mon-compte';

export async function up(db: Knex): Promise<void> {
  // account_id: a session of the provider that was idle may be taken over by another person.
  await db.raw(`CREATE TABLE account_sessions (
    id_hash CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    session_uid VARCHAR(64) ${ASCII} NOT NULL,
    account_id CHAR(22) ${ASCII} NOT NULL,
    created_at DATETIME(3) NOT NULL,
    last_seen_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY account_sessions_session (session_uid),
    KEY account_sessions_account (account_id),
    CONSTRAINT account_sessions_session_fk FOREIGN KEY (session_uid) REFERENCES oidc_sessions (uid) ON DELETE CASCADE
  ) ${TABLE}`);
  // Its addresses follow from BASE_URL and are not kept.
  await db('oidc_clients').insert({
    client_id: CLIENT_ID,
    name: 'Mon compte',
    sector: CLIENT_ID,
    metadata: '{}',
    secret_sealed: null,
    created_at: db.raw('UTC_TIMESTAMP(3)'),
    updated_at: db.raw('UTC_TIMESTAMP(3)'),
  });
}

export async function down(db: Knex): Promise<void> {
  await db('oidc_clients').where({ client_id: CLIENT_ID }).delete();
  await db.schema.dropTableIfExists('account_sessions');
}
