import { findAccountByIdentifier } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import { type CodeCheck, checkCode, codeStatus, requestCode } from '../codes/one-time.ts';
import { normaliseIdentifier } from '../credentials/attempts.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { recordFailedCheck } from './failed-checks.ts';
import { accountsOf } from './matching.ts';
import { findByMobile, findByRareName } from './matching-store.ts';
import { readingsOf } from './readings.ts';
import { FORGOTTEN_EVENTS, hasPasswordToRecover } from './recovery-mail.ts';
import {
  findMobileOf,
  findRecoverable,
  findRecovery,
  lockRecovery,
  markProved,
  putRecovery,
  type Recovery,
} from './recovery-store.ts';
import { namesFit } from './same-name.ts';

export type { Recovery, RecoveryGoal } from './recovery-store.ts';

/** A recovery takes minutes. */
const LIVES_MS = 30 * 60_000;
/** Identifiers shown at once. */
const MOST = 5;

export type RecoveryTyped =
  | { goal: 'identifier'; givenName: string; familyName: string; mobile: string }
  | { goal: 'password'; identifier: string; mobile: string };

export type CodeAsked =
  | { ok: true }
  | {
      ok: false;
      reason: 'invalid-mobile' | 'too-soon' | 'too-many' | 'suspended';
      retryAt: Date | null;
    };

/**
 * « Identifiant oublié » and « Mot de passe oublié » by SMS: a code to the mobile typed, if the school knows
 * the person by it. The number is always asked, so that a page tells nothing about shared numbers, or several. The
 * rows and the answer are the same whether anybody fits or not (decision 5).
 */
export async function askRecoveryCode(
  deps: Deps,
  request: { interactionUid: string; typed: RecoveryTyped; ip: string; requestId?: string | undefined },
): Promise<CodeAsked> {
  const { typed, interactionUid, ip, requestId } = request;
  const readings = readingsOf(deps, typed.mobile);
  const [likeliest] = readings;
  if (likeliest === undefined) return { ok: false, reason: 'invalid-mobile', retryAt: null };
  const found =
    typed.goal === 'password'
      ? await byIdentifier(deps, typed, readings)
      : await byNames(deps, typed, readings);
  const mobile = found.mobile ?? likeliest;
  const { accounts } = found;
  const asked = await requestCode(deps, {
    purpose: 'recovery',
    interactionUid,
    mobile,
    send: accounts.length > 0,
    accountIds: accounts.map(({ id }) => id),
    ip,
    requestId,
  });
  if (!asked.ok) return asked;
  const now = deps.clock.now();
  const expiresAt = new Date(now.getTime() + LIVES_MS);
  await inTransaction(deps.db, (trx) =>
    putRecovery(trx, { interactionUid, goal: typed.goal, mobile, accounts, expiresAt }, now),
  );
  return { ok: true };
}

type Found = { mobile: string | null; accounts: Account[] };
const NOBODY: Found = { mobile: null, accounts: [] };

async function byIdentifier(
  deps: Deps,
  typed: Extract<RecoveryTyped, { goal: 'password' }>,
  readings: readonly string[],
): Promise<Found> {
  const identifier = normaliseIdentifier(typed.identifier);
  const readable = /^[\x21-\x7e]{1,90}$/.test(identifier);
  const account = readable ? await findAccountByIdentifier(deps.db, identifier) : null;
  if (account === null || !hasPasswordToRecover(account)) return NOBODY;
  const mobile = await findMobileOf(deps.db, account.id, readings);
  if (mobile !== null) return { mobile, accounts: [account] };
  await recordFailedCheck(deps.db, deps, { accountIds: [account.id], way: 'recovery', failed: 'mobile' });
  return NOBODY;
}

async function byNames(
  deps: Deps,
  typed: Extract<RecoveryTyped, { goal: 'identifier' }>,
  readings: readonly string[],
): Promise<Found> {
  const behind = await findByMobile(deps.db, readings);
  // Read for everybody: a statement less would take less time.
  const named = await findByRareName(deps.db, typed);
  const fitting = behind.filter((candidate) => namesFit(typed, candidate));
  // Of one mobile only: it is the one that gets the code.
  const mobile = fitting[0]?.mobile ?? null;
  const ids = fitting.filter((candidate) => candidate.mobile === mobile).map(({ accountId }) => accountId);
  const accounts = (await findRecoverable(deps.db, ids)).slice(0, MOST);
  if (fitting.length > 0) return { mobile, accounts };
  // Right mobile and other names, or right names, if they are rare, and another mobile (decision 5).
  const [meant, failed] = behind.length > 0 ? ([behind, 'name'] as const) : ([named, 'mobile'] as const);
  await recordFailedCheck(deps.db, deps, { accountIds: accountsOf(meant), way: 'recovery', failed });
  return NOBODY;
}

/** « Renvoyer le code »: to the same number, for the same accounts. */
export async function resendRecoveryCode(
  deps: Deps,
  interactionUid: string,
  { ip, requestId }: { ip: string; requestId?: string | undefined },
): Promise<CodeAsked | { ok: false; reason: 'elsewhere'; retryAt: null }> {
  const recovery = await currentRecovery(deps, interactionUid);
  if (recovery?.step !== 'code') return { ok: false, reason: 'elsewhere', retryAt: null };
  const { mobile, accounts } = recovery;
  const asked = await requestCode(deps, {
    purpose: 'recovery',
    interactionUid,
    mobile,
    send: accounts.length > 0,
    accountIds: accounts.map(({ id }) => id),
    ip,
    requestId,
  });
  return asked.ok ? { ok: true } : asked;
}

/** Where a recovery by SMS stands in this interaction; null: none is under way. */
export async function currentRecovery(
  deps: Pick<Deps, 'db' | 'clock'>,
  interactionUid: string,
): Promise<Recovery | null> {
  const recovery = await findRecovery(deps.db, interactionUid, deps.clock.now());
  // What was proved is void once the account has changed: a reset, a freeze, a regrouping.
  return recovery?.step === 'proved' && recovery.accounts.length === 0 ? null : recovery;
}

/** Tries a code; the row is locked with it, so that a recovery begun anew meanwhile is not proved by the old code. */
export async function proveRecoveryCode(
  deps: Deps,
  interactionUid: string,
  code: string,
  from: { ip: string; requestId?: string | undefined },
): Promise<CodeCheck | { ok: false; reason: 'elsewhere' }> {
  return inTransaction(deps.db, async (trx) => {
    const now = deps.clock.now();
    const recovery = await lockRecovery(trx, interactionUid, now);
    if (recovery?.step !== 'code') return { ok: false, reason: 'elsewhere' };
    const { mobile, accounts } = recovery;
    const before = await codeStatus({ db: trx }, { purpose: 'recovery', interactionUid });
    const check = await checkCode(
      { ...deps, db: trx },
      { purpose: 'recovery', interactionUid, mobile, code },
    );
    // A line in any case, so that what is written does not tell either.
    const line = {
      at: now,
      event: FORGOTTEN_EVENTS[recovery.goal],
      outcome: check.ok ? ('done' as const) : ('refused' as const),
      actorKind: 'person' as const,
      details: check.ok ? 'by SMS' : `by SMS, code ${check.reason}`,
      ...from,
    };
    await recordAudit(
      trx,
      ...(accounts.length === 0 ? [line] : accounts.map(({ id }) => ({ ...line, accountId: id }))),
    );
    if (check.ok) await markProved(trx, interactionUid, now);
    // Told once: by the try that was the last.
    else if (check.reason === 'used-up' && before?.left === 1)
      await recordFailedCheck(trx, deps, {
        accountIds: accounts.map(({ id }) => id),
        way: 'recovery',
        failed: 'code',
      });
    return check;
  });
}
