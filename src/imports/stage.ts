import { textChunks } from './decode.ts';
import { listFeed } from './folder.ts';
import { createRecordReader } from './parse.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import { insertStaged, type StagedTable } from './staging-store.ts';
import { type Reading, takeRecord } from './take.ts';
import { FeedError, type FeedFile, type ImportDeps, type Progress, type StagedSchool } from './types.ts';

const BATCH = 1000;
export type StagedFeed = {
  schools: StagedSchool[];
  files: FeedFile[];
  read: { schools: number; pupils: number; guardians: number };
  refusals: Refusals;
  notes: string[];
};
/**
 * Reads a folder whole into the staging tables; schools and labels stay in memory, persons never do.
 * @param alive called after each batch: prolongs the lease
 * @throws FeedError when the feed cannot be believed; nothing of it reached a live table then
 */
export async function stageFeed(
  deps: ImportDeps,
  runId: number,
  folder: string,
  progress: Progress,
  alive: () => Promise<void>,
): Promise<StagedFeed> {
  const { files, notes } = await listFeed(folder);
  const reading: Reading = {
    extraPrefixes: deps.config.PHONE_EXTRA_MOBILE_PREFIXES,
    random: deps.random,
    bytes: Buffer.alloc(0),
    files,
    notes,
    schools: [],
    read: { schools: 0, pupils: 0, guardians: 0 },
    refusals: createRefusals(),
    today: deps.clock.now().toISOString().slice(0, 10),
    schoolsByKey: new Map(),
    uais: new Set(),
    labels: new Map(),
    buffers: { staged_pupils: [], staged_guardians: [] },
  };
  const writer = createWriter(deps, runId, reading, alive);
  for (const [index, file] of files.entries()) {
    progress({ step: 'read', file: file.name, done: index, of: files.length });
    await readFile(reading, file, writer.store);
  }
  await writer.end();
  if (reading.schools.length === 0) throw new FeedError('', 'no school of this feed could be read');
  return reading;
}

async function readFile(reading: Reading, file: FeedFile, store: () => Promise<void>): Promise<void> {
  const known = file.type === 'EtabEducNat' ? file : { ...file, academyCode: academyOf(reading, file) };
  const reader = createRecordReader(file.name, (record) => takeRecord(reading, known, record));
  for await (const text of textChunks(file.path, file.name)) {
    reader.write(text);
    if (Math.max(reading.buffers.staged_pupils.length, reading.buffers.staged_guardians.length) >= BATCH) {
      await store();
    }
  }
  reader.close();
  await store();
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
      const pupils = reading.buffers.staged_pupils.splice(0);
      const guardians = reading.buffers.staged_guardians.splice(0);
      writing = write('staged_pupils', pupils).then(() => write('staged_guardians', guardians));
      // Whoever awaits it next hears of a failure; until then it must not end the process.
      writing.catch(() => {});
    },
    end: () => writing,
  };
}
