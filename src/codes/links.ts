import { newToken, tokenHash } from '../crypto/digests.ts';
import type { Clock, Database, Deps, Transaction } from '../deps.ts';
import {
  findLink,
  findLivingLink,
  hasOtherLink,
  insertLink,
  lockLink,
  type MailLink,
  markLinkConsumed,
  revokeLinks,
  useUpLinks,
} from './store.ts';

/**
 * What a link in a message does. `not-me`: « Ce n'est pas moi » (decision 4); `address`: confirms a new address;
 * `object`: told to the address before it, puts that one back.
 */
export type LinkPurpose = 'activate' | 'recover' | 'not-me' | 'address' | 'object';

/** `replaced`: a later message carries the link that counts. */
export type LinkRefusal = 'unknown' | 'expired' | 'used' | 'replaced';
export type LinkCheck =
  | { ok: true; link: MailLink }
  | { ok: false; reason: LinkRefusal; link: MailLink | null };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long a link lives: 7 days by default; half an hour, a day (security.md 1.4); 72 hours (decision 4). */
function lifeOf(config: Pick<Deps['config'], 'ACTIVATION_LINK_VALID_DAYS'>, purpose: LinkPurpose): number {
  switch (purpose) {
    case 'activate':
      return config.ACTIVATION_LINK_VALID_DAYS * DAY_MS;
    case 'recover':
      return HOUR_MS / 2;
    case 'address':
      return DAY_MS;
    case 'not-me':
    case 'object':
      return 72 * HOUR_MS;
  }
}

/**
 * Issues a link of 256 bits, kept as its SHA-256 only, bound to the account and to the exact address; earlier ones
 * of the same purpose die (security.md 1.4). Not those of « Ce n'est pas moi » and of an objection: whoever has taken an
 * account over must not be able to kill them by doing one more thing with it.
 * @returns the token, which leaves in the mail and nowhere else
 */
export async function issueLink(
  deps: Pick<Deps, 'clock' | 'random' | 'config'>,
  trx: Transaction,
  request: {
    purpose: LinkPurpose;
    accountId: number;
    /** Where it goes: the mail address, or the number of an SMS. */
    email: string;
    /** Given: the link dies with these credentials. */
    credentialsVersion?: number;
    interactionUid?: string | null;
    clientId?: string | null;
  },
): Promise<{ token: string; expiresAt: Date }> {
  const now = deps.clock.now();
  const expiresAt = new Date(now.getTime() + lifeOf(deps.config, request.purpose));
  const token = newToken(deps.random);
  const kept = request.purpose === 'not-me' || request.purpose === 'object';
  if (!kept) await revokeLinks(trx, [request.accountId], [request.purpose], now);
  await insertLink(trx, {
    tokenHash: tokenHash(token),
    purpose: request.purpose,
    accountId: request.accountId,
    email: request.email,
    credentialsVersion: request.credentialsVersion ?? null,
    interactionHash: request.interactionUid ? tokenHash(request.interactionUid) : null,
    clientId: request.clientId ?? null,
    createdAt: now,
    expiresAt,
  });
  return { token, expiresAt };
}

/**
 * Every way in by mail that was pending for these accounts is dead (regrouping, recovery, freeze), a change of address
 * too. « Ce n'est pas moi » and objections live on.
 */
export async function revokePendingLinks(
  deps: Pick<Deps, 'clock'>,
  trx: Transaction,
  accountIds: readonly number[],
): Promise<void> {
  await revokeLinks(trx, accountIds, ['activate', 'recover', 'address'], deps.clock.now());
}

/**
 * The account is frozen: the other links of « Ce n'est pas moi » and objections have nothing left to do, and must not freeze it again
 * once the school has let its holder in.
 */
export async function useUpNotMeLinks(
  deps: Pick<Deps, 'clock'>,
  trx: Transaction,
  accountId: number,
): Promise<void> {
  await useUpLinks(trx, accountId, ['not-me', 'object'], deps.clock.now());
}

/** A change of address that was asked for is given up. */
export async function revokeAddressLinks(
  deps: Pick<Deps, 'clock'>,
  trx: Transaction,
  accountId: number,
): Promise<void> {
  await revokeLinks(trx, [accountId], ['address'], deps.clock.now());
}

/**
 * Whether the address that an account has now may object to losing it: not while an earlier one still may object to
 * this one.
 */
export async function mayObject(
  deps: Pick<Deps, 'clock'>,
  trx: Transaction,
  accountId: number,
  email: string,
): Promise<boolean> {
  return !(await hasOtherLink(trx, { accountId, purpose: 'object', email }, deps.clock.now()));
}

/** The link of an account that can still be used, if there is one: when it was sent, and until when it is good. */
export async function livingLink(
  deps: { db: Database; clock: Clock },
  accountId: number,
  purpose: LinkPurpose,
): Promise<
  (Pick<MailLink, 'email' | 'credentialsVersion' | 'createdAt' | 'expiresAt'> & { tokenHash: string }) | null
> {
  return findLivingLink(deps.db, accountId, purpose, deps.clock.now());
}

/** Looks at a link without using it: the page with the button, any number of times (mail scanners). */
export async function peekLink(deps: { db: Database; clock: Clock }, token: string): Promise<LinkCheck> {
  return check(await findLink(deps.db, tokenHash(token)), deps.clock.now());
}

/** Uses a link up, once; the caller's transaction decides whether it counts. */
export async function consumeLink(
  deps: Pick<Deps, 'clock'>,
  trx: Transaction,
  token: string,
): Promise<LinkCheck> {
  const now = deps.clock.now();
  const result = check(await lockLink(trx, tokenHash(token)), now);
  if (result.ok) await markLinkConsumed(trx, result.link.id, now);
  return result;
}

function check(link: MailLink | null, now: Date): LinkCheck {
  if (!link) return { ok: false, reason: 'unknown', link };
  if (link.consumedAt) return { ok: false, reason: 'used', link };
  if (link.revokedAt) return { ok: false, reason: 'replaced', link };
  if (link.expiresAt.getTime() <= now.getTime()) return { ok: false, reason: 'expired', link };
  return { ok: true, link };
}
