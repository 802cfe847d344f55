import { lockAccounts, updateAccount } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { endWaysIn } from '../accounts/ways-in-store.ts';
import { recordAudit } from '../audit/record.ts';
import { consumeLink, type LinkRefusal, peekLink, useUpNotMeLinks } from '../codes/links.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { isKnownEmail } from '../directory/contact-store.ts';
import { deleteFranceConnectLink, lockSurvivor } from './pending-store.ts';

type From = { ip: string; requestId?: string | undefined };

export type FreezeResult = { ok: true } | { ok: false; reason: LinkRefusal };

/**
 * « Ce n'est pas moi » (decision 4): FranceConnect is unlinked, everything pending dies, sessions and grants with the
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

/**
 * The caller holds the account's lock. An address that the school does not know may be the stranger's: he would come
 * back by « Mot de passe oublié » once the school has opened the account again.
 */
async function freeze(deps: Deps, trx: Transaction, account: Account, from: From): Promise<void> {
  const now = deps.clock.now();
  const accountId = account.id;
  const known = account.email !== null && (await isKnownEmail(trx, accountId, account.email));
  const unlinked = await deleteFranceConnectLink(trx, accountId);
  await endWaysIn(trx, [accountId], now);
  await useUpNotMeLinks(deps, trx, accountId);
  const changes = { frozenAt: now, ...(known ? {} : { email: null, emailVerifiedAt: null }) };
  await updateAccount(trx, accountId, changes, now, true);
  await recordAudit(trx, {
    at: now,
    event: 'freeze',
    outcome: 'done',
    actorKind: 'person',
    accountId,
    details: unlinked ? 'not me, FranceConnect unlinked' : 'not me',
    ...from,
  });
}
