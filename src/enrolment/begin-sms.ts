import { requestCode } from '../codes/one-time.ts';
import type { Deps } from '../deps.ts';
import { LIVES_MS } from './enrolment.ts';
import { putEnrolment } from './enrolment-store.ts';
import { recordFailedCheck } from './failed-checks.ts';
import { accountsOf, areProvable, idsOf, personByNames, provable } from './matching.ts';
import { type Candidate, findByMobile, findByRareName, findProvableChildren } from './matching-store.ts';
import { readingsOf } from './readings.ts';
import { namesFit } from './same-name.ts';
import type { CodeRefusal } from './types.ts';

export type SmsEnrolment = {
  interactionUid: string;
  clientId: string | null;
  /** As typed. */
  familyName: string;
  givenName: string;
  mobile: string;
  ip: string;
  requestId?: string | undefined;
};

/**
 * First step of the self-registration: names and mobile. Known or not, the same is read and written and the
 * same page follows (decision 5); a code leaves only when somebody fits who has a child to prove. Nothing
 * typed is kept but the number, for an hour.
 */
export async function beginSms(
  deps: Deps,
  typed: SmsEnrolment,
): Promise<{ ok: true } | CodeRefusal | { ok: false; reason: 'no-mobile' }> {
  const { db, clock } = deps;
  const { interactionUid, clientId, ip, requestId } = typed;
  const readings = readingsOf(deps, typed.mobile);
  const [likeliest] = readings;
  if (likeliest === undefined) return { ok: false, reason: 'no-mobile' };
  const behind = await findByMobile(db, readings);
  const named = await findByRareName(db, typed);
  const fitting = behind.filter((candidate) => namesFit(typed, candidate));
  const children = await findProvableChildren(db, idsOf(fitting));
  const person = personByNames(fitting, typed, children);
  const found = person.who === 'one' && areProvable(children) ? person.references : [];
  // One number is written to: of several readings that fit, the first.
  const mobile = provable(found, children)[0]?.mobile ?? likeliest;
  const references = provable(found, children).filter((candidate) => candidate.mobile === mobile);
  const asked = await requestCode(deps, {
    purpose: 'enrolment',
    interactionUid,
    mobile,
    send: references.length > 0,
    accountIds: accountsOf(references),
    way: 'sms',
    ip,
    requestId,
  });
  if (!asked.ok) return asked;
  const now = clock.now();
  await putEnrolment(
    db,
    {
      interactionUid,
      clientId,
      way: 'sms',
      step: 'code',
      identity: null,
      mobile,
      references: idsOf(references),
      expiresAt: new Date(now.getTime() + LIVES_MS),
    },
    now,
  );
  if (person.who !== 'one') await leaveTrace(deps, { behind, named });
  return { ok: true };
}

/** Right mobile with another name; or right and rare name with another mobile. */
async function leaveTrace(
  deps: Deps,
  { behind, named }: { behind: Candidate[]; named: Candidate[] },
): Promise<void> {
  const [meant, failed] = behind.length > 0 ? ([behind, 'name'] as const) : ([named, 'mobile'] as const);
  await recordFailedCheck(deps.db, deps, { accountIds: accountsOf(meant), way: 'sms', failed });
}
