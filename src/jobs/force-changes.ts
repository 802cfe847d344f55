import { markNext } from '../credentials/forced-change.ts';
import { hasWaiting } from '../credentials/forced-store.ts';
import type { Deps } from '../deps.ts';
import { keepDoing, type Loop } from './send-messages.ts';

const EVERY_MS = 1_000;

/**
 * Marks the accounts of all forced changes that wait, part after part. A process that dies leaves the rest to the
 * next; two at once follow one another.
 * @returns how many accounts were marked
 */
export async function forceChanges(deps: Deps, signal?: AbortSignal): Promise<{ marked: number }> {
  const sum = { marked: 0 };
  while (!signal?.aborted && (await hasWaiting(deps.jobsDb))) {
    const part = await markNext(deps, deps.jobsDb, null);
    // Another process is at what waits.
    if (part === null) break;
    sum.marked += part.marked;
  }
  return sum;
}

/** Keeps doing so until it is stopped. */
export function keepForcing(deps: Deps, everyMs = EVERY_MS): Loop {
  return keepDoing(deps, (signal) => forceChanges(deps, signal), everyMs);
}
