import { checkStories } from './checks.ts';
import type { Diagnosis, GuardianFacts, Settings } from './types.ts';
import { diagnoseWays } from './ways.ts';

/**
 * Why a guardian does not get in, and what the school can do about it: for each way what he
 * lacks, for each check that failed whether the correction has arrived. Pure.
 */
export function diagnose(facts: GuardianFacts, settings: Settings): Diagnosis {
  const ways = diagnoseWays(facts, settings);
  return {
    ways,
    checks: checkStories(facts, settings),
    canGetIn: ways.some(({ status }) => status === 'open' || status === 'used'),
  };
}
