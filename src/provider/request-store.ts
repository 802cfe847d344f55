import { change, type Sql, selectFirst } from '../db/statement.ts';
import { isDuplicate } from '../db/transaction.ts';
import type { Payload } from './rows.ts';

/** Pushed authorization requests (RFC 9126) and the `jti` of client assertions that were used. */

export type PushedRequest = { payload: Payload; consumedAt: Date | null; expiresAt: Date };

export async function insertPushedRequest(
  db: Sql,
  idHash: string,
  payload: Payload,
  expiresAt: Date,
): Promise<void> {
  await change(db, 'INSERT INTO oidc_pushed_requests (id_hash, payload, expires_at) VALUES (?, ?, ?)', [
    idHash,
    JSON.stringify(payload),
    expiresAt,
  ]);
}

export async function readPushedRequest(db: Sql, idHash: string): Promise<PushedRequest | null> {
  const row = await selectFirst<{ payload: string; consumed_at: Date | null; expires_at: Date }>(
    db,
    'SELECT payload, consumed_at, expires_at FROM oidc_pushed_requests WHERE id_hash = ?',
    [idHash],
  );
  if (!row) return null;
  return { payload: JSON.parse(row.payload), consumedAt: row.consumed_at, expiresAt: row.expires_at };
}

/** @returns false when somebody was faster */
export async function consumePushedRequest(db: Sql, idHash: string, now: Date): Promise<boolean> {
  const changed = await change(
    db,
    'UPDATE oidc_pushed_requests SET consumed_at = ? WHERE id_hash = ? AND consumed_at IS NULL',
    [now, idHash],
  );
  return changed === 1;
}

export async function isReplay(db: Sql, idHash: string, now: Date): Promise<boolean> {
  const sql = 'SELECT id_hash FROM oidc_replays WHERE id_hash = ? AND expires_at > ?';
  return (await selectFirst(db, sql, [idHash, now])) !== undefined;
}

/** @returns false when it was there already */
export async function rememberUse(db: Sql, idHash: string, expiresAt: Date): Promise<boolean> {
  try {
    await change(db, 'INSERT INTO oidc_replays (id_hash, expires_at) VALUES (?, ?)', [idHash, expiresAt]);
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}
