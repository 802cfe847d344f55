import { tokenHash } from '../crypto/digests.ts';
import { countHit, networkOf } from '../db/counters.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { admitAttempt } from './store.ts';

const ADDRESS_WINDOW_MS = 300_000;

/**
 * From one network on one account: five attempts are free, then one after 1, 2, 4, 8, 15, 15... minutes
 * (security.md 1.1). A stranger who tries from elsewhere does not shut the parent out.
 */
const NARROW = { free: 5, longestLockMinutes: 15 };
/**
 * On one account from all networks together: far more, then one a minute. It bounds a guessing run from a thousand
 * addresses (NIST SP 800-63B asks for 100 at most); the parent has FranceConnect and SMS meanwhile.
 */
const WIDE = { free: 100, longestLockMinutes: 1 };

/** Identifiers are lower case; a parent's phone likes to begin with a capital and to end with a space. */
export function normaliseIdentifier(text: string): string {
  return text.normalize('NFC').trim().toLowerCase();
}

/** The throttle keys of an identifier and a network, the same whether an account has it or not (E02). */
export function attemptKeys(identifier: string, ip: string): { narrow: string; wide: string } {
  const name = normaliseIdentifier(identifier);
  return { narrow: tokenHash(`sign-in|${name}|${networkOf(ip)}`), wide: tokenHash(`sign-in|${name}`) };
}

export type Counted =
  | { refused: 'too-many' | 'locked' }
  | { refused: null; locks: 'here' | 'everywhere' | null };

/**
 * Counts an attempt before the password is looked at, all counters in one transaction and in the same order for
 * everybody: the network, then the account from this network, then the account. What one refuses, the next does
 * not count.
 * @returns `locks`: whether the next one would be refused for a while
 */
export async function countAttempt(
  deps: Pick<Deps, 'db' | 'clock' | 'config'>,
  identifier: string,
  ip: string,
): Promise<Counted> {
  const now = deps.clock.now();
  const { narrow, wide } = attemptKeys(identifier, ip);
  return inTransaction(deps.db, async (trx) => {
    const network = tokenHash(`sign-in-address|${networkOf(ip)}`);
    const hits = await countHit(trx, network, ADDRESS_WINDOW_MS, now);
    if (hits > deps.config.LOGIN_ATTEMPTS_PER_ADDRESS) return { refused: 'too-many' };
    const here = await admitAttempt(trx, narrow, NARROW, now);
    if (!here.admitted) return { refused: 'locked' };
    const everywhere = await admitAttempt(trx, wide, WIDE, now);
    if (!everywhere.admitted) return { refused: 'locked' };
    return { refused: null, locks: everywhere.locks ? 'everywhere' : here.locks ? 'here' : null };
  });
}
