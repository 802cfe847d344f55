import type { CheckStory, Diagnosis, Finding, Remedy } from '../../assistance/types.ts';
import { formatDate } from '../../http/dates.ts';
import type { ShownCheck, ShownFinding, TextParams } from './pages.ts';

const NOTHING: TextParams = { pupil: '', number: '', date: '', count: 0, base: '', school: '' };

/** Which sentence says who puts something right; null: nobody need. */
function remedyOf(remedy: Remedy): { key: string | null; params: Partial<TextParams> } {
  switch (remedy.by) {
    case 'base':
      return { key: 'base', params: { base: remedy.base } };
    case 'other-school':
      return { key: 'otherSchool', params: { base: remedy.base, school: remedy.school } };
    case 'action':
      return { key: remedy.action, params: {} };
    case 'nobody':
      return { key: null, params: {} };
  }
}

export function shownFinding({ code, blocks, remedy, pupil, number, at, count }: Finding): ShownFinding {
  const { key, params } = remedyOf(remedy);
  return {
    code,
    blocks,
    remedy: key,
    params: {
      ...NOTHING,
      ...params,
      pupil: pupil ?? '',
      number: number ?? '',
      date: at ? formatDate(at) : '',
      count: count ?? 0,
    },
  };
}

export function shownCheck({
  way,
  failed,
  times,
  lastAt,
  outcome,
  arrivedAt,
  remedy,
}: CheckStory): ShownCheck {
  const { key, params } = remedyOf(remedy);
  return {
    way,
    failed,
    times,
    lastAt,
    outcome,
    arrivedAt,
    remedy: key,
    params: { ...NOTHING, ...params, date: arrivedAt ? formatDate(arrivedAt) : '' },
  };
}

export const shownWays = ({ ways }: Diagnosis) =>
  ways.map(({ way, status, findings }) => ({ way, status, findings: findings.map(shownFinding) }));
