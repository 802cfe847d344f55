import { chunksOf } from '../db/batch.ts';
import type { Database, Transaction } from '../deps.ts';

/** A regrouping as it is kept for support. */
export type Regrouping = {
  mergedId: number;
  survivorId: number;
  at: Date;
  /** The link to FranceConnect came with the account. */
  linkMoved: boolean;
};

/** That of an account that became another's; null: there was none, or it is forgotten. */
export async function findRegrouping(db: Database, identifier: string): Promise<Regrouping | null> {
  const row = await db('regroupings as r')
    .join('accounts as a', 'a.id', 'r.merged_account_id')
    .where('a.identifier', identifier)
    .first({
      mergedId: 'r.merged_account_id',
      survivorId: 'r.survivor_account_id',
      at: 'r.regrouped_at',
      linkMoved: 'r.franceconnect_moved',
    });
  return row ? { ...row, linkMoved: Boolean(row.linkMoved) } : null;
}

/** The records that came with it and are still the survivor's become its own again. @returns how many */
export async function giveReferencesBack(
  trx: Transaction,
  { mergedId, survivorId }: Regrouping,
  now: Date,
): Promise<number> {
  const ids: number[] = await trx('guardian_references as g')
    .join('regrouped_references as x', 'x.guardian_reference_id', 'g.id')
    .where({ 'x.merged_account_id': mergedId, 'g.account_id': survivorId })
    .orderBy('g.id')
    .forUpdate()
    .pluck('g.id');
  for (const part of chunksOf(ids)) {
    await trx('guardian_references').whereIn('id', part).update({ account_id: mergedId, updated_at: now });
    await trx('wrong_attachments').whereIn('guardian_reference_id', part).update({ account_id: mergedId });
  }
  return ids.length;
}

/** Its link to FranceConnect is its own again. */
export async function giveLinkBack(trx: Transaction, { mergedId, survivorId }: Regrouping): Promise<void> {
  await trx('account_franceconnect').where({ account_id: survivorId }).update({ account_id: mergedId });
}

/** The passkeys that were made for it: a key keeps the name of the account that it was made for. */
export async function giveKeysBack(
  trx: Transaction,
  { mergedId, survivorId }: Regrouping,
  publicId: string,
): Promise<void> {
  const userHandle = Buffer.from(publicId).toString('base64url');
  await trx('passkeys')
    .where({ account_id: survivorId, user_handle: userHandle })
    .update({ account_id: mergedId });
}

/** Open again, as it was but for its password, which is gone. */
export async function reopenMerged(trx: Transaction, mergedId: number, now: Date): Promise<void> {
  await trx('accounts')
    .where({ id: mergedId })
    .update({
      merged_into: null,
      closed_at: null,
      credentials_version: trx.raw('credentials_version + 1'),
      updated_at: now,
    });
  await trx('regroupings').where({ merged_account_id: mergedId }).delete();
}
