import { chunksOf } from '../db/batch.ts';
import type { Database, Transaction } from '../deps.ts';

/** What became of the mail of an account in a distribution; `replaced`: a new password was drawn before it left. */
export type Delivery = 'waiting' | 'sent' | 'failed' | 'bounced' | 'replaced';

/** Mails whose school sees what became of them. */
export const isTracked = ({ template }: { template: string }): boolean => /^c0[246]$/.test(template);

/** By Message-ID, as far as it is known yet; a mail that has left may come back. */
export async function noteDelivery(
  db: Database,
  messageId: string,
  delivery: 'sent' | 'failed' | 'bounced',
): Promise<void> {
  const from = delivery === 'bounced' ? ['waiting', 'sent', 'failed'] : ['waiting'];
  await db('notification_results')
    .where({ message_id: messageId })
    .whereIn('delivery', from)
    .update({ delivery });
}

/** Mails that still wait and would tell these accounts a password that is dead: they do not leave. */
export async function withdrawCredentialMails(
  trx: Transaction,
  accountIds: readonly number[],
): Promise<void> {
  for (const ids of chunksOf(accountIds)) {
    const waiting: string[] = await trx('notification_results')
      .whereIn('account_id', ids)
      .where({ delivery: 'waiting' })
      .pluck('message_id');
    if (waiting.length === 0) continue;
    await trx('outbox_messages')
      .whereIn('message_id', waiting)
      .where({ state: 'waiting' })
      .update({ state: 'failed', content_sealed: null, last_error: 'replaced' });
    // One that is leaving just now says so itself; what it tells is dead when it arrives.
    await trx('notification_results')
      .whereIn('message_id', waiting)
      .whereIn(
        'message_id',
        trx('outbox_messages').select('message_id').whereIn('message_id', waiting).where({ state: 'failed' }),
      )
      .update({ delivery: 'replaced' });
  }
}
