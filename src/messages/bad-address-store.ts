import type { Transaction } from '../deps.ts';

export type MailOnItsWay = { messageId: string; recipient: string; concernAccounts: string | null };

const COLUMNS = { messageId: 'message_id', recipient: 'recipient', concernAccounts: 'concern_accounts' };

/** A mail by its Message-ID, or by what the return path carries of it. */
export async function findMail(
  trx: Transaction,
  { messageId, mark }: { messageId: string | null; mark: string | null },
): Promise<MailOnItsWay | null> {
  const mails = () => trx('outbox_messages').select(COLUMNS).where({ channel: 'email' });
  const byId = messageId === null ? null : await mails().where({ message_id: messageId }).first();
  if (byId) return byId;
  // 36 hexadecimal digits: nothing in it that a pattern would read.
  if (mark === null || !/^[0-9a-f]{36}$/.test(mark)) return null;
  return (await mails().where('message_id', 'like', `<${mark}@%`).first()) ?? null;
}

/** Not when the account has had another address of its own since that its holder has confirmed. @returns whether it was news */
export async function markBounced(
  trx: Transaction,
  accountId: number,
  address: string,
  now: Date,
): Promise<boolean> {
  const changed = await trx('accounts')
    .where({ id: accountId })
    .where((own) => own.whereNull('email').orWhereNull('email_verified_at').orWhere('email', address))
    .where((news) => news.whereNull('bounced_email').orWhereNot('bounced_email', address))
    .update({ bounced_email: address, email_bounced_at: now });
  return changed > 0;
}
