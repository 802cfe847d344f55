import type { Account } from '../accounts/types.ts';
import type { Deps, Transaction } from '../deps.ts';
import { plainSchoolName } from '../directory/names.ts';
import { type Notified, wordsOf } from './letter.ts';
import type { School } from './notify-store.ts';
import { type QueuedMail, queueMails } from './outbox.ts';
import { isUsable } from './plan.ts';

type Needs = Pick<Deps, 'render' | 'config' | 'sealer' | 'clock' | 'random'>;
type Batch = { id: number; school: School; at: Date };

/**
 * The mails of a distribution, one recipient a message (security.md 1.9).
 * @param tries how often the batch has written to these accounts before
 * @returns the Message-ID by account
 */
export async function queueCredentialMails(
  deps: Needs,
  trx: Transaction,
  batch: Batch & { notified: readonly Notified[] },
  addresses: ReadonlyMap<number, string | null>,
  tries = 0,
): Promise<Map<number, string>> {
  const mails = batch.notified.flatMap((notified): QueuedMail[] => {
    const { account, message } = notified;
    const to = addresses.get(account.id);
    if (to == null) return [];
    return [
      {
        template: message.toLowerCase() as 'c02' | 'c04' | 'c06',
        to,
        data: wordsOf(deps, batch, notified),
        uniqueKey: `notify:${batch.id}:${account.id}:${tries}`,
        accountId: account.id,
        language: account.language,
      },
    ];
  });
  const messageIds = await queueMails(trx, deps, mails);
  return new Map(mails.map(({ accountId = 0 }, index) => [accountId, messageIds[index] ?? '']));
}

/** Tells those whose password was reset, where an address is known, without the password (G05). */
export async function queueResetNotices(
  deps: Needs,
  trx: Transaction,
  batch: Batch,
  accounts: readonly Account[],
  addresses: ReadonlyMap<number, string | null>,
): Promise<void> {
  const mails = accounts.flatMap((account): QueuedMail[] => {
    const to = addresses.get(account.id) ?? null;
    if (!isUsable(account, to)) return [];
    const school = { ...batch.school, name: plainSchoolName(batch.school.name) };
    const data = { identifier: account.identifier, school, at: batch.at };
    const uniqueKey = `reset:${batch.id}:${account.id}`;
    return [
      { template: 'reset-notice', to, data, uniqueKey, accountId: account.id, language: account.language },
    ];
  });
  await queueMails(trx, deps, mails);
}
