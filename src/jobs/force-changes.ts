import { markNext } from '../credentials/forced-change.ts';
import { hasWaiting } from '../credentials/forced-store.ts';
import type { Deps } from '../deps.ts';
import { tellNextForced } from '../messages/forced-notices.ts';
import { keepDoing, type Loop } from './send-messages.ts';

const EVERY_MS = 1_000;

/**
 * Marks the accounts of all forced changes that wait, part after part, then tells families where that was asked for. A
 * process that dies leaves the rest to the next; two at once follow one another.
 * @returns how many accounts were marked, and how many mails queued
 */
export async function forceChanges(
  deps: Deps,
  signal?: AbortSignal,
): Promise<{ marked: number; told: number }> {
  const sum = { marked: 0, told: 0 };
  while (!signal?.aborted && (await hasWaiting(deps.jobsDb))) {
    const marked = await markNext(deps, deps.jobsDb, null);
    const told = marked === null ? await tellNextForced(deps) : null;
    // Another process is at what waits.
    if (marked === null && told === null) break;
    sum.marked += marked?.marked ?? 0;
    sum.told += told?.told ?? 0;
  }
  return sum;
}

/** Keeps doing so until it is stopped. */
export function keepForcing(deps: Deps, everyMs = EVERY_MS): Loop {
  return keepDoing(deps, (signal) => forceChanges(deps, signal), everyMs);
}
