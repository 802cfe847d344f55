import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { FeedError } from './types.ts';

/** Limits that no real feed comes near (I05): bytes of a file, of an archive, and how far it may swell. */
export const ARCHIVE_LIMITS = { file: 4 * 2 ** 30, total: 64 * 2 ** 30, ratio: 200, entries: 20_000 };
type Limits = typeof ARCHIVE_LIMITS;
/** Swelling is judged from here on: short files of blanks do no harm. */
const JUDGED_FROM = 16 * 2 ** 20;
const PREFIX = 'educonnect-import-';
const STALE_MS = 24 * 3600 * 1000;

export type Unpacked = { path: string; name: string; folder: string };

/** A folder that only this user may enter, for what archives hold. Those of runs that were killed go with it. */
export async function privateFolder(now: Date, parent = tmpdir()): Promise<string> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(parent, name);
    const info = await stat(path).catch(() => null);
    if (info?.uid === process.getuid?.() && info && now.getTime() - info.mtimeMs > STALE_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
  return mkdtemp(join(parent, PREFIX));
}

/**
 * Unpacks the files of a `.tar`, `.tar.gz` or `.tgz` that a feed may hold. They are numbered on disk: no name of the
 * archive is ever used as a path. Links, devices and names that lead out of the archive refuse it.
 * @param into a folder of its own
 * @param name the archive as reports show it
 * @throws FeedError
 */
export async function unpack(
  archive: string,
  name: string,
  into: string,
  wanted: RegExp,
  limits: Limits = ARCHIVE_LIMITS,
): Promise<Unpacked[]> {
  const files: Unpacked[] = [];
  const refuse = (reason: string) => new FeedError(name, `it is refused: ${reason}`);
  const packed = (await stat(archive)).size;
  let total = 0;
  const watch = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      const swollen = total > JUDGED_FROM && total > packed * limits.ratio;
      if (total > limits.total || swollen)
        done(refuse(`it swells from ${packed} bytes to more than ${total}`));
      else done(null, chunk);
    },
  });
  const entries = extract();
  const reading = (async () => {
    let count = 0;
    for await (const entry of entries) {
      count += 1;
      const { header } = entry;
      const fault = entryFault(header, limits) ?? (count > limits.entries ? 'it has too many files' : null);
      if (fault !== null) throw refuse(fault);
      if (header.type !== 'file' || !wanted.test(header.name)) {
        entry.resume();
        continue;
      }
      const path = join(into, String(count));
      await pipeline(entry, createWriteStream(path, { mode: 0o600, flags: 'wx' }));
      const shown = `${name}/${header.name.replace(/^(\.\/)+/, '')}`;
      files.push({ path, name: shown, folder: dirname(shown) });
    }
  })();
  const gunzip = /\.tar$/i.test(archive) ? [] : [createGunzip()];
  const feeding = pipeline([createReadStream(archive), ...gunzip, watch, entries]);
  const [fed, read] = await Promise.allSettled([feeding, reading]);
  const error = [fed, read].flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  const known = error.find((one) => one instanceof FeedError);
  if (known) throw known;
  if (error.length > 0) throw new FeedError(name, `the archive cannot be read: ${error[0].message}`);
  return files;
}

function entryFault(header: Header, limits: Limits): string | null {
  const shown = JSON.stringify(header.name.slice(0, 60));
  if (header.type !== 'file' && header.type !== 'directory') return `${shown} is no file`;
  if (leadsOut(header.name)) return `${shown} leads out of it`;
  return (header.size ?? 0) > limits.file ? `${shown} is too big` : null;
}

function leadsOut(name: string): boolean {
  return /^[/\\]|^[A-Za-z]:|\0/.test(name) || name.split(/[/\\]/).includes('..');
}
