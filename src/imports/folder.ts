import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { textChunks } from './decode.ts';
import { degreeOfRecord } from './dialects.ts';
import { createRecordReader } from './parse.ts';
import { type Degree, FeedError, type FeedFile, type FeedRecord, type FeedType } from './types.ts';

/** Schools and labels first, since the others refer to them; files come in any order of names. */
const ORDER: FeedType[] = ['EtabEducNat', 'MefEducNat', 'PersRelEleve', 'Eleve'];
const ASIDE = ['PersEducNat', 'MatiereEducNat'];
const MAX_FILES = 60_000;

/**
 * The files of a feed in the order to read them.
 * @throws FeedError when there is no whole feed: a file of a kind or a part is missing, two dates are mixed
 */
export async function listFeed(folder: string): Promise<{ files: FeedFile[]; notes: string[] }> {
  const notes: string[] = [];
  const files: FeedFile[] = [];
  for (const path of await xmlFiles(folder, notes)) {
    const name = relative(folder, path);
    const found = await inspectFile(path, name);
    if (typeof found === 'string') notes.push(found);
    else files.push(found);
  }
  if (files.length === 0) throw new FeedError('', 'there is no readable AAF file in this folder');
  checkWhole(files);
  files.sort((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type) || (a.name < b.name ? -1 : 1));
  return { files: files.map((file, index) => ({ ...file, no: index })), notes };
}

async function xmlFiles(folder: string, notes: string[]): Promise<string[]> {
  const info = await stat(folder).catch(() => null);
  if (!info?.isDirectory()) throw new FeedError('', `there is no folder ${folder}`);
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && /\.xml$/i.test(entry.name)) paths.push(path);
    else if (entry.isFile() && /\.(tgz|tar\.gz|zip)$/i.test(entry.name)) {
      notes.push(`${relative(folder, path)}: archives are not opened`);
    }
  }
  if (paths.length > MAX_FILES) throw new FeedError('', `there are more than ${MAX_FILES} files`);
  return paths.sort();
}

/** Reads as far as the first record. @returns a sentence when the file is of a kind that is not used */
async function inspectFile(path: string, name: string): Promise<FeedFile | string> {
  const first: FeedRecord[] = [];
  const reader = createRecordReader(name, (record) => first.push(record));
  let ended = true;
  for await (const text of textChunks(path, name)) {
    reader.write(text);
    if (first.length > 0) {
      ended = false;
      break;
    }
  }
  if (ended) reader.close();
  const type = typeOf(first[0]?.category ?? '') ?? typeOf(name);
  if (type === null) return `${name}: a kind of file that is not known, left aside`;
  if (ASIDE.includes(type)) return `${name}: ${type} files are not used yet, left aside`;
  if (first[0] === undefined) throw new FeedError(name, 'it holds no record');
  if (first[0].verb !== 'addRequest' || /delta/i.test(name)) {
    throw new FeedError(name, 'it is a file of changes (delta); only whole feeds are read');
  }
  const degree = reader.header.degree ?? degreeOfName(name) ?? degreeOfRecord(first[0]);
  if (degree === null)
    throw new FeedError(name, 'it does not say whether it is of the 1st or the 2nd degree');
  const { academyCode } = reader.header;
  return { no: 0, path, name, folder: dirname(path), type: type as FeedType, degree, academyCode };
}

function typeOf(text: string): string | null {
  const known =
    /(?:^|_)(EtabEducNat|MefEducNat|MatiereEducNat|PersRelEleve|PersEducNat|Eleve)(?:_|\.|$)/i.exec(text);
  if (known) {
    return [...ORDER, ...ASIDE].find((type) => type.toLowerCase() === known[1]?.toLowerCase()) ?? null;
  }
  if (/^mef$/i.test(text)) return 'MefEducNat';
  return /^matiere$/i.test(text) ? 'MatiereEducNat' : null;
}

function degreeOfName(name: string): Degree | null {
  const found = /(?:^|[^0-9])([12])D/.exec(name)?.[1];
  return found === undefined ? null : found === '1' ? 1 : 2;
}

/** A feed that lacks a part would pass for one whose pupils have left. */
function checkWhole(files: readonly FeedFile[]): void {
  const feeds = new Map<string, FeedFile[]>();
  for (const file of files) {
    const key = `${file.folder}|${file.degree}`;
    feeds.set(key, [...(feeds.get(key) ?? []), file]);
  }
  for (const members of feeds.values()) {
    for (const type of ['EtabEducNat', 'PersRelEleve', 'Eleve'] as const) {
      if (!members.some((file) => file.type === type)) {
        throw new FeedError('', `the feed of ${members[0]?.name} has no ${type} file`);
      }
    }
    checkParts(members);
  }
}

/** `<feed>_Complet_<date>_<type>_<part>.xml`: one date, and parts without a gap from 0000 on. */
function checkParts(files: readonly FeedFile[]): void {
  const parts = new Map<string, number[]>();
  const dates = new Map<string, string>();
  for (const file of files) {
    const [, feed, date, type, part] =
      /([^/\\]*)_Complet_(\d{8})_(\w+?)_(\d{4})\.xml$/i.exec(file.name) ?? [];
    if (feed === undefined || date === undefined) continue;
    const other = dates.get(feed);
    if (other !== undefined && other !== date) {
      throw new FeedError(file.name, `files of two dates are mixed, ${other} and ${date}`);
    }
    dates.set(feed, date);
    const key = `${feed}_Complet_${date}_${type}`;
    parts.set(key, [...(parts.get(key) ?? []), Number(part)]);
  }
  for (const [key, numbers] of parts) {
    const first = numbers.includes(0) ? 0 : 1;
    const expected = [...Array(Math.max(...numbers) + 1).keys()].slice(first);
    const missing = expected.find((number) => !numbers.includes(number));
    if (missing !== undefined) {
      throw new FeedError('', `${key}_${String(missing).padStart(4, '0')}.xml is missing`);
    }
  }
}
