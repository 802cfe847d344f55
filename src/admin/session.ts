import type { Config } from '../config.ts';
import { tokenHash } from '../crypto/digests.ts';
import type { Context } from '../http/context.ts';
import type { AdminDoor } from './types.ts';

type CookieSettings = Pick<Config, 'secure'>;

/** Attributes of the cookies of the staff. */
const attributes = (config: CookieSettings) =>
  ({
    path: '/',
    httpOnly: true,
    signed: true,
    sameSite: 'lax',
    secure: config.secure,
    overwrite: true,
  }) as const;

/** The session, and what binds a sign-in under way to this browser. */
const COOKIES = { session: 'educonnect_staff', start: 'educonnect_staff_start' } as const;
type Name = keyof typeof COOKIES;

const cookieName = (config: CookieSettings, name: Name) =>
  `${config.secure ? '__Host-' : ''}${COOKIES[name]}`;

export function readCookie(config: CookieSettings, ctx: Context, name: Name): string | null {
  return ctx.cookies.get(cookieName(config, name), { signed: true }) ?? null;
}

/** @param value null: forget it. @param maxAgeMs as long as the browser runs, unless told */
export function writeCookie(
  config: CookieSettings,
  ctx: Context,
  name: Name,
  value: string | null,
  maxAgeMs?: number,
): void {
  const settings = { ...attributes(config), ...(maxAgeMs === undefined ? {} : { maxAge: maxAgeMs }) };
  ctx.cookies.set(cookieName(config, name), value, settings);
}

/** Hash of the session cookie of this browser; of nothing, when there is none. */
export function sessionHash({ deps }: Pick<AdminDoor, 'deps'>, ctx: Context): string {
  return tokenHash(readCookie(deps.config, ctx, 'session') ?? '');
}
