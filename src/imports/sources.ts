import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { unpack } from './archive.ts';
import { openFile } from './open-file.ts';
import { FeedError, type Source } from './types.ts';

const MAX_FILES = 60_000;
const MAX_FILE_BYTES = 4 * 2 ** 30;
const MAX_LIST_BYTES = 16 * 2 ** 20;

const XML = /\.xml$/i;
const SUMS = /(^|\/)SHA256SUMS(\.txt)?$|\.sha256$/i;
const MANIFEST = /(^|\/)manifest\.csv$/i;
const TABLE = /\.csv$/i;
const ARCHIVE = /\.(tgz|tar\.gz|tar)$/i;

export type Sources = {
  sources: Source[];
  /** CSV files that are no manifest: ONDE's extractions. */
  tables: Source[];
  notes: string[];
  /** SHA-256 in hexadecimal and number of records that lists beside the files announce, by name. */
  sums: Map<string, string>;
  counts: Map<string, number>;
};

type Found = { path: string; name: string; folder: string };

/**
 * The XML files of a folder and of the archives in it, and what is announced of them: `SHA256SUMS` as sha256sum
 * writes it, `manifest.csv` with lines `file;records`.
 * @param scratch an empty private folder, for what archives hold
 * @throws FeedError when a file is announced and absent, or there is too much
 */
export async function listSources(folder: string, scratch: string): Promise<Sources> {
  const notes: string[] = [];
  const found: Found[] = [];
  const info = await stat(folder).catch(() => null);
  if (!info?.isDirectory()) throw new FeedError('', `there is no folder ${folder}`);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    if (!entry.isFile()) continue;
    if (ARCHIVE.test(name)) {
      const into = join(scratch, String(found.length + notes.length));
      await mkdir(into, { mode: 0o700 });
      found.push(
        ...(await unpack(
          path,
          name,
          into,
          new RegExp([XML, SUMS, MANIFEST].map((r) => r.source).join('|'), 'i'),
        )),
      );
    } else if (XML.test(name) || SUMS.test(name) || TABLE.test(name)) {
      found.push({ path, name, folder: dirname(path) });
    } else if (/\.(zip|7z|rar|gz)$/i.test(name)) notes.push(`${name}: archives of this kind are not opened`);
  }
  const files = found.filter(({ name }) => XML.test(name));
  if (files.length > MAX_FILES) throw new FeedError('', `there are more than ${MAX_FILES} files`);
  files.sort((a, b) => (a.name < b.name ? -1 : 1));
  const sources = await Promise.all(files.map(sourceOf));
  const huge = sources.find(({ size }) => size > MAX_FILE_BYTES);
  if (huge) throw new FeedError(huge.name, 'it is bigger than 4 GiB');
  const { sums, counts } = await readLists(found, files);
  const tables = found.filter(({ name }) => TABLE.test(name) && !MANIFEST.test(name));
  return { sources, tables: await Promise.all(tables.map(sourceOf)), notes, sums, counts };
}

async function sourceOf(found: Found): Promise<Source> {
  const { size } = await stat(found.path);
  return { ...found, size, open: () => openFile(found.path) };
}

async function readLists(found: readonly Found[], files: readonly Found[]) {
  const sums = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const list of found) {
    if (!SUMS.test(list.name) && !MANIFEST.test(list.name)) continue;
    if ((await stat(list.path)).size > MAX_LIST_BYTES) throw new FeedError(list.name, 'it is too long');
    const lines = (await readFile(list.path, 'latin1')).split(/\r?\n/);
    for (const line of lines) {
      const [, sum, summed = ''] = /^([0-9a-f]{64}) [ *](.+)$/i.exec(line) ?? [];
      const [, counted = '', count] = /^"?([^";]+)"?;"?(\d{1,9})"?(?:;|$)/.exec(line) ?? [];
      const named = SUMS.test(list.name) ? summed : counted;
      if (named === '' || !XML.test(named)) continue;
      const wanted = join(list.folder, named.replace(/^\.\//, ''));
      const file = files.find((one) => join(one.folder, one.name.split('/').at(-1) ?? '') === wanted);
      if (!file) throw new FeedError(list.name, `${named.slice(0, 120)} is announced and not there`);
      if (sum !== undefined && SUMS.test(list.name)) sums.set(file.name, sum.toLowerCase());
      else if (count !== undefined) counts.set(file.name, Number(count));
    }
  }
  return { sums, counts };
}
