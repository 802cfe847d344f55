import { findAccountById } from '../accounts/store.ts';
import { peekLink } from '../codes/links.ts';
import { tokenHash } from '../crypto/digests.ts';
import { activateByLink } from '../enrolment/activation.ts';
import { masked } from '../enrolment/address.ts';
import { activatedIn, currentProgress } from '../enrolment/progress.ts';
import { type Context, partOf, visitor } from '../http/context.ts';
import { type Binding, csrfToken } from '../http/csrf.ts';
import { initiateHref } from '../http/initiate.ts';
import { showPage } from '../http/page.ts';
import { hasWaited, rememberedInteraction } from './browser.ts';
import type {
  ActivationConfirmPage,
  ActivationDonePage,
  ActivationOverPage,
  ActivationRefusedPage,
} from './pages.ts';
import { below } from './progress.ts';
import { type Mire, uidOf } from './visit.ts';

/** What the form of a mail link is bound to; the token itself is in the address only. */
export function linkBinding(ctx: Context): Binding {
  return { scope: 'link', id: tokenHash(tokenOf(ctx)) };
}

/** GET /activation/:token: a button and nothing else, any number of times, so that mail scanners do no harm. */
export async function showActivation({ deps }: Mire, ctx: Context): Promise<void> {
  const token = tokenOf(ctx);
  const check = await peekLink(deps, token);
  if (check.link !== null && check.link.purpose !== 'activate') return refuse({ deps }, ctx, 'unknown');
  if (!check.ok) return refuse({ deps }, ctx, check.reason);
  const account = await findAccountById(deps.db, check.link.accountId);
  const page: ActivationConfirmPage = {
    action: `/activation/${encodeURIComponent(token)}`,
    csrf: csrfToken(deps.config, linkBinding(ctx)),
    email: masked(check.link.email),
    identifier: account?.identifier ?? null,
  };
  showPage(deps, ctx, 'activation/confirm', page);
}

/** POST /activation/:token: « Activé ». */
export async function takeActivation(mire: Mire, ctx: Context): Promise<void> {
  const { deps } = mire;
  const result = await activateByLink(deps, tokenOf(ctx), visitor(ctx));
  if (!result.ok) return refuse(mire, ctx, result.reason);
  const page: ActivationDonePage = {
    next: await nextHere(mire, ctx, result.interactionHash),
    restart: await restartOf(mire, result.clientId),
  };
  showPage(deps, ctx, 'activation/done', page);
}

/**
 * A page that waited for the mail, after the sign-in went on in another tab of the same browser: tells that the
 * account is activated and leads to the service again. @returns false when there is nothing of the kind to tell
 */
export async function showOver(mire: Mire, ctx: Context): Promise<boolean> {
  const { deps } = mire;
  const uid = uidOf(ctx);
  const ended = hasWaited(deps.config, ctx, uid) ? await activatedIn(deps, uid) : null;
  if (ended === null) return false;
  const page: ActivationOverPage = { restart: await restartOf(mire, ended.clientId) };
  showPage(deps, ctx, 'mire/activation-over', page);
  return true;
}

/** Back to the sign-in that waits, when it is this browser's and still alive. */
async function nextHere({ deps }: Mire, ctx: Context, hash: string | null): Promise<{ href: string } | null> {
  const uid = rememberedInteraction(deps.config, ctx);
  if (uid === null || hash !== tokenHash(uid)) return null;
  const progress = await currentProgress(deps, uid);
  return progress?.step === 'done' ? { href: below(uid, 'continuer') } : null;
}

/** Where a sign-in to the service begins again; null: it does not say. */
export async function restartOf(
  { deps, host }: Mire,
  clientId: string | null,
): Promise<ActivationDonePage['restart']> {
  const service = clientId === null ? null : await host.service(clientId);
  return service ? { name: service.name, href: initiateHref(deps.config, service) } : null;
}

function refuse({ deps }: Pick<Mire, 'deps'>, ctx: Context, reason: ActivationRefusedPage['reason']): void {
  const page: ActivationRefusedPage = { reason, loginHref: '/connexion' };
  showPage(deps, ctx, 'activation/refused', page, 400);
}

/** The token in the address of a mail's link. */
export const tokenOf = (ctx: Context): string => partOf(ctx, 'token');
