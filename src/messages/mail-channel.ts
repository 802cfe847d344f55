import type { Deps } from '../deps.ts';
import type { ChannelRules, Outcome } from './channel.ts';
import { contentContext, type MailContent } from './outbox.ts';
import type { ClaimedMessage } from './outbox-store.ts';

const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * Mails: with the mail server away nothing is lost, pauses grow from 5 s to 5 min; a mail that may have left is sent
 * again with the same Message-ID (K01).
 */
export function mailChannel(deps: Pick<Deps, 'sealer' | 'mailer'>): ChannelRules {
  return {
    channel: 'email',
    batch: 10,
    parallel: 5,
    // Two rounds of a send that runs into its 25 s.
    claimMs: 60_000,
    lost: 'again',
    attempt: (message) => sendMail(deps, message),
    /** 5 s, 10 s, 20 s ... 5 min. */
    pauseAfter: ({ attempt }) => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 10)),
  };
}

async function sendMail(deps: Pick<Deps, 'sealer' | 'mailer'>, message: ClaimedMessage): Promise<Outcome> {
  let content: MailContent;
  try {
    content = JSON.parse(deps.sealer.open(message.contentSealed, contentContext(message.uniqueKey)));
  } catch (error) {
    // A key taken out of SEALING_KEYS too early can be put back: the mail waits for it.
    return { kind: 'retry', reason: error instanceof Error ? error.message : 'unreadable' };
  }
  try {
    const { recipient: to, messageId } = message;
    const result = await deps.mailer.send({ to, messageId, ...content });
    if (result.ok) return { kind: 'sent' };
    const { permanent, reason, badAddress = false } = result;
    return permanent ? { kind: 'failed', reason, undeliverable: badAddress } : { kind: 'retry', reason };
  } catch (error) {
    return { kind: 'retry', reason: error instanceof Error ? error.name : 'unknown' };
  }
}
