import { change, type Sql, selectFirst } from '../db/statement.ts';
import { PERSON_COLUMNS, type PersonRow, personOf } from './person-store.ts';
import type { Payload, Person } from './rows.ts';

export type StoredInteraction = {
  clientId: string;
  payload: Payload;
  /** What the mire has handed over. */
  result: Payload | null;
  credentialsVersion: number | null;
  expiresAt: Date;
};

/** Whose session the browser has at this moment. */
export type PresentSession = {
  accountId: string;
  credentialsVersion: number;
  idleAt: Date;
  person: Person | null;
};

const COLUMNS = 'i.client_id, i.payload, i.result, i.credentials_version, i.expires_at';

type InteractionRow = {
  client_id: string;
  payload: string;
  result: string | null;
  credentials_version: number | null;
  expires_at: Date;
};

/** Locked, so that of two tabs that come back at once one finds it used. */
export async function lockInteraction(db: Sql, idHash: string): Promise<StoredInteraction | null> {
  const sql = `SELECT ${COLUMNS} FROM oidc_interactions i WHERE i.id_hash = ? FOR UPDATE`;
  const row = await selectFirst<InteractionRow>(db, sql, [idHash]);
  return row ? interactionOf(row) : null;
}

const READ_INTERACTION = `SELECT ${COLUMNS}, s.account_id AS session_account_id,
    s.credentials_version AS session_version, s.idle_at, ${PERSON_COLUMNS}
  FROM oidc_interactions i
  LEFT JOIN oidc_sessions s ON s.id_hash = ?
  LEFT JOIN accounts a ON a.public_id = s.account_id
  WHERE i.id_hash = ?`;

type PresentRow = InteractionRow &
  PersonRow & { session_account_id: string | null; session_version: number; idle_at: Date };

/** The sign-in and, in the same statement, the session of the browser that asks. */
export async function readInteraction(
  db: Sql,
  idHash: string,
  sessionHash: string | null,
): Promise<{ interaction: StoredInteraction; present: PresentSession | null } | null> {
  const row = await selectFirst<PresentRow>(db, READ_INTERACTION, [sessionHash, idHash]);
  if (!row) return null;
  const present =
    row.session_account_id === null
      ? null
      : {
          accountId: row.session_account_id,
          credentialsVersion: row.session_version,
          idleAt: row.idle_at,
          person: personOf(row),
        };
  return { interaction: interactionOf(row), present };
}

function interactionOf(row: InteractionRow): StoredInteraction {
  return {
    clientId: row.client_id,
    payload: JSON.parse(row.payload),
    result: row.result === null ? null : JSON.parse(row.result),
    credentialsVersion: row.credentials_version,
    expiresAt: row.expires_at,
  };
}

export async function insertInteraction(
  db: Sql,
  idHash: string,
  { clientId, payload, expiresAt }: Pick<StoredInteraction, 'clientId' | 'payload' | 'expiresAt'>,
): Promise<void> {
  await change(
    db,
    'INSERT INTO oidc_interactions (id_hash, client_id, payload, expires_at) VALUES (?, ?, ?, ?)',
    [idHash, clientId, JSON.stringify(payload), expiresAt],
  );
}

export async function updateInteraction(db: Sql, idHash: string, payload: Payload): Promise<void> {
  await change(db, 'UPDATE oidc_interactions SET payload = ? WHERE id_hash = ?', [
    JSON.stringify(payload),
    idHash,
  ]);
}

/** Hands over that the visitor gave up. @returns false when the sign-in is over */
export async function saveRefusal(db: Sql, idHash: string, result: Payload, now: Date): Promise<boolean> {
  const changed = await change(
    db,
    `UPDATE oidc_interactions SET result = ?, credentials_version = NULL
     WHERE id_hash = ? AND expires_at > ?`,
    [JSON.stringify(result), idHash, now],
  );
  return changed === 1;
}

/**
 * Hands over a login, with the version of the credentials by which it was proved.
 * @returns false when the sign-in is over, or the account may not be presented to services, or its credentials have
 *   changed since they were looked at (a reset, a freeze)
 */
export async function saveLogin(
  db: Sql,
  idHash: string,
  { publicId, credentialsVersion }: { publicId: string; credentialsVersion: number },
  result: Payload,
  now: Date,
): Promise<boolean> {
  const changed = await change(
    db,
    `UPDATE oidc_interactions i JOIN accounts a ON a.public_id = ?
     SET i.result = ?, i.credentials_version = a.credentials_version
     WHERE i.id_hash = ? AND a.state = 'activated' AND i.expires_at > ? AND a.closed_at IS NULL
       AND a.frozen_at IS NULL AND a.credentials_version = ?`,
    [publicId, JSON.stringify(result), idHash, now, credentialsVersion],
  );
  return changed === 1;
}

export async function extendInteraction(db: Sql, idHash: string, until: Date): Promise<void> {
  await change(db, 'UPDATE oidc_interactions SET expires_at = ? WHERE id_hash = ? AND expires_at < ?', [
    until,
    idHash,
    until,
  ]);
}

export async function deleteInteraction(db: Sql, idHash: string): Promise<void> {
  await change(db, 'DELETE FROM oidc_interactions WHERE id_hash = ?', [idHash]);
}
