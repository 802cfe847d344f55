import { below, waysOf } from './progress.ts';
import type { OtherWays } from './recovery-pages.ts';
import type { Visit } from './visit.ts';

/** Where somebody can go on who cannot go on here; the same for everybody (decision 5). */
export function otherWays({ deps, interaction }: Pick<Visit, 'deps' | 'interaction'>): OtherWays {
  return {
    franceConnect: deps.franceConnect !== null,
    registrationHref: deps.sms === null ? null : below(interaction.uid, 'inscription'),
    loginHref: waysOf(interaction.uid),
  };
}
