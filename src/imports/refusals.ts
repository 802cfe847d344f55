import { ownText } from './own-text.ts';
import type { Refusal } from './types.ts';

/** Refusals that are kept in full; a feed that is wrong throughout must not fill the memory. */
const KEPT = 1000;

export type Refusals = {
  add(refusal: Refusal): void;
  /** Counts some that are not kept. */
  count(more: number): void;
  readonly kept: Refusal[];
  readonly total: number;
};

export function createRefusals(): Refusals {
  const kept: Refusal[] = [];
  let total = 0;
  return {
    add(refusal) {
      total += 1;
      if (kept.length === KEPT) return;
      const { file, record, reason } = refusal;
      kept.push({ file, record: ownText(record.slice(0, 80)), reason: ownText(reason) });
    },
    count(more) {
      total += more;
    },
    kept,
    get total() {
      return total;
    },
  };
}
