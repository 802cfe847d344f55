import { isDatabaseUnavailable } from '../db/database.ts';
import { isLockConflict } from '../db/transaction.ts';
import { applyPlan, LeaseLost } from './apply.ts';
import { markPlanned } from './apply-store.ts';
import {
  loadSchoolState,
  schoolsOfChangedGuardians,
  stagedTotals,
  type Totals,
  touchedSchools,
} from './current-store.ts';
import type { KnownSchool } from './known-store.ts';
import { isEmptyPlan, planSchool } from './plan.ts';
import { schoolReport } from './report.ts';
import type { FeedBase, StagedFeed } from './stage.ts';
import type { ImportDeps, ImportReport, Progress, StagedSchool } from './types.ts';

/** What a night looks at: the feed, the schools as they are known, and to which of them something happens. */
export type Work = {
  feed: StagedFeed;
  totals: Totals;
  bases: ReadonlyMap<string, FeedBase>;
  knownByNo: ReadonlyMap<number, KnownSchool>;
  /** Schools of the feed of which two are known: neither is touched. */
  doubtful: ReadonlySet<number>;
  /** Numbers of the schools to which something happens. */
  touched: Set<number>;
};

export async function findWork(deps: ImportDeps, runId: number, feed: StagedFeed): Promise<Work> {
  const { knownByNo, doubtful } = matchSchools(feed);
  const noOf = new Map([...knownByNo].map(([no, known]) => [known.id, no]));
  const touched = new Set<number>();
  for (const school of feed.schools) {
    if (school.listed && knownByNo.get(school.no)?.digest !== school.digest) touched.add(school.no);
    if (doubtful.has(school.no)) touched.add(school.no);
  }
  for (const base of feed.bases) {
    for (const no of await touchedSchools(deps.jobsDb, runId, base)) touched.add(no);
    for (const id of await schoolsOfChangedGuardians(deps.jobsDb, runId, base)) {
      const no = noOf.get(id);
      if (no !== undefined) touched.add(no);
    }
  }
  const bases = new Map(feed.bases.map((base) => [`${base.academyCode}|${base.degree}`, base]));
  return { feed, totals: await stagedTotals(deps.jobsDb, runId), bases, knownByNo, doubtful, touched };
}

/** A school is the known one with its id in the feed, or else with its UAI (an académie may renumber its schools). */
function matchSchools({ schools, known }: StagedFeed) {
  const bySource = new Map(known.map((one) => [`${one.academyCode}|${one.degree}|${one.sourceId}`, one]));
  const byUai = new Map(known.map((one) => [one.uai, one]));
  const knownByNo = new Map<number, KnownSchool>();
  const doubtful = new Set<number>();
  for (const { no, academyCode, degree, sourceId, uai } of schools) {
    const source = bySource.get(`${academyCode}|${degree}|${sourceId}`);
    const found = source ?? byUai.get(uai);
    if (found) knownByNo.set(no, found);
    if (source && byUai.has(uai) && byUai.get(uai) !== source) doubtful.add(no);
  }
  return { knownByNo, doubtful };
}

/** Ids of the schools of which a whole feed has pupils. */
export function spokenSchools({ feed, totals, knownByNo }: Work): Set<number> {
  const ids = feed.schools.filter(({ no }) => totals.has(no)).map(({ no }) => knownByNo.get(no)?.id);
  return new Set(ids.filter((id) => id !== undefined));
}

/** Brings one school after the other in line. @returns how many could not be written, for a reason that is ours */
export async function applyWork(
  deps: ImportDeps,
  runId: number,
  work: Work,
  report: ImportReport,
  progress: Progress,
  alive: () => Promise<void>,
): Promise<number> {
  const { feed, touched, totals } = work;
  const told = feed.schools.filter(({ no, listed }) => listed || touched.has(no));
  let failed = 0;
  for (const [index, school] of told.entries()) {
    if (!touched.has(school.no)) report.schools.push(schoolReport(school, totals.get(school.no)));
    else {
      await alive();
      try {
        await nightOfSchool(deps, runId, work, school, report);
      } catch (error) {
        const away = isDatabaseUnavailable(error) && !isLockConflict(error);
        if (error instanceof LeaseLost || away) throw error;
        failed += 1;
        deps.log.error({ err: error, uai: school.uai }, 'a school could not be imported');
        report.schools.push({ ...schoolReport(school), failed: 'it could not be written; see the log' });
      }
    }
    progress({ step: 'apply', school: school.uai, done: index + 1, of: told.length });
  }
  return failed;
}

async function nightOfSchool(
  deps: ImportDeps,
  runId: number,
  { feed, totals, bases, knownByNo, doubtful }: Work,
  staged: StagedSchool,
  report: ImportReport,
): Promise<void> {
  if (doubtful.has(staged.no)) {
    const reason = `its id and its UAI ${staged.uai} belong to two known schools`;
    feed.refusals.add({ file: '', record: staged.uai, reason });
    report.schools.push({ ...schoolReport(staged), failed: reason });
    return;
  }
  const known = knownByNo.get(staged.no) ?? null;
  const delta = bases.get(`${staged.academyCode}|${staged.degree}`)?.delta ?? false;
  const spoken = delta || totals.has(staged.no);
  const state = await loadSchoolState(deps.jobsDb, runId, staged, known, { delta, spoken });
  const plan = planSchool(state);
  for (const { fileNo, ...refusal } of plan.refused) {
    feed.refusals.add({ ...refusal, file: feed.files[fileNo]?.name ?? '' });
  }
  if (report.dry_run) {
    const target = { runId, academyCode: staged.academyCode, degree: staged.degree, now: deps.clock.now() };
    await markPlanned(deps.jobsDb, target, plan);
  } else if (!isEmptyPlan(plan)) await applyPlan(deps, runId, staged, known, plan);
  const line = schoolReport(staged, totals.get(staged.no), plan);
  report.schools.push(line);
  report.accounts.created += line.accounts_created;
  report.accounts.changed += line.accounts_changed;
}
