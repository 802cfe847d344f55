import { newToken, tokenHash } from '../crypto/digests.ts';
import type { Deps } from '../deps.ts';
import { idTokenContext } from '../enrolment/franceconnect-requests.ts';
import { insertLogout, type SealedIdToken, takeLogout } from './franceconnect-store.ts';
import { after } from './time.ts';

/** Declared to FranceConnect as the address to which it returns (integration.md 1.5). */
const RETURN_PATH = '/franceconnect/deconnexion';
/** The identity provider behind it may have a page of its own. */
const AWAY_S = 30 * 60;

type Needs = Pick<Deps, 'db' | 'clock' | 'config' | 'random' | 'sealer' | 'log' | 'franceConnect'>;

/**
 * A session that came from FranceConnect is over here; the browser ends it there too, and then goes on to where it was
 * going. Nothing that goes wrong on that way holds the logout up.
 * @param next a whole address
 * @returns where to send the browser
 */
export async function throughFranceConnect(deps: Needs, token: SealedIdToken, next: string): Promise<string> {
  if (deps.franceConnect === null) return next;
  try {
    const state = newToken(deps.random);
    const idToken = deps.sealer.open(token.sealed, idTokenContext(token.sealedFor));
    const postLogoutRedirectUri = deps.config.BASE_URL + RETURN_PATH;
    const url = await deps.franceConnect.endSessionUrl({ idToken, postLogoutRedirectUri, state });
    if (url === null) return next;
    await insertLogout(deps.db, {
      stateHash: tokenHash(state),
      nextUrl: next,
      expiresAt: after(deps.clock, AWAY_S),
    });
    return url;
  } catch (err) {
    deps.log.warn({ err }, 'a session goes on at FranceConnect');
    return next;
  }
}

/** Back from FranceConnect: where the logout goes on; null when nothing is known of it. */
export async function afterFranceConnect(
  deps: Pick<Deps, 'db' | 'clock'>,
  state: string,
): Promise<string | null> {
  return takeLogout(deps.db, tokenHash(state), deps.clock.now());
}
