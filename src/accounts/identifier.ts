import type { Database } from '../deps.ts';
import { LATIN_LETTERS } from '../directory/names.ts';
import { reserveNumbers } from './identifier-store.ts';

/** Longest identifier without its number: it is typed from a sheet of paper. */
const BASE_LIMIT = 60;

/** Further letters, and the two alphabets that civil registers transliterate most. */
const LETTERS: Record<string, string> = {
  ...LATIN_LETTERS,
  ħ: 'h',
  ŋ: 'n',
  ĳ: 'ij',
  ŧ: 't',
  ə: 'e',
  а: 'a',
  б: 'b',
  в: 'v',
  г: 'g',
  д: 'd',
  е: 'e',
  ж: 'j',
  з: 'z',
  и: 'i',
  к: 'k',
  л: 'l',
  м: 'm',
  н: 'n',
  о: 'o',
  п: 'p',
  р: 'r',
  с: 's',
  т: 't',
  у: 'ou',
  ф: 'f',
  х: 'kh',
  ц: 'ts',
  ч: 'tch',
  ш: 'ch',
  щ: 'chtch',
  ы: 'y',
  э: 'e',
  ю: 'iou',
  я: 'ia',
  і: 'i',
  ґ: 'g',
  є: 'ie',
  ъ: '',
  ь: '',
  α: 'a',
  β: 'v',
  γ: 'g',
  δ: 'd',
  ε: 'e',
  ζ: 'z',
  η: 'i',
  θ: 'th',
  ι: 'i',
  κ: 'k',
  λ: 'l',
  μ: 'm',
  ν: 'n',
  ξ: 'x',
  ο: 'o',
  π: 'p',
  ρ: 'r',
  σ: 's',
  ς: 's',
  τ: 't',
  υ: 'y',
  φ: 'f',
  χ: 'ch',
  ψ: 'ps',
  ω: 'o',
}; // prettier-ignore

/**
 * What homonyms share: first letter of the first name, a dot, the last name; lower case without
 * accents, apostrophes, hyphens and spaces (`Éloïse d'Avlis-Œuvre` -> `e.davlisoeuvre`). A name of which nothing
 * is left, in an alphabet that is not known here, gives `x`. Never ends in a digit: the number follows it.
 */
export function identifierBase(givenName: string, familyName: string): string {
  const first = plainLetters(givenName).slice(0, 1) || 'x';
  const last = plainLetters(familyName) || 'x';
  return `${first}.${last}`.slice(0, BASE_LIMIT);
}

function plainLetters(name: string): string {
  const folded = name.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '');
  return folded.replace(/[^a-z]/gu, (letter) => LETTERS[letter] ?? '');
}

/**
 * Identifiers for people who have none, in the order given: the first holder of a name without a number, then
 * 2, 3, ... They are reserved in a short transaction of its own and are never given again, even when the work
 * that asked for them fails; two callers at once never receive the same.
 */
export async function allocateIdentifiers(
  db: Database,
  people: readonly { givenName: string; familyName: string }[],
): Promise<string[]> {
  if (people.length === 0) return [];
  const bases = people.map((person) => identifierBase(person.givenName, person.familyName));
  const wanted = new Map<string, number>();
  for (const base of bases) wanted.set(base, (wanted.get(base) ?? 0) + 1);
  const next = await reserveNumbers(db, wanted);
  return bases.map((base) => {
    const number = next.get(base) ?? 1;
    next.set(base, number + 1);
    return number === 1 ? base : `${base}${number}`;
  });
}
