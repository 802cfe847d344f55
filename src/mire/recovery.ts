import { z } from 'zod';
import {
  askRecoveryCode,
  type CodeAsked,
  currentRecovery,
  type RecoveryGoal,
} from '../enrolment/recovery-code.ts';
import { type MailRecovery, mailIdentifiers, mailPasswordLink } from '../enrolment/recovery-mail.ts';
import { visitor } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import { field, readForm } from '../http/form.ts';
import { seeOther, showPage } from '../http/page.ts';
import { rememberRecovery } from './browser.ts';
import { countAsked } from './code-metrics.ts';
import { codeProblem } from './code-page.ts';
import type { CodeProblem } from './enrolment-pages.ts';
import { otherWays } from './other-ways.ts';
import { notYetOpen } from './profile.ts';
import { below } from './progress.ts';
import type { RecoveryField, RecoveryPage, RecoverySentPage, RecoveryStartError } from './recovery-pages.ts';
import { formPage, type Visit } from './visit.ts';

/** « Identifiant oublié » and « Mot de passe oublié », each by mail and by SMS. */
export const RECOVERY_PATHS: Record<RecoveryGoal, string> = {
  identifier: 'identifiant-oublie',
  password: 'mot-de-passe-oublie',
};

/** As long as the link of the mail, and a little: the sign-in waits for whoever comes back with it. */
const KEPT_MS = 45 * 60_000;
const NETWORK_RETRY_S = 300;

const text = (longest: number) => z.string().trim().min(1, 'missing').max(longest, 'too-long');
const FORMS = {
  identifier: {
    mail: z.object({ email: text(254) }),
    sms: z.object({ family_name: text(120), given_name: text(120), mobile: text(60) }),
  },
  password: {
    mail: z.object({ identifier: text(200) }),
    sms: z.object({ identifier: text(200), mobile: text(60) }),
  },
};
type Channel = 'mail' | 'sms';

/** GET .../identifiant-oublie, .../mot-de-passe-oublie, and below them `sms` */
export function showRecovery(goal: RecoveryGoal, channel: Channel) {
  return (visit: Visit): void => {
    const { deps, ctx, interaction } = visit;
    if (ctx.query.profil === 'eleve') notYetOpen('recovery-pupil')(visit);
    else if (channel === 'sms' && deps.sms === null)
      seeOther(ctx, below(interaction.uid, RECOVERY_PATHS[goal]));
    else show(visit, goal, channel);
  };
}

type Shown = {
  errors?: RecoveryStartError[];
  tooManyMails?: true;
  problem?: CodeProblem;
  codeHref?: string | null;
};

function show(visit: Visit, goal: RecoveryGoal, channel: Channel, shown: Shown | null = null): void {
  const { deps, ctx, interaction } = visit;
  const at = (page: string) => below(interaction.uid, page);
  const own = RECOVERY_PATHS[goal];
  const typed = (name: RecoveryField) => field(ctx, name);
  const page: RecoveryPage = {
    ...formPage(visit),
    action: at(channel === 'sms' ? `${own}/sms` : own),
    goal,
    channel,
    values: {
      email: typed('email'),
      identifier: typed('identifier'),
      family_name: typed('family_name'),
      given_name: typed('given_name'),
      mobile: typed('mobile'),
    },
    errors: shown?.errors ?? [],
    tooManyMails: shown?.tooManyMails ?? false,
    problem: shown?.problem ?? null,
    codeHref: shown?.codeHref ?? null,
    otherChannelHref: deps.sms === null ? null : at(channel === 'sms' ? own : `${own}/sms`),
    otherGoalHref: at(RECOVERY_PATHS[goal === 'password' ? 'identifier' : 'password']),
    ways: otherWays(visit),
  };
  showPage(deps, ctx, 'mire/recovery', page, shown === null ? 200 : 400);
}

/** POST .../identifiant-oublie and .../mot-de-passe-oublie: by mail. */
export function takeMailRecovery(goal: RecoveryGoal) {
  return async (visit: Visit): Promise<void> => {
    const { deps, ctx, host, interaction } = visit;
    const form = readForm<z.ZodRawShape, RecoveryStartError['reason']>(ctx, FORMS[goal].mail);
    if (!form.ok) return show(visit, goal, 'mail', { errors: form.errors as RecoveryStartError[] });
    const result = await askMail(visit, goal);
    if (!result.ok) {
      switch (result.reason) {
        case 'network':
          throw new Fault('EC-429-RATE', { retryAfterSeconds: NETWORK_RETRY_S });
        case 'too-many':
          return show(visit, goal, 'mail', { tooManyMails: true });
        case 'invalid':
          return show(visit, goal, 'mail', { errors: [{ field: 'email', reason: 'invalid' }] });
      }
    }
    await host.extend(ctx, new Date(deps.clock.now().getTime() + KEPT_MS));
    rememberRecovery(deps.config, ctx, interaction.uid, KEPT_MS);
    seeOther(ctx, below(interaction.uid, `${RECOVERY_PATHS[goal]}/envoye`));
  };
}

function askMail({ deps, ctx, interaction }: Visit, goal: RecoveryGoal): Promise<MailRecovery> {
  const from = visitor(ctx);
  if (goal === 'identifier') return mailIdentifiers(deps, field(ctx, 'email'), from);
  const { uid: interactionUid, clientId } = interaction;
  return mailPasswordLink(deps, { identifier: field(ctx, 'identifier'), interactionUid, clientId, ...from });
}

/** GET .../envoye: what happened if the data are right, and the ways in for everybody else. */
export function showSent(goal: RecoveryGoal) {
  return (visit: Visit): void => {
    const { deps, ctx, interaction } = visit;
    const page: RecoverySentPage = {
      serviceName: interaction.clientName,
      goal,
      againHref: below(interaction.uid, RECOVERY_PATHS[goal]),
      ways: otherWays(visit),
    };
    showPage(deps, ctx, 'mire/recovery-sent', page);
  };
}

/** POST .../sms: a code to the mobile, if the school knows the person by it. */
export function takeSmsRecovery(goal: RecoveryGoal) {
  return async (visit: Visit): Promise<void> => {
    const { deps, ctx, interaction } = visit;
    if (deps.sms === null) return seeOther(ctx, below(interaction.uid, RECOVERY_PATHS[goal]));
    const form = readForm<z.ZodRawShape, RecoveryStartError['reason']>(ctx, FORMS[goal].sms);
    if (!form.ok) return show(visit, goal, 'sms', { errors: form.errors as RecoveryStartError[] });
    const result = countAsked(visit, 'recovery', await askCode(visit, goal));
    if (result.ok) return seeOther(ctx, below(interaction.uid, `${RECOVERY_PATHS[goal]}/code`));
    if (result.reason === 'invalid-mobile')
      return show(visit, goal, 'sms', { errors: [{ field: 'mobile', reason: 'invalid' }] });
    const { reason, retryAt } = result;
    const codeHref = (await awaitsCode(visit, goal))
      ? below(interaction.uid, `${RECOVERY_PATHS[goal]}/code`)
      : null;
    show(visit, goal, 'sms', { problem: codeProblem(visit, { reason, retryAt }), codeHref });
  };
}

async function awaitsCode({ deps, interaction }: Visit, goal: RecoveryGoal): Promise<boolean> {
  const recovery = await currentRecovery(deps, interaction.uid);
  return recovery?.goal === goal && recovery.step === 'code';
}

function askCode({ deps, ctx, interaction }: Visit, goal: RecoveryGoal): Promise<CodeAsked> {
  const typed = (name: RecoveryField) => field(ctx, name).trim();
  const mobile = typed('mobile');
  return askRecoveryCode(deps, {
    interactionUid: interaction.uid,
    ...visitor(ctx),
    typed:
      goal === 'password'
        ? { goal, mobile, identifier: typed('identifier') }
        : { goal, mobile, givenName: typed('given_name'), familyName: typed('family_name') },
  });
}
