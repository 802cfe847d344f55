import { requestCode } from '../codes/one-time.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { findEnrolment, lockEnrolment, putReferences, updateEnrolment } from './enrolment-store.ts';
import { recordFailedCheck } from './failed-checks.ts';
import { openIdentity, type SealedNames } from './franceconnect.ts';
import { accountsOf, areProvable, idsOf, personByIdentity, provable } from './matching.ts';
import { type Candidate, findByMobile, findByRareName, findProvableChildren } from './matching-store.ts';
import { readingsOf } from './readings.ts';
import { firstGiven } from './same-name.ts';
import type { CodeRefusal, Elsewhere } from './types.ts';

type Typed = { mobile: string; ip: string; requestId?: string | undefined };

/**
 * After FranceConnect, the mobile known to the school. Also to correct it while the code is awaited.
 * The same work and the same page whether the number is known or not; who of several people behind it is meant,
 * FranceConnect's identity says, or he himself once the code is proved.
 */
export async function giveMobile(
  deps: Deps,
  interactionUid: string,
  typed: Typed,
): Promise<{ ok: true } | CodeRefusal | Elsewhere | { ok: false; reason: 'no-mobile' }> {
  const { db, clock } = deps;
  const row = await findEnrolment(db, interactionUid, clock.now());
  if (row?.way !== 'franceconnect' || (row.step !== 'mobile' && row.step !== 'code'))
    return { ok: false, reason: 'elsewhere' };
  const readings = readingsOf(deps, typed.mobile);
  const [likeliest] = readings;
  if (likeliest === undefined) return { ok: false, reason: 'no-mobile' };
  const behind = await findByMobile(db, readings);
  const mobile = behind[0]?.mobile ?? likeliest;
  const reached = behind.filter((candidate) => candidate.mobile === mobile);
  const children = await findProvableChildren(db, idsOf(reached));
  const names = openIdentity(deps, interactionUid, row.fcIdentitySealed ?? '');
  const person = personByIdentity(reached, names, children);
  const found = person.who === 'one' ? person.references : reached;
  const asked = children.filter(({ referenceId }) => found.some(({ id }) => id === referenceId));
  const references = person.who === 'several' || areProvable(asked) ? provable(found, children) : [];
  const requested = await requestCode(deps, {
    purpose: 'enrolment',
    interactionUid,
    mobile,
    send: references.length > 0,
    accountIds: accountsOf(references),
    way: 'franceconnect',
    ip: typed.ip,
    requestId: typed.requestId,
  });
  if (!requested.ok) return requested;
  const kept = await keep(deps, interactionUid, mobile, references);
  await leaveTrace(deps, behind, names);
  return kept ? { ok: true } : { ok: false, reason: 'elsewhere' };
}

async function keep(deps: Deps, uid: string, mobile: string, references: Candidate[]): Promise<boolean> {
  return inTransaction(deps.db, async (trx) => {
    const now = deps.clock.now();
    const row = await lockEnrolment(trx, uid, now);
    if (row?.way !== 'franceconnect' || (row.step !== 'mobile' && row.step !== 'code')) return false;
    await putReferences(trx, uid, idsOf(references));
    await updateEnrolment(trx, uid, { step: 'code', mobile }, now);
    return true;
  });
}

/** Nobody has this mobile, but FranceConnect's name is a rare one: the school may hold an old number. */
async function leaveTrace(deps: Deps, behind: Candidate[], names: SealedNames): Promise<void> {
  const familyName = names.preferredName ?? names.familyName ?? '';
  const givenName = firstGiven(names.givenName ?? '');
  if (familyName === '' || givenName === '') return;
  const named = await findByRareName(deps.db, { familyName, givenName });
  if (behind.length > 0) return;
  await recordFailedCheck(deps.db, deps, {
    accountIds: accountsOf(named),
    way: 'franceconnect',
    failed: 'mobile',
  });
}
