import { createHash } from 'node:crypto';
import type { KnownRecords } from './known-records.ts';
import type { Reading } from './reading.ts';
import { createBytesReader } from './record-reader.ts';
import { STAGED_TABLES } from './staging-rows.ts';
import { countRecord, takeRecord } from './take.ts';
import type { FeedFile } from './types.ts';

const BATCH = 1000;
/**
 * Raise it whenever `dialects.ts`, `check.ts` or what they call gives other columns for the same record: it makes
 * each known record be read anew once.
 */
const RULES = 1;

/** SHA-256 of the contents in hexadecimal, and how many records there were. */
export type FileRead = { sum: string; records: number };

/**
 * Reads a file of one base into the buffers.
 * @param file with its académie, where it is not the file of the schools
 * @param known records that may be passed over, of whole feeds only
 * @param on `store` whenever the buffers hold a batch, and at the end; `alive` after each piece
 * @throws FeedError
 */
export async function readFile(
  reading: Reading,
  file: FeedFile,
  known: KnownRecords | null,
  { store, alive }: { store(): Promise<void>; alive(): Promise<void> },
): Promise<FileRead> {
  const hash = createHash('sha256');
  let records = 0;
  const reader = createBytesReader(file.name, known, rulesOf(reading, file), {
    record(record) {
      records += 1;
      takeRecord(reading, file, record);
    },
    unchanged() {
      records += 1;
      countRecord(reading, file);
    },
  });
  for await (const bytes of file.open()) {
    hash.update(bytes);
    reader.write(bytes as Buffer);
    // Of a feed that says what is known nothing is stored.
    await alive();
    if (waiting(reading) >= BATCH) await store();
  }
  reader.close();
  await store();
  return { sum: hash.digest('hex'), records };
}

function waiting({ buffers, changes }: Reading): number {
  return Math.max(...STAGED_TABLES.map((table) => buffers[table].length), changes.length);
}

/** What the columns of a record follow from besides its bytes, and the base that is known by the row. */
function rulesOf({ extraPrefixes, labels }: Reading, file: FeedFile): (string | number)[] | null {
  if (file.type !== 'Eleve' && file.type !== 'PersRelEleve') return null;
  const own = `${file.academyCode}|`;
  const used = file.type === 'Eleve' ? [...labels].filter(([key]) => key.startsWith(own)) : [];
  return [RULES, file.type, file.degree, ...extraPrefixes, ...used.map((label) => label.join('=')).sort()];
}
