import type { DueAccount } from '../accounts/retention.ts';
import type { Account } from '../accounts/types.ts';
import type { Deps, Transaction } from '../deps.ts';
import { queueAccountNotice } from '../messages/account-notice.ts';

/** Who asked for it is told once more, at the address that is erased with the account; by rules nobody is. */
export function farewellTo(deps: Deps, now: Date) {
  return async (trx: Transaction, account: Account, rule: DueAccount['rule']): Promise<void> => {
    if (rule === 'forget-asked') await queueAccountNotice(deps, trx, { account, kind: 'forgotten', now });
  };
}
