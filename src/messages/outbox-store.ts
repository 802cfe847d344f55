import { chunksOf, insertBatch } from '../db/batch.ts';
import { isDuplicate } from '../db/transaction.ts';
import type { Database, Transaction } from '../deps.ts';

export type Channel = 'email' | 'sms';

export type NewMessage = {
  uniqueKey: string;
  channel: Channel;
  template: string;
  recipient: string;
  contentSealed: string;
  messageId: string;
  now: Date;
  giveUpAt: Date;
  concernWay?: string | null;
  concernAccounts?: string | null;
};

/** A message that this process may send until its claim ends; `attempt` proves the claim. */
export type ClaimedMessage = {
  id: number;
  uniqueKey: string;
  template: string;
  recipient: string;
  contentSealed: string;
  messageId: string;
  attempt: number;
  giveUpAt: Date;
  concernWay: string | null;
  concernAccounts: string | null;
};

/** One row; a second one with the same key changes nothing. */
export async function insertMessage(db: Database, message: NewMessage): Promise<void> {
  try {
    await db('outbox_messages').insert({
      unique_key: message.uniqueKey,
      channel: message.channel,
      template: message.template,
      recipient: message.recipient,
      content_sealed: message.contentSealed,
      message_id: message.messageId,
      state: 'waiting',
      due_at: message.now,
      give_up_at: message.giveUpAt,
      created_at: message.now,
      concern_way: message.concernWay ?? null,
      concern_accounts: message.concernAccounts ?? null,
    });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
}

/** Mails are some ten kilobytes each: so many are well below what a server takes at once. */
const AT_ONCE = 250;

/** Many rows; their keys must be new. */
export async function insertMessages(db: Database, messages: readonly NewMessage[]): Promise<void> {
  for (const part of chunksOf(messages, AT_ONCE)) {
    const rows = part.map((message) => [
      message.uniqueKey,
      message.channel,
      message.template,
      message.recipient,
      message.contentSealed,
      message.messageId,
      'waiting',
      message.now,
      message.giveUpAt,
      message.now,
      message.concernWay ?? null,
      message.concernAccounts ?? null,
    ]);
    await insertBatch(
      db,
      `INSERT INTO outbox_messages (unique_key, channel, template, recipient, content_sealed, message_id, state,
         due_at, give_up_at, created_at, concern_way, concern_accounts)`,
      rows,
    );
  }
}

export type Claim = {
  channel: Channel;
  /** `sending`: also those whose sender did not come back before its claim ended (K01). */
  states: readonly ('waiting' | 'sending')[];
  now: Date;
  claimUntil: Date;
  limit: number;
};

/**
 * Takes up to `limit` messages that are due. Rows that another process is taking are passed over, so that two never
 * claim one.
 */
export async function claimDue(trx: Transaction, claim: Claim): Promise<ClaimedMessage[]> {
  const { states, limit, claimUntil } = claim;
  // One state at a time: the index then has the rows in their order, and no more than `limit` are locked.
  const rows: ClaimedMessage[] = [];
  for (const state of states) {
    if (rows.length < limit) rows.push(...(await lockDue(trx, state, claim, limit - rows.length)));
  }
  if (rows.length === 0) return [];
  await trx('outbox_messages')
    .whereIn(
      'id',
      rows.map((row) => row.id),
    )
    .update({ state: 'sending', due_at: claimUntil, attempts: trx.raw('attempts + 1') });
  return rows.map((row) => ({ ...row, attempt: row.attempt + 1 }));
}

function lockDue(
  trx: Transaction,
  state: string,
  { channel, now }: Pick<Claim, 'channel' | 'now'>,
  limit: number,
): Promise<ClaimedMessage[]> {
  return trx('outbox_messages')
    .select({
      id: 'id',
      uniqueKey: 'unique_key',
      template: 'template',
      recipient: 'recipient',
      contentSealed: 'content_sealed',
      messageId: 'message_id',
      attempt: 'attempts',
      giveUpAt: 'give_up_at',
      concernWay: 'concern_way',
      concernAccounts: 'concern_accounts',
    })
    .where({ channel, state })
    .where('due_at', '<=', now)
    .orderBy([{ column: 'due_at' }, { column: 'id' }])
    .limit(limit)
    .forUpdate()
    .skipLocked();
}

/** The row of a claim that is still ours: who was too slow must not overwrite what another did since. */
const claimed = (db: Database, { id, attempt }: Pick<ClaimedMessage, 'id' | 'attempt'>) =>
  db('outbox_messages').where({ id, attempts: attempt, state: 'sending' });

/** @param carrier what the carrier calls the message, and when it shall forget its words */
export async function markSent(
  db: Database,
  message: ClaimedMessage,
  now: Date,
  carrier: { sid: string; forgetAt: Date } | null = null,
): Promise<void> {
  const named = carrier === null ? {} : { carrier_sid: carrier.sid, forget_at: carrier.forgetAt };
  await claimed(db, message).update({
    state: 'sent',
    sent_at: now,
    content_sealed: null,
    last_error: null,
    ...named,
  });
}

/** @param state `unsure`: it may have left */
export async function markEnded(
  db: Database,
  message: ClaimedMessage,
  state: 'failed' | 'unsure',
  reason: string,
): Promise<void> {
  await claimed(db, message).update({ state, content_sealed: null, last_error: reason.slice(0, 200) });
}

export async function markForRetry(
  db: Database,
  message: ClaimedMessage,
  dueAt: Date,
  reason: string,
): Promise<void> {
  await claimed(db, message).update({ state: 'waiting', due_at: dueAt, last_error: reason.slice(0, 200) });
}

/** Gives back a claim that was not begun, as if it had not been taken. */
export async function releaseClaim(db: Database, message: ClaimedMessage, now: Date): Promise<void> {
  await claimed(db, message).update({ state: 'waiting', due_at: now, attempts: message.attempt - 1 });
}

/** A message that waits does not leave any more; one that is under way does. */
export async function withdrawMessage(db: Database, uniqueKey: string): Promise<void> {
  await db('outbox_messages')
    .where({ unique_key: uniqueKey, state: 'waiting' })
    .update({ state: 'failed', content_sealed: null, last_error: 'withdrawn' });
}

/** Whether a message has been tried in vain, and is to be tried again. */
export async function isHeldUp(db: Database, uniqueKey: string): Promise<boolean> {
  const row = await db('outbox_messages')
    .where({ unique_key: uniqueKey })
    .whereIn('state', ['waiting', 'sending'])
    .where('attempts', '>', 0)
    .whereNotNull('last_error')
    .first('id');
  return row !== undefined;
}

/**
 * Messages whose sender never came back: they may have left, so nobody sends them again.
 * @returns how many
 */
export async function markLostUnsure(db: Database, channel: Channel, now: Date): Promise<number> {
  return db('outbox_messages')
    .where({ channel, state: 'sending' })
    .where('due_at', '<=', now)
    .update({ state: 'unsure', content_sealed: null, last_error: 'its sender ended' });
}

/** What waits, is under way or is unsure, by channel and state. */
export async function countOutbox(
  db: Database,
): Promise<{ channel: Channel; state: string; count: number; oldest: Date }[]> {
  const rows: { channel: Channel; state: string; count: number | string; oldest: Date }[] = await db(
    'outbox_messages',
  )
    .select('channel', 'state')
    .count({ count: '*' })
    .min({ oldest: 'created_at' })
    .whereIn('channel', ['email', 'sms'])
    .whereIn('state', ['waiting', 'sending', 'unsure'])
    .groupBy('channel', 'state');
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
}
