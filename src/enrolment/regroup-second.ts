import { regroup } from '../accounts/regroup.ts';
import { lockAccounts } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { endWaysIn } from '../accounts/ways-in-store.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { knownEmails } from '../directory/contact-store.ts';
import { queueAccountNotice } from '../messages/account-notice.ts';
import { queueLinkNotices } from './link-notices.ts';
import { stands } from './second-account.ts';
import { findProof, lockProof, markProofDone } from './second-account-store.ts';

export type RegroupResult =
  | { ok: true }
  /**
   * `gone`: the account that is signed in is not any more (regrouped into another, reset, frozen); `over`: the second
   * one must be proved again; `changed`: another one was proved since the page was made.
   */
  | { ok: false; reason: 'gone' | 'over' | 'changed' };

/**
 * « Rattacher un enfant », second half: the account proved becomes part of the one that is signed in, which
 * stays whatever the state of the other. One transaction, with both rows locked in the order of their ids: of two
 * regroupings in both directions one is done and the other finds its session's account gone; of parallel submissions
 * one does it and the others find it done. Everything that was pending for the other dies with it.
 * @param request `account`: as the session has it; `key`: of the proof that the page showed
 * @param endSessionsOf ends the sessions of the account that is no more, in this transaction
 */
export async function regroupSecondAccount(
  deps: Deps,
  request: {
    sessionUid: string;
    account: Account;
    key: string;
    ip: string;
    requestId?: string | undefined;
  },
  endSessionsOf: (trx: Transaction, accountPublicId: string) => Promise<void>,
): Promise<RegroupResult> {
  const { sessionUid, account, key, ip, requestId } = request;
  const before = await findProof(deps.db, sessionUid);
  if (before === null || before.accountId !== account.id) return { ok: false, reason: 'over' };
  return inTransaction(deps.db, async (trx): Promise<RegroupResult> => {
    // The accounts first, as everywhere; what is read after them is as it is when it is our turn.
    const locked = await lockAccounts(trx, [account.id, before.otherAccountId]);
    const proof = await lockProof(trx, sessionUid);
    if (proof?.key !== key || proof.otherAccountId !== before.otherAccountId)
      return { ok: false, reason: proof === null ? 'over' : 'changed' };
    if (proof.doneAt !== null) return { ok: true };
    const survivor = locked.find(({ id }) => id === account.id);
    const other = locked.find(({ id }) => id === proof.otherAccountId);
    if (!survivor || !isSignedIn(survivor, account)) return { ok: false, reason: 'gone' };
    const now = deps.clock.now();
    if (!other || !stands(proof, other, now)) return { ok: false, reason: 'over' };
    const known = (await knownEmails(trx, [other.id])).get(other.id) ?? null;
    // Told before its records are the survivor's: by SMS, where it has no address.
    if (other.emailVerifiedAt === null && known === null)
      await queueAccountNotice(deps, trx, { account: other, kind: 'regrouped', now });
    await endWaysIn(trx, [other.id], now);
    const actor = { actorKind: 'person', ip, requestId } as const;
    const one = await regroup(trx, { survivor, others: [other] }, { now, actor });
    await queueLinkNotices(trx, deps, {
      account: one,
      what: 'regroup',
      merged: [other],
      also: known === null ? [] : [known],
    });
    await endSessionsOf(trx, other.publicId);
    await markProofDone(trx, sessionUid, now);
    return { ok: true };
  });
}

/** Still the account that the session was opened for, with the same credentials. */
function isSignedIn(now: Account, session: Account): boolean {
  return (
    now.closedAt === null &&
    now.frozenAt === null &&
    now.state === 'activated' &&
    now.credentialsVersion === session.credentialsVersion
  );
}
