import { lockAccounts, updateAccount } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import {
  deleteKey,
  findOffer,
  findPasskeys,
  type Offer,
  type Passkey,
  putOffer,
  renameKey,
} from './passkey-store.ts';
import { waysOf } from './ways.ts';

type From = { ip: string; requestId?: string | undefined };

export type KeyShown = Pick<
  Passkey,
  'publicId' | 'name' | 'synced' | 'createdAt' | 'lastUsedAt' | 'suspectedAt'
>;

/** The keys of an account, the oldest first. */
export async function passkeysOf(deps: Pick<Deps, 'db'>, accountId: number): Promise<KeyShown[]> {
  return findPasskeys(deps.db, accountId);
}

/** @returns false when the account has no such key */
export async function renamePasskey(
  deps: Pick<Deps, 'db'>,
  key: { accountId: number; publicId: string; name: string },
): Promise<boolean> {
  return renameKey(deps.db, key);
}

/** `gone`: the session is not good any more. */
export type RemoveResult = { ok: true } | { ok: false; reason: 'unknown' | 'last-way' | 'gone' };

/**
 * Removes a key, never the last way in; other sessions die, one of them may have been opened with it.
 * @param then in the same transaction: lets the session live on in which this is done, and tells the holder
 */
export async function removePasskey(
  deps: Pick<Deps, 'db' | 'clock' | 'config'>,
  {
    account: holder,
    publicId,
    ...from
  }: { account: Pick<Account, 'id' | 'credentialsVersion'>; publicId: string } & From,
  then: (trx: Transaction, account: Account) => Promise<void>,
): Promise<RemoveResult> {
  return inTransaction(deps.db, async (trx): Promise<RemoveResult> => {
    const now = deps.clock.now();
    const accountId = holder.id;
    const [account] = await lockAccounts(trx, [accountId]);
    if (account?.credentialsVersion !== holder.credentialsVersion) return { ok: false, reason: 'gone' };
    const left = await waysOf({ ...deps, db: trx }, account, { passkey: publicId });
    if (left.length === 0) return { ok: false, reason: 'last-way' };
    if (!(await deleteKey(trx, { accountId, publicId }))) return { ok: false, reason: 'unknown' };
    await updateAccount(trx, accountId, {}, now, true);
    const line = { at: now, event: 'passkey-removed', outcome: 'done', actorKind: 'person' } as const;
    await recordAudit(trx, { ...line, accountId, ...from });
    await then(trx, { ...account, credentialsVersion: account.credentialsVersion + 1 });
    return { ok: true };
  });
}

/**
 * Pure: whether « Mon compte » offers a key: once after the activation; who answers « Plus tard » is asked once more, in
 * another session; never again after « Ne plus proposer », a second « Plus tard » or a first key.
 * @param session hash of the provider's session
 */
export function isPasskeyOffered(
  { offer, passkeys }: { offer: Offer | null; passkeys: number },
  session: string,
): boolean {
  if (passkeys > 0) return false;
  return offer === null || (offer.answer === 'later' && offer.sessionHash !== session);
}

/** What somebody answers to the offer. */
export async function answerPasskeyOffer(
  deps: Pick<Deps, 'db' | 'clock'>,
  accountId: number,
  { answer, session }: { answer: 'later' | 'never'; session: string },
): Promise<void> {
  const before = await findOffer(deps.db, accountId);
  const again = before?.answer === 'later' && before.sessionHash !== session;
  const kept = again || before?.answer === 'never' ? 'never' : answer;
  await putOffer(deps.db, { accountId, answer: kept, sessionHash: session }, deps.clock.now());
}
