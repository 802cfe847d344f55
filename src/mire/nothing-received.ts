import { currentEnrolment } from '../enrolment/enrolment.ts';
import { showPage } from '../http/page.ts';
import { otherWays } from './other-ways.ts';
import { below } from './progress.ts';
import { RECOVERY_PATHS } from './recovery.ts';
import type { NothingReceivedPage } from './recovery-pages.ts';
import type { Visit } from './visit.ts';

/** From which way the visitor comes: its page of the code, and where he typed what may be wrong. */
const ORIGINS: Record<string, { code: string; start: string }> = {
  identifiant: { code: `${RECOVERY_PATHS.identifier}/code`, start: `${RECOVERY_PATHS.identifier}/sms` },
  passe: { code: `${RECOVERY_PATHS.password}/code`, start: `${RECOVERY_PATHS.password}/sms` },
};

async function enrolling({ deps, interaction }: Visit): Promise<{ code: string; start: string }> {
  const enrolment = await currentEnrolment(deps, interaction.uid);
  return { code: 'code', start: enrolment?.way === 'franceconnect' ? 'telephone' : 'inscription' };
}

/**
 * GET /interaction/:uid/code/rien-recu?de=: « Je n'ai rien reçu », the same for everybody (decision 5): why a code
 * may not come, when a correction takes effect, which other ways there are.
 */
export async function showNothingReceived(visit: Visit): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const { de } = ctx.query;
  const origin =
    (typeof de === 'string' && Object.hasOwn(ORIGINS, de) ? ORIGINS[de] : null) ?? (await enrolling(visit));
  const page: NothingReceivedPage = {
    serviceName: interaction.clientName,
    backHref: below(interaction.uid, origin.code),
    startHref: below(interaction.uid, origin.start),
    recovery: {
      identifierHref: below(interaction.uid, RECOVERY_PATHS.identifier),
      passwordHref: below(interaction.uid, RECOVERY_PATHS.password),
    },
    ways: otherWays(visit),
  };
  showPage(deps, ctx, 'mire/nothing-received', page);
}
