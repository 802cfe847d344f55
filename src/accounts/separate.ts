import { type Actor, recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { queueLogouts } from './logouts-store.ts';
import {
  findRegrouping,
  giveKeysBack,
  giveLinkBack,
  giveReferencesBack,
  reopenMerged,
} from './separate-store.ts';
import { lockAccounts, updateAccount } from './store.ts';

/** For so long support can take a regrouping back (security.md 1.5). */
const DAYS = 30;
const DAY_MS = 86_400_000;

export type Separated =
  | { ok: true; survivor: string; records: number }
  /** `later`: the account that it became part of has itself become part of another, which is to be taken back first. */
  | { ok: false; reason: 'unknown' | 'too-late' | 'later' };

/**
 * Takes a regrouping back, when it turns out that the two accounts are not one person's: the records go back to the
 * account that had brought them, which is open again under its identifier. Its password was destroyed, so the school
 * gives it a new one; its passkeys are its own again, and the survivor's sessions die. A link to FranceConnect that came
 * with it goes back too, unless the survivor has no other way in.
 * @param identifier of the account that is no more
 */
export async function separateAccount(
  deps: Pick<Deps, 'db' | 'clock'>,
  identifier: string,
  actor: Actor,
): Promise<Separated> {
  const before = await findRegrouping(deps.db, identifier);
  if (before === null) return { ok: false, reason: 'unknown' };
  return inTransaction(deps.db, async (trx): Promise<Separated> => {
    const locked = await lockAccounts(trx, [before.mergedId, before.survivorId]);
    const regrouping = await findRegrouping(trx, identifier);
    const survivor = locked.find(({ id }) => id === before.survivorId);
    const merged = locked.find(({ id }) => id === before.mergedId);
    if (regrouping?.survivorId !== before.survivorId || !survivor || !merged)
      return { ok: false, reason: 'unknown' };
    const now = deps.clock.now();
    if (now.getTime() - regrouping.at.getTime() > DAYS * DAY_MS) return { ok: false, reason: 'too-late' };
    if (survivor.closedAt !== null) return { ok: false, reason: 'later' };
    const records = await giveReferencesBack(trx, regrouping, now);
    if (regrouping.linkMoved && survivor.passwordKind !== 'none') await giveLinkBack(trx, regrouping);
    await giveKeysBack(trx, regrouping, merged.publicId);
    await reopenMerged(trx, regrouping.mergedId, now);
    await queueLogouts(trx, [survivor], now);
    await updateAccount(trx, survivor.id, {}, now, true);
    const line = { ...actor, at: now, event: 'separate', outcome: 'done' as const };
    await recordAudit(
      trx,
      { ...line, accountId: survivor.id, details: `from ${regrouping.mergedId}, ${records} records` },
      { ...line, accountId: regrouping.mergedId, details: `from ${survivor.id}, ${records} records` },
    );
    return { ok: true, survivor: survivor.identifier, records };
  });
}
