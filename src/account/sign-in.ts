import { createHash } from 'node:crypto';
import type { Config } from '../config.ts';
import { keyedDigest, newToken, sameText } from '../crypto/digests.ts';
import type { Context } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import { seeOther } from '../http/page.ts';
import { cookieAttributes, currentSession, openSession, prefix } from './session.ts';
import type { AccountDoor } from './types.ts';

/** Longer than any sign-in, which a mail under way may keep alive for days. */
const BROWSER_COOKIE_MS = 30 * 24 * 3_600_000;
const IDENTIFIER = /^[A-Za-z0-9.-]{1,90}$/;

const browserCookie = (config: Pick<Config, 'secure'>) => `${prefix(config)}educonnect_account_start`;

/**
 * GET /connexion?identifiant=: the QR code of the letter. The login page has the identifier filled in; somebody else
 * who is signed in in this browser is asked first.
 */
export async function comeFromLetter(door: AccountDoor, ctx: Context): Promise<void> {
  const { identifiant } = ctx.query;
  const identifier =
    typeof identifiant === 'string' && IDENTIFIER.test(identifiant) ? identifiant : undefined;
  const session = await currentSession(door, ctx);
  const isTheirs =
    session !== null && (identifier === undefined || session.account.identifier === identifier);
  if (isTheirs) return seeOther(ctx, '/');
  beginSignIn(door, ctx, identifier);
}

/**
 * Sends the browser to the provider as any service does. A secret in a cookie of this browser stands for all its
 * sign-ins: state, nonce and PKCE verifier follow from it and from a value that is new each time, so that two tabs do
 * not disturb one another and nothing is stored for visitors who never come back.
 */
export function beginSignIn({ deps, host }: AccountDoor, ctx: Context, identifier?: string): void {
  const secret = secretOf(deps.config, ctx) ?? newToken(deps.random);
  ctx.cookies.set(browserCookie(deps.config), secret, {
    ...cookieAttributes(deps.config),
    maxAge: BROWSER_COOKIE_MS,
  });
  const once = newToken(deps.random);
  const { mark, nonce, verifier } = derived(secret, once);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  seeOther(ctx, host.ownAuthorizationPath({ state: `${once}.${mark}`, nonce, challenge, identifier }));
}

/**
 * GET /compte/retour: what the provider answers. An answer to a sign-in that another browser began is refused (login
 * CSRF, RFC 6749, 10.12), and so is a code that was not issued for this very sign-in.
 */
export async function endSignIn(door: AccountDoor, ctx: Context): Promise<void> {
  const { deps, host } = door;
  const { code, state, iss } = ctx.query;
  const secret = secretOf(deps.config, ctx);
  if (secret === null || typeof state !== 'string' || typeof code !== 'string')
    throw new Fault('EC-400-LOST');
  const [once = '', mark = ''] = state.split('.');
  const { nonce, verifier, mark: expected } = derived(secret, once);
  // RFC 9207: the provider says who answers.
  if (!sameText(mark, expected) || iss !== deps.config.issuer) throw new Fault('EC-400-LOST');
  const redeemed = await host.redeem({ code, verifier, nonce });
  if (redeemed && (await openSession(door, ctx, redeemed))) return seeOther(ctx, '/');
  // The address was loaded again: there is nothing left to do.
  if (!redeemed && (await currentSession(door, ctx))) return seeOther(ctx, '/');
  throw new Fault('EC-400-LOST');
}

function secretOf(config: Pick<Config, 'secure'>, ctx: Context): string | null {
  return ctx.cookies.get(browserCookie(config), { signed: true }) ?? null;
}

function derived(secret: string, once: string) {
  const of = (purpose: string) => keyedDigest(secret, purpose, once);
  return { mark: of('account-state'), nonce: of('account-nonce'), verifier: of('account-verifier') };
}
