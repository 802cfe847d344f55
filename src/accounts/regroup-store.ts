import { chunksOf } from '../db/batch.ts';
import type { Database, Transaction } from '../deps.ts';
import { endMarks } from './forced-marks-store.ts';

/** Whom FranceConnect says somebody is. */
export type FranceConnectLink = { issuer: string; sub: string };

/** A record of the directory that a regrouping takes from an account to another. */
export type MovedReference = { id: number; accountId: number };

/**
 * The records of accounts become those of `survivorId`, with what their holder has reported.
 * @returns those that moved, as they were before
 */
export async function moveReferences(
  trx: Transaction,
  fromIds: readonly number[],
  survivorId: number,
  now: Date,
): Promise<MovedReference[]> {
  const moved: MovedReference[] = await trx('guardian_references')
    .whereIn('account_id', fromIds)
    .orderBy('id')
    .select({ id: 'id', accountId: 'account_id' })
    .forUpdate();
  await trx('guardian_references')
    .whereIn('account_id', fromIds)
    .update({ account_id: survivorId, updated_at: now });
  await trx('wrong_attachments').whereIn('account_id', fromIds).update({ account_id: survivorId });
  return moved;
}

/** What support needs to take a regrouping back (security.md 1.5): where each account went, and what it brought. */
export async function keepRegrouping(
  trx: Transaction,
  {
    mergedIds,
    survivorId,
    references,
    linkedId,
    now,
  }: {
    mergedIds: readonly number[];
    survivorId: number;
    references: readonly MovedReference[];
    /** Whose link to FranceConnect the survivor has now; null: nobody's. */
    linkedId: number | null;
    now: Date;
  },
): Promise<void> {
  const rows = mergedIds.map((id) => ({
    merged_account_id: id,
    survivor_account_id: survivorId,
    regrouped_at: now,
    franceconnect_moved: id === linkedId,
  }));
  await trx('regrouped_references').whereIn('merged_account_id', mergedIds).delete();
  await trx('regroupings').insert(rows).onConflict('merged_account_id').merge();
  const brought = references.map(({ id, accountId }) => ({
    merged_account_id: accountId,
    guardian_reference_id: id,
  }));
  for (const part of chunksOf(brought)) await trx('regrouped_references').insert(part);
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
      must_change_since: null,
      // Its holder has proved it: as a sign-in, that takes a request to be forgotten back.
      forget_at: null,
      updated_at: now,
    });
  await endMarks(trx, ids, 'removed', now);
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
