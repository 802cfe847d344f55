import { findMarked } from '../accounts/forced-marks-store.ts';
import { findAccountsByIds } from '../accounts/store.ts';
import { advance, lockWaiting } from '../credentials/forced-store.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { type QueuedMail, queueMails } from './outbox.ts';

const AT_ONCE = 500;

/**
 * Tells the next families of a forced change that asked for it, by mail to their verified addresses: as many SMS would
 * use up what the codes of a day need. In one transaction with how far it is, so that nobody is told twice.
 * @returns null: nothing waits; otherwise how many mails were queued
 */
export async function tellNextForced(deps: Deps): Promise<{ told: number; last: boolean } | null> {
  return inTransaction(deps.jobsDb, async (trx) => {
    const change = await lockWaiting(trx, 'telling', null);
    if (change === null) return null;
    const now = deps.clock.now();
    const ids = await findMarked(trx, change.id, { after: change.cursor, limit: AT_ONCE });
    const accounts = await findAccountsByIds(trx, ids);
    const mails = accounts.flatMap(
      ({ id, identifier, email, emailVerifiedAt, mustChangeSince, language }): QueuedMail[] => {
        if (email === null || emailVerifiedAt === null || mustChangeSince === null) return [];
        const data = { kind: 'forced-change', identifier, at: now, notMe: null } as const;
        return [
          { template: 'account-notice', to: email, data, uniqueKey: `forced:${change.id}:${id}`, language },
        ];
      },
    );
    await queueMails(trx, deps, mails);
    const last = ids.length < AT_ONCE;
    await advance(trx, change, { marked: 0, cursor: last ? null : (ids.at(-1) ?? null), now });
    return { told: mails.length, last };
  });
}
