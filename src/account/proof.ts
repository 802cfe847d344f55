import type { Context } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import { currentSession } from './session.ts';
import { beginProof, beginSignIn } from './sign-in.ts';
import type { AccountDoor, AccountRoute, AccountSession, SessionHandler } from './types.ts';

/** A proof of who somebody is, the sign-in included, is good for so long. */
const PROOF_MINUTES = 10;
const MINUTE_MS = 60_000;

type Wrapped = (door: AccountDoor, ctx: Context) => Promise<void>;
type Kinds = Extract<AccountRoute, { kinds?: unknown }>['kinds'];

/** A page for somebody who is signed in; whoever is not signs in first, and comes to it. */
export function withSession(handle: SessionHandler, kinds?: Kinds): Wrapped {
  return async (door, ctx) => {
    const session = await currentSession(door, ctx);
    if (session === null) return beginSignIn(door, ctx, { to: pageOf(door, ctx) });
    if (kinds && !kinds.includes(session.account.kind)) throw new Fault('EC-404-PAGE');
    await handle(door, ctx, session);
  };
}

/**
 * The same, for what nobody may do who has only found the browser open: its person has proved who he is within the last
 * ten minutes, by any way in that he has. Otherwise he is asked at the provider, and comes back to this very page; a
 * form whose proof is over has done nothing, and he comes back to the page of the form.
 */
export function withProof(handle: SessionHandler, kinds?: Kinds): Wrapped {
  return withSession(async (door, ctx, session) => {
    if (isProved(door, session)) return handle(door, ctx, session);
    beginProof(door, ctx, session.account, pageOf(door, ctx));
  }, kinds);
}

/** Whether the proof is still fresh. */
export function isProved(
  { deps }: Pick<AccountDoor, 'deps'>,
  { provedAt }: AccountSession,
  withinMs = PROOF_MINUTES * MINUTE_MS,
): boolean {
  return provedAt !== null && deps.clock.now().getTime() - provedAt.getTime() < withinMs;
}

/** Says on the page to which a form came back that it has done nothing yet. */
export const AGAIN = 'avis=preuve';

/** What is long enough for a page of a list, and short enough for an address. */
const LONGEST = 300;

/**
 * The page to come back to: the one that was asked for; of a form, the nearest page above it. Only pages of this very
 * table: never another site's.
 */
function pageOf({ pages }: AccountDoor, { method, path, search }: Context): string {
  if (method === 'GET' || method === 'HEAD') {
    const whole = path + search;
    // `//` is served as the home page, and would be another site's address.
    return whole.length <= LONGEST && !/^\/[/\\]/.test(whole) ? whole : '/';
  }
  const parts = path.split('/');
  for (let length = parts.length; length > 2; length -= 1) {
    const page = parts.slice(0, length).join('/');
    if (page.length <= LONGEST && [...pages].some((pattern) => fits(pattern, page)))
      return `${page}?${AGAIN}`;
  }
  return '/';
}

function fits(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part === given[index] || (part.startsWith(':') && given[index] !== ''))
  );
}
