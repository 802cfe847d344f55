import { pipeline, Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import type { Deps } from '../../deps.ts';
import type { List } from './types.ts';
import { CSV_COLUMNS, longLevel, shownPassword } from './words.ts';

/**
 * The list for spreadsheets set to French: UTF-8 with a mark, semicolons, CRLF, quotes only where a
 * value needs them. A name that begins with an apostrophe is written as it is. What a spreadsheet would take for a
 * formula (a value that begins with = + - @, a tab or their wide forms; no identifier and no password does) gets an
 * apostrophe before it: the only case in which a datum is changed.
 */
export function csvStream(deps: Pick<Deps, 'sealer'>, list: List): Readable {
  const lines = stringify({
    header: true,
    columns: CSV_COLUMNS,
    bom: true,
    delimiter: ';',
    record_delimiter: '\r\n',
    escape_formulas: true,
    quoted_match: /[\r\n]/,
  });
  // Whoever reads the lines hears of what fails.
  return pipeline(Readable.from(recordsOf(deps, list)), lines, () => {});
}

function* recordsOf(deps: Pick<Deps, 'sealer'>, { school, rows }: List): Generator<string[]> {
  for (const row of rows) {
    const { pupilFamilyName, pupilGivenName, classLabel, familyName, givenName, identifier } = row;
    yield [
      school.uai,
      school.name,
      pupilFamilyName,
      pupilGivenName,
      longLevel(row),
      classLabel ?? '',
      familyName,
      givenName,
      identifier,
      shownPassword(deps, row),
    ];
  }
}
