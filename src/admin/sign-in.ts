import { keyedDigest, newToken, sameText } from '../crypto/digests.ts';
import { type Context, visitor } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import { seeOther, showPage } from '../http/page.ts';
import { currentStaffSession, openStaffSession } from '../staff/sessions.ts';
import { frameOf } from './frame.ts';
import type { EntryRefusedPage } from './pages.ts';
import { readCookie, sessionHash, writeCookie } from './session.ts';
import type { AdminDoor } from './types.ts';

/** Registered at the portal. */
const RETURN_PATH = '/admin/retour';
const BROWSER_COOKIE_MS = 24 * 3_600_000;

/**
 * Sends the browser to the portal, and from there back to the page that it asked for. A secret in a cookie of this
 * browser stands for all its sign-ins: state, nonce and PKCE verifier follow from it and from a value that is new each
 * time, so that two tabs do not disturb one another and nothing is stored for visitors who never come back.
 * @param options `strong`: the portal is to ask for the key
 */
export async function beginSignIn(
  door: AdminDoor,
  ctx: Context,
  { strong = false, returnTo = '/admin' }: { strong?: boolean; returnTo?: string } = {},
): Promise<void> {
  const { config, academicPortal: portal, random } = door.deps;
  if (portal === null) return showRefused(door, ctx, 'closed');
  const secret = readCookie(config, ctx, 'start') ?? newToken(random);
  writeCookie(config, ctx, 'start', secret, BROWSER_COOKIE_MS);
  const once = `${newToken(random)}.${Buffer.from(returnTo).toString('base64url')}`;
  const { mark, nonce, codeVerifier } = derived(secret, once);
  const begun = await portal.begin({
    redirectUri: config.BASE_URL + RETURN_PATH,
    state: `${once}.${mark}`,
    nonce,
    codeVerifier,
    strong,
  });
  if (!begun.ok) return showRefused(door, ctx, begun.reason);
  seeOther(ctx, begun.url);
}

/** The page to come back to: a path of ours without its query, which may hold names and would travel. */
export function pageAsked(ctx: Context): string {
  return ctx.method === 'GET' ? ctx.path : '/admin';
}

/**
 * GET /admin/retour: what the portal answers. An answer to a sign-in that another browser began is refused (login
 * CSRF, RFC 6749, 10.12).
 */
export async function endSignIn(door: AdminDoor, ctx: Context): Promise<void> {
  const { deps } = door;
  const { config, academicPortal: portal, log } = deps;
  const { state } = ctx.query;
  const secret = readCookie(config, ctx, 'start');
  if (portal === null || secret === null || typeof state !== 'string') throw new Fault('EC-400-LOST');
  const once = state.slice(0, Math.max(0, state.lastIndexOf('.')));
  const { mark, nonce, codeVerifier } = derived(secret, once);
  if (!sameText(state.slice(once.length + 1), mark)) throw new Fault('EC-400-LOST');
  const returnTo = Buffer.from(once.split('.')[1] ?? '', 'base64url').toString();
  const callbackUrl = config.BASE_URL + RETURN_PATH + ctx.search;
  const answer = await portal.finish({ callbackUrl, state, nonce, codeVerifier });
  const { requestId } = ctx.state;
  if (!answer.ok) {
    log.warn(
      { requestId, reason: answer.reason, detail: answer.detail },
      'the academic portal let nobody in',
    );
    // The address was loaded again: there is nothing left to do.
    if (await currentStaffSession(deps, sessionHash(door, ctx))) return seeOther(ctx, returnTo);
    return showRefused(door, ctx, answer.reason);
  }
  const { identity, tokens } = answer;
  const before = sessionHash(door, ctx);
  const id = await openStaffSession(deps, { identity, tokens, before, from: visitor(ctx) });
  writeCookie(config, ctx, 'session', id);
  seeOther(ctx, returnTo);
}

/** GET /admin/cle: signs in once more, with the key. */
export function signInWithKey(door: AdminDoor, ctx: Context): Promise<void> {
  return beginSignIn(door, ctx, { strong: true });
}

const STATUS = { cancelled: 400, refused: 400, unreachable: 503, closed: 503 } as const;

export function showRefused(door: AdminDoor, ctx: Context, reason: EntryRefusedPage['reason']): void {
  const page: EntryRefusedPage = {
    frame: frameOf(door, ctx, null, { module: 'administration' }),
    reason,
    loginHref: '/admin',
    requestId: ctx.state.requestId,
  };
  showPage(door.deps, ctx, 'admin/entry-refused', page, STATUS[reason]);
}

function derived(secret: string, once: string) {
  const of = (purpose: string) => keyedDigest(secret, purpose, once);
  return { mark: of('staff-state'), nonce: of('staff-nonce'), codeVerifier: of('staff-verifier') };
}
