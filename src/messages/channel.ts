import type { Database } from '../deps.ts';
import type { Channel, ClaimedMessage } from './outbox-store.ts';
import type { Concerns } from './sms.ts';

/** How an attempt to send ended. */
export type Outcome =
  | { kind: 'sent'; carrier?: { sid: string; forgetAt: Date } }
  /** Not before `afterMs`, when the other side said so. */
  | { kind: 'retry'; reason: string; afterMs?: number }
  /** `undeliverable`: nobody can be reached there. */
  | { kind: 'failed'; reason: string; undeliverable?: boolean }
  /** It may have left. */
  | { kind: 'unsure'; reason: string };

/** What differs between mails and SMS. */
export type ChannelRules = {
  channel: Channel;
  /** At most so many claimed at a time, and so many under way. */
  batch: number;
  parallel: number;
  /** Longer than a batch can take, so that no claim ends under way. */
  claimMs: number;
  /** What becomes of a message whose sender died: mails are sent again, with the same Message-ID. */
  lost: 'again' | 'unsure';
  attempt(message: ClaimedMessage): Promise<Outcome>;
  /** Until the next attempt, in milliseconds; null: no further one. @param askedMs by the other side */
  pauseAfter(message: Pick<ClaimedMessage, 'attempt' | 'giveUpAt'>, askedMs: number): number | null;
};

/** Told in the transaction that notes that a message cannot be delivered. */
export type OnUndeliverable = (db: Database, concerns: Concerns) => Promise<void>;

/** Whom a message concerns, if anybody. */
export function concernsOf(message: {
  concernWay: string | null;
  concernAccounts: string | null;
}): Concerns | null {
  if (message.concernWay === null || !message.concernAccounts) return null;
  const accountIds = message.concernAccounts.split(',').map(Number);
  return { way: message.concernWay as Concerns['way'], accountIds };
}
