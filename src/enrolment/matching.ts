import type { Candidate, ProvableChild } from './matching-store.ts';
import { firstGiven, foldedName, type Identity, identityFits, namesFit } from './same-name.ts';

/** Who is meant: one person, by all the records that are his; nobody; or several, who must say more. */
export type Person = { who: 'one'; references: Candidate[] } | { who: 'nobody' } | { who: 'several' };

type Typed = { givenName: string; familyName: string };

/**
 * By names typed (SMS, R-051): the records that say these names. Two people whom the names do not tell apart (the
 * same names under two titles) are never one of them by chance: nobody.
 */
export function personByNames(
  behind: readonly Candidate[],
  typed: Typed,
  children: readonly ProvableChild[],
): Person {
  const fitting = behind.filter((candidate) => namesFit(typed, candidate));
  if (fitting.length === 0) return { who: 'nobody' };
  return areTwo(fitting, children) ? { who: 'several' } : { who: 'one', references: fitting };
}

/**
 * By an identity of FranceConnect: it breaks ties and never blocks (R-043, X1). One person alone behind the mobile is
 * meant whatever he is called; of several, those records that the identity fits, if they are of one person.
 */
export function personByIdentity(
  behind: readonly Candidate[],
  identity: Identity,
  children: readonly ProvableChild[],
): Person {
  if (behind.length === 0) return { who: 'nobody' };
  if (keysOf(behind).size === 1 && !areTwo(behind, children)) return { who: 'one', references: [...behind] };
  const fitting = behind.filter((candidate) => identityFits(identity, candidate));
  const calledOne = new Set(fitting.map(({ givenName }) => foldedName(firstGiven(givenName)))).size === 1;
  return calledOne && !areTwo(fitting, children) ? { who: 'one', references: fitting } : { who: 'several' };
}

/** More children than one page can ask for are an institution's, which the school gives its credentials to. */
export const MOST_CHILDREN = 15;

/** Whether somebody has children whose birth dates can be asked, and no more than fit on a page. */
export function areProvable(children: readonly ProvableChild[]): boolean {
  const pupils = new Set(children.map(({ ine }) => ine)).size;
  return pupils > 0 && pupils <= MOST_CHILDREN;
}

/**
 * The records by which something can be proved: those that lead to a child who can be asked, of an account that is
 * not frozen. The others are left alone, whoever's they are.
 */
export function provable(candidates: readonly Candidate[], children: readonly ProvableChild[]): Candidate[] {
  const leading = new Set(children.map(({ referenceId }) => referenceId));
  return candidates.filter(({ id, frozenAt }) => frozenAt === null && leading.has(id));
}

export const idsOf = (candidates: readonly { id: number }[]): number[] => candidates.map(({ id }) => id);

export const accountsOf = (candidates: readonly Pick<Candidate, 'accountId'>[]): number[] => [
  ...new Set(candidates.map(({ accountId }) => accountId)),
];

/** Distinct people, as far as names tell. */
function keysOf(candidates: readonly Candidate[]): Set<string> {
  return new Set(
    candidates.map(
      ({ familyName, givenName }) => `${foldedName(familyName)}|${foldedName(firstGiven(givenName))}`,
    ),
  );
}

/**
 * Whether records of the same names are two people: under « M. » and « Mme », or, where a title is missing, with a
 * child in common, since a school writes down a guardian once for a child.
 */
function areTwo(candidates: readonly Candidate[], children: readonly ProvableChild[]): boolean {
  const titles = new Set(candidates.map(({ title }) => genderOf(title)));
  if (titles.has('f') && titles.has('m')) return true;
  if (!titles.has(null)) return false;
  const ids = new Set(candidates.map(({ id }) => id));
  const pupils = children.filter(({ referenceId }) => ids.has(referenceId)).map(({ pupilId }) => pupilId);
  return new Set(pupils).size < pupils.length;
}

export function genderOf(title: string | null): 'f' | 'm' | null {
  const letters = (title ?? '').toLowerCase().replace(/[^a-z]/g, '');
  if (['m', 'mr', 'monsieur'].includes(letters)) return 'm';
  return ['mme', 'mlle', 'madame', 'mademoiselle'].includes(letters) ? 'f' : null;
}
