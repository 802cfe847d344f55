import { cleanText, searchName } from './names.ts';

const MOST_WORDS = 8;
const LONGEST = 100;

/**
 * The words of a searched name, each in the spellings in which `search_name` may have it. Case and accents are the
 * collation's affair; that a ligature is two letters it does not see in a LIKE.
 */
export function searchWords(typed: string): string[][] {
  const words = searchName(cleanText(typed).slice(0, LONGEST)).split(' ').filter(Boolean);
  return words.slice(0, MOST_WORDS).map(spellings);
}

function spellings(word: string): string[] {
  const apart = word.replace(/œ/gi, 'oe').replace(/æ/gi, 'ae');
  const joined = apart.replace(/oe/gi, 'œ').replace(/ae/gi, 'æ');
  return [...new Set([word, apart, joined])];
}

/** For LIKE: the text anywhere. */
export const anywhere = (text: string) => `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
