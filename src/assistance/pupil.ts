import type { OwnPupil } from '../accounts/pupils-store.ts';
import type { Account } from '../accounts/types.ts';
import type { Deps } from '../deps.ts';
import { datesExhaustedUntil } from '../enrolment/birth-date.ts';
import { checkStories } from './checks.ts';
import { checksSince } from './facts.ts';
import { countFailedChecks } from './facts-store.ts';
import { settingsOf } from './settings.ts';
import type { Diagnosis, GuardianFacts } from './types.ts';
import { diagnoseWays } from './ways.ts';

/**
 * Why a pupil does not get in: the school's credentials are his only way (R-034, R-173), so that it is the guardians'
 * third way with himself as the child, and without what is said of addresses, which he does not need. Two statements.
 * @param pupil himself, as the school that asks has him
 */
export async function diagnosePupil(
  deps: Pick<Deps, 'db' | 'clock' | 'config' | 'sms' | 'franceConnect'>,
  schoolId: number,
  account: Account,
  pupil: OwnPupil,
): Promise<Diagnosis> {
  const now = deps.clock.now();
  const [checks, datesSuspendedUntil] = await Promise.all([
    countFailedChecks(deps.db, [account.id], checksSince(now)),
    datesExhaustedUntil(deps.db, [account.id], now),
  ]);
  const facts: GuardianFacts = {
    account: { ...account, franceConnectSince: null, emailRefusedAt: null },
    references: [],
    pupils: [
      {
        id: pupil.id,
        referenceId: 0,
        givenName: pupil.givenName,
        familyName: pupil.familyName,
        degree: 2,
        schoolId,
        school: '',
        hasIne: pupil.hasIne,
        hasBirthDate: pupil.birthDate !== null,
        hasClass: pupil.className !== null,
        ineChangedAt: pupil.ineChangedAt,
        birthDateChangedAt: pupil.birthDateChangedAt,
        linkedAt: new Date(0),
        disowned: false,
        ruledOut: false,
      },
    ],
    linkEndedAt: null,
    checks,
    activationLink: null,
    datesSuspendedUntil,
  };
  const settings = settingsOf(deps, schoolId);
  const ways = diagnoseWays(facts, settings)
    .filter(({ way }) => way === 'school')
    .map((way) => ({ ...way, findings: way.findings.filter(({ code }) => code !== 'no-email') }));
  return {
    ways,
    checks: checkStories(facts, settings),
    canGetIn: ways.some(({ status }) => status === 'open' || status === 'used'),
  };
}
