import { currentEnrolment, enrolmentWasOvertaken } from '../enrolment/enrolment.ts';
import type { Enrolment, EnrolmentStep, EnrolmentWay } from '../enrolment/types.ts';
import { visitor } from '../http/context.ts';
import { seeOther } from '../http/page.ts';
import type { Steps } from './pages.ts';
import { below, pathOfEnrolment, waysOf } from './progress.ts';
import { formPage, type Mire, OVERTAKEN, type Visit, visiting } from './visit.ts';

export type AtStep<Step extends EnrolmentStep> = Extract<Enrolment, { step: Step }>;

/**
 * A page of a way in without the school, shown to whoever stands at its step; anybody else is led to where he
 * stands (another tab was faster, the back button, a form sent twice), or to the choice of the way.
 */
export function enrolling<Step extends EnrolmentStep>(
  mire: Mire,
  steps: readonly Step[],
  handle: (visit: Visit, at: AtStep<Step>) => Promise<void> | void,
) {
  return visiting(mire, async (visit) => {
    const at = await currentEnrolment(visit.deps, visit.interaction.uid);
    if (at === null || !(steps as readonly string[]).includes(at.step)) return leadOn(visit, at);
    await handle(visit, at as AtStep<Step>);
  });
}

async function leadOn({ deps, ctx, interaction }: Visit, at: Enrolment | null): Promise<void> {
  const { uid } = interaction;
  if (at !== null) return seeOther(ctx, pathOfEnrolment(uid, at));
  const overtaken = await enrolmentWasOvertaken(deps, uid);
  seeOther(ctx, overtaken ? below(uid) + OVERTAKEN : waysOf(uid));
}

/** After a step: to where the visitor stands now. */
export async function goOnEnrolling(visit: Visit): Promise<void> {
  await leadOn(visit, await currentEnrolment(visit.deps, visit.interaction.uid));
}

/** What every page of these ways is given. */
export function enrolmentFrame(visit: Visit, action: string, steps: Steps) {
  const { uid } = visit.interaction;
  return { ...formPage(visit), action: below(uid, action), steps, otherWaysHref: waysOf(uid) };
}

const ORDER: Record<EnrolmentWay, EnrolmentStep[]> = {
  // The first page of the way by SMS comes before its row, in the place of `mobile`.
  sms: ['mobile', 'code', 'children', 'credentials'],
  franceconnect: ['mobile', 'code', 'children'],
};

/** « Étape 2 sur 4 »; the names, which few are asked for, are not counted. */
export function stepsOfEnrolment({ way, step }: Pick<Enrolment, 'way' | 'step'>): Steps {
  const current = ORDER[way].indexOf(step) + 1;
  return current === 0 ? null : { current, total: ORDER[way].length };
}

/** Who proves, and whose session is open in this browser. */
export function proverOf({ ctx, interaction }: Visit) {
  return { signedIn: interaction.session?.accountId ?? null, ...visitor(ctx) };
}
