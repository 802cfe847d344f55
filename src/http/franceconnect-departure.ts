import type { Config } from '../config.ts';
import { tokenHash } from '../crypto/digests.ts';

/** Fixed: declared to FranceConnect (integration.md 1.2), for sign-ins and for « Mon compte » alike. */
export const RETURN_PATH = '/franceconnect/retour';
/** As long as FranceConnect may send somebody back: whoever is late is told so. */
export const DEPARTURE_COOKIE_MS = 60 * 60_000;

/**
 * One cookie a departure, so that two tabs do not disturb one another. It outlives the request: whoever comes back
 * too late is told so, and not that he is a stranger.
 */
export function departureCookie(config: Pick<Config, 'secure'>, state: string) {
  const name = `${config.secure ? '__Secure-' : ''}educonnect_franceconnect_${tokenHash(state).slice(0, 10)}`;
  const settings = {
    path: '/franceconnect',
    httpOnly: true,
    signed: true,
    sameSite: 'lax',
    secure: config.secure,
    overwrite: true,
  } as const;
  return { name, settings };
}
