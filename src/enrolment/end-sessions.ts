import { lockAccounts, updateAccount } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { queueAccountNotice } from '../messages/account-notice.ts';

type From = { ip: string; requestId?: string | undefined };

/**
 * Ends one other session of a person who asks for it.
 * @param end ends it in this transaction; false: it is not his, or over already
 * @returns false when there was nothing to end
 */
export async function endOwnSession(
  deps: Deps,
  { id }: Pick<Account, 'id'>,
  from: From,
  end: (trx: Transaction) => Promise<boolean>,
): Promise<boolean> {
  return inTransaction(deps.db, async (trx) => {
    if (!(await end(trx))) return false;
    await recordAudit(trx, lineOf('end-session', id, deps.clock.now(), from));
    return true;
  });
}

/**
 * Ends all sessions of a person but the one in which he asks for it, with every refresh token and with whatever sign-in
 * is under way anywhere; he is told. The same form twice, or after a change of the credentials, finds it done.
 * @param formVersion `credentialsVersion` of the account when the form was made
 * @param end ends them in this transaction
 */
export async function endOwnSessions(
  deps: Deps,
  { id }: Pick<Account, 'id'>,
  { formVersion, ...from }: From & { formVersion: number },
  end: (trx: Transaction, credentialsVersion: number) => Promise<void>,
): Promise<void> {
  const now = deps.clock.now();
  await inTransaction(deps.db, async (trx) => {
    const [account] = await lockAccounts(trx, [id]);
    if (!account || account.closedAt !== null || account.credentialsVersion !== formVersion) return;
    await updateAccount(trx, id, {}, now, true);
    await end(trx, account.credentialsVersion + 1);
    await recordAudit(trx, lineOf('end-sessions', id, now, from));
    await queueAccountNotice(deps, trx, { account, kind: 'sessions-ended', now });
  });
}

const lineOf = (
  event: 'end-session' | 'end-sessions',
  accountId: number,
  at: Date,
  { ip, requestId }: From,
) => ({ at, event, outcome: 'done', actorKind: 'person', accountId, ip, requestId }) as const;
