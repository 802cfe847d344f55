import type { Account } from '../accounts/types.ts';
import type { Transaction } from '../deps.ts';
import type { AccountDoor, AccountSession } from './types.ts';

type Changed = Pick<Account, 'credentialsVersion'>;

/**
 * For what ends all other sessions of its person (decision 4, C06): this one lives on, and the services of the others
 * are told once it is done.
 * @param work given what it calls in its transaction, with the account as the change of credentials has left it
 */
export async function keepingSession<Result>(
  { host }: Pick<AccountDoor, 'host'>,
  { sessionUid, account }: AccountSession,
  work: (keep: (trx: Transaction, changed: Changed) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  let tell: () => Promise<void> = async () => {};
  const result = await work(async (trx, { credentialsVersion }) => {
    tell = await host.endSessionsOf(trx, account.publicId, { sessionUid, credentialsVersion });
  });
  await tell();
  return result;
}
