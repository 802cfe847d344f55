import { LATIN_LETTERS } from '../directory/names.ts';

/** What a person is called, as the directory, FranceConnect or he himself writes it. */
export type Names = {
  givenName: string;
  /** Name of use. */
  familyName: string;
  birthName?: string | null;
};

/** A compound name has a few words; of more the order counts. */
const WORDS_IN_ANY_ORDER = 5;

/**
 * The words of a name without case, accents and signs: hyphens, apostrophes, commas and spaces part words
 * (`D'Arc-Lœuvre` -> `d`, `arc`, `loeuvre`). Letters of every alphabet stay.
 */
export function wordsOf(name: string): string[] {
  const plain = name.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '');
  const spelt = plain.replace(/[œæßłøđðþı]/g, (letter) => LATIN_LETTERS[letter] ?? letter);
  return spelt.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
}

/** The same words in the order of the alphabet, without their spaces: equal for names that say the same. */
export const foldedName = (name: string): string => wordsOf(name).sort().join('');

/**
 * Whether what was typed says this name: case, accents, hyphens, apostrophes and spaces forgiven (`LE GALL`,
 * `Legall`, `le-gall`), and the order of its words.
 */
function saysName(typed: string, name: string): boolean {
  const wanted = wordsOf(typed).join('');
  const words = wordsOf(name);
  if (wanted === '' || words.length === 0) return false;
  if (words.join('') === wanted || foldedName(typed) === foldedName(name)) return true;
  if (words.length > WORDS_IN_ANY_ORDER || words.join('').length !== wanted.length) return false;
  return spells(wanted, words);
}

/** Whether some order of `words` spells `text`. */
function spells(text: string, words: readonly string[]): boolean {
  if (words.length === 0) return text === '';
  return words.some(
    (word, index) =>
      text.startsWith(word) &&
      spells(
        text.slice(word.length),
        words.filter((_, other) => other !== index),
      ),
  );
}

/** The first given name: up to the first space or comma, since a hyphen belongs to the name. */
export const firstGiven = (givenNames: string): string => givenNames.trim().split(/[\s,]+/)[0] ?? '';

/**
 * Whether names typed by somebody are this person's: the name of use or the birth name or both together,
 * and the given name: the first, all of them, or all of them and more that the school does not know.
 */
export function namesFit(typed: { givenName: string; familyName: string }, person: Names): boolean {
  return familyFits(typed.familyName, person) && givenFits(typed.givenName, person.givenName);
}

function familyFits(typed: string, { familyName, birthName }: Names): boolean {
  if (saysName(typed, familyName)) return true;
  if (!birthName) return false;
  return saysName(typed, birthName) || saysName(typed, `${familyName} ${birthName}`);
}

function givenFits(typed: string, known: string): boolean {
  if (saysName(typed, known) || saysName(typed, firstGiven(known))) return true;
  const begins = wordsOf(known);
  const words = wordsOf(typed);
  return begins.length > 0 && words.length > begins.length && begins.every((word, at) => words[at] === word);
}

/**
 * Whether two accounts are called the same: a record of one has the family name of a record of the other, in
 * use or at birth, and the same given name, or the same first one. Case, accents, hyphens and the order of the words
 * do not count. « Jean » and « Jean-Pierre » are two people.
 */
export function sameNames(one: readonly Names[], other: readonly Names[]): boolean {
  return one.some((a) => other.some((b) => sameFamily(a, b) && sameGiven(a.givenName, b.givenName)));
}

function sameFamily(a: Names, b: Names): boolean {
  return (
    [a.familyName, a.birthName].some((name) => name && familyFits(name, b)) || familyFits(b.familyName, a)
  );
}

function sameGiven(a: string, b: string): boolean {
  const [all, first] = [foldedName(a), foldedName(firstGiven(a))];
  return all !== '' && (all === foldedName(b) || first === foldedName(firstGiven(b)));
}

/** What FranceConnect says: all given names, the name at birth and the name of use; each may be missing. */
export type Identity = {
  givenName: string | null;
  familyName: string | null;
  preferredName: string | null;
};

/**
 * Whether an identity of FranceConnect may be this person: one of his family names, and one of his given names that
 * the school holds for his (people are often called by their second).
 */
export function identityFits(identity: Identity, person: Names): boolean {
  const families = [identity.familyName, identity.preferredName].filter((name) => name !== null);
  if (!families.some((name) => familyFits(name, person))) return false;
  const given = identity.givenName ?? '';
  const each = given.split(/[\s,]+/).filter((name) => name !== '');
  return (
    givenFits(given, person.givenName) || each.some((name) => saysName(name, firstGiven(person.givenName)))
  );
}
