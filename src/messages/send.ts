import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { markAddressBad } from './bad-address.ts';
import { isTracked, noteDelivery } from './batch-mail-store.ts';
import { type ChannelRules, concernsOf, type OnUndeliverable, type Outcome } from './channel.ts';
import { mailChannel } from './mail-channel.ts';
import {
  type Channel,
  type ClaimedMessage,
  claimDue,
  markEnded,
  markForRetry,
  markLostUnsure,
  markSent,
  releaseClaim,
} from './outbox-store.ts';
import { smsChannel } from './sms-channel.ts';

export type SendReport = { claimed: number; sent: number; retried: number; failed: number; unsure: number };

type Needs = Pick<Deps, 'jobsDb' | 'clock' | 'sealer' | 'mailer' | 'sms' | 'log'>;

export type SendOptions = {
  /** Default: mails. */
  channel?: Channel;
  /** Default: a batch of the channel. */
  limit?: number;
  /** Aborted: messages not yet begun are given back, those under way are awaited. */
  signal?: AbortSignal;
  onUndeliverable?: OnUndeliverable;
};

/**
 * Sends what is due on a channel, one batch. A claim is committed before the first byte leaves, so that two senders
 * never have the same message; what a process that dies leaves behind is the channel's rule. Without a carrier SMS
 * wait.
 */
export async function sendDue(
  deps: Needs,
  { channel = 'email', limit, signal, onUndeliverable }: SendOptions = {},
): Promise<SendReport> {
  const report: SendReport = { claimed: 0, sent: 0, retried: 0, failed: 0, unsure: 0 };
  const rules = rulesOf(deps, channel);
  if (rules === null) return report;
  const queue = await claim(deps, rules, limit ?? rules.batch);
  report.claimed = queue.length;
  const worker = async () => {
    for (let message = queue.shift(); message !== undefined; message = queue.shift()) {
      if (signal?.aborted) await releaseClaim(deps.jobsDb, message, deps.clock.now());
      else report[await sendOne(deps, rules, message, onUndeliverable)] += 1;
    }
  };
  await settled(Array.from({ length: Math.min(rules.parallel, queue.length) }, worker));
  return report;
}

function rulesOf(deps: Needs, channel: Channel): ChannelRules | null {
  if (channel === 'email') return mailChannel(deps);
  return deps.sms === null ? null : smsChannel({ ...deps, sms: deps.sms });
}

async function claim(deps: Needs, rules: ChannelRules, limit: number): Promise<ClaimedMessage[]> {
  const { channel, lost } = rules;
  const now = deps.clock.now();
  const claimUntil = new Date(now.getTime() + rules.claimMs);
  if (lost === 'unsure') {
    const unsure = await markLostUnsure(deps.jobsDb, channel, now);
    if (unsure > 0) deps.log.warn({ channel, unsure }, 'messages of a sender that ended: they may have left');
  }
  const states = lost === 'again' ? (['waiting', 'sending'] as const) : (['waiting'] as const);
  return inTransaction(deps.jobsDb, (trx) => claimDue(trx, { channel, states, now, claimUntil, limit }));
}

/** Waits for all, then throws the first failure: a batch is over when nothing of it is under way. */
async function settled(work: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
}

async function sendOne(
  deps: Needs,
  rules: ChannelRules,
  message: ClaimedMessage,
  onUndeliverable: OnUndeliverable | undefined,
): Promise<'sent' | 'retried' | 'failed' | 'unsure'> {
  const outcome = await rules.attempt(message);
  const now = deps.clock.now();
  // The log names the message, never the person or the words.
  const { channel } = rules;
  const line = { channel, message: message.id, template: message.template, attempt: message.attempt };
  if (outcome.kind === 'sent') {
    await noteSent(deps, message, now, outcome);
    deps.log.info(line, 'message sent');
    return 'sent';
  }
  const { reason } = outcome;
  if (outcome.kind === 'retry') {
    const pause = rules.pauseAfter(message, outcome.afterMs ?? 0);
    const dueAt = pause === null ? null : new Date(now.getTime() + pause);
    if (dueAt !== null && dueAt < message.giveUpAt) {
      await markForRetry(deps.jobsDb, message, dueAt, reason);
      deps.log.warn({ ...line, reason }, 'message not sent, will be tried again');
      return 'retried';
    }
  }
  const state = outcome.kind === 'unsure' ? 'unsure' : 'failed';
  await end(deps, message, outcome, state, onUndeliverable);
  const words = state === 'unsure' ? 'message may have left' : 'message given up';
  // A number out of service is nothing that an operator could mend.
  if (outcome.kind === 'failed' && outcome.undeliverable) deps.log.warn({ ...line, reason }, words);
  else deps.log.error({ ...line, reason }, words);
  return state;
}

async function noteSent(
  { jobsDb }: Needs,
  message: ClaimedMessage,
  now: Date,
  { carrier }: Extract<Outcome, { kind: 'sent' }>,
): Promise<void> {
  if (!isTracked(message)) return markSent(jobsDb, message, now, carrier);
  await inTransaction(jobsDb, async (trx) => {
    await markSent(trx, message, now, carrier);
    await noteDelivery(trx, message.messageId, 'sent');
  });
}

/** What the school must know is written with the end of the message: who could not be reached, and where. */
async function end(
  deps: Needs,
  message: ClaimedMessage,
  outcome: Exclude<Outcome, { kind: 'sent' }>,
  state: 'failed' | 'unsure',
  onUndeliverable: OnUndeliverable | undefined,
): Promise<void> {
  const undeliverable = outcome.kind === 'failed' && outcome.undeliverable === true;
  await inTransaction(deps.jobsDb, async (trx) => {
    await markEnded(trx, message, state, outcome.reason);
    if (isTracked(message)) await noteDelivery(trx, message.messageId, undeliverable ? 'bounced' : 'failed');
    if (!undeliverable) return;
    const concerns = concernsOf(message);
    if (concerns !== null) await onUndeliverable?.(trx, concerns);
    else await markAddressBad(trx, message, deps.clock.now());
  });
}
