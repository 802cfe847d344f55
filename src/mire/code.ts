import { normaliseCode } from '../codes/one-time.ts';
import { proveCode, resendCode, sentCode } from '../enrolment/code.ts';
import { visitor } from '../http/context.ts';
import { field } from '../http/form.ts';
import { seeOther, showPage } from '../http/page.ts';
import { countAsked, countTried } from './code-metrics.ts';
import { type AtStep, codeProblem, enrolmentFrame, goOnEnrolling, stepsOfEnrolment } from './enrolling.ts';
import type { CodeError, CodePage, CodeProblem } from './enrolment-pages.ts';
import { below } from './progress.ts';
import type { Visit } from './visit.ts';

type At = AtStep<'code'>;
type Shown = { reason?: CodeError['reason']; problem?: CodeProblem };

/** GET /interaction/:uid/code: the same page whether a code was sent or not (decision 5). */
export async function showCode(visit: Visit, at: At, shown?: Shown): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const { uid } = interaction;
  const now = deps.clock.now();
  const sent = await sentCode(deps, uid);
  const live = sent !== null && sent.left > 0 && sent.expiresAt > now;
  const page: CodePage = {
    ...enrolmentFrame(visit, 'code', stepsOfEnrolment(at)),
    lastDigits: at.mobile.slice(-2),
    live: live ? { validUntil: sent.expiresAt, left: sent.left } : null,
    resendFrom: sent !== null && sent.resendAt > now ? sent.resendAt : null,
    resendAction: below(uid, 'code/renvoyer'),
    changeHref: below(uid, at.way === 'sms' ? 'inscription' : 'telephone'),
    nothingHref: below(uid, 'code/rien-recu'),
    errors: shown?.reason ? [{ field: 'code', reason: shown.reason }] : [],
    problem: shown?.problem ?? null,
    resent: ctx.query.avis === 'renvoye',
  };
  showPage(deps, ctx, 'mire/code', page, shown ? 400 : 200);
}

/** POST /interaction/:uid/code */
export async function takeCode(visit: Visit, at: At): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const typed = normaliseCode(field(ctx, 'code'));
  if (typed === '') return showCode(visit, at, { reason: 'missing' });
  // Nothing that cannot be a code costs a try.
  if (!/^\d{6}$/.test(typed)) return showCode(visit, at, { reason: 'malformed' });
  const result = countTried(visit, 'enrolment', await proveCode(deps, interaction.uid, typed));
  if (result.ok || result.reason === 'elsewhere') return goOnEnrolling(visit);
  await showCode(visit, at, { reason: result.reason });
}

/** POST /interaction/:uid/code/renvoyer */
export async function takeResend(visit: Visit, at: At): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const result = countAsked(visit, 'enrolment', await resendCode(deps, interaction.uid, visitor(ctx)));
  if (result.ok) return seeOther(ctx, below(interaction.uid, 'code?avis=renvoye'));
  if (result.reason === 'elsewhere') return goOnEnrolling(visit);
  await showCode(visit, at, { problem: codeProblem(visit, result) });
}
