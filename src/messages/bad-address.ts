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
  /** Of whom it speaks, in small letters, and whether the mail failed for good with them. */
  recipients: readonly { addresses: readonly string[]; failed: boolean }[];
};

/**
 * Our mails have one recipient. A report that names him says what became of it; one that names a single other tells of
 * an alias of his. Of several others none is he: his server has passed the mail on, and it is with him that it arrived.
 */
function failedWith({ recipients }: Bounce, recipient: string): boolean {
  const his = recipients.filter(({ addresses }) => addresses.includes(recipient.toLowerCase()));
  if (his.length > 0) return his.some(({ failed }) => failed);
  return recipients.length === 1 && recipients[0]?.failed === true;
}

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
    if (mail === null || !failedWith(bounce, mail.recipient)) return 'unknown';
    await noteDelivery(trx, mail.messageId, 'bounced');
    await markAddressBad(trx, mail, deps.clock.now());
    return 'noted';
  });
}
