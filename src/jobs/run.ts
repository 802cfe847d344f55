import type { Deps } from '../deps.ts';
import { keepSending, sendMessages } from './send-messages.ts';

/** What runs by the clock, by the name that `educonnect job run <name>` takes; each runs once and says what it did. */
export const JOBS: Readonly<Record<string, (deps: Deps) => Promise<Record<string, number>>>> = {
  'send-messages': (deps) => sendMessages(deps),
};

export type RunningJobs = {
  /** Looks at the outbox at once. */
  nudge(): void;
  /** Begins nothing new and waits for what is under way. */
  stop(): Promise<void>;
};

/** Starts what a server process does beside answering requests. */
export function startJobs(deps: Deps): RunningJobs {
  const sending = keepSending(deps);
  return { nudge: sending.nudge, stop: sending.stop };
}
