import type { Deps } from '../deps.ts';
import { keepForcing } from './force-changes.ts';
import { keepSchedule } from './keep-schedule.ts';
import { CHANNELS, keepForgetting, keepPrinting, keepSealing, keepSending } from './send-messages.ts';
import type { Job } from './types.ts';

/** Less than what a process is given to end; a mail cut off by it is sent again when its claim is over. */
const GRACE_MS = 8_000;

export type RunningJobs = {
  /** Looks at the outbox at once. */
  nudge(): void;
  /** Begins nothing new and waits for what is under way, but not for a mail server that has fallen silent. */
  stop(): Promise<void>;
};

/** Starts what a server process does beside answering requests. */
export function startJobs(deps: Deps, jobs: readonly Job[]): RunningJobs {
  const sending = [
    ...CHANNELS.map((channel) => keepSending(deps, channel)),
    keepForgetting(deps),
    keepForcing(deps),
    keepSealing(deps),
    ...jobs.filter(({ name }) => name === 'make-letters').map((job) => keepPrinting(deps, job)),
  ];
  const schedule = keepSchedule(deps, jobs);
  const stop = async () => {
    await Promise.all([...sending.map((loop) => loop.stop()), schedule.stop()]);
  };
  const nudge = () => {
    for (const loop of sending) loop.nudge();
  };
  return { nudge, stop: () => within(GRACE_MS, stop()) };
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
