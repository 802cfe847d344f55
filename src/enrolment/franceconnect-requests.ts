import { recordAudit } from '../audit/record.ts';
import { newToken, tokenHash } from '../crypto/digests.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, FranceConnect, FranceConnectIdentity } from '../deps.ts';
import {
  consumeFranceConnectRequest,
  type FranceConnectOutcome,
  findFranceConnectRequest,
  findLatestReturn,
  insertFranceConnectRequest,
  markReturnTaken,
  saveFranceConnectOutcome,
} from './franceconnect-requests-store.ts';

/**
 * Visitors who were sent to FranceConnect: whoever comes back must be in the browser that left, once, in time, and
 * goes on in the sign-in that he left (security.md 1.3). Neither the interaction nor the identity is ever in an address.
 */

/** Enough to find a password; FranceConnect itself waits for half an hour (integration.md 1.4). */
export const AWAY_MS = 10 * 60_000;
/** A process that was killed while it asked FranceConnect leaves no answer. */
const ANSWER_WITHIN_MS = 30_000;

export const requestContext = (kind: 'interaction' | 'identity' | 'token', hash: string) =>
  `franceconnect-${kind}:${hash}`;
/** What the ID token is sealed for; the logout opens it with this. */
export const idTokenContext = (interactionHash: string) => requestContext('token', interactionHash);

const ACCOUNT = 'account:';
/** Where whoever has left from « Mon compte » comes back to. */
export const ACCOUNT_ARRIVAL_PATH = '/compte/franceconnect/arrivee';
/** In the place of an interaction: this session of « Mon compte ». No interaction's id has a colon. */
export const fromAccount = (session: string): string => ACCOUNT + session;
export const isFromAccount = (from: string): boolean => from.startsWith(ACCOUNT);

/** Values that the address (`state`, `nonce`) and a cookie of this browser carry; 256 bits each. */
export type Departure = { state: string; nonce: string; browser: string };

export function newDeparture({ random }: Pick<Deps, 'random'>): Departure {
  return { state: newToken(random), nonce: newToken(random), browser: newToken(random) };
}

/** Remembers that this browser has left this sign-in for FranceConnect. */
export async function recordDeparture(
  deps: Pick<Deps, 'db' | 'clock' | 'sealer'>,
  interactionUid: string,
  { state, nonce, browser }: Departure,
): Promise<void> {
  const now = deps.clock.now();
  const stateHash = tokenHash(state);
  await insertFranceConnectRequest(deps.db, {
    stateHash,
    browserHash: tokenHash(browser),
    nonce,
    interactionHash: tokenHash(interactionUid),
    interactionSealed: deps.sealer.seal(interactionUid, requestContext('interaction', stateHash)),
    createdAt: now,
    expiresAt: new Date(now.getTime() + AWAY_MS),
  });
}

export type Claim =
  | { ok: true; id: number; interactionUid: string; nonce: string }
  /** `late` and `used`: this browser's, but there is nothing to be exchanged any more. */
  | { ok: false; reason: 'late' | 'used'; interactionUid: string }
  | { ok: false; reason: 'unknown' };

/**
 * The visitor is back. The request is used up before anything is asked of FranceConnect, so that of two who come with
 * the same address one goes on.
 * @param browser what this browser's cookie says; null: it has none
 */
export async function claimReturn(
  deps: Pick<Deps, 'db' | 'clock' | 'sealer'>,
  { state, browser }: { state: string; browser: string | null },
): Promise<Claim> {
  if (browser === null) return { ok: false, reason: 'unknown' };
  const key = { stateHash: tokenHash(state), browserHash: tokenHash(browser) };
  const claimed = await consumeFranceConnectRequest(deps.db, key, deps.clock.now());
  const request = await findFranceConnectRequest(deps.db, key);
  if (request === null) return { ok: false, reason: 'unknown' };
  const interactionUid = deps.sealer.open(
    request.interactionSealed,
    requestContext('interaction', request.stateHash),
  );
  if (!claimed) return { ok: false, reason: 'used', interactionUid };
  if (request.outcome === 'late') return { ok: false, reason: 'late', interactionUid };
  return { ok: true, id: request.id, interactionUid, nonce: request.nonce };
}

type Answer = Awaited<ReturnType<FranceConnect['finish']>>;

/** Keeps what FranceConnect answered for the interaction's own page; of a refused identity nothing but an audit line. */
export async function recordReturn(
  deps: Pick<Deps, 'db' | 'clock' | 'sealer'>,
  { id, interactionUid }: { id: number; interactionUid: string },
  answer: Answer,
  visitor: { ip: string; requestId?: string | undefined },
): Promise<void> {
  if (answer.ok) {
    const hash = tokenHash(interactionUid);
    return saveFranceConnectOutcome(deps.db, id, {
      outcome: 'identified',
      identitySealed: deps.sealer.seal(JSON.stringify(answer.identity), requestContext('identity', hash)),
      idTokenSealed: deps.sealer.seal(answer.idToken, idTokenContext(hash)),
    });
  }
  await inTransaction(deps.db, async (trx) => {
    await saveFranceConnectOutcome(trx, id, { outcome: answer.reason });
    if (answer.reason !== 'refused') return;
    await recordAudit(trx, {
      at: deps.clock.now(),
      event: 'franceconnect',
      outcome: 'refused',
      actorKind: 'person',
      ip: visitor.ip,
      requestId: visitor.requestId,
      details: answer.detail,
    });
  });
}

export type Arrival =
  /** Given once. */
  | { outcome: 'identified'; identity: FranceConnectIdentity }
  /** It was given before: the page was loaded again. */
  | { outcome: 'taken' }
  /** Another request of this browser is still asking FranceConnect. */
  | { outcome: 'pending' }
  | { outcome: Exclude<FranceConnectOutcome, 'identified'> };

/** What the last visit to FranceConnect brought to this sign-in; null: nobody has come back. */
export async function takeArrival(
  deps: Pick<Deps, 'db' | 'clock' | 'sealer'>,
  interactionUid: string,
): Promise<Arrival | null> {
  const now = deps.clock.now();
  const hash = tokenHash(interactionUid);
  const request = await findLatestReturn(deps.db, hash);
  if (request === null) return null;
  const { id, outcome, identitySealed, consumedAt } = request;
  if (outcome === null) {
    const since = now.getTime() - (consumedAt?.getTime() ?? 0);
    return { outcome: since < ANSWER_WITHIN_MS ? 'pending' : 'unreachable' };
  }
  if (outcome !== 'identified') return { outcome };
  const mine = identitySealed !== null && (await markReturnTaken(deps.db, id, now));
  if (!mine) return { outcome: 'taken' };
  const identity = deps.sealer.open(identitySealed, requestContext('identity', hash));
  return { outcome: 'identified', identity: JSON.parse(identity) as FranceConnectIdentity };
}
