import type { Account } from '../accounts/types.ts';
import { issueLink } from '../codes/links.ts';
import type { Deps, Transaction } from '../deps.ts';
import { queueAccountNotice } from '../messages/account-notice.ts';

/**
 * Tells the holder of an account of a key that was added or removed. A new one is a way in: the mail carries « Ce n'est
 * pas moi », good for 72 hours.
 */
export async function tellOfPasskey(
  deps: Deps,
  trx: Transaction,
  account: Account,
  kind: 'passkey-added' | 'passkey-removed',
): Promise<void> {
  const notice = { account, kind, now: deps.clock.now() };
  const { email } = account;
  if (kind === 'passkey-removed' || email === null || account.emailVerifiedAt === null)
    return queueAccountNotice(deps, trx, notice);
  const link = await issueLink(deps, trx, { purpose: 'not-me', accountId: account.id, email });
  const notMe = {
    link: `${deps.config.BASE_URL}/ce-n-est-pas-moi/${link.token}`,
    validUntil: link.expiresAt,
  };
  await queueAccountNotice(deps, trx, { ...notice, notMe });
}
