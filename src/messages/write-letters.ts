import { createWriteStream } from 'node:fs';
import { open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Deps } from '../deps.ts';
import { letterOf } from './letter.ts';
import { letterContent } from './letters/content.ts';
import { openLettersDocument } from './letters/pdf.ts';
import type { Batch } from './notify.ts';
import { giveWay } from './print/give-way.ts';

const ABANDONED_AFTER_MS = 600_000;

export type PendingFile = {
  /** Writes one page an account; then the file has its name. @throws when the disk refuses; nothing is left then */
  write(batch: Batch): Promise<void>;
  /** Forgets the file. */
  discard(): Promise<void>;
};

export type FileRefusal = 'not-a-file' | 'not-writable';

/**
 * Opens the file before anything is done in the database, beside its final name and for its owner only: who may
 * not write there hears it at once, and a run that is cut short leaves no half file under that name. A file that is
 * there is replaced when the new one is whole: letters printed again bear the same passwords.
 */
export async function openLettersFile(
  deps: Pick<Deps, 'clock' | 'random' | 'render' | 'config' | 'sealer'>,
  path: string,
): Promise<{ ok: true; file: PendingFile } | { ok: false; reason: FileRefusal }> {
  const present = await stat(path).catch(() => null);
  if (present !== null && !present.isFile()) return { ok: false, reason: 'not-a-file' };
  const prefix = `.${basename(path).slice(0, 200)}.`;
  const temporary = join(dirname(path), `${prefix}${deps.random.bytes(6).toString('hex')}.part`);
  await forgetAbandoned(dirname(path), prefix, deps.clock.now());
  try {
    await (await open(temporary, 'wx', 0o600)).close();
  } catch {
    return { ok: false, reason: 'not-writable' };
  }
  const discard = () => unlink(temporary).catch(() => {});
  const write = async (batch: Batch) => {
    try {
      await writeLetters(deps, batch, createWriteStream(temporary, { flags: 'r+', flush: true }));
      await rename(temporary, path);
    } catch (error) {
      await discard();
      throw error;
    }
  };
  return { ok: true, file: { write, discard } };
}

/** Half files of runs that were killed hold passwords; a run that is alive writes to its own all the time. */
async function forgetAbandoned(folder: string, prefix: string, now: Date): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(prefix) && one.endsWith('.part'))) {
    const path = join(folder, name);
    const written = (await stat(path).catch(() => null))?.mtime ?? now;
    if (now.getTime() - written.getTime() > ABANDONED_AFTER_MS) await unlink(path).catch(() => {});
  }
}

/** What readers of the file call it. */
export const titleOf = ({ school }: Pick<Batch, 'school'>) =>
  `Lettres EduConnect - ${school.name} (${school.uai})`;

/** One page an account, in the batch's order, written while it grows. */
export async function writeLetters(
  deps: Pick<Deps, 'render' | 'config' | 'sealer'>,
  batch: Pick<Batch, 'school' | 'at' | 'notified'>,
  sink: Writable,
): Promise<void> {
  const title = titleOf(batch);
  const document = openLettersDocument({ title, writtenAt: batch.at });
  const done = pipeline(document.stream, sink);
  // Awaited below; a disk that fails while a page is being set must not be an unhandled rejection.
  done.catch(() => {});
  for (const notified of batch.notified) {
    const letter = letterOf(deps, batch, notified);
    document.addLetter(letterContent(deps, letter), letter.identifier);
    await giveWay(document.stream, sink, done);
  }
  document.end();
  await done;
}
