import type { Knex } from 'knex';
import type { Database } from '../deps.ts';

export type MailLink = {
  id: number;
  purpose: string;
  accountId: number;
  email: string;
  /** SHA-256 of the interaction in which it was asked for. */
  interactionHash: string | null;
  clientId: string | null;
  /** Of the account when it was issued; null: the link outlives a change of password. */
  credentialsVersion: number | null;
  createdAt: Date;
  expiresAt: Date;
  consumedAt: Date | null;
  revokedAt: Date | null;
};

const LINK_COLUMNS = {
  id: 'id',
  purpose: 'purpose',
  accountId: 'account_id',
  email: 'email',
  interactionHash: 'interaction_hash',
  clientId: 'client_id',
  credentialsVersion: 'credentials_version',
  createdAt: 'created_at',
  expiresAt: 'expires_at',
  consumedAt: 'consumed_at',
  revokedAt: 'revoked_at',
};

export type NewMailLink = Omit<MailLink, 'id' | 'consumedAt' | 'revokedAt'> & { tokenHash: string };

export async function insertLink(db: Database, link: NewMailLink): Promise<void> {
  await db('mail_links').insert({
    token_hash: link.tokenHash,
    purpose: link.purpose,
    account_id: link.accountId,
    email: link.email,
    interaction_hash: link.interactionHash,
    client_id: link.clientId,
    credentials_version: link.credentialsVersion,
    created_at: link.createdAt,
    expires_at: link.expiresAt,
  });
}

/** A new request kills the old ones: links of these purposes that were not used are revoked. */
export async function revokeLinks(
  db: Database,
  accountIds: readonly number[],
  purposes: readonly string[],
  now: Date,
): Promise<void> {
  await db('mail_links')
    .whereIn('account_id', [...accountIds])
    .whereIn('purpose', [...purposes])
    .whereNull('consumed_at')
    .whereNull('revoked_at')
    .update({ revoked_at: now });
}

/**
 * As if they had been used: what they could do has been done. Also those of accounts that were regrouped into it,
 * however many times over.
 */
export async function useUpLinks(
  db: Database,
  accountId: number,
  purposes: readonly string[],
  now: Date,
): Promise<void> {
  // First the accounts: an update would look at every link for a list that is a query.
  const ids: number[] = await db
    .withRecursive('one', (start) => {
      start
        .select('id')
        .from('accounts')
        .where({ id: accountId })
        .union((more) => {
          more.select('a.id').from('accounts as a').join('one', 'a.merged_into', 'one.id');
        });
    })
    .from('one')
    .pluck('id');
  await db('mail_links')
    .whereIn('account_id', ids)
    .whereIn('purpose', [...purposes])
    .whereNull('consumed_at')
    .update({ consumed_at: now });
}

/** The latest link that is neither used nor revoked nor over. */
export async function findLivingLink(
  db: Database,
  accountId: number,
  purpose: string,
  now: Date,
): Promise<(MailLink & { tokenHash: string }) | null> {
  const found = await db('mail_links')
    .select({ ...LINK_COLUMNS, tokenHash: 'token_hash' })
    .where({ account_id: accountId, purpose })
    .whereNull('consumed_at')
    .whereNull('revoked_at')
    .where('expires_at', '>', now)
    .orderBy('id', 'desc')
    .first();
  return found ?? null;
}

/** Whether an account has a living link of this purpose that went to another address. */
export async function hasOtherLink(
  db: Database,
  { accountId, purpose, email }: Pick<MailLink, 'accountId' | 'purpose' | 'email'>,
  now: Date,
): Promise<boolean> {
  const found = await db('mail_links')
    .select('id')
    .where({ account_id: accountId, purpose })
    .whereNot({ email })
    .whereNull('consumed_at')
    .whereNull('revoked_at')
    .where('expires_at', '>', now)
    .first();
  return found !== undefined;
}

export async function findLink(db: Database, tokenHash: string): Promise<MailLink | null> {
  return (await db('mail_links').select(LINK_COLUMNS).where({ token_hash: tokenHash }).first()) ?? null;
}

/** The same, locked until the transaction ends: of two who press the button at once, the second sees it consumed. */
export async function lockLink(trx: Knex.Transaction, tokenHash: string): Promise<MailLink | null> {
  return (
    (await trx('mail_links').select(LINK_COLUMNS).where({ token_hash: tokenHash }).forUpdate().first()) ??
    null
  );
}

export async function markLinkConsumed(trx: Knex.Transaction, id: number, now: Date): Promise<void> {
  await trx('mail_links').where({ id }).update({ consumed_at: now });
}
