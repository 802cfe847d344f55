import { applyEvent } from '../accounts/lifecycle.ts';
import { lockAccounts, updateAccount } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { type Actor, recordAudit } from '../audit/record.ts';
import { consumeLink, type LinkRefusal, livingLink, peekLink } from '../codes/links.ts';
import { takeAttempt } from '../codes/throttle.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Database, Deps } from '../deps.ts';
import { sendActivation } from './activation-mail.ts';
import { readEmail } from './address.ts';
import { findFirstConnection, lockFirstConnection } from './store.ts';
import type { ResendResult } from './types.ts';

/** Mails that one account can ask for: 5 in 15 minutes (security.md 1.4). */
const MAILS = 5;
const WINDOW_MS = 900_000;

type From = { ip: string; requestId?: string | undefined };

/**
 * « Renvoyer le message » and « Modifier mon adresse » while « En cours d'activation »: a fresh link to the
 * same or to a corrected address; the earlier link dies.
 * @param newAddress null: the address stays
 */
export async function resendActivation(
  deps: Deps,
  interactionUid: string,
  newAddress: string | null,
  from: From,
): Promise<ResendResult> {
  const now = deps.clock.now();
  const before = await findFirstConnection(deps.db, interactionUid, now);
  if (before?.step !== 'activation' || before.account.state !== 'activating')
    return { ok: false, reason: 'elsewhere' };
  const email = newAddress === null ? before.account.email : readEmail(newAddress);
  if (!email) return { ok: false, reason: 'invalid' };
  if (!(await mayMail(deps.db, before.account.id, now))) return { ok: false, reason: 'too-many' };
  return inTransaction(deps.db, async (trx): Promise<ResendResult> => {
    const row = await lockFirstConnection(trx, interactionUid, now);
    if (row?.step !== 'activation' || row.account.state !== 'activating')
      return { ok: false, reason: 'elsewhere' };
    const { account } = row;
    if (newAddress !== null) {
      await updateAccount(trx, account.id, { email, emailVerifiedAt: null }, now);
      await recordAudit(trx, {
        at: now,
        event: 'change-address',
        outcome: 'done',
        actorKind: 'person',
        accountId: account.id,
        ...from,
      });
    }
    await sendActivation(deps, trx, { account, email, interactionUid, clientId: row.clientId });
    return { ok: true, email };
  });
}

async function mayMail(db: Database, accountId: number, now: Date): Promise<boolean> {
  const limit = { key: `activation-mail|${accountId}`, limit: MAILS, windowMs: WINDOW_MS, now };
  return (await takeAttempt(db, limit)).allowed;
}

/**
 * Signing in again while « En cours d'activation » sends a fresh link when the last one is over; one that is
 * still good stays the one to use. Counted like « Renvoyer le message »; beyond the limit nothing is sent.
 */
export async function renewActivation(deps: Deps, interactionUid: string, account: Account): Promise<void> {
  if (!account.email || (await livingLink(deps, account.id, 'activate'))) return;
  const now = deps.clock.now();
  if (!(await mayMail(deps.db, account.id, now))) return;
  await inTransaction(deps.db, async (trx) => {
    const row = await lockFirstConnection(trx, interactionUid, now);
    if (row?.step !== 'activation' || row.account.state !== 'activating' || !row.account.email) return;
    if (await livingLink({ ...deps, db: trx }, row.account.id, 'activate')) return;
    const { account, clientId } = row;
    await sendActivation(deps, trx, { account, email: row.account.email, interactionUid, clientId });
  });
}

export type ActivationResult =
  | { ok: true; account: Account; interactionHash: string | null; clientId: string | null }
  | { ok: false; reason: LinkRefusal; clientId: string | null };

/**
 * The button behind the link of mail C07: « Activé », the address verified, the link used up, in one
 * transaction; of parallel presses exactly one succeeds, the others read `used`.
 */
export async function activateByLink(deps: Deps, token: string, from: From): Promise<ActivationResult> {
  const now = deps.clock.now();
  return inTransaction(deps.db, async (trx): Promise<ActivationResult> => {
    // The account first, then its link: the order in which « Renvoyer le message » takes them.
    const seen = await peekLink({ db: trx, clock: deps.clock }, token);
    if (seen.link !== null && seen.link.purpose !== 'activate')
      return { ok: false, reason: 'unknown', clientId: null };
    const [account] = seen.link ? await lockAccounts(trx, [seen.link.accountId]) : [];
    const check = await consumeLink(deps, trx, token);
    if (!check.ok) return { ok: false, reason: check.reason, clientId: check.link?.clientId ?? null };
    const { link } = check;
    const usable = account && account.closedAt === null && account.email === link.email;
    if (!usable) return { ok: false, reason: 'expired', clientId: link.clientId };
    const moved = await applyEvent(trx, account, 'activate-by-link', {
      now,
      actor: { actorKind: 'person', ...from },
      changes: { emailVerifiedAt: now },
    });
    if (!moved.ok) return { ok: false, reason: 'used', clientId: link.clientId };
    return {
      ok: true,
      account: moved.account,
      interactionHash: link.interactionHash,
      clientId: link.clientId,
    };
  });
}

export type SchoolResendResult =
  | { ok: true; email: string }
  | { ok: false; reason: 'not-activating' | 'invalid' | 'too-many' };

/**
 * « Renvoyer un courriel d'activation » by the school (section P): to the address given, which becomes the account's
 * the earlier link dies. The limit of mails is that of the guardian's own « Renvoyer le message ».
 */
export async function resendActivationBySchool(
  deps: Deps,
  {
    accountId,
    address,
    schoolId,
    actor,
  }: { accountId: number; address: string; schoolId: number; actor: Actor },
): Promise<SchoolResendResult> {
  const email = readEmail(address);
  if (!email) return { ok: false, reason: 'invalid' };
  const now = deps.clock.now();
  return inTransaction(deps.db, async (trx): Promise<SchoolResendResult> => {
    const [account] = await lockAccounts(trx, [accountId]);
    if (!account || !maySchoolResend(account)) return { ok: false, reason: 'not-activating' };
    if (!(await mayMail(trx, account.id, now))) return { ok: false, reason: 'too-many' };
    const line = { ...actor, at: now, outcome: 'done' as const, accountId, schoolId };
    if (email !== account.email) {
      await updateAccount(trx, accountId, { email, emailVerifiedAt: null, schoolEmail: email }, now);
      await recordAudit(trx, { ...line, event: 'change-address' });
    }
    await sendActivation(deps, trx, { account, email, interactionUid: null, clientId: null });
    await recordAudit(trx, { ...line, event: 'resend-activation' });
    return { ok: true, email };
  });
}

/** Only while « En cours d'activation », and not for whom its holder had it blocked. */
export function maySchoolResend(account: Pick<Account, 'state' | 'closedAt' | 'frozenAt'>): boolean {
  return account.state === 'activating' && account.closedAt === null && account.frozenAt === null;
}
