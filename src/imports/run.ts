import { rm } from 'node:fs/promises';
import { type AuditEvent, recordAudit } from '../audit/record.ts';
import { LeaseLost } from './apply.ts';
import { applyWork } from './apply-work.ts';
import { privateFolder } from './archive.ts';
import { brakeText } from './brake.ts';
import { keepExports } from './brake-store.ts';
import { rememberRecords } from './known-records-store.ts';
import { knownSchools } from './known-store.ts';
import { lookAtLosses } from './losses.ts';
import { emptyReport } from './report.ts';
import {
  findRefused,
  finishRun,
  markReleased,
  type Running,
  type RunState,
  renewLease,
  takeRun,
} from './runs-store.ts';
import { applyStaff } from './staff-store.ts';
import { type StagedFeed, stageFeed } from './stage.ts';
import { clearStaging } from './staging-store.ts';
import { FeedError, type ImportDeps, type ImportReport, type Progress, type Sizes } from './types.ts';
import { findWork, spokenSchools, type Work } from './work.ts';

const RENEW_EVERY_MS = 10_000;
/**
 * Below that a feed is read before threads have begun. A transaction holds no lock for long, and what each statement
 * and commit costs is shared by many schools (a delta touches most schools, each in a pupil or two).
 */
const SIZES: Sizes = { threadsFrom: 16 * 2 ** 20, groupPersons: 1000 };

export type ImportResult =
  /** `failed`: some school could not be written, for a reason that is ours; the others were. */
  | { ok: true; report: ImportReport; failed: number }
  | { ok: false; reason: 'refused'; report: ImportReport }
  | Running;

export type ImportOptions = {
  /** Plans everything and writes nothing to the live tables. */
  dryRun?: boolean;
  /** Report of a run that the brake refused: what it saw may pass this once, for the same files. */
  accept?: string | undefined;
  progress?: Progress;
  /** Ends the run where that is safe: amid the reading of a file, between two groups of schools. */
  stop?: AbortSignal;
  /** Folder in which archives are unpacked; the system's temporary one unless said. */
  temporary?: string | undefined;
  sizes?: Partial<Sizes>;
};

/**
 * The night (architecture.md): reads an AAF feed whole into staging, looks what it would take away (the brake), then
 * brings one school after the other to what its file says, each in one transaction. Whatever stops it, each school
 * is as before or as after, and the next run finishes by itself. Only one run works at a time.
 */
export async function importFolder(
  deps: ImportDeps,
  folder: string,
  { dryRun = false, accept, progress = () => {}, stop, temporary, sizes: given }: ImportOptions = {},
): Promise<ImportResult> {
  const started = deps.clock.now();
  const sizes = { ...SIZES, ...given };
  const run = await takeRun(deps.jobsDb, { folder, dryRun, now: started });
  if (!run.ok) return run;
  const report = emptyReport(run.id, dryRun);
  if (accept !== undefined) report.accepts = accept;
  const scratch = await privateFolder(started, temporary);
  let digest: string | null = null;
  const finish = async (state: RunState) => {
    const now = deps.clock.now();
    report.seconds = (now.getTime() - started.getTime()) / 1000;
    await finishRun(deps.jobsDb, run.id, { state, report, now, digest });
    if (!dryRun) await recordAudit(deps.jobsDb, lineOf(report, state, now));
  };
  try {
    await clearStaging(deps.jobsDb);
    const alive = leaseKeeper(deps, run.id, stop);
    const feed = await stageFeed(
      deps,
      run.id,
      { folder, scratch, threadsFrom: sizes.threadsFrom },
      progress,
      alive,
    );
    const work = await weigh(deps, run.id, feed, report, sizes.groupPersons, alive);
    if (report.brake.length > 0 && !(await isReleased(deps, feed, report))) {
      digest = feed.digest;
      throw new FeedError('', `the brake: ${brakeText(report.brake)}`);
    }
    const failed = await applyWork(deps, run.id, work, report, progress, alive);
    if (!dryRun) await applyRest(deps, run.id, work, failed, alive);
    report.refused = feed.refusals.kept;
    report.refused_total = feed.refusals.total;
    await clearOwnStaging(deps, run.id);
    if (accept !== undefined && !dryRun && failed === 0) await markReleased(deps.jobsDb, accept, run.id);
    await finish(failed > 0 ? 'failed' : 'done');
    return { ok: true, report, failed };
  } catch (error) {
    if (error instanceof LeaseLost) throw error;
    report.error = error instanceof Error ? error.message : String(error);
    if (error instanceof FeedError) {
      report.refused.unshift({ file: error.file, record: '', reason: error.message });
      report.refused_total += 1;
    }
    await clearOwnStaging(deps, run.id).catch(() => {});
    await finish(error instanceof FeedError ? 'refused' : 'failed').catch(() => {});
    if (error instanceof FeedError) return { ok: false, reason: 'refused', report };
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A feed says who may see whom, so each that was taken or refused is a line (N01). */
function lineOf(
  { report, accepts, accounts, refused_total }: ImportReport,
  state: RunState,
  at: Date,
): AuditEvent {
  const numbers = `created ${accounts.created}, changed ${accounts.changed}, closed ${accounts.closed}`;
  const released = accepts === undefined ? '' : `, with what report ${accepts} was about`;
  return {
    at,
    event: 'import',
    outcome: state === 'done' ? 'done' : 'refused',
    actorKind: 'system',
    actor: 'import',
    details: `run ${report}: ${state}, ${numbers}, records refused ${refused_total}${released}`,
  };
}

/** Who slept past his lease leaves the tables to the run that took over: its rows stand in them by now. */
async function clearOwnStaging(deps: ImportDeps, runId: number): Promise<void> {
  if (await renewLease(deps.jobsDb, runId, deps.clock.now())) await clearStaging(deps.jobsDb);
}

/**
 * Prolongs the lease now and then, once for all who ask at the same time.
 * @throws LeaseLost, or why it is to stop
 */
function leaseKeeper(deps: ImportDeps, runId: number, stop?: AbortSignal): () => Promise<void> {
  let renewed = deps.clock.now().getTime();
  let renewing: Promise<void> | undefined;
  const renew = async (now: Date) => {
    if (!(await renewLease(deps.jobsDb, runId, now))) throw new LeaseLost();
    renewed = now.getTime();
  };
  return async () => {
    stop?.throwIfAborted();
    const now = deps.clock.now();
    if (now.getTime() - renewed < RENEW_EVERY_MS) return;
    renewing ??= renew(now).finally(() => {
      renewing = undefined;
    });
    await renewing;
  };
}

/** Counts before anything is written: what happens to which school, and what the brake sees. */
async function weigh(
  deps: ImportDeps,
  runId: number,
  feed: StagedFeed,
  report: ImportReport,
  groupPersons: number,
  alive: () => Promise<void>,
): Promise<Work> {
  report.read = feed.read;
  report.notes = feed.notes;
  const work = await findWork(deps, runId, feed, { dryRun: report.dry_run, groupPersons }, alive);
  const { findings, leaving } = await lookAtLosses(deps, runId, feed, spokenSchools(work), alive);
  const noOf = new Map([...work.knownByNo].map(([no, known]) => [known.id, no]));
  for (const id of leaving) {
    const no = noOf.get(id);
    if (no !== undefined) work.touched.set(no, work.touched.get(no) ?? 0);
  }
  report.brake = findings;
  return work;
}

/** @throws FeedError when the report that is accepted is not one of these files, or cannot be */
async function isReleased(deps: ImportDeps, feed: StagedFeed, { accepts }: ImportReport): Promise<boolean> {
  if (accepts === undefined) return false;
  const refused = await findRefused(deps.jobsDb, accepts);
  if (!refused.ok) throw new FeedError('', refused.reason);
  if (refused.digest !== feed.digest) {
    throw new FeedError('', `these are not the files that report ${accepts} was about`);
  }
  return true;
}

/** What belongs to no single school: staff, and which exports were taken. */
async function applyRest(
  deps: ImportDeps,
  runId: number,
  { feed }: Work,
  failed: number,
  alive: () => Promise<void>,
): Promise<void> {
  const db = deps.jobsDb;
  const now = deps.clock.now();
  const withStaff = feed.bases.filter((base) => base.staff);
  if (withStaff.length > 0) {
    const schools = await knownSchools(db);
    for (const base of withStaff) {
      if (!(await renewLease(db, runId, now))) throw new LeaseLost();
      const own = schools.filter((one) => one.academyCode === base.academyCode && one.degree === base.degree);
      await applyStaff(db, runId, base, new Map(own.map((one) => [one.sourceId, one.id])), now);
    }
  }
  const taken = feed.bases.flatMap(({ exportedOn, ...base }) =>
    exportedOn ? [{ ...base, exportedOn }] : [],
  );
  const before = new Set(feed.known.map((school) => `${school.academyCode}|${school.degree}`));
  for (const base of feed.bases) {
    // Of a base that was not known before, all persons have just been written with their records.
    if (!before.has(`${base.academyCode}|${base.degree}`)) continue;
    for (const kind of ['pupils', 'guardian_references'] as const)
      await rememberRecords(db, runId, kind, base, alive);
  }
  if (failed === 0) await keepExports(db, runId, taken);
}
