import { change, type Sql, selectFirst, selectRows } from '../db/statement.ts';
import { OWN_CLIENT_ID } from './client-store.ts';
import type { Notice } from './notice-store.ts';

/** The sessions of one account, for « Mes sessions ». */

export type SessionRow = {
  uid: string;
  begun_at: Date | null;
  touched_at: Date;
  device: string | null;
  amr: string | null;
};

/** So many are shown; a person has a few. */
const MOST = 50;

/** Those that are still good, last used first. */
export async function findLivingSessions(db: Sql, accountId: string, now: Date): Promise<SessionRow[]> {
  return selectRows<SessionRow>(
    db,
    `SELECT s.uid, s.begun_at, s.touched_at, s.device, CAST(JSON_EXTRACT(s.payload, '$.amr') AS CHAR) AS amr
     FROM oidc_sessions s
     JOIN accounts a ON a.public_id = s.account_id AND a.credentials_version = s.credentials_version
     WHERE s.account_id = ? AND s.idle_at > ?
     ORDER BY s.touched_at DESC, s.uid LIMIT ${MOST}`,
    [accountId, now],
  );
}

/** The services that each of these sessions reached, by name; « Mon compte » is none. */
export async function findServicesOf(
  db: Sql,
  uids: readonly string[],
): Promise<{ session_uid: string; name: string }[]> {
  if (uids.length === 0) return [];
  return selectRows(
    db,
    `SELECT c.session_uid, k.name FROM session_clients c JOIN oidc_clients k ON k.client_id = c.client_id
     WHERE c.session_uid IN (?) AND c.client_id <> ? ORDER BY k.name, k.client_id`,
    [uids, OWN_CLIENT_ID],
  );
}

/** Locks one session of this account until the end of the transaction. @returns false: it is not his, or over */
export async function lockSessionOf(db: Sql, accountId: string, uid: string): Promise<boolean> {
  const sql = 'SELECT uid FROM oidc_sessions WHERE uid = ? AND account_id = ? FOR UPDATE';
  return (await selectFirst(db, sql, [uid, accountId])) !== undefined;
}

/** Whom to tell when these sessions end. */
export async function findNotices(db: Sql, accountId: string, uids: readonly string[]): Promise<Notice[]> {
  if (uids.length === 0) return [];
  const rows = await selectRows<{ client_id: string; sid: string }>(
    db,
    'SELECT client_id, sid FROM session_clients WHERE session_uid IN (?) AND client_id <> ?',
    [uids, OWN_CLIENT_ID],
  );
  return rows.map(({ client_id: clientId, sid }) => ({ clientId, accountId, sid }));
}

/** Their services go with them. */
export async function deleteSessions(db: Sql, uids: readonly string[]): Promise<void> {
  if (uids.length > 0) await change(db, 'DELETE FROM oidc_sessions WHERE uid IN (?)', [uids]);
}

export async function deleteGrantsOfSession(db: Sql, uid: string): Promise<void> {
  await change(
    db,
    'DELETE g FROM oidc_grants g JOIN session_clients c ON c.grant_id = g.id WHERE c.session_uid = ?',
    [uid],
  );
}

/** A session that goes on although its person's credentials have changed: he has just proved who he is in it. */
export async function renewSession(db: Sql, uid: string, credentialsVersion: number): Promise<void> {
  await change(db, 'UPDATE oidc_sessions SET credentials_version = ? WHERE uid = ?', [
    credentialsVersion,
    uid,
  ]);
}
