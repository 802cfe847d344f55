import { isDuplicate } from '../db/transaction.ts';
import type { Database } from '../deps.ts';
import type { Payload } from './rows.ts';

/** Pushed authorization requests (RFC 9126) and the `jti` of client assertions that were used. */

export type PushedRequest = { payload: Payload; consumedAt: Date | null; expiresAt: Date };

export async function insertPushedRequest(
  db: Database,
  idHash: string,
  payload: Payload,
  expiresAt: Date,
): Promise<void> {
  await db('oidc_pushed_requests').insert({
    id_hash: idHash,
    payload: JSON.stringify(payload),
    expires_at: expiresAt,
  });
}

export async function readPushedRequest(db: Database, idHash: string): Promise<PushedRequest | null> {
  const row = await db('oidc_pushed_requests').where({ id_hash: idHash }).first();
  if (!row) return null;
  return { payload: JSON.parse(row.payload), consumedAt: row.consumed_at, expiresAt: row.expires_at };
}

/** @returns false when somebody was faster */
export async function consumePushedRequest(db: Database, idHash: string, now: Date): Promise<boolean> {
  const changed = await db('oidc_pushed_requests')
    .where({ id_hash: idHash })
    .whereNull('consumed_at')
    .update({ consumed_at: now });
  return changed === 1;
}

export async function isReplay(db: Database, idHash: string, now: Date): Promise<boolean> {
  const row = await db('oidc_replays').where({ id_hash: idHash }).where('expires_at', '>', now).first();
  return row !== undefined;
}

/** @returns false when it was there already */
export async function rememberUse(db: Database, idHash: string, expiresAt: Date): Promise<boolean> {
  try {
    await db('oidc_replays').insert({ id_hash: idHash, expires_at: expiresAt });
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}
