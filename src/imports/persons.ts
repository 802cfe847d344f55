import { availableParallelism } from 'node:os';
import { createKnownSpace, type KnownRecords, type KnownSpace } from './known-records.ts';
import { dropRepeatsOfUnchanged, type Kind, keepUnchanged, loadKnownRecords } from './known-records-store.ts';
import type { KnownSchool } from './known-store.ts';
import { type FileRead, readFile } from './read.ts';
import type { PartRead } from './reader-thread.ts';
import { keyOf, type Reading } from './reading.ts';
import { startThread, type Thread } from './threads.ts';
import type { FeedFile, ImportDeps, Sizes } from './types.ts';
import type { Writer } from './writer.ts';

export type Reader = {
  deps: ImportDeps;
  runId: number;
  reading: Reading;
  known: readonly KnownSchool[];
  writer: Writer;
  begun(file: FeedFile): void;
  ended(file: FeedFile, read: FileRead): void;
  threadsFrom: Sizes['threadsFrom'];
};

/** The database is at work meanwhile, and each thread takes its memory. */
const MOST_THREADS = 3;

/** The files of guardians or of pupils of one base: ids are unique in it, so no two parts have one in common. */
type Part = {
  kind: Kind;
  academyCode: string;
  degree: FeedFile['degree'];
  delta: boolean;
  size: number;
  files: FeedFile[];
};

/** Reads the files of persons, part by part: in threads when there is much to read. */
export async function readPersons(reader: Reader, files: readonly FeedFile[]): Promise<void> {
  const parts = partsOf(files);
  // Changes are looked up in the database as they are read, and are few.
  const whole = parts.filter(({ delta }) => !delta);
  const size = whole.reduce((sum, part) => sum + part.size, 0);
  const threaded = size >= reader.threadsFrom ? whole : [];
  const space = createKnownSpace();
  for (const part of parts) if (!threaded.includes(part)) await readHere(reader, part, space);
  if (threaded.length > 0) await readInThreads(reader, threaded);
}

function partsOf(files: readonly FeedFile[]): Part[] {
  const parts = new Map<string, Part>();
  for (const file of files) {
    const { type, degree, delta } = file;
    const academyCode = file.academyCode as string;
    const key = `${type}|${academyCode}|${degree}`;
    const kind = type === 'Eleve' ? 'pupils' : 'guardian_references';
    const part = parts.get(key) ?? { kind, academyCode, degree, delta, size: 0, files: [] };
    parts.set(key, part);
    part.files.push(file);
    part.size += file.size;
  }
  return [...parts.values()];
}

async function readHere(reader: Reader, part: Part, space: KnownSpace): Promise<void> {
  const { reading, writer } = reader;
  const known = await knownOf(reader, part, space);
  for (const file of part.files) {
    reader.begun(file);
    reader.ended(file, await readFile(reading, file, known, writer));
  }
  await writer.store();
  await writer.settled();
  await settleUnchanged(reader, part, known);
}

/** The largest parts first. What is reported is in the order of the files all the same. */
async function readInThreads(reader: Reader, parts: readonly Part[]): Promise<void> {
  const { reading } = reader;
  const { runId, today, extraPrefixes } = reading;
  const count = Math.min(Math.max(2, availableParallelism()), MOST_THREADS, parts.length);
  const threads = Array.from({ length: count }, () => startThread({ runId, today, extraPrefixes }));
  const queue = [...parts].sort((a, b) => b.size - a.size);
  const done = new Map<Part, PartRead>();
  const stopAll = () => Promise.all(threads.map((thread) => thread.stop()));
  const work = async (thread: Thread) => {
    const space = createKnownSpace();
    for (let part = queue.shift(); part; part = queue.shift()) {
      done.set(part, await readInThread(reader, thread, part, space));
    }
  };
  // The first failure is the one that tells; the others are those of threads that were stopped for it.
  const failures: unknown[] = [];
  const loops = threads.map((thread) =>
    work(thread).catch((error) => {
      failures.push(error);
      queue.length = 0;
      return stopAll();
    }),
  );
  // All must have ended before the caller clears what they wrote.
  await Promise.all(loops);
  await stopAll();
  if (failures.length > 0) throw failures[0];
  for (const part of parts) mergePart(reader, part, done.get(part) as PartRead);
}

async function readInThread(
  reader: Reader,
  thread: Thread,
  part: Part,
  space: KnownSpace,
): Promise<PartRead> {
  const known = await knownOf(reader, part, space);
  const whole = { files: part.files, known, ...placesOf(reader.reading, part) };
  const read = await thread.read(whole, {
    begun: (no) => reader.begun(reader.reading.files[no] as FeedFile),
    alive: reader.writer.alive,
    batch: reader.writer.write,
  });
  await settleUnchanged(reader, part, known);
  return read;
}

/** What the records of a part refer to. */
function placesOf({ schools, labels }: Reading, { kind, academyCode, degree }: Part) {
  if (kind !== 'pupils') return { schools: [], labels: new Map<string, string>() };
  return {
    schools: schools.filter((school) => school.academyCode === academyCode && school.degree === degree),
    labels: new Map([...labels].filter(([key]) => key.startsWith(`${academyCode}|`))),
  };
}

function mergePart({ reading, ended }: Reader, part: Part, { files, read, refusals, refused }: PartRead) {
  for (const [index, file] of part.files.entries()) ended(file, files[index] as FileRead);
  reading.read.pupils += read.pupils;
  reading.read.guardians += read.guardians;
  for (const refusal of refusals.kept) reading.refusals.add(refusal);
  reading.refusals.count(refusals.total - refusals.kept.length);
  for (const school of reading.schools) school.refused += refused.get(school.no) ?? 0;
}

/** A file of changes has nothing that is as it was. */
async function knownOf(reader: Reader, part: Part, space: KnownSpace): Promise<KnownRecords | null> {
  if (part.delta) return null;
  const { reading, known, deps, writer } = reader;
  const schoolNos = new Map(
    known.flatMap(({ id, academyCode, degree, sourceId }) => {
      const school = reading.schoolsByKey.get(keyOf(academyCode, degree, sourceId));
      return school ? [[id, school.no]] : [];
    }),
  );
  return loadKnownRecords(deps.jobsDb, part.kind, part, schoolNos, space, writer.alive);
}

async function settleUnchanged(
  { deps, runId, reading, writer }: Reader,
  part: Part,
  known: KnownRecords | null,
): Promise<void> {
  if (!known || known.size === 0) return;
  const repeated = await dropRepeatsOfUnchanged(deps.jobsDb, runId, part.kind, part, known, writer.alive);
  for (const { sourceId, fileNo, same, repeats } of repeated) {
    const refused = repeats + (same ? 0 : 1);
    if (refused === 0) continue;
    const file = reading.files[fileNo]?.name ?? '';
    reading.refusals.add({ file, record: sourceId, reason: 'this id has been read before' });
    reading.refusals.count(refused - 1);
  }
  if (part.kind === 'pupils') await keepUnchanged(deps.jobsDb, runId, known, writer.alive);
}
