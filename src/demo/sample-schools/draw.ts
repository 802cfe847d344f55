/** Draws of a fixed sequence: the sample people are the same on every machine and in every run. */
export type Draw = {
  /** A whole number, 0 <= n < max. */
  below(max: number): number;
  /** True so many times in a hundred. */
  percent(chance: number): boolean;
  /** One of them; throws when there is none. */
  one<T>(items: readonly T[]): T;
  /** The same items in another order. */
  shuffled<T>(items: readonly T[]): T[];
};

/** Mulberry32, a small generator of 32 bits: good enough for names, of no use for secrets. */
export function createDraw(seed: number): Draw {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const below = (max: number) => Math.floor(next() * max);
  return {
    below,
    percent: (chance) => next() * 100 < chance,
    one(items) {
      if (items.length === 0) throw new Error('nothing to draw from');
      return items[below(items.length)] as (typeof items)[number];
    },
    shuffled(items) {
      const order = [...items];
      for (let last = order.length - 1; last > 0; last -= 1) {
        const other = below(last + 1);
        [order[last], order[other]] = [
          order[other] as (typeof items)[number],
          order[last] as (typeof items)[number],
        ];
      }
      return order;
    },
  };
}
