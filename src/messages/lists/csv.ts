import { pipeline, Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import type { Deps } from '../../deps.ts';
import { FRENCH_CSV } from '../../files/csv.ts';
import type { List } from './types.ts';
import { CSV_COLUMNS, longLevel, PUPIL_CSV_COLUMNS, shownPassword } from './words.ts';

/**
 * The list for spreadsheets. A name that begins with an apostrophe is written as it is; no identifier
 * and no password looks like a formula, so that none is changed.
 */
export function csvStream(deps: Pick<Deps, 'sealer'>, list: List): Readable {
  const lines = stringify({
    header: true,
    columns: list.of === 'pupil' ? PUPIL_CSV_COLUMNS : CSV_COLUMNS,
    ...FRENCH_CSV,
  });
  // Whoever reads the lines hears of what fails.
  return pipeline(Readable.from(recordsOf(deps, list)), lines, () => {});
}

function* recordsOf(deps: Pick<Deps, 'sealer'>, { of, school, rows }: List): Generator<string[]> {
  for (const row of rows) {
    const { pupilFamilyName, pupilGivenName, classLabel, familyName, givenName, identifier } = row;
    yield [
      school.uai,
      school.name,
      pupilFamilyName,
      pupilGivenName,
      of === 'pupil' ? (row.mef ?? '') : longLevel(row),
      classLabel ?? '',
      ...(of === 'pupil' ? [] : [familyName, givenName]),
      identifier,
      shownPassword(deps, row),
    ];
  }
}
