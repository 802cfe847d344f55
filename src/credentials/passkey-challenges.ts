import { newToken, tokenHash } from '../crypto/digests.ts';
import type { Deps } from '../deps.ts';
import { deleteChallenge, insertChallenge } from './passkey-store.ts';

export type ChallengePurpose = 'register' | 'sign-in';

/** As long as a login page that stands open may be of use; making a key takes less. */
const LIVES_MS = 30 * 60_000;

/** Who may ask a browser for a key, and under which name: of BASE_URL, never of the request. */
export function relyingParty({ config }: Pick<Deps, 'config'>): { id: string; origin: string } {
  const { hostname: id, origin } = new URL(config.BASE_URL);
  return { id, origin };
}

/**
 * 256 bits for a key to sign, kept as their SHA-256 and good once, for this purpose and this sign-in or session only.
 * @param binding the interaction's id, or the hash of the session's
 */
export async function newChallenge(
  deps: Pick<Deps, 'db' | 'clock' | 'random'>,
  purpose: ChallengePurpose,
  binding: string,
): Promise<string> {
  const now = deps.clock.now();
  const challenge = newToken(deps.random);
  await insertChallenge(deps.db, {
    challengeHash: tokenHash(challenge),
    purpose,
    bindingHash: tokenHash(binding),
    createdAt: now,
    expiresAt: new Date(now.getTime() + LIVES_MS),
  });
  return challenge;
}

/** Uses a challenge up, whatever comes of the answer to it. @returns false: it was not made for this, or is over */
export async function takeChallenge(
  deps: Pick<Deps, 'db' | 'clock'>,
  challenge: string,
  purpose: ChallengePurpose,
  binding: string,
): Promise<boolean> {
  const key = { challengeHash: tokenHash(challenge), purpose, bindingHash: tokenHash(binding) };
  return deleteChallenge(deps.db, key, deps.clock.now());
}
