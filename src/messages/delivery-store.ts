import type { Database, Transaction } from '../deps.ts';

/** An SMS as reports of its delivery find it. */
export type DeliveryRow = {
  id: number;
  template: string;
  state: 'waiting' | 'sending' | 'sent' | 'failed' | 'unsure';
  delivery: string | null;
  carrierSid: string | null;
  sentAt: Date | null;
  concernWay: string | null;
  concernAccounts: string | null;
};

/** Locked until the transaction ends: of two reports that come at once one is looked at after the other. */
export async function lockByReference(trx: Transaction, reference: string): Promise<DeliveryRow | null> {
  const row = await trx('outbox_messages')
    .select({
      id: 'id',
      template: 'template',
      state: 'state',
      delivery: 'delivery',
      carrierSid: 'carrier_sid',
      sentAt: 'sent_at',
      concernWay: 'concern_way',
      concernAccounts: 'concern_accounts',
    })
    .where({ message_id: reference, channel: 'sms' })
    .forUpdate()
    .first();
  return row ?? null;
}

/** The carrier has it: it has left, whatever its sender knew. */
export async function saveDelivery(
  trx: Transaction,
  id: number,
  known: { delivery: string; code: string | null; carrierSid: string; sentAt: Date; forgetAt: Date },
): Promise<void> {
  await trx('outbox_messages').where({ id }).update({
    state: 'sent',
    sent_at: known.sentAt,
    content_sealed: null,
    delivery: known.delivery,
    delivery_code: known.code,
    carrier_sid: known.carrierSid,
    forget_at: known.forgetAt,
  });
}

/**
 * Messages whose words the carrier shall forget now. Each is put off at once, so that two processes do not ask for
 * the same and one that could not be forgotten has its turn later.
 */
export async function takeForgettable(
  trx: Transaction,
  { now, again, limit }: { now: Date; again: Date; limit: number },
): Promise<{ id: number; sid: string }[]> {
  const rows: { id: number; sid: string }[] = await trx('outbox_messages')
    .select({ id: 'id', sid: 'carrier_sid' })
    .where('forget_at', '<=', now)
    .whereNotNull('carrier_sid')
    .orderBy('forget_at')
    .limit(limit)
    .forUpdate()
    .skipLocked();
  if (rows.length > 0) {
    const ids = rows.map((row) => row.id);
    await trx('outbox_messages').whereIn('id', ids).update({ forget_at: again });
  }
  return rows;
}

export async function markForgotten(db: Database, id: number): Promise<void> {
  await db('outbox_messages').where({ id }).update({ forget_at: null });
}
