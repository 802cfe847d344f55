import type { Deps } from '../deps.ts';
import { recordFailedCheck } from '../enrolment/failed-checks.ts';
import type { OnUndeliverable } from '../messages/channel.ts';
import { forgetWords } from '../messages/forget.ts';
import { type SendOptions, type SendReport, sendDue } from '../messages/send.ts';

const EVERY_MS = 1_000;
/** How long the loop holds back after an error of its own (the database away), so as not to fill the log. */
const AFTER_ERROR_MS = 5_000;

type Channel = NonNullable<SendOptions['channel']>;
export const CHANNELS: readonly Channel[] = ['email', 'sms'];

/** Sends batch after batch of a channel until nothing is due; once. @returns the sums of all batches */
export async function sendMessages(deps: Deps, channel: Channel, signal?: AbortSignal): Promise<SendReport> {
  const sum: SendReport = { claimed: 0, sent: 0, retried: 0, failed: 0, unsure: 0 };
  const onUndeliverable: OnUndeliverable = (db, { way, accountIds }) =>
    recordFailedCheck(db, deps, { way, accountIds, failed: 'delivery' });
  const options: SendOptions = { channel, onUndeliverable, ...(signal === undefined ? {} : { signal }) };
  for (;;) {
    const report = await sendDue(deps, options);
    for (const key of ['claimed', 'sent', 'retried', 'failed', 'unsure'] as const) sum[key] += report[key];
    if (report.claimed === 0 || signal?.aborted) break;
  }
  if (channel === 'sms') while ((await forgetWords(deps, signal)).due > 0 && !signal?.aborted);
  return sum;
}

export type Loop = {
  /** Looks at the outbox at once instead of within the second. */
  nudge(): void;
  /** Takes no new message, waits for those under way. */
  stop(): Promise<void>;
};

/**
 * Keeps a channel of the outbox empty until it is stopped; two processes may do so at once. Nothing that fails ends
 * it. Each channel has its own, so that a mail server that is slow holds up no code.
 */
export function keepSending(deps: Deps, channel: Channel, everyMs = EVERY_MS): Loop {
  const stopping = new AbortController();
  let wake = () => {};
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const run = async () => {
    while (!stopping.signal.aborted) {
      let rest = everyMs;
      try {
        await sendMessages(deps, channel, stopping.signal);
      } catch (error) {
        deps.log.error({ err: error, channel }, 'the outbox could not be looked at');
        rest = AFTER_ERROR_MS;
      }
      if (!stopping.signal.aborted) await pause(rest);
    }
  };
  const done = run();
  return {
    nudge: () => wake(),
    async stop() {
      stopping.abort();
      wake();
      await done;
    },
  };
}
