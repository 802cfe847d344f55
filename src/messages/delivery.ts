import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { concernsOf, type OnUndeliverable } from './channel.ts';
import { lockByReference, saveDelivery } from './delivery-store.ts';

/** What the carrier says of a message, in the order in which it happens; the last four are ends. */
const RANKS = new Map([
  ['accepted', 1],
  ['scheduled', 1],
  ['queued', 1],
  ['sending', 2],
  ['sent', 3],
  ['delivered', 4],
  ['undelivered', 4],
  ['failed', 4],
  ['canceled', 4],
]);
const END = 4;
/** Until the end is reported; then at once (decision 11). */
const FORGET_AFTER_MS = 3_600_000;

export type DeliveryReport = {
  /** What was given with the message. */
  reference: string;
  sid: string;
  status: string;
  /** Why it was not delivered. */
  code: string | null;
};

/**
 * Takes a report of the carrier, in any order and any number of times: nothing goes back, an end stays the end. A
 * message of which it was not known whether it left is settled by it and never sent again. One that cannot be
 * delivered is told to the school, once.
 * @returns `unchanged`: known already, overtaken, or of no message of ours
 */
export async function noteDelivery(
  deps: Pick<Deps, 'db' | 'clock' | 'log'>,
  report: DeliveryReport,
  onUndeliverable: OnUndeliverable,
): Promise<'noted' | 'unchanged'> {
  const rank = RANKS.get(report.status);
  if (rank === undefined || !/^\w{1,40}$/.test(report.sid)) return 'unchanged';
  const noted = await inTransaction(deps.db, async (trx) => {
    const row = await lockByReference(trx, report.reference);
    if (row === null || rank <= (RANKS.get(row.delivery ?? '') ?? 0)) return null;
    const now = deps.clock.now();
    await saveDelivery(trx, row.id, {
      delivery: report.status,
      code: report.code?.slice(0, 10) ?? null,
      carrierSid: row.carrierSid ?? report.sid,
      sentAt: row.sentAt ?? now,
      forgetAt: rank === END ? now : new Date(now.getTime() + FORGET_AFTER_MS),
    });
    const concerns = undelivered(report.status) ? concernsOf(row) : null;
    if (concerns !== null) await onUndeliverable(trx, concerns);
    return row;
  });
  if (noted === null) return 'unchanged';
  const line = { message: noted.id, template: noted.template, delivery: report.status, code: report.code };
  if (undelivered(report.status)) deps.log.warn(line, 'SMS not delivered');
  else deps.log.info(line, 'SMS reported');
  return 'noted';
}

const undelivered = (status: string) => status === 'undelivered' || status === 'failed';
