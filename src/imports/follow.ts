import type { Database } from '../deps.ts';
import { searchName } from '../directory/names.ts';
import { type Adoption, findTwins, guardiansOfTwins, type Twin, type TwinGuardian } from './follow-store.ts';
import type { SchoolPlan } from './school-plan.ts';
import type { SchoolState, StagedPupil } from './school-state.ts';
import type { Scope } from './state-guardians-store.ts';

type School = { plan: SchoolPlan; state: SchoolState };

/**
 * X7: an account lasts from the first school to the lycée, in whichever académie. A pupil who comes from
 * another base (the second degree, another académie) has another id there, and so have his guardians. He is known by
 * his INE with birth date and first name, since an INE with a typing error must not give anybody another's account; a
 * guardian by being one of the same child's under the same names. What they would have
 * been given anew is taken out of the plans.
 *
 * Where it is not certain who is who (two accounts fit, or two guardians of the child have the same names) there is a
 * new account, and regrouping is left to its holder.
 */
export async function followAccounts(
  db: Database,
  runId: number,
  scope: Scope,
  schools: readonly School[],
): Promise<Adoption[]> {
  const concerned = schools.flatMap(({ plan, state }) => concernedPupils(plan, state));
  if (concerned.length === 0) return [];
  const sameIne = await findTwins(
    db,
    runId,
    scope,
    concerned.map(({ sourceId }) => sourceId),
  );
  const twins = sameIne.filter(({ givenNames: [here, there] }) => firstName(here) === firstName(there));
  if (twins.length === 0) return [];
  const guardians = await guardiansOfTwins(
    db,
    twins.map(({ twinId }) => twinId),
  );
  const adoptions = new Map<string, Adoption>();
  const twinsOf = grouped(twins, ({ pupil }) => pupil);
  // The schools of a group share what is staged of guardians.
  const staged = schools[0]?.state.guardians ?? new Map();
  const known = guardiansKnown(
    staged,
    concerned,
    twinsOf,
    grouped(guardians, ({ twinId }) => twinId),
  );
  for (const { plan, state } of schools) {
    plan.accounts = plan.accounts.filter((account) => {
      const { kind, sourceId } = account;
      const found =
        kind === 'pupil'
          ? pupilsAccount(state, sourceId, twinsOf.get(sourceId) ?? [])
          : (known.get(sourceId) ?? 'none');
      if (typeof found === 'number')
        adoptions.set(`${kind} ${sourceId}`, { kind, sourceId, accountId: found });
      return found === 'none';
    });
  }
  return [...adoptions.values()];
}

/** Pupils who would be given an account, or one of whose guardians would. */
function concernedPupils(plan: SchoolPlan, state: SchoolState): StagedPupil[] {
  const wanted = new Set(plan.accounts.map(({ kind, sourceId }) => `${kind} ${sourceId}`));
  if (wanted.size === 0) return [];
  return state.pupils.filter(
    ({ sourceId, hasIne, guardians }) =>
      hasIne && (wanted.has(`pupil ${sourceId}`) || guardians.some(([id]) => wanted.has(`guardian ${id}`))),
  );
}

/**
 * A pupil's account follows him where he arrives. While two bases have him in a school, the one that had him first does
 * not take it back, nor give him a second one (`elsewhere`).
 */
function pupilsAccount(
  state: SchoolState,
  sourceId: string,
  twins: readonly Twin[],
): number | 'none' | 'elsewhere' {
  const mine = twins.filter(({ accountId }) => accountId !== null);
  const [twin] = mine;
  if (!twin || mine.length > 1) return 'none';
  const current = state.currentPupils.get(sourceId);
  const arrives = !current || current.left;
  return arrives || twin.left ? (twin.accountId as number) : 'elsewhere';
}

/** Accounts by the ids of guardians in the feed, where there is one only. */
function guardiansKnown(
  stagedGuardians: SchoolState['guardians'],
  concerned: readonly StagedPupil[],
  twinsOf: ReadonlyMap<string, readonly Twin[]>,
  guardiansOf: ReadonlyMap<number, readonly TwinGuardian[]>,
): Map<string, number> {
  const fitting = new Map<string, Set<number>>();
  for (const pupil of concerned) {
    const theirs = (twinsOf.get(pupil.sourceId) ?? []).flatMap(({ twinId }) => guardiansOf.get(twinId) ?? []);
    if (theirs.length === 0) continue;
    const named = pupil.guardians.flatMap(([id]) => {
      const staged = stagedGuardians.get(id);
      return staged ? [{ id, name: plainName(staged.familyName, staged.givenName) }] : [];
    });
    for (const { id, name } of named) {
      const twice = named.some((other) => other.id !== id && other.name === name);
      if (twice) continue;
      const accounts = theirs.filter((one) => namesOf(one).includes(name)).map(({ accountId }) => accountId);
      fitting.set(id, new Set([...(fitting.get(id) ?? []), ...accounts]));
    }
  }
  return new Map(
    [...fitting].flatMap(([id, accounts]) => {
      const [account] = accounts;
      return account !== undefined && accounts.size === 1 ? [[id, account]] : [];
    }),
  );
}

function namesOf({ givenName, familyName, birthName }: TwinGuardian): string[] {
  return [familyName, ...(birthName === null ? [] : [birthName])].map((name) => plainName(name, givenName));
}

/** Two registers write accents, capitals and hyphens in ways of their own. */
function plainName(familyName: string, givenName: string): string {
  return searchName(familyName, givenName).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/** Of « Léa Marie » the second register may have « LEA » only. */
const firstName = (givenName: string): string => plainName('', givenName).split(' ')[0] ?? '';

function grouped<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
