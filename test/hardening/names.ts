import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
/** Of `test(`, `describe(` and their `.each`, whose name stands in the second pair of parentheses. */
const NAME = /(?:\b(?:test|describe)|\))\(\s*(?:(['"])((?:\\.|(?!\1)[^\\\n])*)\1|`([^`]*)`)/g;
/** A line of the table of a `.each`, when it begins with an id. */
const ROW = /(['"])([A-N]\d{2}\b(?:\\.|(?!\1)[^\\\n])*)\1/g;
export const ID = /\b[A-N]\d{2}\b/g;

export const TEST_FILES: readonly string[] = readdirSync(join(ROOT, 'test'), { recursive: true })
  .map((name) => `test/${String(name)}`)
  .filter((name) => name.endsWith('.test.ts'))
  .sort();

/** The names of the tests of a file that carry an id of the matrix, as they are written. */
export function namesIn(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = [...text.matchAll(NAME), ...text.matchAll(ROW)].map(([, , quoted, template]) =>
    (quoted ?? template ?? '').replace(/\\(.)/g, '$1'),
  );
  return [...new Set(found)].filter((name) => name.match(ID) !== null);
}
