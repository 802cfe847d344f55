import { createReadStream } from 'node:fs';

const CHUNK_BYTES = 256 * 1024;

/** The bytes of a file, from its beginning. */
export function openFile(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: CHUNK_BYTES });
}
