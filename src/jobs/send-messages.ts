import { sealAudit } from '../audit/seal.ts';
import type { Deps } from '../deps.ts';
import { recordFailedCheck } from '../enrolment/failed-checks.ts';
import type { OnUndeliverable } from '../messages/channel.ts';
import { forgetWords } from '../messages/forget.ts';
import { makeLetters } from '../messages/make-letters.ts';
import { reserveBatch } from '../messages/print-store.ts';
import { type SendOptions, type SendReport, sendDue } from '../messages/send.ts';
import type { Job } from './types.ts';

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
    if (report.claimed === 0 || signal?.aborted) return sum;
  }
}

/** Has the carrier forget the words of all SMS that have come to their end; once. @returns how many */
export async function forgetMessages(deps: Deps, signal?: AbortSignal): Promise<number> {
  let sum = 0;
  for (;;) {
    const { due, forgotten } = await forgetWords(deps, signal);
    sum += forgotten;
    if (due === 0 || signal?.aborted) return sum;
  }
}

export type Loop = {
  /** Looks at the outbox at once instead of within the second. */
  nudge(): void;
  /** Takes no new message, waits for those under way. */
  stop(): Promise<void>;
};

/**
 * Keeps a channel of the outbox empty until it is stopped; two processes may do so at once. Each channel has its own
 * loop, so that a mail server that is slow holds up no code.
 */
export function keepSending(deps: Deps, channel: Channel, everyMs = EVERY_MS): Loop {
  return keepDoing(deps, (signal) => sendMessages(deps, channel, signal), everyMs);
}

/** Keeps having words forgotten: in a loop of its own, so that it holds up no code either. */
export function keepForgetting(deps: Deps, everyMs = EVERY_MS): Loop {
  return keepDoing(deps, (signal) => forgetMessages(deps, signal), everyMs);
}

const SEALED_EVERY_MS = 10_000;

/** Keeps sealing the audit trail (decision 11): not in requests, and late enough that many lines share a seal. */
export function keepSealing(deps: Deps, everyMs = SEALED_EVERY_MS): Loop {
  return keepDoing(deps, (signal) => sealAudit(deps, signal), everyMs);
}

/** Makes the letters of all distributions that wait for them; once. @returns how many distributions */
export async function makeAllLetters(deps: Deps, signal?: AbortSignal): Promise<number> {
  let made = 0;
  while (!signal?.aborted && (await makeLetters(deps, signal))) made += 1;
  return made;
}

/** How long whoever has seen that letters wait has for beginning with them. */
const BEGIN_WITHIN_MS = 10_000;

/**
 * Keeps having letters made, in a loop of its own, since many take seconds.
 * @param job `make-letters`, perhaps in a process of its own
 */
export function keepPrinting(deps: Deps, job: Pick<Job, 'run'>, everyMs = EVERY_MS): Loop {
  return keepDoing(
    deps,
    async (signal) => {
      const now = deps.clock.now();
      const again = new Date(now.getTime() + BEGIN_WITHIN_MS);
      if (await reserveBatch(deps.jobsDb, { now, again })) await job.run({ now, signal });
    },
    everyMs,
  );
}

/** Again and again, with a pause. Nothing that fails ends it. */
export function keepDoing(
  deps: Pick<Deps, 'log'>,
  work: (signal: AbortSignal) => Promise<unknown>,
  everyMs: number,
): Loop {
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
        await work(stopping.signal);
      } catch (error) {
        deps.log.error({ err: error }, 'what a server does all the time failed; it is tried again');
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
