import { createHash } from 'node:crypto';
import { tokenHash } from '../crypto/digests.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { OWN_CLIENT_ID } from './client-store.ts';
import { ownRedirectUri } from './own-client.ts';
import { isPresentable } from './person-store.ts';
import { isSessionGood } from './session-adapter.ts';
import { timeOfPast } from './time.ts';
import { consumeToken, deleteGrants, lockGrantOfToken, readToken, type TokenRead } from './token-store.ts';

export type OwnCode = { code: string; verifier: string; nonce: string };
/** `authenticatedAt`: when the person last proved who he is (`auth_time`), which may be long ago. */
export type Redeemed = { accountPublicId: string; sessionUid: string; authenticatedAt: Date };

/**
 * What the token endpoint does with a code, for « Mon compte » and without a network call: once, within its minute,
 * with its PKCE verifier, while its session, its grant and its person are still good. No token is made of it.
 * A code that comes a second time revokes its grant (RFC 6749, 4.1.2).
 * @returns null when it is refused, whatever the reason
 */
export async function redeemOwnCode(
  deps: Pick<Deps, 'db' | 'clock' | 'config'>,
  proof: OwnCode,
): Promise<Redeemed | null> {
  const idHash = tokenHash(proof.code);
  return inTransaction(deps.db, async (trx) => {
    // Of two who present it at once the second waits here, and then finds it used.
    await lockGrantOfToken(trx, idHash);
    const read = await readToken(trx, 'AuthorizationCode', idHash);
    if (read?.grant.clientId !== OWN_CLIENT_ID) return null;
    if (read.token.consumedAt !== null) {
      await deleteGrants(trx, [read.grant.id]);
      return null;
    }
    const now = deps.clock.now();
    if (!isProved(deps, read, proof) || !isAlive(read, now)) return null;
    if (!(await consumeToken(trx, 'AuthorizationCode', idHash, now))) return null;
    return {
      accountPublicId: read.grant.accountId,
      sessionUid: read.token.sessionUid ?? '',
      authenticatedAt: timeOfPast(deps.clock, Number(read.token.payload.authTime ?? 0)),
    };
  });
}

function isProved(deps: Pick<Deps, 'config'>, { token }: TokenRead, { verifier, nonce }: OwnCode): boolean {
  const { payload } = token;
  return (
    payload.redirectUri === ownRedirectUri(deps) &&
    payload.nonce === nonce &&
    payload.codeChallengeMethod === 'S256' &&
    payload.codeChallenge === createHash('sha256').update(verifier).digest('base64url')
  );
}

function isAlive({ token, grant, person, binding }: TokenRead, now: Date): boolean {
  return (
    token.expiresAt > now &&
    grant.expiresAt > now &&
    isPresentable(person) &&
    person.credentialsVersion === grant.credentialsVersion &&
    binding !== null &&
    binding.accountId === grant.accountId &&
    binding.client?.grantId === grant.id &&
    isSessionGood(binding, person, now)
  );
}
