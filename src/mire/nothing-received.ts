import { currentEnrolment } from '../enrolment/enrolment.ts';
import { showPage } from '../http/page.ts';
import { otherWays } from './other-ways.ts';
import { below } from './progress.ts';
import { RECOVERY_PATHS } from './recovery.ts';
import type { NothingReceivedPage } from './recovery-pages.ts';
import type { Visit } from './visit.ts';

/** From which way the visitor comes: its page of the code, and where he typed what may be wrong. */
type Origin = { from: NothingReceivedPage['from']; code: string; start: string };

const ORIGINS: Record<string, Origin> = {
  identifiant: {
    from: 'identifier',
    code: `${RECOVERY_PATHS.identifier}/code`,
    start: `${RECOVERY_PATHS.identifier}/sms`,
  },
  passe: {
    from: 'password',
    code: `${RECOVERY_PATHS.password}/code`,
    start: `${RECOVERY_PATHS.password}/sms`,
  },
};

async function enrolling({ deps, interaction }: Visit): Promise<Origin> {
  const enrolment = await currentEnrolment(deps, interaction.uid);
  return enrolment?.way === 'franceconnect'
    ? { from: 'franceconnect', code: 'code', start: 'telephone' }
    : { from: 'sms', code: 'code', start: 'inscription' };
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
  const ways = otherWays(visit);
  const page: NothingReceivedPage = {
    serviceName: interaction.clientName,
    from: origin.from,
    backHref: below(interaction.uid, origin.code),
    startHref: below(interaction.uid, origin.start),
    recovery: {
      identifierHref: below(interaction.uid, RECOVERY_PATHS.identifier),
      passwordHref: below(interaction.uid, RECOVERY_PATHS.password),
    },
    // Not the one that he comes from.
    ways: {
      ...ways,
      franceConnect: ways.franceConnect && origin.from !== 'franceconnect',
      registrationHref: origin.from === 'sms' ? null : ways.registrationHref,
    },
  };
  showPage(deps, ctx, 'mire/nothing-received', page);
}
