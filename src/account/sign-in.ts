import { createHash } from 'node:crypto';
import type { Account } from '../accounts/types.ts';
import type { Config } from '../config.ts';
import { keyedDigest, newToken, sameText } from '../crypto/digests.ts';
import type { Context } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import { seeOther, showPage } from '../http/page.ts';
import type { OtherPersonPage } from './pages.ts';
import { cookieAttributes, currentSession, openSession, prefix } from './session.ts';
import type { AccountDoor } from './types.ts';

/** Longer than any sign-in, which a mail under way may keep alive for days. */
const BROWSER_COOKIE_MS = 30 * 24 * 3_600_000;
const IDENTIFIER = /^[A-Za-z0-9.-]{1,90}$/;

const browserCookie = (config: Pick<Config, 'secure'>) => `${prefix(config)}educonnect_account_start`;

/**
 * GET /connexion?identifiant=: the QR code of the letter; a pupil's has `profil=eleve`. The login page has the identifier
 * filled in; somebody else who is signed in in this browser is asked first.
 */
export async function comeFromLetter(door: AccountDoor, ctx: Context): Promise<void> {
  const { identifiant, profil } = ctx.query;
  const identifier =
    typeof identifiant === 'string' && IDENTIFIER.test(identifiant) ? identifiant : undefined;
  const session = await currentSession(door, ctx);
  const isTheirs =
    session !== null && (identifier === undefined || session.account.identifier === identifier);
  if (isTheirs) return seeOther(ctx, '/');
  beginSignIn(door, ctx, { identifier, profile: profil === 'eleve' ? 'pupil' : undefined });
}

/**
 * Sends the browser to the provider as any service does.
 * @param wanted `to`: the page of ours to come to afterwards (default: the home page)
 */
export function beginSignIn(
  door: AccountDoor,
  ctx: Context,
  {
    identifier,
    profile,
    to = '/',
  }: { identifier?: string | undefined; profile?: 'pupil' | undefined; to?: string } = {},
): void {
  leave(door, ctx, { request: { identifier, profile }, memory: { to } });
}

/** Has this person prove again who he is, whatever session there is; another one who signs in is refused. */
export function beginProof(
  door: AccountDoor,
  ctx: Context,
  { identifier, publicId }: Pick<Account, 'identifier' | 'publicId'>,
  to: string,
): void {
  leave(door, ctx, { request: { identifier, proof: true }, memory: { to, publicId } });
}

/** What a sign-in has to remember: where it leads, and who alone may come back from it. */
type Memory = { to: string; publicId?: string };

/**
 * A secret in a cookie of this browser stands for all its sign-ins: state, nonce and PKCE verifier follow from it and
 * from a value that is new each time, so that two tabs do not disturb one another and nothing is stored for visitors
 * who never come back. What a sign-in has to remember is in its state, which only this browser's secret can sign.
 */
function leave(
  { deps, host }: AccountDoor,
  ctx: Context,
  {
    request,
    memory,
  }: {
    request: { identifier?: string | undefined; profile?: 'pupil' | undefined; proof?: boolean };
    memory: Memory;
  },
): void {
  const secret = secretOf(deps.config, ctx) ?? newToken(deps.random);
  ctx.cookies.set(browserCookie(deps.config), secret, {
    ...cookieAttributes(deps.config),
    maxAge: BROWSER_COOKIE_MS,
  });
  const once = newToken(deps.random);
  const kept = keep(secret, once, memory);
  const { mark, nonce, verifier } = derived(secret, once, kept);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const state = [once, mark, ...(kept === '' ? [] : [kept])].join('.');
  seeOther(ctx, host.ownAuthorizationPath({ state, nonce, challenge, ...request }));
}

/**
 * GET /compte/retour: what the provider answers. An answer to a sign-in that another browser began is refused (login
 * CSRF, RFC 6749, 10.12), and so is a code that was not issued for this very sign-in.
 */
export async function endSignIn(door: AccountDoor, ctx: Context): Promise<void> {
  const { deps, host } = door;
  const { code, state, iss, error } = ctx.query;
  const secret = secretOf(deps.config, ctx);
  if (secret === null || typeof state !== 'string') throw new Fault('EC-400-LOST');
  const [once = '', mark = '', kept = ''] = state.split('.');
  const { nonce, verifier, mark: expected } = derived(secret, once, kept);
  // RFC 9207: the provider says who answers.
  if (!sameText(mark, expected) || iss !== deps.config.issuer) throw new Fault('EC-400-LOST');
  // Given up: whoever was signed in still is.
  if (error !== undefined) return seeOther(ctx, '/');
  if (typeof code !== 'string') throw new Fault('EC-400-LOST');
  const memory = remembered(kept);
  const redeemed = await host.redeem({ code, verifier, nonce });
  if (redeemed && memory.who !== undefined && memory.who !== whoIs(secret, once, redeemed.accountPublicId))
    return refuseOtherPerson(door, ctx);
  if (redeemed && (await openSession(door, ctx, redeemed))) return seeOther(ctx, memory.to);
  // The address was loaded again: there is nothing left to do.
  if (!redeemed && (await currentSession(door, ctx))) return seeOther(ctx, memory.to);
  throw new Fault('EC-400-LOST');
}

/** A proof by another person than the one who was asked: no session is opened for it, nothing is done. */
function refuseOtherPerson({ deps }: AccountDoor, ctx: Context): void {
  const page: OtherPersonPage = { homeHref: '/' };
  showPage(deps, ctx, 'account/other-person', page, 400);
}

function secretOf(config: Pick<Config, 'secure'>, ctx: Context): string | null {
  return ctx.cookies.get(browserCookie(config), { signed: true }) ?? null;
}

function derived(secret: string, once: string, kept: string) {
  const of = (purpose: string) => keyedDigest(secret, purpose, once, kept);
  return { mark: of('account-state'), nonce: of('account-nonce'), verifier: of('account-verifier') };
}

/** The account's own name never leaves: a digest of it comes back in the state. */
const whoIs = (secret: string, once: string, publicId: string) =>
  keyedDigest(secret, 'account-who', once, publicId);

function keep(secret: string, once: string, { to, publicId }: Memory): string {
  if (to === '/' && publicId === undefined) return '';
  const who = publicId === undefined ? {} : { who: whoIs(secret, once, publicId) };
  return Buffer.from(JSON.stringify({ to, ...who })).toString('base64url');
}

/** Signed, so it is what we wrote. */
function remembered(kept: string): { to: string; who?: string } {
  return kept === '' ? { to: '/' } : JSON.parse(Buffer.from(kept, 'base64url').toString('utf8'));
}
