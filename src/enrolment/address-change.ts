import { lockAccounts, updateAccount } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { type Actor, recordAudit } from '../audit/record.ts';
import {
  consumeLink,
  type LinkRefusal,
  livingLink,
  peekLink,
  revokeAddressLinks,
  revokePendingLinks,
} from '../codes/links.ts';
import { personalKey, takeAttempt } from '../codes/throttle.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Database, Deps, Transaction } from '../deps.ts';
import { queueAccountNotice } from '../messages/account-notice.ts';
import { readEmail } from './address.ts';
import { mailConfirmation, tellFormerAddress } from './address-mails.ts';

type From = { ip: string; requestId?: string | undefined };
type Holder = Pick<Account, 'id' | 'credentialsVersion'>;

/** Mails that one account, and one address, can be sent in a quarter of an hour; an account also in a day. */
const MAILS = 5;
const MAILS_A_DAY = 15;
const WINDOW_MS = 900_000;
const DAY_MS = 86_400_000;

export type PendingAddress = { email: string; askedAt: Date; validUntil: Date };

/** The address that waits for its link to be followed; null: none does. */
export async function pendingAddress(
  deps: Pick<Deps, 'db' | 'clock'>,
  account: Holder,
): Promise<PendingAddress | null> {
  const link = await livingLink(deps, account.id, 'address');
  if (link === null || link.credentialsVersion !== account.credentialsVersion) return null;
  return { email: link.email, askedAt: link.createdAt, validUntil: link.expiresAt };
}

export type AskResult =
  | { ok: true }
  /** `same`: it is the account's already, and confirmed; `gone`: the account has been closed or frozen since. */
  | { ok: false; reason: 'invalid' | 'same' | 'too-many' | 'gone' };

/**
 * « Modifier mon adresse »: the account keeps its address until the link that goes to the new one is followed;
 * the old one is told, and can object. Whether another account has the new address is not even looked at: couples
 * share one, and the answer could not tell. An address that has been sent too much is left in peace, without a word.
 */
export async function askAddress(deps: Deps, account: Holder, typed: string, from: From): Promise<AskResult> {
  const email = readEmail(typed);
  if (email === null) return { ok: false, reason: 'invalid' };
  if (!(await mayAsk(deps, account.id))) return { ok: false, reason: 'too-many' };
  const sends = await mayReceive(deps, email);
  return inTransaction(deps.db, async (trx): Promise<AskResult> => {
    const now = deps.clock.now();
    const [locked] = await lockAccounts(trx, [account.id]);
    const still = locked?.credentialsVersion === account.credentialsVersion;
    if (!locked || !still || !isOpen(locked)) return { ok: false, reason: 'gone' };
    if (isOwn(locked, email)) return { ok: false, reason: 'same' };
    const pending = await pendingAddress({ ...deps, db: trx }, locked);
    await mailConfirmation(deps, trx, { account: locked, email, sends });
    // Sent again to the same one: its old address has been told.
    if (pending?.email !== email) await tellOld(deps, trx, locked, 'asked', email, now);
    await recordAudit(trx, { ...line('address-asked', locked.id, from), at: now });
    return { ok: true };
  });
}

/**
 * The address that a pupil gives at his first connection: he has none yet that could be told, and goes on
 * without waiting for it. In the transaction of that connection.
 * @param sends as `mayReceive` said before
 */
export async function askFirstAddress(
  deps: Deps,
  trx: Transaction,
  account: Account,
  { email, sends }: { email: string; sends: boolean },
  from: From,
): Promise<void> {
  await mailConfirmation(deps, trx, { account, email, sends });
  await recordAudit(trx, { ...line('address-asked', account.id, from), at: deps.clock.now() });
}

/** « Renvoyer le message »: a fresh link to the same address. */
export async function resendAddress(deps: Deps, account: Holder, from: From): Promise<AskResult> {
  const pending = await pendingAddress(deps, account);
  return pending === null ? { ok: false, reason: 'gone' } : askAddress(deps, account, pending.email, from);
}

/** The change that was asked for is given up: its link is dead. @returns false when none was */
export async function cancelAddress(deps: Deps, account: Holder, from: From): Promise<boolean> {
  return inTransaction(deps.db, async (trx) => {
    await lockAccounts(trx, [account.id]);
    if ((await pendingAddress({ ...deps, db: trx }, account)) === null) return false;
    await revokeAddressLinks(deps, trx, account.id);
    await recordAudit(trx, { ...line('address-cancelled', account.id, from), at: deps.clock.now() });
    return true;
  });
}

export type ConfirmResult = { ok: true; email: string } | { ok: false; reason: LinkRefusal };

/** What the link would confirm, without using it, any number of times. */
export async function peekAddressLink(
  deps: Pick<Deps, 'db' | 'clock'>,
  token: string,
): Promise<ConfirmResult> {
  const check = await peekLink(deps, token);
  if (check.link?.purpose !== 'address') return { ok: false, reason: 'unknown' };
  return check.ok ? { ok: true, email: check.link.email } : { ok: false, reason: check.reason };
}

/**
 * The button behind the link: the address is the account's, and confirmed. Bound to the account, the exact address and
 * the credentials of the request; of parallel presses one succeeds. Links that wait in the old mailbox die.
 */
export async function confirmAddress(deps: Deps, token: string, from: From): Promise<ConfirmResult> {
  return inTransaction(deps.db, async (trx): Promise<ConfirmResult> => {
    const now = deps.clock.now();
    // The account first, then its link, as everywhere.
    const seen = await peekLink({ db: trx, clock: deps.clock }, token);
    if (seen.link?.purpose !== 'address') return { ok: false, reason: 'unknown' };
    const [account] = await lockAccounts(trx, [seen.link.accountId]);
    const check = await consumeLink(deps, trx, token);
    if (!check.ok) return { ok: false, reason: check.reason };
    const { email, credentialsVersion } = check.link;
    if (!account || !isOpen(account) || account.credentialsVersion !== credentialsVersion)
      return { ok: false, reason: 'expired' };
    await tellOld(deps, trx, account, 'changed', email, now);
    await updateAccount(trx, account.id, { email, emailVerifiedAt: now }, now);
    await revokePendingLinks(deps, trx, [account.id]);
    await recordAudit(trx, { ...line('address-changed', account.id, from), at: now });
    return { ok: true, email };
  });
}

async function tellOld(
  deps: Deps,
  trx: Transaction,
  account: Account,
  what: 'asked' | 'changed',
  email: string,
  now: Date,
): Promise<void> {
  if (account.email !== null && account.emailVerifiedAt !== null)
    return tellFormerAddress(deps, trx, { account, former: account.email, what, email });
  const kind = what === 'asked' ? 'address-asked' : 'address-changed';
  await queueAccountNotice(deps, trx, { account, kind, now });
}

const isOpen = ({ state, closedAt, frozenAt }: Account): boolean =>
  state === 'activated' && closedAt === null && frozenAt === null;

const isOwn = ({ email, emailVerifiedAt }: Account, typed: string): boolean =>
  emailVerifiedAt !== null && email?.toLowerCase() === typed.toLowerCase();

const line = (event: string, accountId: number, from: From) => ({
  event,
  outcome: 'done' as const,
  actorKind: 'person' as Actor['actorKind'],
  accountId,
  ...from,
});

async function mayAsk(deps: { db: Database } & Pick<Deps, 'clock'>, accountId: number): Promise<boolean> {
  const now = deps.clock.now();
  const day = { key: `address-day|${accountId}`, limit: MAILS_A_DAY, windowMs: DAY_MS, now };
  const quarter = { key: `address-mail|${accountId}`, limit: MAILS, windowMs: WINDOW_MS, now };
  return (await takeAttempt(deps.db, quarter)).allowed && (await takeAttempt(deps.db, day)).allowed;
}

/** Whether an address has not had enough of our mails; counts. */
export async function mayReceive(
  deps: Pick<Deps, 'db' | 'config' | 'clock'>,
  email: string,
): Promise<boolean> {
  const key = personalKey(deps.config, 'address-mailbox', email.toLowerCase());
  const limit = { key, limit: MAILS, windowMs: WINDOW_MS, now: deps.clock.now() };
  return (await takeAttempt(deps.db, limit)).allowed;
}
