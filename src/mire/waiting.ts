import { z } from 'zod';
import { livingLink } from '../codes/links.ts';
import { resendActivation } from '../enrolment/activation.ts';
import { isActivationHeldUp } from '../enrolment/activation-mail.ts';
import { AMR, currentEnrolment } from '../enrolment/enrolment.ts';
import { currentProgress } from '../enrolment/progress.ts';
import { visitor } from '../http/context.ts';
import { field, readForm } from '../http/form.ts';
import { noticeOf, seeOther, showPage } from '../http/page.ts';
import { rememberBrowser } from './browser.ts';
import { finishLogin } from './finish.ts';
import { stepsOf } from './first-connection.ts';
import type { ActivationWaitingPage, EmailError, WaitingNotice } from './pages.ts';
import { below, type Progress } from './progress.ts';
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
  await show(visit, progress, { notice: noticeOf(ctx, NOTICES) });
}

type Shown = { notice?: WaitingNotice | null; newEmail?: string; errors?: EmailError[] };

async function show(visit: Visit, progress: Waiting, shown: Shown, status = 200): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const at = (page: string) => below(interaction.uid, page);
  const link = await livingLink(deps, progress.account.id, 'activate');
  const page: ActivationWaitingPage = {
    ...formPage(visit),
    steps: stepsOf(progress),
    email: progress.email,
    sent: link && { at: link.createdAt, validUntil: link.expiresAt },
    heldUp: link !== null && (await isActivationHeldUp(deps, link.tokenHash)),
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
  await show(visit, progress, { notice: 'too-soon' }, 400);
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
  await show(visit, progress, { newEmail, errors: [{ field: 'email', reason: 'invalid' }] }, 400);
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
  const enrolment = await currentEnrolment(deps, interaction.uid);
  if (enrolment?.step === 'done')
    return finishLogin(visit, enrolment.account, { amr: AMR[enrolment.way], provedAt: enrolment.since });
  const waits = progress?.step === 'activation' && ctx.method === 'POST';
  if (waits) return seeOther(ctx, below(interaction.uid, 'activation?avis=attente'));
  await goOn(visit);
}
