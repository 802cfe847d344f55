import { inTransaction } from '../db/transaction.ts';
import type { Deps, PortalTokens } from '../deps.ts';
import { readGrants, tellsRights } from './claims.ts';
import { sealContext } from './sessions.ts';
import { removeStaffSession, replaceGrants, sealedTokens } from './store.ts';
import type { StaffSession } from './types.ts';

/** Clicks within so long ask the portal once. */
const FRESH_MS = 60_000;

/**
 * Before a sensitive action: has the portal say again what this person may do (security.md 1.6). The session is over
 * when it has nothing more to say of him.
 * @returns `read`: what he may do has been read anew, and may have changed; `unreachable`: nothing may be done now;
 *   `ended`: he must sign in again
 */
export async function confirmRights(
  deps: Pick<Deps, 'db' | 'clock' | 'config' | 'sealer' | 'academicPortal'>,
  { idHash, sub }: Pick<StaffSession, 'idHash' | 'sub'>,
): Promise<{ ok: true; read: boolean } | { ok: false; reason: 'ended' | 'unreachable' }> {
  const { db, config, sealer, academicPortal: portal } = deps;
  const now = deps.clock.now();
  const kept = await sealedTokens(db, idHash);
  if (kept === null) return { ok: false, reason: 'ended' };
  if (now.getTime() - kept.rightsReadAt.getTime() < FRESH_MS) return { ok: true, read: false };
  if (portal === null) return { ok: false, reason: 'unreachable' };
  const tokens: PortalTokens = JSON.parse(sealer.open(kept.tokensSealed, sealContext(idHash)));
  const read = await portal.reread({ sub, tokens });
  // To whom the portal never gave anything it can say nothing more: he is here by his head's delegation.
  if (read.ok && (tellsRights(config, read.claims) || !kept.hasGrants)) {
    const tokensSealed = sealer.seal(JSON.stringify(read.tokens), sealContext(idHash));
    const grants = readGrants(config, read.claims);
    await inTransaction(db, (trx) => replaceGrants(trx, idHash, { grants, tokensSealed, now }));
    return { ok: true, read: true };
  }
  if (!read.ok && read.reason === 'unreachable') return { ok: false, reason: 'unreachable' };
  // Another request of the same person may have spent the refresh token before this one.
  const since = await sealedTokens(db, idHash);
  if (since !== null && since.rightsReadAt > kept.rightsReadAt) return { ok: true, read: true };
  await removeStaffSession(db, idHash);
  return { ok: false, reason: 'ended' };
}
