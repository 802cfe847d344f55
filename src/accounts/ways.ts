import type { Account } from './types.ts';

/** By which the holder of an account gets in without anybody's help. */
export type Way = 'password' | 'provisional' | 'franceconnect' | 'passkey';

/**
 * Pure: the ways in that an account has; none: only the school, or a way of first connection, can open it again. What
 * would take away the last one is refused while this is empty afterwards.
 * @param has what the account has beside its password: a link to FranceConnect, so many passkeys;
 *   `provisionalOver`: its provisional password no longer lets anybody in (`isProvisionalOver`)
 */
export function waysLeft(
  { passwordKind }: Pick<Account, 'passwordKind'>,
  has: { franceConnect: boolean; passkeys: number; provisionalOver?: boolean },
): Way[] {
  const ways: Way[] = [];
  if (passwordKind === 'personal') ways.push('password');
  if (passwordKind === 'provisional' && has.provisionalOver !== true) ways.push('provisional');
  if (has.franceConnect) ways.push('franceconnect');
  if (has.passkeys > 0) ways.push('passkey');
  return ways;
}
