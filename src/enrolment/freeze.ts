import { queueLogouts } from '../accounts/logouts-store.ts';
import { lockAccounts, updateAccount } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { endWaysIn, removePasskeys } from '../accounts/ways-in-store.ts';
import { recordAudit } from '../audit/record.ts';
import { consumeLink, type LinkRefusal, peekLink, useUpNotMeLinks } from '../codes/links.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { isKnownEmail } from '../directory/contact-store.ts';
import { deleteFranceConnectLink, lockSurvivor } from './pending-store.ts';

type From = { ip: string; requestId?: string | undefined };

export type FreezeResult = { ok: true } | { ok: false; reason: LinkRefusal };

/**
 * « Ce n'est pas moi » (decision 4): FranceConnect is unlinked, passkeys are removed, everything pending dies, sessions and grants with the
 * version of the credentials, and nobody gets in by any way until the school has given a new password. Of an account
 * that was regrouped since, the one that took its place is frozen. Of parallel presses one does it.
 */
export async function freezeByLink(deps: Deps, token: string, from: From): Promise<FreezeResult> {
  return inTransaction(deps.db, async (trx): Promise<FreezeResult> => {
    // The account first, then its link, as everywhere.
    const seen = await peekLink({ db: trx, clock: deps.clock }, token);
    if (seen.link?.purpose !== 'not-me') return { ok: false, reason: 'unknown' };
    const accountId = await lockSurvivor(trx, seen.link.accountId);
    const [account] = await lockAccounts(trx, [accountId]);
    const check = await consumeLink(deps, trx, token);
    if (!check.ok) return { ok: false, reason: check.reason };
    if (account && account.closedAt === null) await freeze(deps, trx, account, from);
    return { ok: true };
  });
}

/** What the link of an objection would do, without using it, any number of times. */
export async function peekObjection(deps: Pick<Deps, 'db' | 'clock'>, token: string): Promise<FreezeResult> {
  const check = await peekLink(deps, token);
  if (check.link?.purpose !== 'object') return { ok: false, reason: 'unknown' };
  return check.ok ? { ok: true } : { ok: false, reason: check.reason };
}

/**
 * The former address objects to its change, asked for or confirmed already: somebody else is in the account, so it is
 * frozen as by « Ce n'est pas moi », and has its former address again. Of parallel presses one does it.
 */
export async function objectToAddress(deps: Deps, token: string, from: From): Promise<FreezeResult> {
  return inTransaction(deps.db, async (trx): Promise<FreezeResult> => {
    const seen = await peekLink({ db: trx, clock: deps.clock }, token);
    if (seen.link?.purpose !== 'object') return { ok: false, reason: 'unknown' };
    const accountId = await lockSurvivor(trx, seen.link.accountId);
    const [account] = await lockAccounts(trx, [accountId]);
    const check = await consumeLink(deps, trx, token);
    if (!check.ok) return { ok: false, reason: check.reason };
    if (!account || account.closedAt !== null) return { ok: true };
    // A regrouped account had a holder proved anew, whose address is not this link's to replace.
    const former = accountId === check.link.accountId ? check.link.email : null;
    await freeze(deps, trx, account, from, former);
    const line = { event: 'address-objected', outcome: 'done', actorKind: 'person' } as const;
    await recordAudit(trx, { ...line, at: deps.clock.now(), accountId, ...from });
    return { ok: true };
  });
}

/**
 * The caller holds the account's lock. An address that the school does not know may be the stranger's: he would come
 * back by « Mot de passe oublié » once the school has opened the account again.
 * @param former the address that objects: the account's again, since it was confirmed once
 */
async function freeze(
  deps: Deps,
  trx: Transaction,
  account: Account,
  from: From,
  former: string | null = null,
): Promise<void> {
  const now = deps.clock.now();
  const accountId = account.id;
  const known = account.email !== null && (await isKnownEmail(trx, accountId, account.email));
  const unlinked = await deleteFranceConnectLink(trx, accountId);
  await endWaysIn(trx, [accountId], now);
  const keys = await removePasskeys(trx, [accountId]);
  await useUpNotMeLinks(deps, trx, accountId);
  const kept = known ? {} : { email: null, emailVerifiedAt: null };
  const address = former === null ? kept : { email: former, emailVerifiedAt: now };
  const changes = { frozenAt: now, ...address };
  await queueLogouts(trx, [account], now);
  await updateAccount(trx, accountId, changes, now, true);
  await recordAudit(trx, {
    at: now,
    event: 'freeze',
    outcome: 'done',
    actorKind: 'person',
    accountId,
    details: `not me${unlinked ? ', FranceConnect unlinked' : ''}${keys > 0 ? ', passkeys removed' : ''}`,
    ...from,
  });
}
