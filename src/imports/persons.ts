import type { KnownRecords } from './known-records.ts';
import { dropRepeatsOfUnchanged, type Kind, keepUnchanged, loadKnownRecords } from './known-records-store.ts';
import type { KnownSchool } from './known-store.ts';
import { type FileRead, readFile } from './read.ts';
import { keyOf, type Reading } from './reading.ts';
import type { FeedFile, ImportDeps } from './types.ts';
import type { Writer } from './writer.ts';

export type Reader = {
  deps: ImportDeps;
  runId: number;
  reading: Reading;
  known: readonly KnownSchool[];
  writer: Writer;
  begun(file: FeedFile): void;
  ended(file: FeedFile, read: FileRead): void;
};

/** The files of guardians or of pupils of one base: ids are unique in it, so no two of these meet. */
type Part = {
  kind: Kind;
  academyCode: string;
  degree: FeedFile['degree'];
  delta: boolean;
  files: FeedFile[];
};

/** Reads the files of persons, part by part. */
export async function readPersons(reader: Reader, files: readonly FeedFile[]): Promise<void> {
  for (const part of partsOf(files)) await readPart(reader, part);
}

function partsOf(files: readonly FeedFile[]): Part[] {
  const parts = new Map<string, Part>();
  for (const file of files) {
    const { type, degree, delta } = file;
    const academyCode = file.academyCode as string;
    const key = `${type}|${academyCode}|${degree}`;
    const kind = type === 'Eleve' ? 'pupils' : 'guardian_references';
    const part = parts.get(key) ?? { kind, academyCode, degree, delta, files: [] };
    parts.set(key, part);
    part.files.push(file);
  }
  return [...parts.values()];
}

async function readPart(reader: Reader, part: Part): Promise<void> {
  const { deps, reading, writer } = reader;
  // A file of changes has nothing that is as it was.
  const known = part.delta ? null : await loadKnownRecords(deps.jobsDb, part.kind, part, schoolNos(reader));
  for (const file of part.files) {
    reader.begun(file);
    reader.ended(file, await readFile(reading, file, known, writer.store));
  }
  if (known && known.size > 0) await settleUnchanged(reader, part, known);
}

/** Numbers in the feed by the ids of known schools. */
function schoolNos({ reading, known }: Reader): Map<number, number> {
  return new Map(
    known.flatMap(({ id, academyCode, degree, sourceId }) => {
      const school = reading.schoolsByKey.get(keyOf(academyCode, degree, sourceId));
      return school ? [[id, school.no]] : [];
    }),
  );
}

async function settleUnchanged(
  { deps, runId, reading, writer }: Reader,
  part: Part,
  known: KnownRecords,
): Promise<void> {
  await writer.store();
  await writer.settled();
  const repeated = await dropRepeatsOfUnchanged(deps.jobsDb, runId, part.kind, part, known);
  for (const { sourceId, fileNo, same } of repeated) {
    if (same) continue;
    const file = reading.files[fileNo]?.name ?? '';
    reading.refusals.add({ file, record: sourceId, reason: 'this id has been read before' });
  }
  if (part.kind === 'pupils') await keepUnchanged(deps.jobsDb, runId, known);
}
