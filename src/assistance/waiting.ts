import type { Deps } from '../deps.ts';
import { checksSince } from './facts.ts';
import { countWaiting } from './school-store.ts';

/** What waits for the director of a school: attachments signalled as wrong, guardians for whom a check failed. */
export type Waiting = { attachments: number; failed: number };

/** One statement. */
export function waitingAt({ db, clock }: Pick<Deps, 'db' | 'clock'>, schoolId: number): Promise<Waiting> {
  return countWaiting(db, schoolId, checksSince(clock.now()));
}
