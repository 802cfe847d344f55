import { recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { findMail, markBounced } from './bad-address-store.ts';
import { noteDelivery } from './batch-mail-store.ts';

/** A mail came back for good (RFC 3464). */
export type Bounce = {
  /** With its angle brackets; null: only the return path tells which mail it was. */
  messageId: string | null;
  /** What the return path carries of the Message-ID. */
  mark: string | null;
};

/** The address of a message is no good for the account that it was for, until another one takes its place. */
export async function markAddressBad(
  trx: Transaction,
  { recipient, concernAccounts }: { recipient: string; concernAccounts: string | null },
  now: Date,
): Promise<void> {
  const accountId = Number(concernAccounts ?? '');
  if (!Number.isSafeInteger(accountId) || accountId <= 0) return;
  if (!(await markBounced(trx, accountId, recipient, now))) return;
  const actor = { actorKind: 'system' as const };
  await recordAudit(trx, { ...actor, at: now, event: 'address-refused', outcome: 'done', accountId });
}

/**
 * Takes note of a mail that came back: by its Message-ID or by the return path, which nobody but the mail servers on its
 * way knows. Any number of times.
 * @returns `unknown`: it is of no mail of ours, or of one that was forgotten
 */
export async function noteBounce(
  deps: Pick<Deps, 'jobsDb' | 'clock'>,
  bounce: Bounce,
): Promise<'noted' | 'unknown'> {
  return inTransaction(deps.jobsDb, async (trx) => {
    const mail = await findMail(trx, bounce);
    if (mail === null) return 'unknown';
    await noteDelivery(trx, mail.messageId, 'bounced');
    await markAddressBad(trx, mail, deps.clock.now());
    return 'noted';
  });
}
