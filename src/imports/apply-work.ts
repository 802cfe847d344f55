import { isDatabaseUnavailable } from '../db/database.ts';
import { isLockConflict } from '../db/transaction.ts';
import { applyPlans, LeaseLost } from './apply.ts';
import { markPlanned } from './apply-store.ts';
import { groupSchools, type Marks, type Prepared, prepareSchools } from './prepare.ts';
import { schoolReport } from './report.ts';
import type { ImportDeps, ImportReport, Progress, SchoolReport, StagedSchool } from './types.ts';
import type { Work } from './work.ts';

type Night = {
  deps: ImportDeps;
  runId: number;
  work: Work;
  report: ImportReport;
  /** Lines of the report by number of the school: the report has them in the order of the feed. */
  lines: Map<number, SchoolReport>;
  failed: number;
};

/**
 * Brings the schools in line, some of them in one transaction: while these are written the next ones are read and
 * planned. @returns how many could not be written, for a reason that is ours
 */
export async function applyWork(
  deps: ImportDeps,
  runId: number,
  work: Work,
  report: ImportReport,
  progress: Progress,
  alive: () => Promise<void>,
): Promise<number> {
  const told = work.feed.schools.filter(({ no, listed }) => listed || work.touched.has(no));
  const night: Night = { deps, runId, work, report, lines: new Map(), failed: 0 };
  const said = createSpeaker(progress, told.length);
  const todo: StagedSchool[] = [];
  for (const school of told) {
    if (work.doubtful.has(school.no)) refuseDoubtful(night, school);
    else if (work.touched.has(school.no)) {
      todo.push(school);
      continue;
    } else night.lines.set(school.no, schoolReport(school, work.totals.get(school.no)));
    said(school);
  }
  await applyGroups(night, groupSchools(todo, work), alive, said);
  for (const { no } of told) {
    const line = night.lines.get(no);
    if (line) report.schools.push(line);
  }
  return night.failed;
}

async function applyGroups(
  night: Night,
  groups: readonly StagedSchool[][],
  alive: () => Promise<void>,
  said: (school: StagedSchool) => void,
): Promise<void> {
  const prepare = (index: number, marks?: Marks) => {
    const group = groups[index];
    const prepared = group ? prepareSchools(night.deps, night.runId, night.work, group, marks) : undefined;
    // Whoever awaits it hears of a failure; until then it must not end the process.
    prepared?.catch(() => {});
    return prepared;
  };
  let next = prepare(0);
  for (const [index, group] of groups.entries()) {
    await alive();
    let coming: typeof next;
    try {
      const prepared = (await next) as Prepared;
      const writing = write(night, prepared);
      writing.catch(() => {});
      // What is being written counts as written for those who come next.
      coming = prepare(index + 1, prepared.marks);
      await writing;
      conclude(night, prepared);
    } catch (error) {
      await coming?.catch(() => {});
      stopAtTheEnd(error);
      await oneByOne(night, group);
      coming = prepare(index + 1);
    }
    next = coming;
    group.forEach(said);
  }
}

/** One school that cannot be written must not keep the others of its group from it. */
async function oneByOne(night: Night, group: readonly StagedSchool[]): Promise<void> {
  for (const school of group) {
    try {
      const prepared = await prepareSchools(night.deps, night.runId, night.work, [school]);
      await write(night, prepared);
      conclude(night, prepared);
    } catch (error) {
      stopAtTheEnd(error);
      night.failed += 1;
      night.deps.log.error({ err: error, uai: school.uai }, 'a school could not be imported');
      night.lines.set(school.no, {
        ...schoolReport(school),
        failed: 'it could not be written; see the log',
      });
    }
  }
}

/** @throws the error when there is no use in going on */
function stopAtTheEnd(error: unknown): void {
  const away = isDatabaseUnavailable(error) && !isLockConflict(error);
  if (error instanceof LeaseLost || away) throw error;
}

async function write(
  { deps, runId, report }: Night,
  { planned, accounts, adoptions, marks }: Prepared,
): Promise<void> {
  const [first] = planned;
  if (!first) return;
  if (!report.dry_run) return applyPlans(deps, runId, planned, accounts, adoptions);
  const { academyCode, degree } = first.staged;
  await markPlanned(deps.jobsDb, { runId, academyCode, degree, now: deps.clock.now() }, marks.guardians);
}

function conclude({ work, report, lines }: Night, prepared: Prepared): void {
  for (const { staged, plan } of prepared.all) {
    for (const { fileNo, ...refusal } of plan.refused) {
      work.feed.refusals.add({ ...refusal, file: work.feed.files[fileNo]?.name ?? '' });
    }
    const line = schoolReport(staged, work.totals.get(staged.no), plan);
    lines.set(staged.no, line);
    report.accounts.created += line.accounts_created;
    report.accounts.changed += line.accounts_changed;
  }
}

function refuseDoubtful({ work, lines }: Night, school: StagedSchool): void {
  const reason = `its id and its UAI ${school.uai} are not of one known school`;
  work.feed.refusals.add({ file: '', record: school.uai, reason });
  lines.set(school.no, { ...schoolReport(school), failed: reason });
}

function createSpeaker(progress: Progress, of: number): (school: StagedSchool) => void {
  let done = 0;
  return ({ uai }) => {
    done += 1;
    progress({ step: 'apply', school: uai, done, of });
  };
}
