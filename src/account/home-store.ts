import type { Account } from '../accounts/types.ts';
import type { Database } from '../deps.ts';

export type HomeFacts = {
  passkeys: number;
  /** What was answered to the offer of a key, and in which session; null: nothing yet. */
  offer: { answer: 'later' | 'never'; sessionHash: string } | null;
  /** The address that waits for its link to be followed. */
  pendingAddress: string | null;
};

/** What the home page tells beside the account itself, in one statement. */
export async function readHomeFacts(
  db: Database,
  { id, credentialsVersion }: Pick<Account, 'id' | 'credentialsVersion'>,
  now: Date,
): Promise<HomeFacts> {
  const pending = db('mail_links')
    .where({ account_id: id, purpose: 'address', credentials_version: credentialsVersion })
    .whereNull('consumed_at')
    .whereNull('revoked_at')
    .where('expires_at', '>', now)
    .orderBy('id', 'desc')
    .limit(1)
    .select('email');
  const row = await db('accounts as a')
    .leftJoin('passkey_offers as o', 'o.account_id', 'a.id')
    .where({ 'a.id': id })
    .select({
      passkeys: db('passkeys').where({ account_id: id }).count(),
      answer: 'o.answer',
      sessionHash: 'o.session_hash',
      pendingAddress: pending,
    })
    .first();
  return {
    passkeys: Number(row?.passkeys ?? 0),
    offer: row?.answer ? { answer: row.answer, sessionHash: row.sessionHash } : null,
    pendingAddress: row?.pendingAddress ?? null,
  };
}
