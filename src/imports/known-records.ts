import { hash } from 'node:crypto';

/**
 * The records of one kind and base that are known, by the digests of their bytes: a record that is among them says
 * what it said the last time. Typed arrays on shared memory, some 30 bytes a record: the readers are threads.
 */
export type KnownRecords = {
  size: number;
  /** Four words a record. */
  digests: Uint32Array;
  /** Rows of the store. */
  ids: Uint32Array;
  /** Pupils: number of the school in the feed. */
  schoolNos: Uint32Array;
  /** Open addressing by the first word: index of the record plus one, 0 where there is none. */
  slots: Uint32Array;
  /** A bit for each record that the feed has. */
  seen: Uint32Array;
};
export type Digest = Uint32Array;

/** Words of a digest: 128 bits of SHA-256, enough for nobody to make two records alike. */
const WORDS = 4;
const scratch = Buffer.alloc(WORDS * 4);

/** @param salt digest of what else the columns follow from */
export function digestOfRecord(bytes: Uint8Array, salt: Digest, into: Digest): Digest {
  // As text: a buffer a record costs as much again as the hash.
  const digest = hash('sha256', bytes, 'binary');
  for (let word = 0; word < WORDS; word += 1) {
    const at = word * 4;
    const value =
      digest.charCodeAt(at) |
      (digest.charCodeAt(at + 1) << 8) |
      (digest.charCodeAt(at + 2) << 16) |
      (digest.charCodeAt(at + 3) << 24);
    into[word] = value ^ (salt[word] as number);
  }
  return into;
}

export function saltOf(parts: readonly (string | number)[]): Digest {
  const digest = hash('sha256', JSON.stringify(parts), 'buffer');
  return Uint32Array.from({ length: WORDS }, (_, word) => digest.readUInt32LE(word * 4));
}

/** As the store has it, in hexadecimal. */
export function hexOf(digest: Digest): string {
  for (let word = 0; word < WORDS; word += 1) scratch.writeUInt32LE(digest[word] as number, word * 4);
  return scratch.toString('hex');
}

export type KnownRow = { id: number; schoolNo: number; digest: Buffer };

/** Memory that one part after the other uses: what two isolates share is let go late. */
export type KnownSpace = Pick<KnownRecords, 'digests' | 'ids' | 'schoolNos' | 'slots' | 'seen'>;

export function createKnownSpace(): KnownSpace {
  return { digests: words(0), ids: words(0), schoolNos: words(0), slots: words(0), seen: words(0) };
}

/** @param pages rows of the store, as many as there are @param space what was in it is no more */
export async function collectKnown(
  pages: AsyncIterable<readonly KnownRow[]>,
  space: KnownSpace,
): Promise<KnownRecords> {
  let size = 0;
  for await (const rows of pages) {
    space.digests = grown(space.digests, (size + rows.length) * WORDS);
    space.ids = grown(space.ids, size + rows.length);
    space.schoolNos = grown(space.schoolNos, size + rows.length);
    for (const { id, schoolNo, digest } of rows) {
      for (let word = 0; word < WORDS; word += 1) {
        space.digests[size * WORDS + word] = digest.readUInt32LE(word * 4);
      }
      space.ids[size] = id;
      space.schoolNos[size] = schoolNo;
      size += 1;
    }
  }
  const places = 2 ** Math.ceil(Math.log2(Math.max(16, size * 2)));
  space.slots = grown(space.slots, places);
  space.seen = grown(space.seen, Math.ceil(size / 32));
  space.seen.fill(0);
  const known = { ...space, size, slots: space.slots.subarray(0, places).fill(0) };
  for (let index = 0; index < size; index += 1) {
    const slot = slotOf(known, known.digests, index * WORDS);
    // Of two rows with one digest the first stands; the other is read like any changed one.
    if (known.slots[slot] === 0) known.slots[slot] = index + 1;
  }
  return known;
}

const LEAST = 65_536;
const words = (length: number) => new Uint32Array(new SharedArrayBuffer(length * 4));

function grown(array: Uint32Array, length: number): Uint32Array {
  if (array.length >= length) return array;
  const larger = words(Math.max(length, array.length * 2, LEAST));
  larger.set(array);
  return larger;
}

/** Where the digest is, or the free place where it would be. */
function slotOf({ slots, digests }: KnownRecords, of: Uint32Array, at: number): number {
  const mask = slots.length - 1;
  for (let slot = (of[at] as number) & mask; ; slot = (slot + 1) & mask) {
    const entry = slots[slot] as number;
    if (entry === 0) return slot;
    const other = (entry - 1) * WORDS;
    let word = 0;
    while (word < WORDS && digests[other + word] === of[at + word]) word += 1;
    if (word === WORDS) return slot;
  }
}

/** True when a record with this digest is known; it is marked as seen then. */
export function seeKnown(known: KnownRecords, digest: Digest): boolean {
  const entry = known.slots[slotOf(known, digest, 0)] as number;
  if (entry === 0) return false;
  const index = entry - 1;
  Atomics.or(known.seen, index >> 5, 1 << (index & 31));
  return true;
}

/** Whether the feed has the record with this digest, as the store has it. */
export function isSeen(known: KnownRecords, digest: Buffer): boolean {
  const words = Uint32Array.from({ length: WORDS }, (_, word) => digest.readUInt32LE(word * 4));
  const entry = known.slots[slotOf(known, words, 0)] as number;
  return entry !== 0 && isSeenAt(known, entry - 1);
}

/** Rows that the feed has as they are, with the number of the school; in the order in which they were collected. */
export function* seenRows(known: KnownRecords): Generator<{ id: number; schoolNo: number }> {
  for (let index = 0; index < known.size; index += 1) {
    if (!isSeenAt(known, index)) continue;
    yield { id: known.ids[index] as number, schoolNo: known.schoolNos[index] as number };
  }
}

function isSeenAt({ seen }: KnownRecords, index: number): boolean {
  return ((seen[index >> 5] as number) & (1 << (index & 31))) !== 0;
}
