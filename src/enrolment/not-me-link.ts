import type { Account } from '../accounts/types.ts';
import { issueLink } from '../codes/links.ts';
import type { Deps, Transaction } from '../deps.ts';
import { type AccountNoticeKind, queueAccountNotice } from '../messages/account-notice.ts';

/**
 * « Ce n'est pas moi » (security.md, decision 4): a link good for 72 hours that blocks the account.
 * @param to where it goes: a mail address, or the number of an SMS
 */
export async function issueNotMe(
  deps: Deps,
  trx: Transaction,
  { id }: Pick<Account, 'id'>,
  to: string,
): Promise<{ link: string; token: string; validUntil: Date }> {
  const { token, expiresAt } = await issueLink(deps, trx, { purpose: 'not-me', accountId: id, email: to });
  return { link: `${deps.config.BASE_URL}/ce-n-est-pas-moi/${token}`, token, validUntil: expiresAt };
}

/** Tells the holder of an account of a new way into it, with « Ce n'est pas moi » where there is a mail to carry it. */
export async function tellOfWayIn(
  deps: Deps,
  trx: Transaction,
  account: Account,
  kind: Extract<AccountNoticeKind, 'passkey-added' | 'password-changed'>,
): Promise<void> {
  const notice = { account, kind, now: deps.clock.now() };
  const { email } = account;
  if (email === null || account.emailVerifiedAt === null) return queueAccountNotice(deps, trx, notice);
  const { link, validUntil } = await issueNotMe(deps, trx, account, email);
  await queueAccountNotice(deps, trx, { ...notice, notMe: { link, validUntil } });
}
