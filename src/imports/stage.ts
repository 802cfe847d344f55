import { createHash } from 'node:crypto';
import { changedGuardian, changedPupil } from './changes.ts';
import { textChunks } from './decode.ts';
import { type Feed, listFeed } from './folder.ts';
import { type KnownSchool, knownGuardians, knownPupils, knownSchools } from './known-store.ts';
import { takeTable } from './onde.ts';
import { createRecordReader } from './parse.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import { insertStaged, type StagedTable } from './staging-store.ts';
import {
  addSchool,
  type Change,
  type Reading,
  refuse,
  stageGuardian,
  stagePupil,
  takeRecord,
} from './take.ts';
import {
  type Degree,
  FeedError,
  type FeedFile,
  type ImportDeps,
  type Progress,
  type Source,
  type StagedSchool,
} from './types.ts';

const BATCH = 1000;
const TABLES = ['staged_guardians', 'staged_pupils', 'staged_staff'] as const;

/** What a feed speaks for: all pupils of an académie and degree, or (delta) the changes among them. */
export type FeedBase = {
  academyCode: string;
  degree: Degree;
  delta: boolean;
  exportedOn: string | null;
  staff: boolean;
};
export type StagedFeed = {
  schools: StagedSchool[];
  known: KnownSchool[];
  bases: FeedBase[];
  files: FeedFile[];
  read: { schools: number; pupils: number; guardians: number; staff: number };
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
 * @param alive called after each batch: prolongs the lease
 * @throws FeedError when the feed cannot be believed; nothing of it reached a live table then
 */
export async function stageFeed(
  deps: ImportDeps,
  runId: number,
  { folder, scratch }: { folder: string; scratch: string },
  progress: Progress,
  alive: () => Promise<void>,
): Promise<StagedFeed> {
  const feed = await listFeed(folder, scratch);
  const known = await knownSchools(deps.jobsDb);
  const reading = createReading(deps, feed);
  addKnownSchools(reading, known);
  const writer = createWriter(deps, runId, reading, alive);
  const bases = new Map<string, FeedBase>();
  const counted: StagedFeed['counted'] = [];
  const contents: string[] = [];
  for (const [index, file] of feed.files.entries()) {
    progress({ step: 'read', file: file.name, done: index, of: feed.files.length });
    const { sum, records } = await readFile(reading, file, bases, writer.store);
    if (feed.sums.has(file.name) && feed.sums.get(file.name) !== sum) {
      throw new FeedError(file.name, 'its contents are not those of its SHA-256 sum');
    }
    if (file.records !== null) counted.push({ file: file.name, said: file.records, read: records });
    contents.push(`${sum} ${file.type} ${file.degree}`);
  }
  for (const table of feed.tables) {
    progress({ step: 'read', file: table.name, done: feed.files.length, of: feed.files.length });
    const { academyCode } = await takeTable(deps, reading, table, known);
    const file = reading.files.at(-1) as FeedFile;
    takeBase(bases, { ...file, academyCode });
    contents.push(`${await sumOf(table)} csv`);
    await writer.store();
  }
  await writer.end();
  if (reading.schools.length === 0) throw new FeedError('', 'no school of this feed could be read');
  const digest = createHash('sha256').update(contents.sort().join('\n')).digest('base64url');
  return { ...reading, known, bases: [...bases.values()], counted, digest };
}

function createReading(deps: ImportDeps, { files, notes }: Feed): Reading {
  return {
    extraPrefixes: deps.config.PHONE_EXTRA_MOBILE_PREFIXES,
    random: deps.random,
    bytes: Buffer.alloc(0),
    files: [...files],
    notes,
    schools: [],
    read: { schools: 0, pupils: 0, guardians: 0, staff: 0 },
    refusals: createRefusals(),
    today: deps.clock.now().toISOString().slice(0, 10),
    schoolsByKey: new Map(),
    uais: new Set(),
    labels: new Map(),
    buffers: { staged_pupils: [], staged_guardians: [], staged_staff: [] },
    changes: [],
  };
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

async function readFile(
  reading: Reading,
  file: FeedFile,
  bases: Map<string, FeedBase>,
  store: () => Promise<void>,
): Promise<{ sum: string; records: number }> {
  const known = file.type === 'EtabEducNat' ? file : { ...file, academyCode: academyOf(reading, file) };
  if (known.academyCode !== null) takeBase(bases, { ...known, academyCode: known.academyCode });
  const hash = createHash('sha256');
  let records = 0;
  const reader = createRecordReader(file.name, (record) => {
    records += 1;
    takeRecord(reading, known, record);
  });
  async function* hashed() {
    for await (const bytes of file.open()) {
      hash.update(bytes);
      yield bytes;
    }
  }
  for await (const text of textChunks(hashed(), file.name)) {
    reader.write(text);
    const { buffers, changes } = reading;
    const waiting = Math.max(...TABLES.map((table) => buffers[table].length), changes.length);
    if (waiting >= BATCH) await store();
  }
  reader.close();
  await store();
  return { sum: hash.digest('hex'), records };
}

async function sumOf(source: Source): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of source.open()) hash.update(bytes);
  return hash.digest('hex');
}

/** @throws FeedError when a base comes both whole and as changes */
function takeBase(bases: Map<string, FeedBase>, file: FeedFile & { academyCode: string }): void {
  const key = `${file.academyCode}|${file.degree}`;
  const { academyCode, degree, delta, exportedOn } = file;
  const base = bases.get(key) ?? { academyCode, degree, delta, exportedOn, staff: false };
  if (base.delta !== delta) {
    throw new FeedError(file.name, `the base ${academyCode}, ${degree}D comes both whole and as changes`);
  }
  if (exportedOn !== null && (base.exportedOn === null || exportedOn < base.exportedOn)) {
    base.exportedOn = exportedOn;
  }
  if (file.type === 'PersEducNat') base.staff = true;
  bases.set(key, base);
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

/** Writes what the buffers hold while the next batch is being read; never more than one batch waits. */
function createWriter(deps: ImportDeps, runId: number, reading: Reading, alive: () => Promise<void>) {
  let writing: Promise<void> = Promise.resolve();
  const write = async (table: StagedTable, rows: Parameters<typeof insertStaged>[3]) => {
    for (const { row, same } of await insertStaged(deps.jobsDb, table, runId, rows)) {
      if (same) continue;
      const file = reading.files[row.file_no]?.name ?? '';
      reading.refusals.add({ file, record: row.source_id, reason: 'this id has been read before' });
    }
  };
  return {
    async store(): Promise<void> {
      await writing;
      await alive();
      await takeChanges(deps, reading, reading.changes.splice(0));
      const taken = TABLES.map((table) => [table, reading.buffers[table].splice(0)] as const);
      writing = (async () => {
        for (const [table, rows] of taken) await write(table, rows);
      })();
      // Whoever awaits it next hears of a failure; until then it must not end the process.
      writing.catch(() => {});
    },
    end: () => writing,
  };
}

/** Makes whole records of modifications: what is known, with what they replace. They come from one file. */
async function takeChanges(deps: ImportDeps, reading: Reading, changes: readonly Change[]): Promise<void> {
  const file = changes[0]?.file;
  if (!file) return;
  const base = { academyCode: file.academyCode as string, degree: file.degree };
  const ids = changes.map(({ id }) => id);
  const pupils = file.type === 'Eleve' ? await knownPupils(deps.jobsDb, base, ids) : new Map();
  const guardians = file.type === 'PersRelEleve' ? await knownGuardians(deps.jobsDb, base, ids) : new Map();
  for (const { id, record } of changes) {
    const pupil = pupils.get(id);
    const guardian = guardians.get(id);
    let reason: string | null = 'it changes somebody who is not known';
    if (pupil) reason = stagePupil(reading, file, id, changedPupil(pupil, record, file.degree));
    if (guardian) reason = stageGuardian(reading, file, id, changedGuardian(guardian, record, file.degree));
    if (reason !== null) refuse(reading, file, id, reason);
  }
}
