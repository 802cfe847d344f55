import { chunksOf, insertBatch } from '../db/batch.ts';
import type { Transaction } from '../deps.ts';

/** So long a service is told of a logout: as the services of a session are known (decision 9); its own is rarely longer. */
export const TOLD_WITHIN_MS = 12 * 3_600_000;

/**
 * Notes which services are to be told that the sessions of these accounts are over, with the change that ends them:
 * it leaves when, and only when, that commits. Sessions that had ended before have been told of.
 * @param accounts as they were before, with their locks held
 */
export async function queueLogouts(
  trx: Transaction,
  accounts: readonly { publicId: string; credentialsVersion: number }[],
  now: Date,
): Promise<void> {
  const versions = new Map(
    accounts.map(({ publicId, credentialsVersion }) => [publicId, credentialsVersion]),
  );
  const rows: { clientId: string; accountId: string; sid: string; version: number }[] = [];
  for (const part of chunksOf([...versions.keys()]))
    rows.push(
      ...(await trx('oidc_sessions as s')
        .join('session_clients as c', 'c.session_uid', 's.uid')
        .whereIn('s.account_id', part)
        .where('s.expires_at', '>', now)
        .select({
          clientId: 'c.client_id',
          accountId: 's.account_id',
          sid: 'c.sid',
          version: 's.credentials_version',
        })),
    );
  const giveUpAt = new Date(now.getTime() + TOLD_WITHIN_MS);
  const told = rows.filter(({ accountId, version }) => versions.get(accountId) === version);
  await insertBatch(
    trx,
    'INSERT IGNORE INTO logout_notices (client_id, account_id, sid, due_at, give_up_at, created_at)',
    told.map(({ clientId, accountId, sid }) => [clientId, accountId, sid, now, giveUpAt, now]),
  );
}
