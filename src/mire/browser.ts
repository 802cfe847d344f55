import type { Config } from '../config.ts';
import type { Context } from '../http/context.ts';
import { below } from './progress.ts';

type CookieSettings = Pick<Config, 'secure' | 'ACTIVATION_LINK_VALID_DAYS'>;

const DAY_MS = 86_400_000;
const nameOf = ({ secure }: Pick<Config, 'secure'>, name: string) =>
  `${secure ? '__Secure-' : ''}educonnect_${name}`;

/**
 * Lets the mail's link know this browser again (security.md, decision 12): the provider's own cookie is scoped to
 * the interaction's address and does not come with the link. A second one stays with the page that waits: it may
 * tell how the sign-in ended when that went on in another tab.
 */
export function rememberBrowser(config: CookieSettings, ctx: Context, uid: string): void {
  const settings = {
    httpOnly: true,
    signed: true,
    sameSite: 'lax',
    secure: config.secure,
    maxAge: config.ACTIVATION_LINK_VALID_DAYS * DAY_MS,
    overwrite: true,
  } as const;
  ctx.cookies.set(nameOf(config, 'activation'), uid, { ...settings, path: '/activation' });
  ctx.cookies.set(nameOf(config, 'waiting'), uid, { ...settings, path: below(uid) });
}

/** The interaction that last waited for its mail in this browser. */
export function rememberedInteraction(config: CookieSettings, ctx: Context): string | null {
  return ctx.cookies.get(nameOf(config, 'activation'), { signed: true }) ?? null;
}

/** Whether this interaction has waited for its mail in this browser. */
export function hasWaited(config: CookieSettings, ctx: Context, uid: string): boolean {
  return ctx.cookies.get(nameOf(config, 'waiting'), { signed: true }) === uid;
}

/** Lets the link of « Mot de passe oublié » lead back to this sign-in, when it is opened in this browser. */
export function rememberRecovery(
  config: Pick<Config, 'secure'>,
  ctx: Context,
  uid: string,
  maxAge: number,
): void {
  ctx.cookies.set(nameOf(config, 'recovery'), uid, {
    httpOnly: true,
    signed: true,
    sameSite: 'lax',
    secure: config.secure,
    maxAge,
    overwrite: true,
    path: '/mot-de-passe',
  });
}

/** The interaction in which this browser last asked for such a link. */
export function recoveringInteraction(config: Pick<Config, 'secure'>, ctx: Context): string | null {
  return ctx.cookies.get(nameOf(config, 'recovery'), { signed: true }) ?? null;
}
