import type { Database, Transaction } from '../deps.ts';

/** Whom FranceConnect says somebody is. */
export type FranceConnectLink = { issuer: string; sub: string };

/** The records of accounts become those of `survivorId`, with what their holder has reported. */
export async function moveReferences(
  trx: Transaction,
  fromIds: readonly number[],
  survivorId: number,
  now: Date,
): Promise<void> {
  await trx('guardian_references')
    .whereIn('account_id', fromIds)
    .update({ account_id: survivorId, updated_at: now });
  await trx('wrong_attachments').whereIn('account_id', fromIds).update({ account_id: survivorId });
}

/** Deleted for good: hidden, no password left, sessions and grants dead, the identifier never given again. */
export async function closeMerged(
  trx: Transaction,
  ids: readonly number[],
  survivorId: number,
  now: Date,
): Promise<void> {
  await trx('accounts')
    .whereIn('id', ids)
    .update({
      merged_into: survivorId,
      closed_at: now,
      // Kept non-null where there was one: « Notifié » without a provisional password is no state (migration 001).
      provisional_sealed: trx.raw("IF(provisional_sealed IS NULL, NULL, '')"),
      password_hash: null,
      password_kind: trx.raw("IF(password_kind = 'personal', 'none', password_kind)"),
      credentials_version: trx.raw('credentials_version + 1'),
      updated_at: now,
    });
}

/** The links of these accounts, newest first, locked. */
export async function lockFranceConnectLinks(
  trx: Transaction,
  accountIds: readonly number[],
): Promise<(FranceConnectLink & { accountId: number; linkedAt: Date })[]> {
  return trx('account_franceconnect')
    .whereIn('account_id', accountIds)
    .orderBy([{ column: 'linked_at', order: 'desc' }, { column: 'account_id' }])
    .select({ accountId: 'account_id', issuer: 'issuer', sub: 'sub', linkedAt: 'linked_at' })
    .forUpdate();
}

/** To which account a person of FranceConnect is linked; null: to none. */
export async function findLinkedAccountId(
  db: Database,
  { issuer, sub }: FranceConnectLink,
): Promise<number | null> {
  const row: { id: number } | undefined = await db('account_franceconnect')
    .where({ issuer, sub })
    .select({ id: 'account_id' })
    .first();
  return row?.id ?? null;
}

/** Replaces the links of all these accounts by one. @throws a duplicate, when the person is linked elsewhere */
export async function putFranceConnectLink(
  trx: Transaction,
  accountIds: readonly number[],
  link: FranceConnectLink & { accountId: number; linkedAt: Date },
): Promise<void> {
  await trx('account_franceconnect').whereIn('account_id', accountIds).delete();
  await trx('account_franceconnect').insert({
    account_id: link.accountId,
    issuer: link.issuer,
    sub: link.sub,
    linked_at: link.linkedAt,
  });
}
