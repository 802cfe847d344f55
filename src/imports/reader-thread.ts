import { randomBytes } from 'node:crypto';
import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { KnownRecords } from './known-records.ts';
import { openFile } from './open-file.ts';
import { type FileRead, readFile } from './read.ts';
import { type Batch, createReading, keyOf, type ReadCounts, takeBatches } from './reading.ts';
import { FeedError, type FeedFile, type Refusal, type StagedSchool } from './types.ts';

/**
 * A thread that reads files of persons: bytes in, statements out. It knows neither the database nor the clock.
 */
export type ThreadData = { runId: number; today: string; extraPrefixes: readonly string[] };
/** The schools and labels of its base, which were read before, come with each part: no thread holds a nation's. */
export type PartToRead = {
  files: Omit<FeedFile, 'open'>[];
  known: KnownRecords | null;
  schools: readonly StagedSchool[];
  labels: ReadonlyMap<string, string>;
};
/** Files of one part, to be read one after the other; or: a batch has been written. */
export type ToThread = { kind: 'part'; part: PartToRead } | { kind: 'written' };
export type PartRead = {
  files: FileRead[];
  read: ReadCounts;
  refusals: { kept: Refusal[]; total: number };
  /** Records that were refused, by number of the school. */
  refused: Map<number, number>;
};
export type FromThread =
  | { kind: 'begun'; no: number }
  /** Some more has been read, whether or not anything of it is to be written. */
  | { kind: 'alive' }
  | { kind: 'batch'; batch: Batch }
  | { kind: 'done'; part: PartRead }
  | { kind: 'failed'; file: string; message: string; ours: boolean };

/** Batches that may wait to be written before the thread does. */
const AHEAD = 3;

/** Whoever signs in meanwhile goes first. On Linux it is the priority of this thread alone. */
const NICE = 10;
if (process.platform === 'linux') setPriority(Math.max(getPriority(), NICE));

const port = parentPort as NonNullable<typeof parentPort>;
const settings = workerData as ThreadData;
const say = (message: FromThread) => port.postMessage(message);
let ahead = 0;
let wake = () => {};

port.on('message', (message: ToThread) => {
  if (message.kind === 'written') {
    ahead -= 1;
    wake();
    return;
  }
  readPart(message.part).then(
    (part) => say({ kind: 'done', part }),
    (error: Error) => {
      const file = error instanceof FeedError ? error.file : '';
      say({ kind: 'failed', file, message: error.message, ours: !(error instanceof FeedError) });
    },
  );
});

async function readPart({ files, known, schools, labels }: PartToRead): Promise<PartRead> {
  const random = { bytes: (size: number) => randomBytes(size) };
  const reading = createReading({ ...settings, random, files: [], notes: [] });
  for (const one of schools) {
    const school = { ...one, refused: 0 };
    reading.schools.push(school);
    reading.schoolsByKey.set(keyOf(one.academyCode, one.degree, one.sourceId), school);
  }
  for (const [key, label] of labels) reading.labels.set(key, label);
  const store = async () => {
    for (const batch of takeBatches(reading)) {
      say({ kind: 'batch', batch });
      ahead += 1;
      while (ahead >= AHEAD) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  };
  const read: FileRead[] = [];
  for (const file of files) {
    say({ kind: 'begun', no: file.no });
    const alive = async () => say({ kind: 'alive' });
    read.push(await readFile(reading, { ...file, open: () => openFile(file.path) }, known, { store, alive }));
  }
  const refused = reading.schools.filter((school) => school.refused > 0);
  return {
    files: read,
    read: reading.read,
    refusals: { kept: reading.refusals.kept, total: reading.refusals.total },
    refused: new Map(refused.map((school) => [school.no, school.refused])),
  };
}
