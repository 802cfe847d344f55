import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { contentContext, type MailContent } from './outbox.ts';
import {
  type ClaimedMessage,
  claimDue,
  markFailed,
  markForRetry,
  markSent,
  releaseClaim,
} from './outbox-store.ts';

/** How many are on their way at once from one process. */
const PARALLEL = 5;
const BATCH = 10;
/** Longer than a batch can take (two rounds of a send that runs into its 25 s), so that no claim ends under way. */
const CLAIM_MS = 60_000;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

export type SendReport = { claimed: number; sent: number; retried: number; failed: number };

/**
 * Sends what is due, one batch. A claim is committed before the first byte leaves, so that two senders never have
 * the same mail; a process that dies between sending and noting it leaves a claim that ends, and the mail is sent
 * again with the same Message-ID (K01). With the mail server away nothing is lost: pauses grow from 5 s to 5 min.
 * @param signal aborted: mails not yet begun are given back, those under way are awaited
 */
export async function sendDue(
  deps: Pick<Deps, 'jobsDb' | 'clock' | 'sealer' | 'mailer' | 'log'>,
  { limit = BATCH, signal }: { limit?: number; signal?: AbortSignal } = {},
): Promise<SendReport> {
  const now = deps.clock.now();
  const claimUntil = new Date(now.getTime() + CLAIM_MS);
  const messages = await inTransaction(deps.jobsDb, (trx) => claimDue(trx, { now, claimUntil, limit }));
  const report: SendReport = { claimed: messages.length, sent: 0, retried: 0, failed: 0 };
  const queue = [...messages];
  const worker = async () => {
    for (let message = queue.shift(); message !== undefined; message = queue.shift()) {
      if (signal?.aborted) await releaseClaim(deps.jobsDb, message, now);
      else report[await sendOne(deps, message)] += 1;
    }
  };
  await settled(Array.from({ length: Math.min(PARALLEL, queue.length) }, worker));
  return report;
}

/** Waits for all, then throws the first failure: a batch is over when nothing of it is under way. */
async function settled(work: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
}

async function sendOne(
  deps: Pick<Deps, 'jobsDb' | 'clock' | 'sealer' | 'mailer' | 'log'>,
  message: ClaimedMessage,
): Promise<'sent' | 'retried' | 'failed'> {
  const result = await attempt(deps, message);
  const now = deps.clock.now();
  // The log names the message, never the person or the words.
  const line = { message: message.id, template: message.template, attempt: message.attempt };
  if (result.ok) {
    await markSent(deps.jobsDb, message, now);
    deps.log.info(line, 'mail sent');
    return 'sent';
  }
  const dueAt = new Date(now.getTime() + pauseAfter(message.attempt));
  if (result.permanent || dueAt >= message.giveUpAt) {
    await markFailed(deps.jobsDb, message, result.reason);
    deps.log.error({ ...line, reason: result.reason }, 'mail given up');
    return 'failed';
  }
  await markForRetry(deps.jobsDb, message, dueAt, result.reason);
  deps.log.warn({ ...line, reason: result.reason }, 'mail not sent, will be tried again');
  return 'retried';
}

async function attempt(
  deps: Pick<Deps, 'sealer' | 'mailer'>,
  message: ClaimedMessage,
): Promise<Awaited<ReturnType<Deps['mailer']['send']>>> {
  let content: MailContent;
  try {
    content = JSON.parse(deps.sealer.open(message.contentSealed, contentContext(message.uniqueKey)));
  } catch (error) {
    // A key taken out of SEALING_KEYS too early can be put back: the mail waits for it.
    return { ok: false, permanent: false, reason: error instanceof Error ? error.message : 'unreadable' };
  }
  try {
    return await deps.mailer.send({ to: message.recipient, messageId: message.messageId, ...content });
  } catch (error) {
    return { ok: false, permanent: false, reason: error instanceof Error ? error.name : 'unknown' };
  }
}

/** 5 s, 10 s, 20 s ... 5 min. */
function pauseAfter(attempts: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 10));
}
