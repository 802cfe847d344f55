import {
  franceConnectLinkedAt,
  linkInSession,
  unlinkFranceConnect,
} from '../../enrolment/franceconnect-link.ts';
import {
  fromAccount,
  newDeparture,
  recordDeparture,
  takeArrival,
} from '../../enrolment/franceconnect-requests.ts';
import { type Context, visitor } from '../../http/context.ts';
import { DEPARTURE_COOKIE_MS, departureCookie, RETURN_PATH } from '../../http/franceconnect-departure.ts';
import { noticeOf, seeOther, showPage } from '../../http/page.ts';
import { frameOf } from '../frame.ts';
import { keepingSession } from '../keep-session.ts';
import { formBinding } from '../session.ts';
import type { AccountDoor, AccountSession } from '../types.ts';
import type { FranceConnectLinkPage } from './pages.ts';

const PATH = '/compte/franceconnect';
const NOTICES: Record<string, FranceConnectLinkPage['notice']> = {
  relie: 'linked',
  retire: 'unlinked',
  rien: 'nothing',
};

/** GET /compte/franceconnect: linked or not. */
export async function showLink(
  door: AccountDoor,
  ctx: Context,
  { account }: AccountSession,
  problem: FranceConnectLinkPage['problem'] = null,
): Promise<void> {
  const { deps, pages } = door;
  const hrefOf = (path: string) => (pages.has(path) ? path : null);
  const page: FranceConnectLinkPage = {
    frame: frameOf(door, ctx),
    linkedAt: await franceConnectLinkedAt(deps, account.id),
    available: deps.franceConnect !== null,
    linkAction: `${PATH}/relier`,
    unlinkAction: `${PATH}/retirer`,
    problem,
    notice: problem === null ? noticeOf(ctx, NOTICES) : null,
    passwordHref: hrefOf('/compte/mot-de-passe'),
    attachHref: hrefOf('/compte/rattacher'),
  };
  showPage(deps, ctx, 'account/franceconnect/link', page, problem === null ? 200 : STATUS[problem]);
}

const STATUS: Record<NonNullable<FranceConnectLinkPage['problem']>, number> = {
  'last-way': 400,
  elsewhere: 400,
  linked: 400,
  refused: 400,
  late: 400,
  cancelled: 200,
  pending: 200,
  unreachable: 503,
};

/** The session that leaves for FranceConnect and comes back: the same person's, in this browser. */
const origin = (door: AccountDoor, ctx: Context, { account }: AccountSession): string =>
  fromAccount(`${formBinding(door, ctx).id}.${account.publicId}`);

/** POST /compte/franceconnect/relier: to FranceConnect, bound to this browser and this session. */
export async function leave(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const { deps } = door;
  if (deps.franceConnect === null) return showLink(door, ctx, session, 'unreachable');
  const departure = newDeparture(deps);
  const { state, nonce, browser } = departure;
  const redirectUri = deps.config.BASE_URL + RETURN_PATH;
  const begun = await deps.franceConnect.begin({ redirectUri, state, nonce });
  if (!begun.ok) return showLink(door, ctx, session, begun.reason);
  await recordDeparture(deps, origin(door, ctx, session), departure);
  const { name, settings } = departureCookie(deps.config, state);
  ctx.cookies.set(name, browser, { ...settings, maxAge: DEPARTURE_COOKIE_MS });
  seeOther(ctx, begun.url);
}

/** GET /compte/franceconnect/arrivee: what came of it; whoever he is there is linked, once. */
export async function arrive(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const { deps, host } = door;
  const from = origin(door, ctx, session);
  const arrival = await takeArrival(deps, from);
  if (arrival === null || arrival.outcome === 'taken') return seeOther(ctx, PATH);
  if (arrival.outcome !== 'identified') return showLink(door, ctx, session, arrival.outcome);
  // It is open in this browser now: signing out here must end it there too.
  await host.keepFranceConnect(session.sessionUid, from);
  const request = { account: session.account, identity: arrival.identity, ...visitor(ctx) };
  const result = await keepingSession(door, session, (keep) => linkInSession(deps, request, keep));
  if (result.ok) return seeOther(ctx, `${PATH}?avis=relie`);
  if (result.reason === 'gone') return seeOther(ctx, `${PATH}?avis=rien`);
  await showLink(door, ctx, session, result.reason);
}

/** POST /compte/franceconnect/retirer */
export async function unlink(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const request = { account: session.account, ...visitor(ctx) };
  const result = await keepingSession(door, session, (keep) => unlinkFranceConnect(door.deps, request, keep));
  if (result.ok) return seeOther(ctx, `${PATH}?avis=retire`);
  if (result.reason === 'last-way') return showLink(door, ctx, session, 'last-way');
  seeOther(ctx, `${PATH}?avis=rien`);
}
