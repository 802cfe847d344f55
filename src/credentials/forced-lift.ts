import { liftMarks, openMarks } from '../accounts/forced-marks-store.ts';
import { lockAccounts } from '../accounts/store.ts';
import { recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { endForcedChange, type ForcedChange } from './forced-store.ts';

const AT_ONCE = 2000;

/**
 * Takes a forced change back: whoever has not changed his password since keeps it. Nobody more is marked or told; the
 * sessions that ended with the mark stay ended. Part after part, each in one transaction with its lines, so that one that
 * is stopped is finished by the same command once more.
 * @returns how many marks were lifted
 */
export async function liftForcedChange(
  deps: Pick<Deps, 'clock'>,
  db: Deps['db'],
  change: Pick<ForcedChange, 'id' | 'publicId' | 'schoolId'>,
  atOnce = AT_ONCE,
): Promise<number> {
  let lifted = 0;
  for (let after: number | null = 0; after !== null; ) {
    const part = await liftPart(deps, db, change, { after, limit: atOnce });
    lifted += part.lifted;
    after = part.last;
  }
  return lifted;
}

async function liftPart(
  deps: Pick<Deps, 'clock'>,
  db: Deps['db'],
  change: Pick<ForcedChange, 'id' | 'publicId' | 'schoolId'>,
  { after, limit }: { after: number; limit: number },
): Promise<{ lifted: number; last: number | null }> {
  return inTransaction(db, async (trx) => {
    const now = deps.clock.now();
    // Whoever marks holds the change first, then the accounts.
    await endForcedChange(trx, change.id, now);
    const marked = await openMarks(trx, change.id, { after, limit });
    const open = (await lockAccounts(trx, marked)).filter(({ closedAt }) => closedAt === null);
    const ids = await liftMarks(
      trx,
      change.id,
      open.map(({ id }) => id),
      now,
    );
    const line = {
      at: now,
      event: 'force-change-lifted',
      outcome: 'done' as const,
      actorKind: 'operator' as const,
      schoolId: change.schoolId ?? undefined,
      requestId: change.publicId,
    };
    await recordAudit(trx, ...ids.map((accountId) => ({ ...line, accountId })));
    return { lifted: ids.length, last: marked.length < limit ? null : (marked.at(-1) ?? null) };
  });
}
