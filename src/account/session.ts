import { updateAccount } from '../accounts/store.ts';
import type { Config } from '../config.ts';
import { newToken, tokenHash } from '../crypto/digests.ts';
import type { Context } from '../http/context.ts';
import type { Binding } from '../http/csrf.ts';
import { chosenLanguage, isChosenNow, offerLanguage } from '../http/language.ts';
import { findSession, insertSession, removeSession, touchSession } from './store.ts';
import type { AccountDoor, AccountSession } from './types.ts';

/** Written at most once a minute: idle time is counted to the minute, as in the provider's session. */
const TOUCH_MS = 60_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

type CookieSettings = Pick<Config, 'secure'>;

export const prefix = ({ secure }: CookieSettings) => (secure ? '__Host-' : '');
const cookieName = (config: CookieSettings) => `${prefix(config)}educonnect_account`;

/** Attributes of the cookies of « Mon compte ». */
export const cookieAttributes = (config: CookieSettings) =>
  ({
    path: '/',
    httpOnly: true,
    signed: true,
    sameSite: 'lax',
    secure: config.secure,
    overwrite: true,
  }) as const;

/**
 * The cookie has two parts: the session's identifier, which changes with each proof, and what the forms are tied to,
 * which lasts as long as the same person's session: a form that is open in another tab must outlive a proof.
 */
function readCookie({ deps }: Pick<AccountDoor, 'deps'>, ctx: Context): { id: string; forms: string } {
  const [id = '', forms = ''] = (ctx.cookies.get(cookieName(deps.config), { signed: true }) ?? '').split('.');
  return { id, forms };
}

/** Hash of the session's identifier in this browser; of nothing, when there is none. */
export function sessionHash(door: Pick<AccountDoor, 'deps'>, ctx: Context): string {
  return tokenHash(readCookie(door, ctx).id);
}

/** What the token of a form is tied to. */
export function formBinding(door: Pick<AccountDoor, 'deps'>, ctx: Context): Binding {
  return { scope: 'session', id: tokenHash(readCookie(door, ctx).forms) };
}

/** Whose « Mon compte » this browser has open; null when it is nobody's any more. Counts as use of both sessions. */
export async function currentSession(
  { deps, host }: AccountDoor,
  ctx: Context,
): Promise<AccountSession | null> {
  const idHash = sessionHash({ deps }, ctx);
  const now = deps.clock.now();
  const seenSince = new Date(now.getTime() - deps.config.SESSION_IDLE_MINUTES * MINUTE_MS);
  const session = await findSession(deps.db, idHash, { now, seenSince });
  if (session && now.getTime() - session.lastSeenAt.getTime() >= TOUCH_MS) {
    await touchSession(deps.db, idHash, now);
    await host.touch(session.sessionUid);
  }
  if (session) await keepLanguage(deps, ctx, session.account);
  return session;
}

/** What he chose before counts where this browser says nothing; what he chooses now is kept. */
async function keepLanguage(
  deps: AccountDoor['deps'],
  ctx: Context,
  { id, language }: AccountSession['account'],
): Promise<void> {
  offerLanguage(ctx, 'account', language);
  const chosen = isChosenNow(ctx) ? chosenLanguage(ctx) : null;
  if (chosen !== null && chosen !== language)
    await updateAccount(deps.db, id, { language: chosen }, deps.clock.now());
}

/**
 * Opens a session under a new identifier, in the place of the one that this browser had.
 * @returns false when the provider's session has ended in the meantime
 */
export async function openSession(
  { deps }: Pick<AccountDoor, 'deps'>,
  ctx: Context,
  opened: { accountPublicId: string; sessionUid: string; authenticatedAt: Date },
): Promise<boolean> {
  const { accountPublicId, sessionUid, authenticatedAt: provedAt } = opened;
  const now = deps.clock.now();
  const id = newToken(deps.random);
  const expiresAt = new Date(now.getTime() + deps.config.SESSION_MAX_HOURS * HOUR_MS);
  const row = { idHash: tokenHash(id), sessionUid, accountPublicId, provedAt, now, expiresAt };
  if (!(await insertSession(deps.db, row))) return false;
  const before = await removeSession(deps.db, sessionHash({ deps }, ctx));
  const isSame = before?.sessionUid === sessionUid && before.accountPublicId === accountPublicId;
  const forms = isSame ? readCookie({ deps }, ctx).forms : newToken(deps.random);
  ctx.cookies.set(cookieName(deps.config), `${id}.${forms}`, cookieAttributes(deps.config));
  return true;
}

/** @returns the uid of the provider's session, which the caller ends; null when there was none */
export async function closeSession(
  { deps }: Pick<AccountDoor, 'deps'>,
  ctx: Context,
): Promise<string | null> {
  const removed = await removeSession(deps.db, sessionHash({ deps }, ctx));
  ctx.cookies.set(cookieName(deps.config), null, cookieAttributes(deps.config));
  return removed?.sessionUid ?? null;
}
