import { recordAudit } from '../audit/record.ts';
import { checkCode, codeStatus, requestCode } from '../codes/one-time.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import {
  type EnrolmentRow,
  findEnrolment,
  lockEnrolment,
  putReferences,
  referencesOf,
  updateEnrolment,
} from './enrolment-store.ts';
import { recordFailedCheck } from './failed-checks.ts';
import { openIdentity } from './franceconnect.ts';
import { accountsOf, idsOf, personByIdentity, provable } from './matching.ts';
import { findByIds, findByMobile, findProvableChildren } from './matching-store.ts';
import type { CodeRefusal, Elsewhere } from './types.ts';

export type CodeTry =
  | { ok: true }
  | Elsewhere
  | { ok: false; reason: 'wrong'; left: number }
  | { ok: false; reason: 'expired' | 'used-up' };

/**
 * The code received by SMS. Right: on to the children; by FranceConnect, where several people have this mobile and
 * its identity does not say who is meant, to the names first. The try counts whatever becomes of the page.
 */
export async function proveCode(
  deps: Deps,
  interactionUid: string,
  typed: string,
  from: { ip: string; requestId?: string | undefined },
): Promise<CodeTry> {
  const now = deps.clock.now();
  return inTransaction(deps.db, async (trx): Promise<CodeTry> => {
    const row = await lockEnrolment(trx, interactionUid, now);
    if (row?.step !== 'code') return { ok: false, reason: 'elsewhere' };
    const { mobile } = row;
    const before = await codeStatus({ db: trx }, { purpose: 'enrolment', interactionUid });
    const attempt = { purpose: 'enrolment', interactionUid, mobile, code: typed } as const;
    const check = await checkCode({ ...deps, db: trx }, attempt);
    const meant = accountsOf(await findByIds(trx, await referencesOf(trx, interactionUid)));
    const line = {
      ...from,
      at: now,
      event: 'code-typed',
      outcome: check.ok ? ('done' as const) : ('refused' as const),
      actorKind: 'person' as const,
      details: check.ok ? row.way : `${row.way}, ${check.reason}`,
    };
    // A line in any case, so that what is written does not tell either (decision 5).
    await recordAudit(
      trx,
      ...(meant.length === 0 ? [line] : meant.map((accountId) => ({ ...line, accountId }))),
    );
    if (!check.ok) {
      // Once: by the try that used it up.
      if (check.reason === 'used-up' && before?.left)
        await recordFailedCheck(trx, deps, { accountIds: meant, way: row.way, failed: 'code' });
      if (check.reason === 'wrong') return check;
      return { ok: false, reason: check.reason === 'used-up' ? 'used-up' : 'expired' };
    }
    const step = await stepAfterCode(deps, trx, interactionUid, row);
    await updateEnrolment(trx, interactionUid, { step, codeProvedAt: now }, now);
    return { ok: true };
  });
}

async function stepAfterCode(
  deps: Deps,
  trx: Transaction,
  uid: string,
  row: EnrolmentRow,
): Promise<'children' | 'names'> {
  if (row.way === 'sms') return 'children';
  // All of them, also who has nothing that could be asked: he is not the other one for that (X1).
  const behind = row.mobile === null ? [] : await findByMobile(trx, [row.mobile]);
  const children = await findProvableChildren(trx, idsOf(behind));
  const names = openIdentity(deps, uid, row.fcIdentitySealed ?? '');
  const person = personByIdentity(behind, names, children);
  if (person.who === 'several') return 'names';
  const sentFor = await referencesOf(trx, uid);
  const found = person.who === 'one' ? provable(person.references, children) : [];
  await putReferences(
    trx,
    uid,
    idsOf(found).filter((id) => sentFor.includes(id)),
  );
  return 'children';
}

/** « Renvoyer le code »: a new one, the earlier dead; nothing shows whether one was sent at all. */
export async function resendCode(
  deps: Deps,
  interactionUid: string,
  { ip, requestId }: { ip: string; requestId?: string | undefined },
): Promise<{ ok: true } | CodeRefusal | Elsewhere> {
  const row = await findEnrolment(deps.db, interactionUid, deps.clock.now());
  if (row?.step !== 'code' || row.mobile === null) return { ok: false, reason: 'elsewhere' };
  const meant = await findByIds(deps.db, await referencesOf(deps.db, interactionUid));
  const asked = await requestCode(deps, {
    purpose: 'enrolment',
    interactionUid,
    mobile: row.mobile,
    send: meant.length > 0,
    accountIds: accountsOf(meant),
    way: row.way,
    ip,
    requestId,
  });
  return asked.ok ? { ok: true } : asked;
}

/** When the code was sent, until when it is good, how many tries are left; null: there is none any more. */
export async function sentCode(deps: Pick<Deps, 'db'>, interactionUid: string) {
  return codeStatus(deps, { purpose: 'enrolment', interactionUid });
}
