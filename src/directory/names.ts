/** What most texts are: nothing in it to clean. */
const PLAIN = /^(?:[\x21-\x7e]+(?: [\x21-\x7e]+)*)?$/;

/** Longest given, family or birth name that the store keeps, in characters. */
export const NAME_LIMIT = 120;

/**
 * A text of the directory as it is kept: composed (NFC), without control and direction marks, with single
 * spaces. Empty when nothing is left.
 */
export function cleanText(raw: string | undefined): string {
  if (raw === undefined) return '';
  if (PLAIN.test(raw)) return raw;
  return raw
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Zs}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .trim();
}

/**
 * What a search compares with: « family given », apostrophes and hyphens as spaces, since the collation holds
 * ’ and ' for different (case and accents it ignores by itself). A searched text goes through it as well.
 */
export function searchName(...names: readonly string[]): string {
  const spaced = names
    .join(' ')
    .replace(/['’‘ʼ`´\-‐‑–—_.]/g, ' ')
    .replace(/ +/g, ' ')
    .trim();
  return spaced.slice(0, 250).trim();
}

/** Letters that Unicode does not take apart, as registers that know no accents write them. */
export const LATIN_LETTERS: Readonly<Record<string, string>> = {
  œ: 'oe',
  æ: 'ae',
  ß: 'ss',
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};

/** A school as people read it: without the académie, which the directory writes behind its name. */
export const plainSchoolName = (name: string): string => name.replace(/-ac-[^-].*$/i, '');

/** Somebody in a list of the staff, « ZOUMN Guillaume », however the directory writes him. */
export const listedName = ({ familyName, givenName }: { familyName: string; givenName: string }): string =>
  `${familyName.toUpperCase()} ${givenName}`;
