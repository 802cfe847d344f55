import { mobileKind } from './mobile.ts';
import {
  baseOf,
  type CheckStory,
  type FailedChecks,
  type GuardianFacts,
  type Remedy,
  type Settings,
} from './types.ts';
import { pupilRemedy, recordRemedy } from './ways.ts';

/** What became of each check that failed, the last first: whether the import has brought the correction. Pure. */
export function checkStories(facts: GuardianFacts, settings: Settings): CheckStory[] {
  return [...facts.checks]
    .sort((a, b) => b.lastAt.getTime() - a.lastAt.getTime())
    .map((check) => storyOf(facts, settings, check));
}

function storyOf(facts: GuardianFacts, settings: Settings, check: FailedChecks): CheckStory {
  const changedAt = latest(changesOf(facts, check));
  const remedy = remedyOf(facts, settings, check);
  if (succeededSince(facts, check)) return { ...check, outcome: 'succeeded', arrivedAt: null, remedy };
  if (changedAt !== null && changedAt > check.lastAt)
    return { ...check, outcome: 'arrived', arrivedAt: changedAt, remedy };
  return { ...check, outcome: check.failed === 'code' ? 'retry' : 'same', arrivedAt: null, remedy };
}

function succeededSince({ account }: GuardianFacts, { lastAt }: FailedChecks): boolean {
  return [account.activatedAt, account.lastLoginAt].some((date) => date !== null && date > lastAt);
}

/** When the data that a check compares with became what they are. */
function changesOf(facts: GuardianFacts, { failed }: FailedChecks): (Date | null)[] {
  if (failed === 'name') return facts.references.map(({ namesChangedAt }) => namesChangedAt);
  if (failed === 'mobile' || failed === 'delivery')
    return facts.references.map(({ mobileChangedAt }) => mobileChangedAt);
  if (failed === 'code') return [];
  // All the children count: one too many or one too few refuses the dates of the others.
  const pupils = facts.pupils.flatMap((pupil) => [
    pupil.birthDateChangedAt,
    pupil.ineChangedAt,
    pupil.linkedAt,
  ]);
  return [...pupils, facts.linkEndedAt];
}

function remedyOf(facts: GuardianFacts, settings: Settings, { failed }: FailedChecks): Remedy {
  if (failed === 'code') return { by: 'nobody' };
  if (failed === 'birth-date') {
    const here = facts.pupils.find(({ schoolId }) => schoolId === settings.schoolId);
    const pupil = here ?? facts.pupils[0];
    return pupil === undefined ? { by: 'nobody' } : pupilRemedy(settings, pupil);
  }
  const usable = facts.references.find((one) => mobileKind(settings.config, one) === 'usable');
  const record = usable ?? facts.references[0];
  if (record === undefined) return { by: 'nobody' };
  const here = facts.pupils.find(({ schoolId }) => schoolId === settings.schoolId);
  // Whichever record it was, his own base is the one in which a director looks.
  const own = recordRemedy({ facts, settings }, record);
  return own.by === 'other-school' && here ? { by: 'base', base: baseOf(here.degree) } : own;
}

function latest(dates: readonly (Date | null)[]): Date | null {
  const times = dates.filter((date) => date !== null).map((date) => date.getTime());
  return times.length === 0 ? null : new Date(Math.max(...times));
}
