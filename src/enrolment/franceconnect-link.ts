import { linkFranceConnect } from '../accounts/regroup.ts';
import { findLinkedAccountId, lockFranceConnectLinks } from '../accounts/regroup-store.ts';
import { lockAccounts, updateAccount } from '../accounts/store.ts';
import type { Account, AccountChanges } from '../accounts/types.ts';
import { endWaysIn, findFranceConnectLinkedAt } from '../accounts/ways-in-store.ts';
import { recordAudit } from '../audit/record.ts';
import { waysOf } from '../credentials/ways.ts';
import { inTransaction, isDuplicate } from '../db/transaction.ts';
import type { Deps, FranceConnectIdentity, Transaction } from '../deps.ts';
import { queueAccountNotice } from '../messages/account-notice.ts';
import { queueLinkNotices } from './link-notices.ts';
import { deleteFranceConnectLink } from './pending-store.ts';

/** As the session has it: whoever has changed its credentials since has ended that session. */
type Holder = Pick<Account, 'id' | 'credentialsVersion'>;
type From = { ip: string; requestId?: string | undefined };
/** Lets the session live on in which somebody does this; all others are dead. */
type Keep = (trx: Transaction, account: Account) => Promise<void>;

export type LinkResult =
  | { ok: true }
  /** `linked`: the account has a link already; `elsewhere`: that person opens another account. */
  | { ok: false; reason: 'linked' | 'elsewhere' | 'gone' };

/** When FranceConnect was linked to an account; null: it is not. */
export async function franceConnectLinkedAt(deps: Pick<Deps, 'db'>, accountId: number): Promise<Date | null> {
  return findFranceConnectLinkedAt(deps.db, accountId);
}

/**
 * A guardian links FranceConnect to the account that he is signed in with; its origin stays. As by every new
 * way in, what was there before dies: other sessions, links and ways in under way, a provisional password (decision 4).
 * He is told by SMS and mail, with « Ce n'est pas moi ».
 */
export async function linkInSession(
  deps: Deps,
  request: { account: Holder; identity: FranceConnectIdentity } & From,
  keep: Keep,
): Promise<LinkResult> {
  const { identity, ip, requestId } = request;
  const accountId = request.account.id;
  const now = deps.clock.now();
  const person = { issuer: identity.issuer, sub: identity.sub };
  try {
    return await inTransaction(deps.db, async (trx): Promise<LinkResult> => {
      const [account] = await lockAccounts(trx, [accountId]);
      if (!account || !mayLink(account, request.account)) return { ok: false, reason: 'gone' };
      const owner = await findLinkedAccountId(trx, person);
      if (owner !== null && owner !== accountId) return { ok: false, reason: 'elsewhere' };
      if ((await lockFranceConnectLinks(trx, [accountId])).length > 0) return { ok: false, reason: 'linked' };
      await linkFranceConnect(trx, accountId, person, now);
      await endWaysIn(trx, [accountId], now);
      await updateAccount(trx, accountId, withoutProvisional(account), now, true);
      await keep(trx, changed(account));
      const line = { at: now, event: 'franceconnect-linked', outcome: 'done', actorKind: 'person' } as const;
      await recordAudit(trx, { ...line, accountId, ip, requestId });
      await queueLinkNotices(trx, deps, { account, what: 'franceconnect' });
      return { ok: true };
    });
  } catch (error) {
    // Two accounts linked to one person at once.
    if (isDuplicate(error)) return { ok: false, reason: 'elsewhere' };
    throw error;
  }
}

export type UnlinkResult = { ok: true } | { ok: false; reason: 'last-way' | 'not-linked' | 'gone' };

/** Takes FranceConnect away from an account that keeps another way in; other sessions die. */
export async function unlinkFranceConnect(
  deps: Deps,
  request: { account: Holder } & From,
  keep: Keep,
): Promise<UnlinkResult> {
  const { account: holder, ...from } = request;
  const accountId = holder.id;
  return inTransaction(deps.db, async (trx): Promise<UnlinkResult> => {
    const now = deps.clock.now();
    const [account] = await lockAccounts(trx, [accountId]);
    if (account?.credentialsVersion !== holder.credentialsVersion) return { ok: false, reason: 'gone' };
    const left = await waysOf({ ...deps, db: trx }, account, { franceConnect: true });
    if (left.length === 0) return { ok: false, reason: 'last-way' };
    if (!(await deleteFranceConnectLink(trx, accountId))) return { ok: false, reason: 'not-linked' };
    await updateAccount(trx, accountId, {}, now, true);
    await keep(trx, changed(account));
    const line = { at: now, event: 'franceconnect-unlinked', outcome: 'done', actorKind: 'person' } as const;
    await recordAudit(trx, { ...line, accountId, ...from });
    await queueAccountNotice(deps, trx, { account, kind: 'franceconnect-unlinked', now });
    return { ok: true };
  });
}

/** As `updateAccount` has left it. */
const changed = (account: Account): Account => ({
  ...account,
  credentialsVersion: account.credentialsVersion + 1,
});

const mayLink = (now: Account, session: Holder): boolean =>
  now.kind === 'guardian' &&
  now.state === 'activated' &&
  now.closedAt === null &&
  now.frozenAt === null &&
  now.credentialsVersion === session.credentialsVersion;

function withoutProvisional({ passwordKind }: Account): AccountChanges {
  if (passwordKind !== 'provisional') return {};
  return { passwordKind: 'none', provisionalSealed: null, provisionalCreatedAt: null };
}
