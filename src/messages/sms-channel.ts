import type { Clock, Deps, SmsGateway } from '../deps.ts';
import type { ChannelRules, Outcome } from './channel.ts';
import { contentContext } from './outbox.ts';
import type { ClaimedMessage } from './outbox-store.ts';
import type { SmsContent } from './sms.ts';

/** After 5, 10 and 20 s: three more attempts, all within a minute (J04). */
const PAUSES_MS = [5_000, 10_000, 20_000];
const LONGEST_PAUSE_MS = 20_000;
/** What is still of use after so long is no code: it can wait for a carrier that is away. */
const PATIENT_MS = 3_600_000;
const PATIENT_PAUSE_MS = 300_000;
/** The words of an SMS whose delivery nobody reports are deleted at the carrier after this. */
const FORGET_AFTER_MS = 3_600_000;

type Needs = Pick<Deps, 'sealer'> & { clock: Clock; sms: SmsGateway };

/** SMS: an attempt of which it is not known whether it left is never repeated; the parent can ask for another code. */
export function smsChannel(deps: Needs): ChannelRules {
  return {
    channel: 'sms',
    // What is claimed is begun at once, so that a claim that was lost is one that may have left.
    batch: 5,
    parallel: 5,
    claimMs: 30_000,
    lost: 'unsure',
    attempt: (message) => sendSms(deps, message),
    pauseAfter({ attempt, giveUpAt }, askedMs) {
      const own = PAUSES_MS[attempt - 1];
      if (own !== undefined && askedMs <= LONGEST_PAUSE_MS) return Math.max(own, askedMs);
      const patient = giveUpAt.getTime() - deps.clock.now().getTime() > PATIENT_MS;
      return patient ? Math.max(PATIENT_PAUSE_MS, askedMs) : null;
    },
  };
}

async function sendSms(deps: Needs, message: ClaimedMessage): Promise<Outcome> {
  const now = deps.clock.now();
  const validitySeconds = Math.floor((message.giveUpAt.getTime() - now.getTime()) / 1000);
  if (validitySeconds < 1) return { kind: 'failed', reason: 'too-late' };
  let content: SmsContent;
  try {
    content = JSON.parse(deps.sealer.open(message.contentSealed, contentContext(message.uniqueKey)));
  } catch (error) {
    return { kind: 'retry', reason: error instanceof Error ? error.message : 'unreadable' };
  }
  try {
    const { recipient: to, messageId: reference } = message;
    const result = await deps.sms.send({ to, text: content.text, validitySeconds, reference });
    if (result.ok) {
      return {
        kind: 'sent',
        carrier: { sid: result.sid, forgetAt: new Date(now.getTime() + FORGET_AFTER_MS) },
      };
    }
    const reason = result.code;
    if (result.outcome === 'refused')
      return { kind: 'failed', reason, undeliverable: result.fault === 'number' };
    if (result.outcome === 'unsure') return { kind: 'unsure', reason };
    return { kind: 'retry', reason, afterMs: (result.retryAfterSeconds ?? 0) * 1000 };
  } catch (error) {
    return { kind: 'unsure', reason: error instanceof Error ? error.name : 'unknown' };
  }
}
