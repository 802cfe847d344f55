import { z } from 'zod';
import type { Config } from '../config.ts';
import { resendActivation } from '../enrolment/activation.ts';
import { currentProgress } from '../enrolment/progress.ts';
import { type Context, visitor } from '../http/context.ts';
import { field, readForm } from '../http/form.ts';
import { seeOther, showPage } from '../http/page.ts';
import { finishLogin } from './finish.ts';
import type { ActivationWaitingPage, EmailError, WaitingNotice } from './pages.ts';
import { below, type Progress, pathOf } from './progress.ts';
import { formPage, goOn, type Visit } from './visit.ts';

type Waiting = Extract<Progress, { step: 'activation' }>;

/** How long the service's request is kept while the mail is on its way. */
const KEPT_MS = 24 * 3_600_000;
const NOTICES: Record<string, WaitingNotice> = {
  renvoye: 'resent',
  modifie: 'address-changed',
  attente: 'not-yet',
};

/** GET /interaction/:uid/activation: « En cours d'activation ». */
export async function showWaiting(visit: Visit, progress: Waiting): Promise<void> {
  const { deps, ctx, host, interaction } = visit;
  await host.extend(ctx, new Date(deps.clock.now().getTime() + KEPT_MS));
  rememberBrowser(deps.config, ctx, interaction.uid);
  const { avis } = ctx.query;
  const notice = typeof avis === 'string' && Object.hasOwn(NOTICES, avis) ? (NOTICES[avis] ?? null) : null;
  show(visit, progress, { notice });
}

type Shown = { notice?: WaitingNotice | null; newEmail?: string; errors?: EmailError[] };

function show(visit: Visit, progress: Waiting, shown: Shown, status = 200): void {
  const { deps, ctx, interaction } = visit;
  const at = (page: string) => below(interaction.uid, page);
  const page: ActivationWaitingPage = {
    ...formPage(visit),
    email: progress.email,
    validDays: deps.config.ACTIVATION_LINK_VALID_DAYS,
    continueAction: at('continuer'),
    resendAction: at('activation/renvoyer'),
    changeAction: at('activation/adresse'),
    statusUrl: at('etat'),
    status: progress.step,
    nextUrl: at('continuer'),
    notice: shown.notice ?? null,
    newEmail: shown.newEmail ?? '',
    errors: shown.errors ?? [],
  };
  showPage(deps, ctx, 'mire/activation-waiting', page, status);
}

/** POST /interaction/:uid/activation/renvoyer */
export async function resend(visit: Visit, progress: Waiting): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const result = await resendActivation(deps, interaction.uid, null, visitor(ctx));
  if (result.ok) return seeOther(ctx, below(interaction.uid, 'activation?avis=renvoye'));
  if (result.reason === 'elsewhere') return goOn(visit);
  show(visit, progress, { notice: 'too-soon' }, 400);
}

const ADDRESS = z.object({ email: z.string().min(1, 'missing').max(254, 'too-long') });

/** POST /interaction/:uid/activation/adresse */
export async function changeAddress(visit: Visit, progress: Waiting): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const newEmail = field(ctx, 'email');
  const form = readForm<typeof ADDRESS.shape, EmailError['reason']>(ctx, ADDRESS);
  if (!form.ok) return show(visit, progress, { newEmail, errors: form.errors }, 400);
  const result = await resendActivation(deps, interaction.uid, form.values.email, visitor(ctx));
  if (result.ok) return seeOther(ctx, below(interaction.uid, 'activation?avis=modifie'));
  if (result.reason === 'elsewhere') return goOn(visit);
  if (result.reason === 'too-many') return show(visit, progress, { newEmail, notice: 'too-soon' }, 400);
  show(visit, progress, { newEmail, errors: [{ field: 'email', reason: 'invalid' }] }, 400);
}

/** GET /interaction/:uid/etat: what the waiting page's script asks. */
export async function tellStatus({ deps, ctx, interaction }: Visit): Promise<void> {
  const progress = await currentProgress(deps, interaction.uid);
  ctx.body = { status: progress?.step ?? 'none' };
}

/** GET and POST /interaction/:uid/continuer: on to the service, if all is proved. */
export async function proceed(visit: Visit): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const progress = await currentProgress(deps, interaction.uid);
  if (progress?.step === 'done')
    return finishLogin(visit, progress.account, { amr: ['pwd'], provedAt: progress.since });
  const waits = progress?.step === 'activation' && ctx.method === 'POST';
  seeOther(
    ctx,
    waits ? below(interaction.uid, 'activation?avis=attente') : pathOf(interaction.uid, progress),
  );
}

type CookieSettings = Pick<Config, 'secure' | 'ACTIVATION_LINK_VALID_DAYS'>;

const DAY_MS = 86_400_000;
const cookieName = ({ secure }: CookieSettings) => `${secure ? '__Secure-' : ''}educonnect_activation`;

/**
 * Lets the mail's link know this browser again (security.md, decision 12): the provider's own cookie is scoped to
 * the interaction's address and does not come with the link.
 */
function rememberBrowser(config: CookieSettings, ctx: Context, uid: string): void {
  ctx.cookies.set(cookieName(config), uid, {
    path: '/activation',
    httpOnly: true,
    signed: true,
    sameSite: 'lax',
    secure: config.secure,
    maxAge: config.ACTIVATION_LINK_VALID_DAYS * DAY_MS,
    overwrite: true,
  });
}

/** The interaction that last waited for its mail in this browser. */
export function rememberedInteraction(config: CookieSettings, ctx: Context): string | null {
  return ctx.cookies.get(cookieName(config), { signed: true }) ?? null;
}
