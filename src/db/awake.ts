/**
 * Time in which this process ran. One that was stopped, or starved by others, finds on waking that its timers are
 * over before it has read the answers that came meanwhile: by the wall clock, all that it waited for would be late.
 */
export type Awake = {
  /** Milliseconds; stands still while the process does. */
  now(): number;
  /**
   * Calls `late` once so much time has passed, and not before what has arrived by then is read.
   * @returns calls it off
   */
  within(ms: number, late: () => void): () => void;
  stop(): void;
};

const EVERY_MS = 100;

export function countAwake(): Awake {
  let counted = 0;
  let seen = performance.now();
  // A gap that is longer than two beats was sleep.
  const since = (at: number) => Math.min(at - seen, 2 * EVERY_MS);
  const timer = setInterval(() => {
    const at = performance.now();
    counted += since(at);
    seen = at;
  }, EVERY_MS).unref();
  const now = () => counted + since(performance.now());
  return {
    now,
    within(ms, late) {
      const until = now() + ms;
      let immediate: NodeJS.Immediate | undefined;
      const look = () => {
        const left = until - now();
        if (left > 1) waiting = setTimeout(look, left);
        else immediate = setImmediate(late);
      };
      let waiting = setTimeout(look, ms);
      return () => {
        clearTimeout(waiting);
        clearImmediate(immediate);
      };
    },
    stop: () => clearInterval(timer),
  };
}
