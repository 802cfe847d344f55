import { change, type Sql, selectFirst } from '../db/statement.ts';

/** The ID token of the visit to FranceConnect that a session came from, sealed. */
export type SealedIdToken = { sealedFor: string; sealed: string };

/** Keeps with the session the ID token of the sign-in that it comes from; a later visit's replaces an earlier one's. */
export async function keepIdToken(
  db: Sql,
  { sessionUid, interactionHash }: { sessionUid: string; interactionHash: string },
  now: Date,
): Promise<void> {
  await change(
    db,
    `INSERT INTO franceconnect_sessions (session_uid, sealed_for, id_token_sealed, created_at)
     SELECT ?, interaction_hash, id_token_sealed, ? FROM franceconnect_requests
     WHERE interaction_hash = ? AND id_token_sealed IS NOT NULL ORDER BY consumed_at DESC, id DESC LIMIT 1
     ON DUPLICATE KEY UPDATE sealed_for = VALUES(sealed_for), id_token_sealed = VALUES(id_token_sealed)`,
    [sessionUid, now, interactionHash],
  );
}

export async function findIdToken(db: Sql, sessionUid: string): Promise<SealedIdToken | null> {
  const row = await selectFirst<SealedIdToken>(
    db,
    `SELECT sealed_for AS sealedFor, id_token_sealed AS sealed FROM franceconnect_sessions WHERE session_uid = ?`,
    [sessionUid],
  );
  return row ?? null;
}

export async function insertLogout(
  db: Sql,
  logout: { stateHash: string; nextUrl: string; expiresAt: Date },
): Promise<void> {
  await change(db, 'INSERT INTO franceconnect_logouts (state_hash, next_url, expires_at) VALUES (?, ?, ?)', [
    logout.stateHash,
    logout.nextUrl,
    logout.expiresAt,
  ]);
}

/** Where a logout goes on, once. */
export async function takeLogout(db: Sql, stateHash: string, now: Date): Promise<string | null> {
  const row = await selectFirst<{ nextUrl: string }>(
    db,
    'SELECT next_url AS nextUrl FROM franceconnect_logouts WHERE state_hash = ? AND expires_at > ?',
    [stateHash, now],
  );
  if (!row) return null;
  const taken = await change(db, 'DELETE FROM franceconnect_logouts WHERE state_hash = ?', [stateHash]);
  return taken === 1 ? row.nextUrl : null;
}
