import { lockAccounts } from '../accounts/store.ts';
import type { AccountKind } from '../accounts/types.ts';
import { type Actor, recordAudit } from '../audit/record.ts';
import { isProvisionalOver } from '../credentials/provisional.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { knownEmails } from '../directory/contact-store.ts';
import { findBatch, findFailed, noteNewMails } from './batches-store.ts';
import { chooseMessage } from './choice.ts';
import { queueCredentialMails } from './credential-mails.ts';
import { addressOf, type Notified } from './letter.ts';
import { findChildren, findRecipientsAmong, findSchoolById } from './notify-store.ts';
import { isUsable } from './plan.ts';
import { byAccount, inOrder } from './recipients.ts';

/**
 * Sends the mails of a distribution that could not leave once more, with the password that works now and to the address
 * of now. Accounts are not distributed anew: nothing of them changes. Of two who press at once one does it.
 * @returns how many are on their way again; null: the school has no such batch
 */
export async function retryFailed(
  deps: Pick<Deps, 'jobsDb' | 'clock' | 'random' | 'config' | 'sealer' | 'render'>,
  {
    schoolId,
    of = 'guardian',
    batch: publicId,
    actor,
  }: { schoolId: number; of?: AccountKind; batch: string; actor: Actor },
): Promise<number | null> {
  return inTransaction(deps.jobsDb, async (trx) => {
    const head = await findBatch(trx, { schoolId, of }, publicId);
    const school = await findSchoolById(trx, schoolId);
    if (head === null || school === null) return null;
    const now = deps.clock.now();
    const failed = await findFailed(trx, head.id);
    const accounts = await lockAccounts(
      trx,
      failed.map(({ accountId }) => accountId),
    );
    // Whoever was here first has taken them.
    const still = new Map(
      (await findFailed(trx, head.id, { lock: true })).map(({ accountId, tries }) => [accountId, tries]),
    );
    const ids = accounts.map(({ id }) => id).filter((id) => still.has(id));
    const known = await knownEmails(trx, ids);
    const addresses = new Map(accounts.map((account) => [account.id, addressOf(account, known)]));
    const recipients = inOrder(await findRecipientsAmong(trx, school, ids, of));
    const families = byAccount(of === 'pupil' ? [] : await findChildren(trx, ids));
    const notified = accounts.flatMap((account): Notified[] => {
      const recipient = recipients.get(account.id);
      const over =
        account.closedAt !== null ||
        account.frozenAt !== null ||
        isProvisionalOver(deps.config, account, now);
      if (recipient === undefined || over || !isUsable(account, addresses.get(account.id) ?? null)) return [];
      const message = chooseMessage(account.state, account.passwordKind, 'email');
      return [{ account, message, recipient, children: families.get(account.id) ?? [] }];
    });
    const tries = Math.max(0, ...still.values()) + 1;
    const sent = await queueCredentialMails(
      deps,
      trx,
      { id: head.id, school, at: now, notified },
      addresses,
      tries,
    );
    await noteNewMails(
      trx,
      head.id,
      notified.map(({ account, message }) => ({
        accountId: account.id,
        message,
        messageId: sent.get(account.id) ?? '',
      })),
      tries,
    );
    const lines = notified.map(({ account, message }) => ({
      ...actor,
      at: now,
      event: 'notify-again',
      outcome: 'done' as const,
      accountId: account.id,
      schoolId,
      details: message,
    }));
    await recordAudit(trx, ...lines);
    return notified.length;
  });
}
