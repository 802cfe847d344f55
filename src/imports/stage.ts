import { createHash } from 'node:crypto';
import { createBases, type FeedBase } from './bases.ts';
import { listFeed } from './folder.ts';
import { type KnownSchool, knownSchools } from './known-store.ts';
import { takeTable } from './onde.ts';
import { readPersons } from './persons.ts';
import { type FileRead, readFile } from './read.ts';
import { addSchool, createReading, type ReadCounts, type Reading } from './reading.ts';
import type { Refusals } from './refusals.ts';
import {
  FeedError,
  type FeedFile,
  type ImportDeps,
  type Progress,
  type Source,
  type StagedSchool,
} from './types.ts';
import { createWriter } from './writer.ts';

export type StagedFeed = {
  schools: StagedSchool[];
  known: KnownSchool[];
  bases: FeedBase[];
  files: FeedFile[];
  read: ReadCounts;
  refusals: Refusals;
  notes: string[];
  /** Records that were read, where a number of them is announced. */
  counted: { file: string; said: number; read: number }[];
  /** SHA-256 over the contents of all files. */
  digest: string;
};

/**
 * Reads a folder whole into the staging tables; schools and labels stay in memory, persons never do.
 * @param scratch an empty private folder, for what archives hold
 * @param threadsFrom bytes from which on threads read
 * @param alive called after each batch: prolongs the lease
 * @throws FeedError when the feed cannot be believed; nothing of it reached a live table then
 */
export async function stageFeed(
  deps: ImportDeps,
  runId: number,
  { folder, scratch, threadsFrom }: { folder: string; scratch: string; threadsFrom: number },
  progress: Progress,
  alive: () => Promise<void>,
): Promise<StagedFeed> {
  const feed = await listFeed(folder, scratch);
  const known = await knownSchools(deps.jobsDb);
  const reading = createReading({
    runId,
    extraPrefixes: deps.config.PHONE_EXTRA_MOBILE_PREFIXES,
    random: deps.random,
    files: [...feed.files],
    notes: feed.notes,
    today: deps.clock.now().toISOString().slice(0, 10),
  });
  addKnownSchools(reading, known);
  const writer = createWriter(deps, runId, reading, alive);
  const bases = createBases();
  const counted: StagedFeed['counted'] = [];
  const contents: string[] = [];
  const begun = (file: FeedFile) =>
    progress({ step: 'read', file: file.name, done: file.no, of: feed.files.length });
  const ended = (file: FeedFile, { sum, records }: FileRead) => {
    if (feed.sums.has(file.name) && feed.sums.get(file.name) !== sum) {
      throw new FeedError(file.name, 'its contents are not those of its SHA-256 sum');
    }
    if (file.records !== null) counted.push({ file: file.name, said: file.records, read: records });
    contents.push(`${sum} ${file.type} ${file.degree}`);
  };
  const persons: FeedFile[] = [];
  for (const file of feed.files) {
    // Schools and labels come first: the persons refer to them.
    const own = file.type === 'EtabEducNat' ? file : { ...file, academyCode: academyOf(reading, file) };
    bases.add(own);
    if (own.type === 'Eleve' || own.type === 'PersRelEleve') persons.push(own);
    else {
      begun(own);
      ended(own, await readFile(reading, own, null, writer));
    }
  }
  await readPersons({ deps, runId, reading, known, writer, begun, ended, threadsFrom }, persons);
  for (const table of feed.tables) {
    progress({ step: 'read', file: table.name, done: feed.files.length, of: feed.files.length });
    const { academyCode } = await takeTable(deps, reading, table, known);
    bases.add({ ...(reading.files.at(-1) as FeedFile), academyCode });
    contents.push(`${await sumOf(table)} csv`);
    await writer.store();
  }
  await writer.end();
  if (reading.schools.length === 0) throw new FeedError('', 'no school of this feed could be read');
  const digest = createHash('sha256').update(contents.sort().join('\n')).digest('base64url');
  return { ...reading, known, bases: bases.all(), counted, digest };
}

/** A file of changes names schools without listing them: they are those known. */
function addKnownSchools(reading: Reading, known: readonly KnownSchool[]): void {
  const wholly = new Set(reading.files.filter(({ delta }) => !delta).map(({ degree }) => degree));
  const deltas = reading.files.filter(({ delta }) => delta);
  for (const { id: _, ...school } of known) {
    const spoken = deltas.some(
      (file) =>
        file.degree === school.degree &&
        (file.academyCode === school.academyCode || (file.academyCode === null && !wholly.has(file.degree))),
    );
    if (spoken) addSchool(reading, { ...school, digest: school.digest ?? '', listed: false, refused: 0 });
  }
}

async function sumOf(source: Source): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of source.open()) hash.update(bytes);
  return hash.digest('hex');
}

/** Files that do not name their académie are of that of the schools beside them. */
function academyOf({ schools, files }: Reading, file: FeedFile): string {
  if (file.academyCode !== null) return file.academyCode;
  const beside = files.some((other) => other.folder !== file.folder && other.degree === file.degree);
  const codes = new Set(
    schools.filter(({ degree }) => degree === file.degree).map((school) => school.academyCode),
  );
  const [code] = codes;
  if (codes.size === 1 && !beside && code !== undefined) return code;
  throw new FeedError(file.name, 'it does not say of which académie it is');
}
