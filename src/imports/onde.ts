import { parse } from 'csv-parse';
import { readBirthDate } from './check.ts';
import { textChunks } from './decode.ts';
import { type Known, type KnownSchool, knownFamilies, knownGuardians, knownPupils } from './known-store.ts';
import { addSchool, type Reading } from './reading.ts';
import { refuse, stageGuardian, stagePupil } from './take.ts';
import {
  FeedError,
  type FeedFile,
  type ImportDeps,
  type RawGuardian,
  type RawPupil,
  type Source,
} from './types.ts';

/**
 * ONDE's extractions (integration.md 2.7), what a director can export himself when the feed fails. They have no ids
 * and no mention of legal responsibility: a line that fits exactly one known person of the school brings him up to
 * date, the others are reported. Nobody is created, linked or removed by them.
 */
const MAX_ROWS = 20_000;
const UAI = /(?<![0-9A-Z])\d{7}[A-Z](?![0-9A-Z])/i;

type Row = { line: number; one(...headers: string[]): string; all(header: string): string[] };
type Table = { kind: 'pupils' | 'guardians'; rows: Row[] };

/** @throws FeedError when the file is no extraction, or does not say of which school it is */
export async function takeTable(
  deps: ImportDeps,
  reading: Reading,
  source: Source,
  schools: readonly KnownSchool[],
): Promise<{ academyCode: string }> {
  const table = await readTable(source);
  const uai = UAI.exec(source.name)?.[0].toUpperCase();
  const school = schools.find((one) => one.uai === uai && one.degree === 1);
  if (uai === undefined) {
    throw new FeedError(source.name, 'it does not say of which school it is: name its folder by the UAI');
  }
  if (!school) throw new FeedError(source.name, `the school ${uai} is not known in the 1st degree`);
  const file: FeedFile = {
    ...source,
    no: reading.files.length,
    type: table.kind === 'pupils' ? 'Eleve' : 'PersRelEleve',
    degree: 1,
    academyCode: school.academyCode,
    delta: true,
    exportedOn: null,
    records: null,
  };
  reading.files.push(file);
  const { id, ...columns } = school;
  addSchool(reading, { ...columns, digest: school.digest ?? '', listed: false, refused: 0 });
  const known = await knownFamilies(deps.jobsDb, id);
  if (table.kind === 'pupils') await takePupils(deps, reading, file, table.rows, known);
  else await takeGuardians(deps, reading, file, table.rows, known);
  return { academyCode: school.academyCode };
}

async function readTable(source: Source): Promise<Table> {
  const parser = parse({
    delimiter: ';',
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: 100_000,
  });
  const feeding = (async () => {
    for await (const text of textChunks(source.open(), source.name, 'iso-8859-15')) parser.write(text);
    parser.end();
  })();
  feeding.catch((error: Error) => parser.destroy(error));
  const rows: Row[] = [];
  let headers: string[] | undefined;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      if (!headers) headers = cells.map(plain);
      else rows.push(rowOf(rows.length + 2, headers, cells));
      if (rows.length > MAX_ROWS) throw new FeedError(source.name, `it has more than ${MAX_ROWS} lines`);
    }
    await feeding;
  } catch (error) {
    if (error instanceof FeedError) throw error;
    throw new FeedError(source.name, `it is no table: ${(error as Error).message}`);
  }
  if (headers?.includes('prenom responsable')) return { kind: 'guardians', rows };
  if (headers?.includes('prenom eleve')) return { kind: 'pupils', rows };
  throw new FeedError(source.name, 'its columns are not those of an extraction of pupils or guardians');
}

function rowOf(line: number, headers: readonly string[], cells: readonly string[]): Row {
  const all = (header: string) =>
    headers.flatMap((name, index) => (name === header ? [cells[index] ?? ''] : []));
  return {
    line,
    all,
    one: (...names) => names.map((name) => all(name)[0] ?? '').find((value) => value !== '') ?? '',
  };
}

/** A text to compare: no case, accents, apostrophes, hyphens, double spaces. */
function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

const nameOf = (family: string, given: string) => `${plain(family)}|${plain(given)}`;

async function takePupils(
  deps: ImportDeps,
  reading: Reading,
  file: FeedFile,
  rows: readonly Row[],
  known: Known[],
) {
  const matched = new Map<string, Row>();
  for (const row of rows) {
    reading.read.pupils += 1;
    const given = row.one('prenom eleve');
    const born = readBirthDate(row.one('date naissance'), reading.today);
    const names = [...row.all('nom eleve'), ...row.all('nom d usage eleve')].map((name) =>
      nameOf(name, given),
    );
    const ine = row.one('ine').toUpperCase();
    const found = new Set(
      known
        .filter(({ pupil }) => names.includes(nameOf(pupil.familyName, pupil.givenName)))
        .filter(({ pupil }) => born.ok && born.value !== null && pupil.birthDate === born.value)
        .filter(({ pupil }) => ine === '' || pupil.ine === null || pupil.ine === ine)
        .map(({ pupil }) => pupil.sourceId),
    );
    takeMatch(reading, file, row, found, matched, 'pupil');
  }
  const pupils = await knownPupils(deps.jobsDb, baseOf(file), [...matched.keys()]);
  for (const [id, raw] of pupils) {
    const reason = stagePupil(reading, file, id, renewedPupil(raw, matched.get(id) as Row));
    if (reason !== null) refuse(reading, file, `line ${matched.get(id)?.line}`, reason);
  }
}

/** A class is taken when the school has one of that name, by its code there. */
function renewedPupil(raw: RawPupil, row: Row): RawPupil {
  const label = row.one('libelle classe');
  const code = row.one('identifiant classe') || label;
  const same = raw.className !== undefined && plain(raw.className.label) === plain(label);
  return {
    ...raw,
    ine: raw.ine ?? (row.one('ine') || undefined),
    level: row.one('niveau') || raw.level,
    cycle: row.one('cycle') || raw.cycle,
    className: label === '' || same ? raw.className : { code, label },
  };
}

async function takeGuardians(
  deps: ImportDeps,
  reading: Reading,
  file: FeedFile,
  rows: readonly Row[],
  known: Known[],
) {
  const matched = new Map<string, Row>();
  for (const row of rows) {
    reading.read.guardians += 1;
    const given = row.one('prenom responsable');
    const names = [...row.all('nom usage responsable'), ...row.all('nom responsable')].map((name) =>
      nameOf(name, given),
    );
    const families = [row.all('nom d usage enfant'), row.all('nom de famille enfant')];
    const children = row
      .all('prenom enfant')
      .flatMap((child, index) => families.map((list) => nameOf(list[index] ?? '', child)));
    const found = new Set(
      known
        .filter(({ guardian }) =>
          [guardian?.familyName, guardian?.birthName].some(
            (name) => name && guardian && names.includes(nameOf(name, guardian.givenName)),
          ),
        )
        .filter(({ pupil }) => children.includes(nameOf(pupil.familyName, pupil.givenName)))
        .flatMap(({ guardian }) => (guardian ? [guardian.sourceId] : [])),
    );
    takeMatch(reading, file, row, found, matched, 'guardian');
  }
  const guardians = await knownGuardians(deps.jobsDb, baseOf(file), [...matched.keys()]);
  for (const [id, raw] of guardians) {
    const reason = stageGuardian(reading, file, id, renewedGuardian(raw, matched.get(id) as Row));
    if (reason !== null) refuse(reading, file, `line ${matched.get(id)?.line}`, reason);
  }
}

/** What the extraction leaves empty stays as it is known: an empty cell is no deletion here. */
function renewedGuardian(raw: RawGuardian, row: Row): RawGuardian {
  const mobile = row.one('telephone portable');
  const address = row.one('adresse responsable');
  return {
    ...raw,
    mobiles: mobile === '' ? raw.mobiles : [mobile],
    email: row.one('courriel') || raw.email,
    ...(address === ''
      ? {}
      : { address, postalCode: row.one('cp responsable'), town: row.one('commune responsable') }),
  };
}

/** Exactly one person, and only one line for him; whoever has two is left as he is. */
function takeMatch(
  reading: Reading,
  file: FeedFile,
  row: Row,
  found: ReadonlySet<string>,
  matched: Map<string, Row>,
  what: string,
): void {
  const [id] = found;
  const where = `line ${row.line}`;
  if (id === undefined) refuse(reading, file, where, `no known ${what} of this school fits it`);
  else if (found.size > 1) refuse(reading, file, where, `${found.size} known ${what}s of this school fit it`);
  else if (matched.has(id))
    refuse(reading, file, where, `line ${matched.get(id)?.line} fits the same ${what}`);
  else matched.set(id, row);
}

function baseOf(file: FeedFile) {
  return { academyCode: file.academyCode as string, degree: file.degree };
}
