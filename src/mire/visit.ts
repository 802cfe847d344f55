import { updateAccount } from '../accounts/store.ts';
import type { Account, AccountKind } from '../accounts/types.ts';
import type { Deps } from '../deps.ts';
import { currentProgress, wasOvertaken } from '../enrolment/progress.ts';
import { type Context, partOf } from '../http/context.ts';
import { csrfToken } from '../http/csrf.ts';
import { Fault } from '../http/errors.ts';
import { field } from '../http/form.ts';
import { chosenLanguage, offerLanguage } from '../http/language.ts';
import type { Metrics } from '../http/metrics.ts';
import { seeOther } from '../http/page.ts';
import type { PasskeyForm } from './pages.ts';
import { below, type Progress, pathOf } from './progress.ts';
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

/**
 * A page of a sign-in that is under way in this browser; otherwise EC-400-LOST, which says how to begin again.
 * @param over what to show of a sign-in that is over, if there is something; false: there is not
 */
export function visiting(mire: Mire, handle: Handler, over?: (mire: Mire, ctx: Context) => Promise<boolean>) {
  return async (ctx: Context): Promise<void> => {
    const interaction = await mire.host.details(ctx);
    if (interaction === null || interaction.uid !== uidOf(ctx)) {
      if (over && (await over(mire, ctx))) return;
      throw new Fault('EC-400-LOST');
    }
    offerLanguage(ctx, 'service', interaction.uiLocales);
    await handle({ ...mire, ctx, interaction });
  };
}

/**
 * A page of one step: whoever stands elsewhere (another tab was faster, the back button, a form sent twice) is led
 * to where he stands, and nothing is done twice.
 */
export function standingAt<Step extends Progress['step']>(
  mire: Mire,
  step: Step,
  handle: StepHandler<Step>,
  over?: Parameters<typeof visiting>[2],
) {
  const stands: Handler = async (visit) => {
    const progress = await currentProgress(visit.deps, visit.interaction.uid);
    if (progress?.step !== step) return leadBack(visit, progress);
    if ('account' in progress) await keepLanguage(visit, progress.account);
    await handle(visit, progress as Extract<Progress, { step: Step }>);
  };
  return visiting(mire, stands, over);
}

/** Who has come so far by his school's credentials is written to, the activation mail first, in the language that he chose. */
async function keepLanguage({ deps, ctx }: Visit, account: Account): Promise<void> {
  const now = deps.clock.now();
  const chosen = chosenLanguage(ctx, account.language === null ? undefined : now);
  if (chosen === null || chosen === account.language) return;
  account.language = chosen;
  await updateAccount(deps.db, account.id, { language: chosen }, now);
}

/** Says to the choice of the profile why the visitor stands there again. */
export const OVERTAKEN = '?avis=ailleurs';

async function leadBack({ deps, ctx, interaction }: Visit, progress: Progress | null): Promise<void> {
  const { uid } = interaction;
  const overtaken = progress === null && (await wasOvertaken(deps, uid));
  seeOther(ctx, overtaken ? below(uid) + OVERTAKEN : pathOf(uid, progress));
}

/** After a step that went well: to the next page. */
export async function goOn(visit: Visit): Promise<void> {
  await leadBack(visit, await currentProgress(visit.deps, visit.interaction.uid));
}

/** What every page with a form is given. */
export function formPage({ deps, interaction }: Visit): { csrf: string; serviceName: string } {
  const csrf = csrfToken(deps.config, { scope: 'interaction', id: interaction.uid });
  return { csrf, serviceName: interaction.clientName };
}

/** What a page that takes a key is given. @param kind null: no profile has been chosen yet */
export function passkeyOf(visit: Visit, kind: AccountKind | null): PasskeyForm {
  const { uid } = visit.interaction;
  const profile = kind === null ? '' : `?profil=${kind === 'pupil' ? 'eleve' : 'responsable'}`;
  return {
    action: below(uid, `cle${profile}`),
    options: below(uid, 'cle/options'),
    csrf: formPage(visit).csrf,
  };
}

/**
 * Whether a form was made for this account: in another tab of the same sign-in somebody else may have come as far since,
 * and what is typed for the one must not become the other's.
 */
export function isFor({ ctx }: Visit, { identifier }: { identifier: string }): boolean {
  return field(ctx, 'account') === identifier;
}

export const uidOf = (ctx: Context): string => partOf(ctx, 'uid');
