import { FeedError } from './types.ts';

const SUPPORTED = new Set(['utf-8', 'us-ascii', 'iso-8859-1', 'iso-8859-15', 'windows-1252']);
/** UTF-8 read as Latin: « Ã » before what a second byte looks like, never met in a name. */
const READ_TWICE = /Ã[\u0080-\u00bfŠšŽžŒœŸ€]/;
/** Bytes 80 to 9F mean nothing in ISO-8859-15: the file is windows-1252 or UTF-8. */
const CONTROLS = /[\u0080-\u009f]/;

/** Text of the bytes, which may end amid a character; undefined: there are no more. @throws FeedError */
export type Decode = (bytes: Uint8Array | undefined) => string;

/**
 * The text of a file, piece by piece, in the encoding that its byte order mark or its XML declaration names
 * (`undeclared` when there is none). Bytes that are not of that encoding refuse the file.
 * @throws FeedError
 */
export async function* textChunks(
  pieces: AsyncIterable<Uint8Array>,
  file: string,
  undeclared = 'utf-8',
): AsyncGenerator<string> {
  let decode: Decode | undefined;
  for await (const bytes of pieces) {
    decode ??= createDecoder(bytes, file, undeclared).decode;
    yield decode(bytes);
  }
  if (!decode) throw new FeedError(file, 'the file is empty');
  yield decode(undefined);
}

export type Decoder = {
  encoding: string;
  decode: Decode;
  /** Of bytes that begin and end at whole characters, the beginning of the file apart. */
  decodeWhole(bytes: Uint8Array): string;
};

/** @param head the first bytes of the file @throws FeedError */
export function createDecoder(head: Uint8Array, file: string, undeclared = 'utf-8'): Decoder {
  const { encoding, declared } = encodingOf(head as Buffer, file, undeclared);
  const decoder = new TextDecoder(encoding === 'us-ascii' ? 'utf-8' : encoding, { fatal: true });
  const unicode = encoding === 'utf-8' || encoding === 'us-ascii';
  const wrong = () =>
    new FeedError(
      file,
      declared
        ? `the bytes are not those of the encoding it declares, ${encoding.toUpperCase()}`
        : 'it declares no encoding and is not UTF-8',
    );
  const decode: Decode = (bytes) => {
    let text: string;
    try {
      text = bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch {
      throw wrong();
    }
    if (!unicode && (READ_TWICE.test(text) || (encoding === 'iso-8859-15' && CONTROLS.test(text)))) {
      throw wrong();
    }
    return text;
  };
  if (!unicode) return { encoding, decode, decodeWhole: decode };
  // One that is not asked to go on where it ended is three times as fast.
  const whole = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decodeWhole = (bytes: Uint8Array) => {
    try {
      return whole.decode(bytes);
    } catch {
      throw wrong();
    }
  };
  return { encoding, decode, decodeWhole };
}

function encodingOf(head: Buffer, file: string, undeclared: string): { encoding: string; declared: boolean } {
  const mark = head.subarray(0, 2).toString('hex');
  if (mark === 'fffe' || mark === 'feff') throw new FeedError(file, 'UTF-16 is not read');
  const hasMark = head.subarray(0, 3).toString('hex') === 'efbbbf';
  const declaration = head.subarray(0, 300).toString('latin1');
  const named = /^(?:ï»¿)?\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']/.exec(declaration)?.[1];
  const encoding = (named ?? (hasMark ? 'utf-8' : undeclared)).toLowerCase();
  if (!SUPPORTED.has(encoding)) throw new FeedError(file, `the encoding ${encoding} is not read`);
  if (hasMark && encoding !== 'utf-8') {
    throw new FeedError(file, `it is marked as UTF-8 and declares ${encoding.toUpperCase()}`);
  }
  return { encoding, declared: named !== undefined };
}
