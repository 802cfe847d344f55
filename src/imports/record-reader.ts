import { createDecoder, type Decoder } from './decode.ts';
import { type Digest, digestOfRecord, hexOf, type KnownRecords, saltOf, seeKnown } from './known-records.ts';
import { createRecordReader } from './parse.ts';
import { FeedError, type FeedRecord } from './types.ts';

const OPEN = Buffer.from('<addRequest>');
const CLOSE = Buffer.from('</addRequest');
const MORE = '>'.charCodeAt(0);
/** Bytes of a record that is looked for in one piece; a longer one is parsed as it comes and not known again. */
const LONGEST = 200_000;

export type BytesReader = {
  write(bytes: Buffer): void;
  /** Ends the document. @throws FeedError when it is cut off */
  close(): void;
};

/**
 * Takes the bytes of a feed file apart: a record that is known as it stands is counted and passed over, undecoded and
 * unparsed; all others go through the parser. All encodings that are read have ASCII where ASCII is, so records can be
 * found among bytes. One is passed over only where the parser stands between two records, and only if it has once
 * parsed these very bytes as one whole record: it would do so again.
 * @param rules what else the columns of a record follow from; absent: records are not to be known again
 */
export function createBytesReader(
  file: string,
  known: KnownRecords | null,
  rules: readonly (string | number)[] | null,
  on: { record(record: FeedRecord): void; unchanged(): void },
): BytesReader {
  let decoder: Decoder | undefined;
  let salt: Digest | null = null;
  let rest: Buffer = Buffer.alloc(0);
  let whole = false;
  let step = 1;
  const digest: Digest = new Uint32Array(4);
  const reader = createRecordReader(file, (record) => {
    if (whole) record.digest = hexOf(digest);
    on.record(record);
  });

  function parse(bytes: Buffer): void {
    reader.write((decoder as Decoder).decode(bytes));
  }

  function write(bytes: Buffer): void {
    if (!decoder) {
      decoder = createDecoder(bytes, file);
      if (rules) salt = saltOf([...rules, decoder.encoding]);
    }
    const buffer = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    let at = 0;
    while (at < buffer.length) {
      const next = salt && reader.between() ? takeRecord(buffer, at, salt) : takeOther(buffer, at);
      if (next === at) break;
      at = next;
    }
    rest = buffer.subarray(at);
  }

  /** Between two records. @returns where the next begins; `at` when more has to come */
  function takeRecord(buffer: Buffer, at: number, salt: Digest): number {
    let start = at;
    while (isWhite(buffer[start])) start += 1;
    if (buffer.length - start < OPEN.length) return start;
    if (buffer.compare(OPEN, 0, OPEN.length, start, start + OPEN.length) !== 0) return takeOther(buffer, at);
    const close = buffer.indexOf(CLOSE, start + OPEN.length);
    const end = close + CLOSE.length + 1;
    if (close < 0 || end > buffer.length)
      return buffer.length - start > LONGEST ? takeOther(buffer, at) : start;
    // One end tag, at the end: the record ends there, or further on when this is no tag at all.
    if (buffer[end - 1] !== MORE) return takeOther(buffer, at);
    const record = buffer.subarray(start, end);
    digestOfRecord(record, salt, digest);
    if (known && seeKnown(known, digest)) {
      reader.skip();
      on.unchanged();
    } else {
      const text = (decoder as Decoder).decodeWhole(record);
      whole = true;
      reader.writeRecord(text);
      whole = false;
    }
    return end;
  }

  /**
   * Anything else, as far as the next record may begin. Where that turns out to be amid something, the next try is
   * further off: a comment full of what looks like records would be looked through once for each.
   */
  function takeOther(buffer: Buffer, at: number): number {
    const next = salt ? buffer.indexOf(OPEN, at + step) : -1;
    const end = next < 0 ? buffer.length : next;
    parse(buffer.subarray(at, end));
    step = reader.between() ? 1 : step * 2;
    return end;
  }

  function close(): void {
    if (!decoder) throw new FeedError(file, 'the file is empty');
    if (rest.length > 0) parse(rest);
    rest = Buffer.alloc(0);
    reader.write(decoder.decode(undefined));
    reader.close();
  }

  return { write, close };
}

function isWhite(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
