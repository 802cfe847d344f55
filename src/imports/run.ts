import { isDatabaseUnavailable } from '../db/database.ts';
import { isLockConflict } from '../db/transaction.ts';
import { applyPlan, LeaseLost } from './apply.ts';
import { markPlanned } from './apply-store.ts';
import { findSchool, loadSchoolState } from './current-store.ts';
import { isEmptyPlan, planSchool } from './plan.ts';
import { emptyReport, schoolReport } from './report.ts';
import { finishRun, type Running, type RunState, renewLease, takeRun } from './runs-store.ts';
import { type StagedFeed, stageFeed } from './stage.ts';
import { clearStaging } from './staging-store.ts';
import { FeedError, type ImportDeps, type ImportReport, type Progress, type StagedSchool } from './types.ts';

const RENEW_EVERY_MS = 10_000;

export type ImportResult =
  /** `failed`: some school could not be written, for a reason that is ours; the others were. */
  | { ok: true; report: ImportReport; failed: number }
  | { ok: false; reason: 'refused'; report: ImportReport }
  | Running;

/**
 * The night (architecture.md): reads an AAF feed whole into staging, then brings one school after the other to
 * what its file says, each in one transaction. Whatever stops it, each school is as before or as after, and the
 * next run finishes by itself. Only one run works at a time.
 * @param options.dryRun plans everything and writes nothing to the live tables
 */
export async function importFolder(
  deps: ImportDeps,
  folder: string,
  { dryRun = false, progress = () => {} }: { dryRun?: boolean; progress?: Progress } = {},
): Promise<ImportResult> {
  const started = deps.clock.now();
  const run = await takeRun(deps.jobsDb, { folder, dryRun, now: started });
  if (!run.ok) return run;
  const report = emptyReport(run.id, dryRun);
  const finish = async (state: RunState) => {
    report.seconds = (deps.clock.now().getTime() - started.getTime()) / 1000;
    await finishRun(deps.jobsDb, run.id, { state, report, now: deps.clock.now() });
  };
  try {
    await clearStaging(deps.jobsDb);
    const alive = leaseKeeper(deps, run.id);
    const feed = await stageFeed(deps, run.id, folder, progress, alive);
    const failed = await applyFeed(deps, run.id, feed, report, progress, alive);
    await clearStaging(deps.jobsDb);
    await finish(failed > 0 ? 'failed' : 'done');
    return { ok: true, report, failed };
  } catch (error) {
    if (error instanceof LeaseLost) throw error;
    report.error = error instanceof Error ? error.message : String(error);
    if (error instanceof FeedError) {
      report.refused.unshift({ file: error.file, record: '', reason: error.message });
      report.refused_total += 1;
    }
    await clearStaging(deps.jobsDb).catch(() => {});
    await finish(error instanceof FeedError ? 'refused' : 'failed').catch(() => {});
    if (error instanceof FeedError) return { ok: false, reason: 'refused', report };
    throw error;
  }
}

/** Prolongs the lease now and then. @throws LeaseLost */
function leaseKeeper(deps: ImportDeps, runId: number): () => Promise<void> {
  let renewed = deps.clock.now().getTime();
  return async () => {
    const now = deps.clock.now();
    if (now.getTime() - renewed < RENEW_EVERY_MS) return;
    if (!(await renewLease(deps.jobsDb, runId, now))) throw new LeaseLost();
    renewed = now.getTime();
  };
}

async function applyFeed(
  deps: ImportDeps,
  runId: number,
  feed: StagedFeed,
  report: ImportReport,
  progress: Progress,
  alive: () => Promise<void>,
): Promise<number> {
  report.read = feed.read;
  report.notes = feed.notes;
  let failed = 0;
  for (const [index, school] of feed.schools.entries()) {
    await alive();
    try {
      await nightOfSchool(deps, runId, feed, school, report);
    } catch (error) {
      const away = isDatabaseUnavailable(error) && !isLockConflict(error);
      if (error instanceof LeaseLost || away) throw error;
      failed += 1;
      deps.log.error({ err: error, uai: school.uai }, 'a school could not be imported');
      report.schools.push({ ...schoolReport(school), failed: 'it could not be written; see the log' });
    }
    progress({ step: 'apply', school: school.uai, done: index + 1, of: feed.schools.length });
  }
  report.refused = feed.refusals.kept;
  report.refused_total = feed.refusals.total;
  return failed;
}

async function nightOfSchool(
  deps: ImportDeps,
  runId: number,
  feed: StagedFeed,
  staged: StagedSchool,
  report: ImportReport,
): Promise<void> {
  const known = await findSchool(deps.jobsDb, staged);
  if (!known.ok) {
    feed.refusals.add({ file: '', record: staged.uai, reason: known.reason });
    report.schools.push({ ...schoolReport(staged), failed: known.reason });
    return;
  }
  const state = await loadSchoolState(deps.jobsDb, runId, staged, known.school);
  const plan = planSchool(state);
  for (const { fileNo, ...refusal } of plan.refused) {
    feed.refusals.add({ ...refusal, file: feed.files[fileNo]?.name ?? '' });
  }
  if (report.dry_run) {
    const target = { runId, academyCode: staged.academyCode, degree: staged.degree, now: deps.clock.now() };
    await markPlanned(deps.jobsDb, target, plan);
  } else if (!isEmptyPlan(plan)) await applyPlan(deps, runId, staged, known.school, plan);
  const line = schoolReport(staged, state, plan);
  report.schools.push(line);
  report.accounts.created += line.accounts_created;
  report.accounts.changed += line.accounts_changed;
}
