import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ID, namesIn, TEST_FILES } from './names.ts';

/** docs/security-tests.md against the tests: each of the 98 lines has one with its id in its name, or a reason. */

/** How many lines each group of the matrix has. */
const GROUPS = { A: 20, B: 8, C: 9, D: 7, E: 4, F: 9, G: 6, H: 4, I: 6, J: 8, K: 5, L: 5, M: 4, N: 3 };
const IDS = Object.entries(GROUPS).flatMap(([group, lines]) =>
  Array.from({ length: lines }, (_, index) => group + String(index + 1).padStart(2, '0')),
);

type Row = { id: string; line: string; answer: string };
const DOCUMENT = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'security-tests.md'), 'utf8');
const ROWS: Row[] = Array.from(
  DOCUMENT.matchAll(/^\| ([A-N]\d{2})(?: ★)? \| (.*?) \| (.*) \|$/gm),
  ([, id = '', line = '', answer = '']) => ({ id, line, answer }),
);

/** Which test files a row names, each with the names that stand after it. */
function namedIn(answer: string): { file: string; names: string[] }[] {
  return answer.split('<br>').flatMap((part) => {
    const [, file, rest = ''] = /^`(test\/[^`]+)`: (.*)$/.exec(part) ?? [];
    return file === undefined
      ? []
      : [{ file, names: Array.from(rest.matchAll(/« (.*?) »(?=$|, )/g), ([, name = '']) => name) }];
  });
}

test('the table has the 98 lines, each once, in their order', () => {
  expect(IDS).toHaveLength(98);
  expect(ROWS.map(({ id }) => id)).toEqual(IDS);
});

test.each(ROWS)('$id: a test of its name, or a reason', ({ id, line, answer }) => {
  expect(line).not.toBe('');
  const named = namedIn(answer);
  const reason = /(?:^|<br>)Reason: .{20,}/.test(answer);
  expect(named.length > 0 || reason).toBe(true);
  for (const { file, names } of named) {
    expect(TEST_FILES).toContain(file);
    expect(names.length).toBeGreaterThan(0);
    const there = namesIn(file).map((name) => name.replaceAll('|', '\\|'));
    expect({ file, gone: names.filter((name) => !there.includes(name)) }).toEqual({ file, gone: [] });
    expect(names.filter((name) => !name.split(/\W+/).includes(id))).toEqual([]);
  }
});

test('no test claims a line that the matrix does not have', () => {
  const claimed = TEST_FILES.flatMap((file) => namesIn(file).flatMap((name) => name.match(ID) ?? []));
  // « C01 » to « C07 » are the letters and mails of the requirements too.
  expect([...new Set(claimed)].filter((id) => !IDS.includes(id))).toEqual([]);
});
