import { allocateIdentifiers } from '../accounts/identifier.ts';
import { insertAccounts } from '../accounts/store.ts';
import { inTransaction } from '../db/transaction.ts';
import {
  endLinks,
  forgetLinks,
  forgetLinksOf,
  markLeft,
  openLinks,
  renameAccounts,
  rowIds,
  type Target,
  writeClasses,
  writeGuardians,
  writePupils,
  writeSchool,
} from './apply-store.ts';
import type { SchoolPlan } from './plan.ts';
import { renewLease } from './runs-store.ts';
import type { ImportDeps, StagedSchool } from './types.ts';

/** Another run took over: this process slept past its lease and must not write any more. */
export class LeaseLost extends Error {
  constructor() {
    super('another import took over; this one was thought dead');
    this.name = 'LeaseLost';
  }
}

/**
 * Carries out the plan of one school in one transaction: all of it or nothing. Written to be repeated: a second
 * time it changes nothing. The number of statements does not depend on the number of persons, but for batches.
 * @throws LeaseLost
 */
export async function applyPlan(
  deps: ImportDeps,
  runId: number,
  staged: StagedSchool,
  known: { id: number } | null,
  plan: SchoolPlan,
): Promise<void> {
  // Reserved before and outside: the series of common names must not stay locked for as long as a school takes.
  const identifiers = await allocateIdentifiers(deps.jobsDb, plan.accounts);
  const accounts = plan.accounts.map(({ sourceId: _, ...account }, index) => ({
    ...account,
    identifier: identifiers[index] as string,
  }));
  const now = deps.clock.now();
  const target: Target = { runId, academyCode: staged.academyCode, degree: staged.degree, now };
  await inTransaction(deps.jobsDb, async (trx) => {
    if (!(await renewLease(trx, runId, now))) throw new LeaseLost();
    const schoolId = plan.writeSchool || !known ? await writeSchool(trx, staged, known, now) : known.id;
    await writeClasses(trx, schoolId, plan.classes);
    await insertAccounts(trx, accounts, now);
    await writeGuardians(trx, target, plan.guardians);
    await writePupils(trx, target, schoolId, plan.pupils);
    await forgetLinks(trx, target, plan.unresolved);
    await markLeft(trx, plan.left, now);
    if (plan.openLinks.length > 0) {
      const guardians = await rowIds(trx, 'guardian_references', target, unique(plan.openLinks, 'guardian'));
      const pupils = await rowIds(trx, 'pupils', target, unique(plan.openLinks, 'pupil'));
      const links = plan.openLinks.map(({ guardian, pupil, code }) => ({
        guardianId: guardians.get(guardian) as number,
        pupilId: pupils.get(pupil) as number,
        code,
      }));
      await openLinks(trx, links, now);
    }
    await endLinks(trx, plan.endLinks, now);
    await forgetLinksOf(trx, plan.bereft);
    await renameAccounts(trx, plan.renamed, now);
  });
}

function unique(links: SchoolPlan['openLinks'], side: 'guardian' | 'pupil'): string[] {
  return [...new Set(links.map((link) => link[side]))];
}
