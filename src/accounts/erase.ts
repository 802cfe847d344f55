import { type Actor, recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { eraseRows, eraseSessions } from './erase-store.ts';
import { type DueAccount, dueAmong } from './retention.ts';
import type { Cutoffs } from './retention-rules.ts';
import { importIsRunning, keepImportAway, mergedInto } from './retention-store.ts';
import { lockAccounts } from './store.ts';
import type { Account } from './types.ts';

export type Erased = { ok: true; erased: DueAccount[] } | { ok: false; reason: 'importing' };

type Turn = {
  cutoffs: Cutoffs;
  now: Date;
  actor: Actor;
  /** Told in the same transaction, while the account still has its address. */
  farewell?: ((trx: Transaction, account: Account, rule: DueAccount['rule']) => Promise<void>) | undefined;
};

/**
 * Erases for good those of some accounts that are due: all of them in one transaction, or none. Each is looked
 * at anew under its lock: who has signed in, or whose child has come back meanwhile, stays. What is left of an account
 * is a row with its public id, so that neither `sub` nor identifier is ever given again.
 */
export async function eraseDue(
  { jobsDb }: Pick<Deps, 'jobsDb'>,
  ids: readonly number[],
  { cutoffs, now, actor, farewell }: Turn,
): Promise<Erased> {
  if (await importIsRunning(jobsDb, now)) return { ok: false, reason: 'importing' };
  const done = await inTransaction(jobsDb, async (trx) => {
    if (!(await keepImportAway(trx, now))) return null;
    const wanted = [...ids, ...(await mergedInto(jobsDb, ids))];
    const locked = new Map((await lockAccounts(trx, wanted)).map((account) => [account.id, account]));
    const due = await dueAmong(trx, [...locked.keys()], cutoffs, now);
    const accounts = [...new Map(due.map((one) => [one.id, one])).values()];
    // Regrouped into one of these in the meantime: closed, and nobody's any more.
    const more = accounts.filter(({ id }) => !locked.has(id)).map(({ id }) => id);
    for (const account of await lockAccounts(trx, more)) locked.set(account.id, account);
    if (accounts.length === 0) return { accounts, publicIds: [] };
    for (const { id, rule } of accounts) await farewell?.(trx, locked.get(id) as Account, rule);
    const erased = accounts.map(({ id }) => id);
    await eraseRows(trx, erased, now);
    await recordAudit(
      trx,
      ...accounts.map(({ id, rule }) => ({
        ...actor,
        at: now,
        event: 'erase',
        outcome: 'done' as const,
        accountId: id,
        details: rule,
      })),
    );
    return { accounts, publicIds: erased.map((id) => (locked.get(id) as Account).publicId) };
  });
  if (done === null) return { ok: false, reason: 'importing' };
  await eraseSessions(jobsDb, done.publicIds);
  return { ok: true, erased: done.accounts };
}
