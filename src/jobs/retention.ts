import { eraseDue } from '../accounts/erase.ts';
import { scanAccounts } from '../accounts/retention.ts';
import { allOff, type Cutoffs, cutoffsOf } from '../accounts/retention-rules.ts';
import { closeAccepted, findAccepted, keepRefused } from '../accounts/retention-runs-store.ts';
import { countAccounts, forgettableIds } from '../accounts/retention-store.ts';
import { chunksOf } from '../db/batch.ts';
import type { Deps } from '../deps.ts';
import { countRecords } from '../directory/records-retention-store.ts';
import { farewellTo } from './farewell.ts';
import { brakeFindings, brakeText, isCovered } from './retention-brake.ts';
import { deleteRecords, scanRecords } from './retention-records.ts';
import type { JobResult, JobTurn } from './types.ts';

/** Accounts erased in one transaction: few enough that whoever signs in never waits for it. */
const TOGETHER = 100;
const ACTOR = { actorKind: 'system' as const, actor: 'retention' };

/** Which values of the configuration a run stands for; an acceptance holds for them only. */
function settingsText({ config }: Pick<Deps, 'config'>): string {
  return [
    config.RETENTION_NEVER_ACTIVATED_DAYS,
    config.RETENTION_UNUSED_MONTHS,
    config.RETENTION_CLOSED_MONTHS,
    config.RETENTION_PUPIL_LEFT_MONTHS,
    config.RETENTION_RECORDS_MONTHS,
  ].join('/');
}

/**
 * first those who asked to be forgotten and whose delay is over; then, where the configuration has rules, the
 * records and accounts that they name. More than the brake allows is refused until `educonnect retention accept`.
 * Whatever was interrupted goes on the next time: what is erased is found no more.
 */
export async function retain(deps: Deps, { now, signal }: JobTurn): Promise<JobResult> {
  const cutoffs = cutoffsOf(deps.config, now);
  const forgotten = await forgetAsked(deps, cutoffs, { now, signal });
  if (forgotten === null) return importing();
  const wished = forgotten > 0 ? { 'forget-asked': forgotten } : {};
  if (allOff(cutoffs)) return { outcome: 'done', details: wished };
  const found = await findDue(deps, cutoffs, { now, signal });
  const allowed = await passBrake(deps, found, now);
  if (!allowed.ok) return { outcome: 'refused', details: { ...wished, ...allowed.details } };
  const records = await deleteRecords(deps, { now, signal });
  const accounts = records && (await eraseAll(deps, found.ids, cutoffs, { now, signal }));
  if (!records || !accounts) return importing();
  if (allowed.accepted !== null && found.left === 0) await closeAccepted(deps.jobsDb, allowed.accepted);
  const left = found.left > 0 ? { left: found.left } : {};
  return { outcome: 'done', details: { ...wished, ...records, ...accounts, ...left } };
}

const importing = (): JobResult => ({ outcome: 'failed', details: { reason: 'an import is running' } });

/** @returns how many; null when an import is at work */
async function forgetAsked(deps: Deps, cutoffs: Cutoffs, { now, signal }: JobTurn): Promise<number | null> {
  let done = 0;
  for (;;) {
    signal.throwIfAborted();
    const ids = await forgettableIds(deps.jobsDb, now, TOGETHER);
    if (ids.length === 0) return done;
    const erased = await eraseDue(deps, ids, { cutoffs, now, actor: ACTOR, farewell: farewellTo(deps, now) });
    if (!erased.ok) return null;
    done += erased.erased.length;
    // Somebody has signed in at this very moment: the next run looks again.
    if (erased.erased.length === 0) return done;
  }
}

export type Found = {
  /** Accounts to erase now, at most RETENTION_PER_RUN; `left` are the others. */
  ids: number[];
  left: number;
  due: { accounts: number; pupils: number; guardians: number };
};

async function findDue(deps: Deps, cutoffs: Cutoffs, { now, signal }: JobTurn): Promise<Found> {
  const { jobsDb, config } = deps;
  const ids = new Set<number>();
  let left = 0;
  for await (const due of scanAccounts(jobsDb, { cutoffs, now, signal })) {
    for (const { id } of due) {
      if (ids.size < config.RETENTION_PER_RUN) ids.add(id);
      else left += 1;
    }
  }
  const records = { pupils: 0, guardians: 0 };
  for await (const { kind, ids: some } of scanRecords(jobsDb, cutoffs.records, signal))
    records[kind] += some.length;
  return { ids: [...ids], left, due: { accounts: ids.size + left, ...records } };
}

type Passed = { ok: true; accepted: number | null } | { ok: false; details: Record<string, number | string> };

async function passBrake(deps: Deps, { due }: Found, now: Date): Promise<Passed> {
  const { jobsDb, config } = deps;
  const total = { accounts: await countAccounts(jobsDb), ...(await countRecords(jobsDb)) };
  const findings = brakeFindings(due, total, config.RETENTION_BRAKE_PERCENT);
  const settings = settingsText(deps);
  const accepted = await findAccepted(jobsDb, settings, now);
  const id = accepted?.id ?? null;
  if (findings.length === 0 || (accepted && isCovered(due, accepted.due))) return { ok: true, accepted: id };
  const run = await keepRefused(jobsDb, { settings, due, now });
  return { ok: false, details: { reason: brakeText(findings), accept: run, ...due } };
}

async function eraseAll(
  deps: Deps,
  ids: readonly number[],
  cutoffs: Cutoffs,
  { now, signal }: JobTurn,
): Promise<Record<string, number> | null> {
  const done: Record<string, number> = {};
  for (const part of chunksOf(ids, TOGETHER)) {
    signal.throwIfAborted();
    const erased = await eraseDue(deps, part, { cutoffs, now, actor: ACTOR });
    if (!erased.ok) return null;
    for (const { rule } of erased.erased) done[rule] = (done[rule] ?? 0) + 1;
  }
  return done;
}
