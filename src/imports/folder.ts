import { textChunks } from './decode.ts';
import { degreeOfRecord } from './dialects.ts';
import { createRecordReader } from './parse.ts';
import { listSources } from './sources.ts';
import { type Degree, FeedError, type FeedFile, type FeedType, type Source } from './types.ts';

/** Schools and labels first, since the others refer to them; files come in any order of names. */
const ORDER: FeedType[] = ['EtabEducNat', 'MefEducNat', 'PersRelEleve', 'PersEducNat', 'Eleve'];
const ASIDE = ['MatiereEducNat'];

export type Feed = {
  files: FeedFile[];
  /** ONDE's extractions. */
  tables: Source[];
  notes: string[];
  sums: ReadonlyMap<string, string>;
};

/**
 * The files of a feed in the order to read them.
 * @param scratch an empty private folder, for what archives hold
 * @throws FeedError when there is no whole feed: a file of a kind or a part is missing, two dates are mixed
 */
export async function listFeed(folder: string, scratch: string): Promise<Feed> {
  const { sources, tables, notes, sums, counts } = await listSources(folder, scratch);
  const files: FeedFile[] = [];
  for (const source of sources) {
    const found = await inspectFile(source);
    if (typeof found === 'string') notes.push(found);
    else files.push({ ...found, records: counts.get(source.name) ?? found.records });
  }
  if (files.length + tables.length === 0)
    throw new FeedError('', 'there is no readable AAF file in this folder');
  checkWhole(files);
  files.sort((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type) || (a.name < b.name ? -1 : 1));
  return { files: files.map((file, index) => ({ ...file, no: index })), tables, notes, sums };
}

/** Characters in which the first record is looked for at first; the further off it is, the larger the pieces. */
const LOOK_CHARS = 4096;

/** Reads as far as the first record. @returns a sentence when the file is of a kind that is not used */
async function inspectFile({ name, folder, path, size, open }: Source): Promise<FeedFile | string> {
  const seen: { first?: { verb: string; category: string; degree: Degree | null } } = {};
  const reader = createRecordReader(name, (record) => {
    seen.first ??= { verb: record.verb, category: record.category, degree: degreeOfRecord(record) };
  });
  let ended = true;
  let look = LOOK_CHARS;
  for await (const text of textChunks(open(), name)) {
    for (let at = 0; at < text.length && ended; ) {
      reader.write(text.slice(at, at + look));
      at += look;
      look *= 2;
      if (seen.first) ended = false;
    }
    if (!ended) break;
  }
  if (ended) reader.close();
  const { first } = seen;
  const type = typeOf(first?.category ?? '') ?? typeOf(name);
  if (type === null) return `${name}: a kind of file that is not known, left aside`;
  if (ASIDE.includes(type)) return `${name}: ${type} files are not used, left aside`;
  const delta = /delta/i.test(name) || (first !== undefined && first.verb !== 'addRequest');
  if (first === undefined && !delta) throw new FeedError(name, 'it holds no record');
  const degree = reader.header.degree ?? degreeOfName(name) ?? first?.degree ?? null;
  if (degree === null)
    throw new FeedError(name, 'it does not say whether it is of the 1st or the 2nd degree');
  const { academyCode, records } = reader.header;
  const exportedOn = reader.header.exportedOn ?? dateOfName(name);
  return {
    no: 0,
    open,
    path,
    size,
    name,
    folder,
    type: type as FeedType,
    degree,
    academyCode,
    delta,
    exportedOn,
    records,
  };
}

/** The last day in the name, `_Complet_20261103_` or `ENT2DVA.20261103.tgz`. */
function dateOfName(name: string): string | null {
  for (const [, digits = ''] of [...name.matchAll(/(?<![0-9])(20\d{6})(?![0-9])/g)].reverse()) {
    const date = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`;
    if (!Number.isNaN(new Date(`${date}T00:00:00Z`).getTime())) return date;
  }
  return null;
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
    const changes = members.filter((file) => file.delta).length;
    if (changes > 0 && changes < members.length) {
      throw new FeedError('', `whole files and files of changes are mixed beside ${members[0]?.name}`);
    }
    if (changes > 0) {
      checkParts(members);
      continue;
    }
    for (const type of ['EtabEducNat', 'PersRelEleve', 'Eleve'] as const) {
      if (!members.some((file) => file.type === type)) {
        throw new FeedError('', `the feed of ${members[0]?.name} has no ${type} file`);
      }
    }
    checkParts(members);
  }
}

/** `<feed>_Complet_<date>_<type>_<part>.xml` (or `_Delta_`): one date, and parts without a gap from 0000 on. */
function checkParts(files: readonly FeedFile[]): void {
  const parts = new Map<string, number[]>();
  const dates = new Map<string, string>();
  for (const file of files) {
    const [, feed, date, type, part] =
      /([^/\\]*)_(?:Complet|Delta)_(\d{8})_(\w+?)_(\d{4})\.xml$/i.exec(file.name) ?? [];
    if (feed === undefined || date === undefined) continue;
    const other = dates.get(feed);
    if (other !== undefined && other !== date) {
      throw new FeedError(file.name, `files of two dates are mixed, ${other} and ${date}`);
    }
    dates.set(feed, date);
    const key = file.name.slice(0, -'_0000.xml'.length);
    if (type === undefined) continue;
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
