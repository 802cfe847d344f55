import { type Actor, recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { lockAccounts, updateAccount } from './store.ts';
import type { Account } from './types.ts';

const DAY_MS = 86_400_000;

export type Asked =
  | { ok: true; forgetAt: Date }
  /**
   * `closed`: it is deleted already; `pupil`: his guardian and his school decide (minors); `changed`: its credentials
   * are others than those of whoever asks.
   */
  | { ok: false; reason: 'closed' | 'pupil' | 'changed' };

/**
 * A guardian's request to be forgotten: from now on nobody is signed in with this account any more, and on the date
 * that is returned it is erased, unless he signs in before. Asked again it keeps its date.
 * @param byOperator a pupil's account too; at once when `delayDays` is 0
 * @param version of the credentials of the session in which it is asked: the same form sent twice finds it done
 * @param also in the same transaction: a notice, the end of his sessions
 */
export async function askToForget(
  { db, clock }: Pick<Deps, 'db' | 'clock'>,
  accountId: number,
  {
    delayDays,
    actor,
    byOperator = false,
    version,
    also,
  }: {
    delayDays: number;
    actor: Actor;
    byOperator?: boolean;
    version?: number;
    also?: (trx: Transaction, account: Account, forgetAt: Date) => Promise<void>;
  },
): Promise<Asked> {
  const now = clock.now();
  return inTransaction(db, async (trx) => {
    const [account] = await lockAccounts(trx, [accountId]);
    if (!account || account.closedAt !== null) return { ok: false, reason: 'closed' };
    if (account.kind === 'pupil' && !byOperator) return { ok: false, reason: 'pupil' };
    if (version !== undefined && account.credentialsVersion !== version)
      return account.forgetAt === null
        ? { ok: false, reason: 'changed' }
        : { ok: true, forgetAt: account.forgetAt };
    const asked = new Date(now.getTime() + delayDays * DAY_MS);
    const before = account.forgetAt;
    const forgetAt = before !== null && before < asked ? before : asked;
    await updateAccount(trx, accountId, { forgetAt }, now, true);
    const details = forgetAt.toISOString().slice(0, 10);
    await recordAudit(trx, { ...actor, at: now, event: 'forget-asked', outcome: 'done', accountId, details });
    await also?.(trx, account, forgetAt);
    return { ok: true, forgetAt };
  });
}
