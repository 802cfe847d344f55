import { allocateIdentifiers } from '../accounts/identifier.ts';
import type { NewAccount } from '../accounts/types.ts';
import type { PlannedSchool } from './apply.ts';
import { loadSchoolStates } from './current-store.ts';
import { followAccounts } from './follow.ts';
import type { Adoption } from './follow-store.ts';
import { isEmptyPlan, planSchool } from './plan.ts';
import type { SchoolPlan } from './school-plan.ts';
import type { ImportDeps, StagedSchool } from './types.ts';
import type { Work } from './work.ts';

/** Names of that many schools stand in the statements of a group. */
const GROUP_SCHOOLS = 60;

/** Guardians whom plans that are not written yet have: 1 the reference, 2 with its account. */
export type Marks = { base: string; guardians: ReadonlyMap<string, 1 | 2> };

export type Prepared = {
  all: PlannedSchool[];
  /** Those of them to which something happens. */
  planned: PlannedSchool[];
  accounts: NewAccount[];
  /** Accounts that follow their person to a new record. */
  adoptions: Adoption[];
  marks: Marks;
};

/** Schools of one base beside one another, in their order: what one transaction takes. */
export function groupSchools(
  schools: readonly StagedSchool[],
  { touched, groupPersons }: Pick<Work, 'touched' | 'groupPersons'>,
): StagedSchool[][] {
  const groups: StagedSchool[][] = [];
  let persons = 0;
  for (const school of schools) {
    const own = touched.get(school.no) ?? 0;
    const group = groups.at(-1);
    const full = persons + own > groupPersons || (group?.length ?? 0) >= GROUP_SCHOOLS;
    if (!group || full || baseOf(school) !== baseOf(group[0] as StagedSchool)) {
      groups.push([school]);
      persons = own;
    } else {
      group.push(school);
      persons += own;
    }
  }
  return groups;
}

const baseOf = ({ academyCode, degree }: StagedSchool) => `${academyCode}|${degree}`;

/**
 * Reads what bears on some schools of one base and plans them one after the other, each as if the ones before were
 * written: a guardian of two of them is planned once.
 * @param before of plans that are being written meanwhile
 */
export async function prepareSchools(
  deps: ImportDeps,
  runId: number,
  work: Work,
  schools: readonly StagedSchool[],
  before?: Marks,
): Promise<Prepared> {
  const base = baseOf(schools[0] as StagedSchool);
  const delta = work.bases.get(base)?.delta ?? false;
  const loading = schools.map((staged) => ({
    staged,
    known: work.knownByNo.get(staged.no) ?? null,
    spoken: delta || work.totals.has(staged.no),
  }));
  const states = await loadSchoolStates(deps.jobsDb, runId, loading, delta);
  const guardians = states[0]?.guardians ?? new Map();
  if (before?.base === base) {
    for (const [id, as] of before.guardians) mark(guardians.get(id), as);
  }
  const marks = new Map<string, 1 | 2>();
  const all = loading.map(({ staged, known }, index) => {
    const plan = planSchool(states[index] as (typeof states)[number]);
    for (const [id, as] of marksOf(plan)) {
      mark(guardians.get(id), as);
      marks.set(id, marks.get(id) === 2 ? 2 : as);
    }
    return { staged, known, plan };
  });
  const planned = all.filter(({ plan }) => !isEmptyPlan(plan));
  const scope = {
    academy_code: (schools[0] as StagedSchool).academyCode,
    degree: (schools[0] as StagedSchool).degree,
  };
  const withStates = all.map(({ plan }, index) => ({
    plan,
    state: states[index] as (typeof states)[number],
  }));
  const adoptions = await followAccounts(deps.jobsDb, runId, scope, withStates);
  const accounts = await accountsOf(deps, work.dryRun, planned);
  return { all, planned, accounts, adoptions, marks: { base, guardians: marks } };
}

function marksOf({ guardians, accounts }: SchoolPlan): Map<string, 1 | 2> {
  const withAccount = new Set(accounts.map(({ sourceId }) => sourceId));
  return new Map(guardians.map((id) => [id, withAccount.has(id) ? 2 : 1]));
}

function mark(guardian: { planned: 0 | 1 | 2 } | undefined, as: 1 | 2): void {
  if (guardian && guardian.planned < as) guardian.planned = as;
}

/**
 * Identifiers are reserved before and outside of the transaction: the series of common names must not stay locked for
 * as long as schools take.
 */
async function accountsOf(
  deps: ImportDeps,
  dryRun: boolean,
  planned: readonly PlannedSchool[],
): Promise<NewAccount[]> {
  const accounts = planned.flatMap(({ plan }) => plan.accounts);
  if (dryRun) return [];
  const identifiers = await allocateIdentifiers(deps.jobsDb, accounts);
  return accounts.map(({ sourceId: _, ...account }, index) => ({
    ...account,
    identifier: identifiers[index] as string,
  }));
}
