import { insertAccounts } from '../accounts/store.ts';
import type { NewAccount } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Database } from '../deps.ts';
import {
  endLinks,
  forgetLinks,
  forgetLinksOf,
  markLeft,
  openLinks,
  renameAccounts,
  rowIds,
  type Target,
  writeGuardians,
  writePupils,
} from './apply-store.ts';
import { type Adoption, adopt } from './follow-store.ts';
import { renewLease } from './runs-store.ts';
import type { SchoolPlan } from './school-plan.ts';
import { writeClasses, writeSchools } from './schools-store.ts';
import type { ImportDeps, StagedSchool } from './types.ts';

/** Another run took over: this process slept past its lease and must not write any more. */
export class LeaseLost extends Error {
  constructor() {
    super('another import took over; this one was thought dead');
    this.name = 'LeaseLost';
  }
}

export type PlannedSchool = { staged: StagedSchool; known: { id: number } | null; plan: SchoolPlan };

/**
 * Carries out the plans of some schools of one base in one transaction: all of them or nothing, hence each as before
 * or as after. Written to be repeated: a second time it changes nothing. The number of statements depends neither on
 * the number of schools nor of persons, but for batches.
 * @param accounts of all the plans, with their identifiers
 * @param adoptions accounts that follow their person to a new record
 * @throws LeaseLost
 */
export async function applyPlans(
  deps: ImportDeps,
  runId: number,
  schools: readonly PlannedSchool[],
  accounts: readonly NewAccount[],
  adoptions: readonly Adoption[] = [],
): Promise<void> {
  const [first] = schools;
  if (!first) return;
  const now = deps.clock.now();
  const { academyCode, degree } = first.staged;
  const target: Target = { runId, academyCode, degree, now };
  const all = <T>(list: (plan: SchoolPlan) => readonly T[]): T[] => schools.flatMap(({ plan }) => list(plan));
  await inTransaction(deps.jobsDb, async (trx) => {
    if (!(await renewLease(trx, runId, now))) throw new LeaseLost();
    const schoolIds = await bringSchools(trx, schools, now);
    await insertAccounts(trx, accounts, now);
    await writeGuardians(trx, target, [...new Set(all((plan) => plan.guardians))]);
    await writePupils(
      trx,
      target,
      schoolIds,
      all((plan) => plan.pupils),
    );
    await adopt(trx, target, adoptions);
    await recordAudit(trx, ...adoptions.map((one) => followed(one, now)));
    await forgetLinks(
      trx,
      target,
      all((plan) => plan.unresolved),
    );
    await markLeft(
      trx,
      all((plan) => plan.left),
      now,
    );
    await bringLinks(
      trx,
      target,
      all((plan) => plan.openLinks),
    );
    await endLinks(
      trx,
      all((plan) => plan.endLinks),
      now,
    );
    await forgetLinksOf(
      trx,
      all((plan) => plan.bereft),
    );
    await renameAccounts(
      trx,
      {
        guardianIds: all((plan) => plan.renamed.guardianIds),
        pupilIds: all((plan) => plan.renamed.pupilIds),
      },
      now,
    );
  });
}

const followed = ({ accountId }: Adoption, now: Date) => ({
  at: now,
  event: 'follow',
  outcome: 'done' as const,
  actorKind: 'system' as const,
  actor: 'import',
  accountId,
});

/** @returns ids of the schools by number in the feed */
async function bringSchools(
  trx: Database,
  schools: readonly PlannedSchool[],
  now: Date,
): Promise<Map<number, number>> {
  const ids = new Map(schools.flatMap(({ staged, known }) => (known ? [[staged.no, known.id]] : [])));
  const written = schools.filter(({ known, plan }) => plan.writeSchool || !known);
  for (const [no, id] of await writeSchools(trx, written, now)) ids.set(no, id);
  const classes = schools.flatMap(({ staged, plan }) =>
    plan.classes.map((one) => ({ ...one, schoolId: ids.get(staged.no) as number })),
  );
  await writeClasses(trx, classes);
  return ids;
}

async function bringLinks(trx: Database, target: Target, links: SchoolPlan['openLinks']): Promise<void> {
  if (links.length === 0) return;
  const guardians = await rowIds(trx, 'guardian_references', target, unique(links, 'guardian'));
  const pupils = await rowIds(trx, 'pupils', target, unique(links, 'pupil'));
  const rows = links.map(({ guardian, pupil, code }) => ({
    guardianId: guardians.get(guardian) as number,
    pupilId: pupils.get(pupil) as number,
    code,
  }));
  await openLinks(trx, rows, target.now);
}

function unique(links: SchoolPlan['openLinks'], side: 'guardian' | 'pupil'): string[] {
  return [...new Set(links.map((link) => link[side]))];
}
