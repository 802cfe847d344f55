import { proveCode, resendCode, sentCode } from '../enrolment/code.ts';
import { visitor } from '../http/context.ts';
import { seeOther, showPage } from '../http/page.ts';
import { countAsked, countTried } from './code-metrics.ts';
import { type CodeShown, codePage, codeProblem, readCode } from './code-page.ts';
import { type AtStep, goOnEnrolling, stepsOfEnrolment } from './enrolling.ts';
import { below } from './progress.ts';
import type { Visit } from './visit.ts';

type At = AtStep<'code'>;

/** GET /interaction/:uid/code: the same page whether a code was sent or not (decision 5). */
export async function showCode(visit: Visit, at: At, shown?: CodeShown): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const { uid } = interaction;
  const page = codePage(
    visit,
    await sentCode(deps, uid),
    {
      way: at.way,
      steps: stepsOfEnrolment(at),
      lastDigits: at.mobile.slice(-2),
      action: below(uid, 'code'),
      resendAction: below(uid, 'code/renvoyer'),
      changeHref: below(uid, at.way === 'sms' ? 'inscription' : 'telephone'),
      nothingHref: below(uid, 'code/rien-recu'),
    },
    shown,
  );
  showPage(deps, ctx, 'mire/code', page, shown ? 400 : 200);
}

/** POST /interaction/:uid/code */
export async function takeCode(visit: Visit, at: At): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const typed = readCode(ctx);
  if (!typed.ok) return showCode(visit, at, { reason: typed.reason });
  const result = countTried(
    visit,
    'enrolment',
    await proveCode(deps, interaction.uid, typed.code, visitor(ctx)),
  );
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
