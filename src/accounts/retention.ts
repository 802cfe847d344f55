import type { Database } from '../deps.ts';
import { type AccountRule, type Cutoffs, ruleOf } from './retention-rules.ts';
import { factsOf, mergedInto, nextAccountIds } from './retention-store.ts';

/** An account that is erased, and why. */
export type DueAccount = { id: number; rule: AccountRule };

/** Accounts looked at in one statement. */
const LOOKED_AT = 2_000;

/** Which of these accounts are to be erased now, with the deleted ones that were regrouped into them. */
export async function dueAmong(
  db: Database,
  ids: number[],
  cutoffs: Cutoffs,
  now: Date,
): Promise<DueAccount[]> {
  const due = await ruled(db, ids, cutoffs, now);
  const merged = await mergedInto(
    db,
    due.map(({ id }) => id),
  );
  // One that has a rule of its own is met by itself.
  const others = new Set((await ruled(db, merged, cutoffs, now)).map(({ id }) => id));
  const along = merged.filter((id) => !others.has(id)).map((id) => ({ id, rule: 'merged' as const }));
  return [...due, ...along];
}

async function ruled(db: Database, ids: number[], cutoffs: Cutoffs, now: Date): Promise<DueAccount[]> {
  const facts = await factsOf(db, ids);
  return facts.flatMap((one) => {
    const rule = ruleOf(one, cutoffs, now);
    return rule === null ? [] : [{ id: one.id, rule }];
  });
}

/** All accounts, some at a time in the order of their ids: those of them that are to be erased now. */
export async function* scanAccounts(
  db: Database,
  { cutoffs, now, signal }: { cutoffs: Cutoffs; now: Date; signal?: AbortSignal | undefined },
): AsyncGenerator<DueAccount[]> {
  for (let after = 0; ; ) {
    signal?.throwIfAborted();
    const ids = await nextAccountIds(db, after, LOOKED_AT);
    const due = await dueAmong(db, ids, cutoffs, now);
    if (due.length > 0) yield due;
    const last = ids.at(-1);
    if (ids.length < LOOKED_AT || last === undefined) return;
    after = last;
  }
}
