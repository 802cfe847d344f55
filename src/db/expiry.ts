import type { Knex } from 'knex';
import { inTransaction } from './transaction.ts';

/** Rows that are dead some time after a date that they carry. */
export type ExpiryRule = {
  table: string;
  /** Its primary key. */
  key: string;
  /** The date; it needs an index. */
  column: string;
  /** How long after that date a row is kept, in milliseconds. */
  keptMs: number;
  /** What must hold besides; a column with the values it may have. */
  only?: Readonly<Record<string, readonly string[]>>;
};

/** Few enough that the locks of a batch are gone before anybody notices them. */
const BATCH = 500;

/**
 * Forgets what is dead, batch after batch, each in a transaction of its own. Rows that somebody holds are left for
 * the next time, so that neither ever waits for the other.
 * @param signal aborted: no further batch
 * @returns rows deleted by table
 */
export async function forgetExpired(
  db: Knex,
  rules: readonly ExpiryRule[],
  { now, signal, batch = BATCH }: { now: Date; signal?: AbortSignal; batch?: number },
): Promise<Record<string, number>> {
  const done: Record<string, number> = {};
  for (const rule of rules) {
    done[rule.table] = 0;
    for (let deleted = batch; deleted === batch && !signal?.aborted; ) {
      deleted = await forgetBatch(db, rule, now, batch);
      done[rule.table] = (done[rule.table] ?? 0) + deleted;
    }
  }
  return done;
}

function forgetBatch(db: Knex, rule: ExpiryRule, now: Date, batch: number): Promise<number> {
  const { table, key, column, keptMs, only = {} } = rule;
  return inTransaction(db, async (trx) => {
    const rows = trx(table).where(column, '<', new Date(now.getTime() - keptMs));
    for (const [name, values] of Object.entries(only)) rows.whereIn(name, [...values]);
    const ids: (string | number)[] = await rows
      .orderBy(column)
      .limit(batch)
      .forUpdate()
      .skipLocked()
      .pluck(key);
    return ids.length === 0 ? 0 : trx(table).whereIn(key, ids).delete();
  });
}
