/** A closed loop: each of so many visitors begins his next operation when the last one has ended. */

export type Loop = {
  /** Visitors at once. */
  concurrency: number;
  /** No operation begins later. */
  seconds: number;
  /** Nor more than so many. */
  most?: number;
  /** Nor after this. */
  signal?: AbortSignal;
};

export type LoopResult = {
  /** Milliseconds of each operation that succeeded. */
  durations: number[];
  errors: number;
  /** What the first one said. */
  firstError: string | null;
  /** From the first beginning to the last end. */
  seconds: number;
};

/** @param work throws when the operation failed; `visitor` is 0 <= n < concurrency */
export async function drive(loop: Loop, work: (visitor: number) => Promise<void>): Promise<LoopResult> {
  const result: LoopResult = { durations: [], errors: 0, firstError: null, seconds: 0 };
  const began = performance.now();
  const until = began + loop.seconds * 1000;
  let left = loop.most ?? Number.POSITIVE_INFINITY;
  const visitor = async (number: number) => {
    while (left > 0 && performance.now() < until && loop.signal?.aborted !== true) {
      left -= 1;
      const start = performance.now();
      try {
        await work(number);
        result.durations.push(performance.now() - start);
      } catch (error) {
        result.errors += 1;
        result.firstError ??= error instanceof Error ? error.message : String(error);
      }
    }
  };
  await Promise.all(Array.from({ length: loop.concurrency }, (_, number) => visitor(number)));
  result.seconds = (performance.now() - began) / 1000;
  return result;
}
