import { change, type Sql, selectFirst, selectRows } from '../db/statement.ts';
import { PERSON_COLUMNS, type PersonRow, personOf } from './person-store.ts';
import type { Grant, LoadedSession, Person, SessionClient } from './rows.ts';

export type SessionRead = { session: LoadedSession; person: Person | null; grants: Grant[] };

/** Locks the session until the end of the transaction. @returns its uid */
export async function lockSession(db: Sql, idHash: string): Promise<string | null> {
  const sql = 'SELECT uid FROM oidc_sessions WHERE id_hash = ? FOR UPDATE';
  return (await selectFirst<{ uid: string }>(db, sql, [idHash]))?.uid ?? null;
}

/** The same, by its uid. @returns false when it is over */
export async function lockSessionOfUid(db: Sql, uid: string): Promise<boolean> {
  return (
    (await selectFirst(db, 'SELECT uid FROM oidc_sessions WHERE uid = ? FOR UPDATE', [uid])) !== undefined
  );
}

/** Counts the idle time anew for a session that is still in use. */
export async function touchSession(db: Sql, uid: string, now: Date, idleAt: Date): Promise<void> {
  await change(
    db,
    'UPDATE oidc_sessions SET touched_at = ?, idle_at = LEAST(?, expires_at) WHERE uid = ? AND idle_at > ?',
    [now, idleAt, uid, now],
  );
}

type SessionRow = PersonRow & {
  uid: string;
  id_hash: string;
  account_id: string;
  credentials_version: number;
  payload: string;
  touched_at: Date;
  idle_at: Date;
  expires_at: Date;
  begun_at: Date | null;
  device: string | null;
  client_id: string | null;
  sid: string;
  grant_id: string | null;
  grant_account_id: string;
  grant_version: number;
  grant_payload: string | null;
  grant_expires_at: Date;
};

const SESSION_COLUMNS = `s.uid, s.id_hash, s.account_id, s.credentials_version, s.payload, s.touched_at, s.idle_at,
    s.expires_at, s.begun_at, s.device, c.client_id, c.sid, c.grant_id, g.account_id AS grant_account_id,
    g.credentials_version AS grant_version, g.payload AS grant_payload, g.expires_at AS grant_expires_at`;
const READ_SESSION = `SELECT ${SESSION_COLUMNS}, ${PERSON_COLUMNS}
  FROM oidc_sessions s
  LEFT JOIN accounts a ON a.public_id = s.account_id
  LEFT JOIN session_clients c ON c.session_uid = s.uid
  LEFT JOIN oidc_grants g ON g.id = c.grant_id`;
const READ_BY_UID = `${READ_SESSION} WHERE s.uid = ?`;
const READ_BY_ID = `${READ_SESSION} WHERE s.id_hash = ?`;
// Only what is selected FOR UPDATE is locked: the account is not, so that no request waits for a login elsewhere.
const HOLD = `SELECT s.*, ${PERSON_COLUMNS}
  FROM (SELECT ${SESSION_COLUMNS}
    FROM oidc_sessions s
    LEFT JOIN session_clients c ON c.session_uid = s.uid
    LEFT JOIN oidc_grants g ON g.id = c.grant_id AND c.client_id = ?
    WHERE s.id_hash = ? FOR UPDATE) s
  LEFT JOIN accounts a ON a.public_id = s.account_id`;

/**
 * Reads the session and locks it until the end of the transaction: requests of one session follow one another, so
 * that none overwrites another's service and none brings back what a logout has deleted (decision 9, pitfall 2).
 * @param clientId the service that asks: its grant, to which a code will be added, is read and locked too, so that
 * nobody revokes it in between; the others' are not read
 */
export async function holdSession(db: Sql, idHash: string, clientId: string): Promise<SessionRead | null> {
  return sessionRead(await selectRows<SessionRow>(db, HOLD, [clientId, idHash]));
}

/** The session with its person, its services and their grants, in one statement. */
export async function readSession(
  db: Sql,
  by: { uid: string } | { idHash: string },
): Promise<SessionRead | null> {
  const rows =
    'uid' in by
      ? await selectRows<SessionRow>(db, READ_BY_UID, [by.uid])
      : await selectRows<SessionRow>(db, READ_BY_ID, [by.idHash]);
  return sessionRead(rows);
}

function sessionRead(rows: SessionRow[]): SessionRead | null {
  const first = rows[0];
  if (!first) return null;
  const services = rows.filter((row) => row.client_id !== null);
  const grants = services.flatMap((row) => grantOf(row) ?? []);
  return { session: sessionOf(first, services), person: personOf(first), grants };
}

function sessionOf(row: SessionRow, services: SessionRow[]): LoadedSession {
  return {
    uid: row.uid,
    idHash: row.id_hash,
    accountId: row.account_id,
    credentialsVersion: row.credentials_version,
    payload: JSON.parse(row.payload),
    touchedAt: row.touched_at,
    idleAt: row.idle_at,
    expiresAt: row.expires_at,
    begunAt: row.begun_at,
    device: row.device,
    clients: new Map(
      services.map(({ client_id, sid, grant_id }) => [client_id ?? '', { sid, grantId: grant_id }]),
    ),
    stored: true,
  };
}

function grantOf(row: SessionRow): Grant | null {
  if (row.grant_payload === null || row.grant_id === null) return null;
  return {
    id: row.grant_id,
    accountId: row.grant_account_id,
    clientId: row.client_id ?? '',
    credentialsVersion: row.grant_version,
    payload: JSON.parse(row.grant_payload),
    expiresAt: row.grant_expires_at,
  };
}

type StoredSession = Omit<LoadedSession, 'clients' | 'stored'>;

/** In the order of the columns of both statements below; the uid comes last. */
const valuesOf = (session: StoredSession) => [
  session.idHash,
  session.accountId,
  session.credentialsVersion,
  JSON.stringify(session.payload),
  session.touchedAt,
  session.idleAt,
  session.expiresAt,
  session.begunAt,
  session.device,
  session.uid,
];

export async function insertSession(db: Sql, session: StoredSession): Promise<void> {
  await change(
    db,
    `INSERT INTO oidc_sessions
       (id_hash, account_id, credentials_version, payload, touched_at, idle_at, expires_at, begun_at, device, uid)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    valuesOf(session),
  );
}

export async function updateSession(db: Sql, session: StoredSession): Promise<void> {
  await change(
    db,
    `UPDATE oidc_sessions SET id_hash = ?, account_id = ?, credentials_version = ?, payload = ?, touched_at = ?,
       idle_at = ?, expires_at = ?, begun_at = ?, device = ? WHERE uid = ?`,
    valuesOf(session),
  );
}

/** The sessions of an account, also idle ones, which are still there for a logout: a handful in twelve hours. */
export async function findSessionsOf(db: Sql, accountId: string): Promise<string[]> {
  const sql = 'SELECT uid FROM oidc_sessions WHERE account_id = ? ORDER BY uid FOR UPDATE';
  return (await selectRows<{ uid: string }>(db, sql, [accountId])).map(({ uid }) => uid);
}

/** Its services go with it. */
export async function deleteSession(db: Sql, uid: string): Promise<void> {
  await change(db, 'DELETE FROM oidc_sessions WHERE uid = ?', [uid]);
}

export async function saveSessionClients(
  db: Sql,
  uid: string,
  clients: ReadonlyMap<string, SessionClient>,
  now: Date,
): Promise<void> {
  const values = [...clients].flatMap(([clientId, { sid, grantId }]) => [uid, clientId, sid, grantId, now]);
  const rows = Array.from(clients, () => '(?, ?, ?, ?, ?)').join(', ');
  await change(
    db,
    `INSERT INTO session_clients (session_uid, client_id, sid, grant_id, created_at) VALUES ${rows}
     ON DUPLICATE KEY UPDATE sid = VALUES(sid), grant_id = VALUES(grant_id)`,
    values,
  );
}

export async function deleteSessionClients(
  db: Sql,
  uid: string,
  clientIds: readonly string[],
): Promise<void> {
  await change(db, 'DELETE FROM session_clients WHERE session_uid = ? AND client_id IN (?)', [
    uid,
    clientIds,
  ]);
}
