import { accountColumns } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import type { Database } from '../deps.ts';
import type { AccountSession } from './types.ts';

/**
 * The session and whose it is, in one statement, while all that it rests on is good: itself, the provider's session,
 * still of the same person and with the credentials of its login, and the account.
 * @param seenSince a session not used since then is over
 */
export async function findSession(
  db: Database,
  idHash: string,
  { now, seenSince }: { now: Date; seenSince: Date },
): Promise<AccountSession | null> {
  const row = await db('account_sessions as x')
    .join('oidc_sessions as s', (join) =>
      join.on('s.uid', 'x.session_uid').andOn('s.account_id', 'x.account_id'),
    )
    .join('accounts as a', (join) =>
      join.on('a.public_id', 'x.account_id').andOn('a.credentials_version', 's.credentials_version'),
    )
    .where({ 'x.id_hash': idHash, 'a.state': 'activated' })
    .where('x.last_seen_at', '>', seenSince)
    .where('x.expires_at', '>', now)
    .where('s.idle_at', '>', now)
    .whereNull('a.closed_at')
    .whereNull('a.frozen_at')
    .select({
      ...accountColumns('a'),
      sessionUid: 'x.session_uid',
      lastSeenAt: 'x.last_seen_at',
      provedAt: 'x.proved_at',
    })
    .first();
  if (!row) return null;
  const { sessionUid, lastSeenAt, provedAt, ...account } = row;
  return { account: account as Account, sessionUid, lastSeenAt, provedAt };
}

/** @returns false when the provider's session has just ended, or has become another person's */
export async function insertSession(
  db: Database,
  session: {
    idHash: string;
    sessionUid: string;
    accountPublicId: string;
    provedAt: Date;
    now: Date;
    expiresAt: Date;
  },
): Promise<boolean> {
  const { idHash, sessionUid, accountPublicId, provedAt, now, expiresAt } = session;
  const [result] = await db.raw(
    `INSERT INTO account_sessions (id_hash, session_uid, account_id, proved_at, created_at, last_seen_at, expires_at)
     SELECT ?, uid, account_id, ?, ?, ?, ? FROM oidc_sessions WHERE uid = ? AND account_id = ?`,
    [idHash, provedAt, now, now, expiresAt, sessionUid, accountPublicId],
  );
  return (result as { affectedRows: number }).affectedRows === 1;
}

export async function touchSession(db: Database, idHash: string, now: Date): Promise<void> {
  await db('account_sessions').where({ id_hash: idHash }).update({ last_seen_at: now });
}

/** @returns whose it was, and the provider's session that it belonged to; null when it was over */
export async function removeSession(
  db: Database,
  idHash: string,
): Promise<{ sessionUid: string; accountPublicId: string } | null> {
  const row = await db('account_sessions')
    .where({ id_hash: idHash })
    .select({ sessionUid: 'session_uid', accountPublicId: 'account_id' })
    .first();
  if (row) await db('account_sessions').where({ id_hash: idHash }).delete();
  return row ?? null;
}
