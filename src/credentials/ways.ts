import type { Account } from '../accounts/types.ts';
import { type Way, waysLeft } from '../accounts/ways.ts';
import { findFranceConnectLinkedAt } from '../accounts/ways-in-store.ts';
import type { Clock, Database, Deps } from '../deps.ts';
import { countPasskeys } from './passkey-store.ts';
import { isProvisionalOver } from './provisional.ts';

/**
 * The ways in that an account has, or would have once this one is taken away. Whoever takes one away holds the
 * account's lock: of two who take away two, the second then sees what the first has left.
 */
export async function waysOf(
  deps: { db: Database; clock: Clock; config: Pick<Deps['config'], 'PROVISIONAL_VALID_DAYS'> },
  account: Pick<Account, 'id' | 'passwordKind' | 'distributedAt' | 'provisionalCreatedAt'>,
  without: { franceConnect?: boolean; passkey?: string } = {},
): Promise<Way[]> {
  const linked =
    without.franceConnect !== true && (await findFranceConnectLinkedAt(deps.db, account.id)) !== null;
  return waysLeft(account, {
    franceConnect: linked,
    passkeys: await countPasskeys(deps.db, account.id, without.passkey),
    provisionalOver: isProvisionalOver(deps.config, account, deps.clock.now()),
  });
}
