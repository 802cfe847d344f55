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
  const digest = hash('sha256', bytes, 'buffer');
  for (let word = 0; word < WORDS; word += 1) {
    into[word] = digest.readUInt32LE(word * 4) ^ (salt[word] as number);
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

/** @param pages rows of the store, as many as there are */
export async function collectKnown(pages: AsyncIterable<readonly KnownRow[]>): Promise<KnownRecords> {
  const parts: Uint32Array[] = [];
  let size = 0;
  for await (const rows of pages) {
    const part = new Uint32Array(rows.length * (WORDS + 2));
    rows.forEach(({ id, schoolNo, digest }, index) => {
      const at = index * (WORDS + 2);
      for (let word = 0; word < WORDS; word += 1) part[at + word] = digest.readUInt32LE(word * 4);
      part[at + WORDS] = id;
      part[at + WORDS + 1] = schoolNo;
    });
    parts.push(part);
    size += rows.length;
  }
  const known = emptyKnown(size);
  let index = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += WORDS + 2, index += 1) {
      known.digests.set(part.subarray(at, at + WORDS), index * WORDS);
      known.ids[index] = part[at + WORDS] as number;
      known.schoolNos[index] = part[at + WORDS + 1] as number;
      const slot = slotOf(known, known.digests, index * WORDS);
      // Of two rows with one digest the first stands; the other is read like any changed one.
      if (known.slots[slot] === 0) known.slots[slot] = index + 1;
    }
  }
  return known;
}

function emptyKnown(size: number): KnownRecords {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(16, size * 2)));
  const words = (length: number) => new Uint32Array(new SharedArrayBuffer(length * 4));
  return {
    size,
    digests: words(size * WORDS),
    ids: words(size),
    schoolNos: words(size),
    slots: words(slots),
    seen: words(Math.ceil(size / 32)),
  };
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
