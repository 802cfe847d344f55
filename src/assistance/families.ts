import type { Deps } from '../deps.ts';
import { listedName } from '../directory/names.ts';
import { diagnose } from './diagnosis.ts';
import { checksSince, findFacts } from './facts.ts';
import { findStandings, type Standing } from './school-store.ts';
import { settingsOf } from './settings.ts';
import { hasFailed, isStuck } from './standing.ts';
import type { CheckStory, Finding, GuardianFacts, Way } from './types.ts';

const FAMILIES_SHOWN = 25;
/** `failed`: a check failed within 30 days and he has not got in since; `stuck`: no way in is open to him. */
export const FAMILY_FILTERS = ['all', 'failed', 'stuck'] as const;
export type FamilyFilter = (typeof FAMILY_FILTERS)[number];

export type FamilyRow = {
  account: GuardianFacts['account'];
  /** Of this school. */
  pupils: string[];
  lastFailedAt: Date | null;
  stuck: boolean;
  /** What failed and is not over. */
  checks: CheckStory[];
  /** What stands in the ways that are closed, each once. */
  findings: (Finding & { way: Way })[];
};

export type Families = {
  counts: Record<FamilyFilter, number>;
  rows: FamilyRow[];
  page: number;
  pages: number;
};

type Needs = Pick<Deps, 'db' | 'clock' | 'config' | 'sms' | 'franceConnect'>;

/**
 * « Familles en difficulté »: the guardians of a school for whom something failed lately, the last first, then those
 * to whom no way in is open. Nine statements whatever the school and the page.
 */
export async function familiesInDifficulty(
  deps: Needs,
  schoolId: number,
  { filter, page }: { filter: FamilyFilter; page: number },
): Promise<Families> {
  const settings = settingsOf(deps, schoolId);
  const { config, now } = settings;
  const prefixes = [...config.SMS_MOBILE_PREFIXES, ...config.PHONE_EXTRA_MOBILE_PREFIXES];
  const standings = await findStandings(deps.db, schoolId, { since: checksSince(now), prefixes });
  const failed = standings.filter(hasFailed);
  const stuck = standings.filter((one) => isStuck(one, settings));
  const all = [...new Set([...failed, ...stuck])];
  const shown = inOrder({ all, failed, stuck }[filter]);
  const pages = Math.max(1, Math.ceil(shown.length / FAMILIES_SHOWN));
  const at = Math.min(page, pages);
  const part = shown.slice((at - 1) * FAMILIES_SHOWN, at * FAMILIES_SHOWN);
  const facts = await findFacts(
    deps,
    part.map(({ id }) => id),
  );
  const closed = new Set(stuck.map(({ id }) => id));
  return {
    counts: { all: all.length, failed: failed.length, stuck: stuck.length },
    rows: facts.map((one) => rowOf(one, closed.has(one.account.id), settings)),
    page: at,
    pages,
  };
}

function rowOf(facts: GuardianFacts, stuck: boolean, settings: ReturnType<typeof settingsOf>): FamilyRow {
  const { ways, checks } = diagnose(facts, settings);
  const open = checks.filter(({ outcome }) => outcome !== 'succeeded');
  const here = facts.pupils.filter(({ schoolId }) => schoolId === settings.schoolId);
  const blocking = ways.flatMap(({ way, findings }) =>
    findings.filter(({ blocks }) => blocks).map((finding) => ({ ...finding, way })),
  );
  const once = new Map(blocking.map((one) => [`${one.code}|${one.pupil ?? ''}|${one.number ?? ''}`, one]));
  return {
    account: facts.account,
    pupils: [...new Set(here.map(listedName))],
    lastFailedAt: open[0]?.lastAt ?? null,
    stuck,
    checks: open,
    findings: stuck ? [...once.values()] : [],
  };
}

const collator = new Intl.Collator('fr');

/** The last failure first, then by name. */
function inOrder(standings: readonly Standing[]): Standing[] {
  const time = (one: Standing) => (hasFailed(one) ? (one.lastFailedAt?.getTime() ?? 0) : 0);
  return [...standings].sort(
    (a, b) =>
      time(b) - time(a) ||
      collator.compare(a.familyName, b.familyName) ||
      collator.compare(a.givenName, b.givenName) ||
      a.id - b.id,
  );
}
