import type { Account } from '../accounts/types.ts';
import { beginFranceConnect } from '../enrolment/franceconnect.ts';
import {
  ACCOUNT_ARRIVAL_PATH,
  type Arrival,
  AWAY_MS,
  claimReturn,
  isFromAccount,
  newDeparture,
  recordDeparture,
  recordReturn,
  takeArrival,
} from '../enrolment/franceconnect-requests.ts';
import { type Context, visitor } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import { DEPARTURE_COOKIE_MS, departureCookie, RETURN_PATH } from '../http/franceconnect-departure.ts';
import { seeOther, showPage } from '../http/page.ts';
import { finishLogin } from './finish.ts';
import type { FranceConnectPage } from './pages.ts';
import { notYetOpen } from './profile.ts';
import { below, waysOf } from './progress.ts';
import { refuseOtherPerson } from './proof.ts';
import { formPage, type Mire, type Visit } from './visit.ts';

/** What follows FranceConnect: a first connection asks a mobile, a code, birth dates. */
const AFTERWARDS_MS = 60 * 60_000;

/** POST /interaction/:uid/franceconnect: « S'identifier avec FranceConnect ». */
export async function leaveForFranceConnect(visit: Visit): Promise<void> {
  const { deps, ctx, host, interaction } = visit;
  if (deps.franceConnect === null) return notYetOpen('franceconnect')(visit);
  const departure = newDeparture(deps);
  const { state, nonce, browser } = departure;
  const redirectUri = deps.config.BASE_URL + RETURN_PATH;
  const begun = await deps.franceConnect.begin({ redirectUri, state, nonce });
  if (!begun.ok) return showRefusal(visit, begun.reason);
  await recordDeparture(deps, interaction.uid, departure);
  await host.extend(ctx, new Date(deps.clock.now().getTime() + AWAY_MS + AFTERWARDS_MS));
  const { name, settings } = departureCookie(deps.config, state);
  ctx.cookies.set(name, browser, { ...settings, maxAge: DEPARTURE_COOKIE_MS });
  seeOther(ctx, begun.url);
}

/**
 * GET /franceconnect/retour: back from FranceConnect, in the browser that left, once. Who it is goes to the page of
 * the interaction by way of the database; the interaction's own cookie then decides whether it is this browser's.
 */
export async function returnFromFranceConnect({ deps, metrics }: Mire, ctx: Context): Promise<void> {
  const { state } = ctx.query;
  if (deps.franceConnect === null || typeof state !== 'string' || state === '')
    throw new Fault('EC-400-LOST');
  const { name, settings } = departureCookie(deps.config, state);
  const claim = await claimReturn(deps, { state, browser: ctx.cookies.get(name, { signed: true }) ?? null });
  if (!claim.ok) {
    if (claim.reason === 'unknown') throw new Fault('EC-400-LOST');
    return seeOther(ctx, arrivalOf(claim.interactionUid));
  }
  const answer = await deps.franceConnect.finish({
    callbackUrl: deps.config.BASE_URL + RETURN_PATH + ctx.search,
    state,
    nonce: claim.nonce,
  });
  metrics.countReturn(answer.ok ? 'identified' : answer.reason);
  const { requestId } = ctx.state;
  if (!answer.ok) deps.log.warn({ requestId, reason: answer.reason, detail: answer.detail }, 'FranceConnect');
  await recordReturn(deps, claim, answer, visitor(ctx));
  ctx.cookies.set(name, null, settings);
  seeOther(ctx, arrivalOf(claim.interactionUid));
}

/** To the sign-in that he has left, or to « Mon compte ». */
const arrivalOf = (from: string): string =>
  isFromAccount(from) ? ACCOUNT_ARRIVAL_PATH : below(from, 'franceconnect');

/** GET /interaction/:uid/franceconnect: what came of it. */
export async function arriveFromFranceConnect(visit: Visit): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const { uid, clientId } = interaction;
  const arrival = await takeArrival(deps, uid);
  if (arrival === null) return seeOther(ctx, waysOf(uid));
  if (arrival.outcome === 'taken') return seeOther(ctx, below(uid));
  if (arrival.outcome !== 'identified') return showRefusal(visit, arrival.outcome);
  const { identity } = arrival;
  const begun = await beginFranceConnect(deps, {
    interactionUid: uid,
    clientId,
    identity,
    knownOnly: interaction.proofOf !== undefined,
    ...visitor(ctx),
  });
  if (begun.known) return letIn(visit, begun.account);
  // Whoever is to prove that he is the holder of an account has not done it: he is not led to open another.
  if (interaction.proofOf !== undefined) return refuseOtherPerson(visit);
  seeOther(ctx, below(uid, 'telephone'));
}

/** known to be linked, straight through. */
async function letIn(visit: Visit, account: Account): Promise<void> {
  const open = account.state === 'activated' && account.closedAt === null && account.frozenAt === null;
  if (!open) return showRefusal(visit, 'refused');
  await finishLogin(visit, account, { amr: ['fc'] });
}

type Reason = Exclude<Arrival['outcome'], 'identified' | 'taken'>;

const STATUS: Record<Reason, number> = {
  cancelled: 200,
  pending: 200,
  late: 400,
  refused: 400,
  unreachable: 503,
};

function showRefusal(visit: Visit, reason: Reason): void {
  const { deps, ctx, interaction } = visit;
  const at = (page: string) => below(interaction.uid, page);
  const page: FranceConnectPage = {
    ...formPage(visit),
    reason,
    action: at('franceconnect'),
    againHref: at('franceconnect'),
    loginHref: waysOf(interaction.uid),
    registrationHref: deps.sms === null ? null : at('inscription'),
  };
  showPage(deps, ctx, 'mire/franceconnect', page, STATUS[reason]);
}
