import { personalKey, takeAttempt } from '../codes/throttle.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import {
  findEnrolment,
  lockEnrolment,
  putReferences,
  referencesOf,
  updateEnrolment,
} from './enrolment-store.ts';
import { recordFailedCheck } from './failed-checks.ts';
import { accountsOf, areProvable, idsOf, personByNames, provable } from './matching.ts';
import { findByMobile, findProvableChildren } from './matching-store.ts';
import type { Elsewhere } from './types.ts';

/** Names tried for one number in 24 hours. */
const TRIES = 5;
const WINDOW_MS = 24 * 3_600_000;

export type NamesResult = { ok: true } | Elsewhere | { ok: false; reason: 'wrong' | 'locked' };

/**
 * FranceConnect, where several people have the mobile: the names as the school knows them say who is meant (X1).
 * Asked after the code only, so that nobody learns of a number that it is shared. Nothing typed is kept.
 */
export async function giveNames(
  deps: Deps,
  interactionUid: string,
  typed: { familyName: string; givenName: string },
): Promise<NamesResult> {
  const now = deps.clock.now();
  const before = await findEnrolment(deps.db, interactionUid, now);
  if (before?.step !== 'names' || before.mobile === null) return { ok: false, reason: 'elsewhere' };
  const key = personalKey(deps.config, 'enrolment-names', before.mobile);
  const limit = { key, limit: TRIES, windowMs: WINDOW_MS, now };
  if (!(await takeAttempt(deps.db, limit)).allowed) return { ok: false, reason: 'locked' };
  return inTransaction(deps.db, async (trx): Promise<NamesResult> => {
    const row = await lockEnrolment(trx, interactionUid, now);
    if (row?.step !== 'names') return { ok: false, reason: 'elsewhere' };
    // All of them, as in the step before; only those for whom the code was sent can be chosen.
    const behind = row.mobile === null ? [] : await findByMobile(trx, [row.mobile]);
    const all = await findProvableChildren(trx, idsOf(behind));
    const person = personByNames(behind, typed, all);
    const sentFor = await referencesOf(trx, interactionUid);
    const references = person.who === 'one' ? provable(person.references, all) : [];
    const found = idsOf(references).filter((id) => sentFor.includes(id));
    if (!areProvable(all.filter(({ referenceId }) => found.includes(referenceId)))) {
      await recordFailedCheck(trx, deps, { accountIds: accountsOf(behind), way: row.way, failed: 'name' });
      return { ok: false, reason: 'wrong' };
    }
    await putReferences(trx, interactionUid, found);
    await updateEnrolment(trx, interactionUid, { step: 'children' }, now);
    return { ok: true };
  });
}
