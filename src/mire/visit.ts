import type { Deps } from '../deps.ts';
import { currentProgress } from '../enrolment/progress.ts';
import type { Context } from '../http/context.ts';
import { csrfToken } from '../http/csrf.ts';
import { Fault } from '../http/errors.ts';
import type { Metrics } from '../http/metrics.ts';
import { seeOther } from '../http/page.ts';
import { type Progress, pathOf } from './progress.ts';
import type { Interaction, InteractionHost } from './types.ts';

/** What the mire's pages need, built once. */
export type Mire = { deps: Deps; host: InteractionHost; metrics: Metrics };

/** One request of somebody who is on the way to a relying service. */
export type Visit = Mire & { ctx: Context; interaction: Interaction };

type Handler = (visit: Visit) => Promise<void> | void;
type StepHandler<Step extends Progress['step']> = (
  visit: Visit,
  progress: Extract<Progress, { step: Step }>,
) => Promise<void> | void;

/** A page of a sign-in that is under way in this browser; otherwise EC-400-LOST, which says how to begin again. */
export function visiting(mire: Mire, handle: Handler) {
  return async (ctx: Context): Promise<void> => {
    const interaction = await mire.host.details(ctx);
    if (interaction === null || interaction.uid !== uidOf(ctx)) throw new Fault('EC-400-LOST');
    await handle({ ...mire, ctx, interaction });
  };
}

/**
 * A page of one step: whoever stands elsewhere (another tab was faster, the back button, a form sent twice) is led
 * to where he stands, and nothing is done twice.
 */
export function standingAt<Step extends Progress['step']>(mire: Mire, step: Step, handle: StepHandler<Step>) {
  return visiting(mire, async (visit) => {
    const progress = await currentProgress(visit.deps, visit.interaction.uid);
    if (progress?.step !== step) return seeOther(visit.ctx, pathOf(visit.interaction.uid, progress));
    await handle(visit, progress as Extract<Progress, { step: Step }>);
  });
}

/** After a step that went well: to the next page. */
export async function goOn({ deps, ctx, interaction }: Visit): Promise<void> {
  seeOther(ctx, pathOf(interaction.uid, await currentProgress(deps, interaction.uid)));
}

/** What every page with a form is given. */
export function formPage({ deps, interaction }: Visit): { csrf: string; serviceName: string } {
  const csrf = csrfToken(deps.config, { scope: 'interaction', id: interaction.uid });
  return { csrf, serviceName: interaction.clientName };
}

export function uidOf(ctx: Context): string {
  return String((ctx as unknown as { params: Record<string, string | undefined> }).params['uid'] ?? '');
}
