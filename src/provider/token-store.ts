import { change, type Sql, selectFirst } from '../db/statement.ts';
import { PERSON_COLUMNS, type PersonRow, personOf } from './person-store.ts';
import type { Grant, Person, SessionBinding, Token, TokenKind } from './rows.ts';

export type TokenRead = {
  token: Token;
  grant: Grant;
  person: Person | null;
  /** Null when the session is over. */
  binding: SessionBinding | null;
};

/**
 * Locks the grant of a token until the end of the transaction, so that of two who present the same code or refresh
 * token the second waits, and then reads what the first has done. The token itself is looked up without a lock.
 */
export async function lockGrantOfToken(db: Sql, idHash: string): Promise<void> {
  await selectFirst(
    db,
    'SELECT id FROM oidc_grants WHERE id = (SELECT grant_id FROM oidc_tokens WHERE id_hash = ?) FOR UPDATE',
    [idHash],
  );
}

/** Holds a grant that is about to get a code, so that nobody revokes it in between. @returns false when it is gone */
export async function lockGrant(db: Sql, id: string): Promise<boolean> {
  return (await selectFirst(db, 'SELECT id FROM oidc_grants WHERE id = ? FOR UPDATE', [id])) !== undefined;
}

const GRANT_COLUMNS = `g.id AS grant_id, g.account_id, g.client_id, g.credentials_version,
  g.payload AS grant_payload, g.expires_at AS grant_expires_at`;

type GrantRow = {
  grant_id: string;
  account_id: string;
  client_id: string;
  credentials_version: number;
  grant_payload: string;
  grant_expires_at: Date;
};

type TokenRow = GrantRow &
  PersonRow & {
    payload: string;
    session_uid: string | null;
    consumed_at: Date | null;
    expires_at: Date;
    session_account_id: string | null;
    session_version: number;
    idle_at: Date;
    sid: string | null;
    session_grant_id: string | null;
  };

const READ_TOKEN = `SELECT t.payload, t.session_uid, t.consumed_at, t.expires_at, ${GRANT_COLUMNS},
    s.account_id AS session_account_id, s.credentials_version AS session_version, s.idle_at,
    c.sid, c.grant_id AS session_grant_id, ${PERSON_COLUMNS}
  FROM oidc_tokens t
  JOIN oidc_grants g ON g.id = t.grant_id
  LEFT JOIN accounts a ON a.public_id = g.account_id
  LEFT JOIN oidc_sessions s ON s.uid = t.session_uid
  LEFT JOIN session_clients c ON c.session_uid = s.uid AND c.client_id = g.client_id
  WHERE t.id_hash = ? AND t.kind = ?`;

/** A token with its grant, its person and its session, in one statement. */
export async function readToken(db: Sql, kind: TokenKind, idHash: string): Promise<TokenRead | null> {
  const row = await selectFirst<TokenRow>(db, READ_TOKEN, [idHash, kind]);
  if (!row) return null;
  return { token: tokenOf(kind, row), grant: grantOf(row), person: personOf(row), binding: bindingOf(row) };
}

function tokenOf(kind: TokenKind, row: TokenRow): Token {
  return {
    kind,
    grantId: row.grant_id,
    sessionUid: row.session_uid,
    payload: JSON.parse(row.payload),
    consumedAt: row.consumed_at,
    expiresAt: row.expires_at,
  };
}

function grantOf(row: GrantRow): Grant {
  return {
    id: row.grant_id,
    accountId: row.account_id,
    clientId: row.client_id,
    credentialsVersion: row.credentials_version,
    payload: JSON.parse(row.grant_payload),
    expiresAt: row.grant_expires_at,
  };
}

function bindingOf(row: TokenRow): SessionBinding | null {
  if (row.session_account_id === null) return null;
  return {
    uid: row.session_uid as string,
    accountId: row.session_account_id,
    credentialsVersion: row.session_version,
    idleAt: row.idle_at,
    clientId: row.client_id,
    client: row.sid === null ? null : { sid: row.sid, grantId: row.session_grant_id },
  };
}

export type NewToken = Omit<Token, 'consumedAt'> & { idHash: string };

/** One statement, however many they are. */
export async function insertTokens(db: Sql, tokens: readonly NewToken[]): Promise<void> {
  if (tokens.length === 0) return;
  const values = tokens.flatMap(({ idHash, kind, grantId, sessionUid, payload, expiresAt }) => [
    idHash,
    kind,
    grantId,
    sessionUid,
    JSON.stringify(payload),
    expiresAt,
  ]);
  const rows = tokens.map(() => '(?, ?, ?, ?, ?, ?)').join(', ');
  await change(
    db,
    `INSERT INTO oidc_tokens (id_hash, kind, grant_id, session_uid, payload, expires_at) VALUES ${rows}`,
    values,
  );
}

/** @returns false when somebody was faster */
export async function consumeToken(db: Sql, kind: TokenKind, idHash: string, now: Date): Promise<boolean> {
  const changed = await change(
    db,
    'UPDATE oidc_tokens SET consumed_at = ? WHERE id_hash = ? AND kind = ? AND consumed_at IS NULL',
    [now, idHash, kind],
  );
  return changed === 1;
}

export async function deleteToken(db: Sql, kind: TokenKind, idHash: string): Promise<void> {
  await change(db, 'DELETE FROM oidc_tokens WHERE id_hash = ? AND kind = ?', [idHash, kind]);
}

const READ_GRANT = `SELECT ${GRANT_COLUMNS}, ${PERSON_COLUMNS}
  FROM oidc_grants g LEFT JOIN accounts a ON a.public_id = g.account_id WHERE g.id = ?`;

export async function readGrant(
  db: Sql,
  id: string,
): Promise<{ grant: Grant; person: Person | null } | null> {
  const row = await selectFirst<GrantRow & PersonRow>(db, READ_GRANT, [id]);
  return row ? { grant: grantOf(row), person: personOf(row) } : null;
}

export async function insertGrant(db: Sql, grant: Grant): Promise<void> {
  await change(
    db,
    `INSERT INTO oidc_grants (id, account_id, client_id, credentials_version, payload, expires_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
    [
      grant.id,
      grant.accountId,
      grant.clientId,
      grant.credentialsVersion,
      JSON.stringify(grant.payload),
      grant.expiresAt,
    ],
  );
}

export async function updateGrant(db: Sql, grant: Grant): Promise<void> {
  await change(db, 'UPDATE oidc_grants SET payload = ?, expires_at = ? WHERE id = ?', [
    JSON.stringify(grant.payload),
    grant.expiresAt,
    grant.id,
  ]);
}

/** Revokes them: every code and token of a grant goes with it. */
export async function deleteGrants(db: Sql, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await change(db, 'DELETE FROM oidc_grants WHERE id IN (?)', [[...ids].sort()]);
}

/** Every grant of an account. */
export async function deleteGrantsOf(db: Sql, accountId: string): Promise<void> {
  await change(db, 'DELETE FROM oidc_grants WHERE account_id = ?', [accountId]);
}
