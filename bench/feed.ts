/**
 * Feeds of any size, as the academies send them (integration.md 2), written to disk as they are drawn: one household
 * after the other, nothing kept. The same settings give the same files. All people are invented.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createDraw, type Draw } from '../src/demo/sample-schools/draw.ts';
import {
  type Degree,
  guardianRecord,
  type Household,
  pupilRecord,
  schoolRecord,
  withdrawal,
} from './feed-records.ts';
import { drawHousehold } from './households.ts';

export type FeedSettings = {
  folder: string;
  pupils: number;
  /** YYYYMMDD of the file names. */
  date: string;
  seed?: number;
  /**
   * Of a hundred households so many have changed since the full feed: a class, a mobile, an address, a pupil gone or
   * new. Only they are in the files then, as changes. Absent: the full feed.
   */
  delta?: number;
};

export type FeedCounts = { schools: number; pupils: number; guardians: number; files: number };

const PUPILS_A_SCHOOL = { 1: 180, 2: 480 } as const;
const RECORDS_A_FILE = 10_000;
/** Codes of académies, with how many of a hundred pupils they have. Both degrees of each. */
const ACADEMIES = [
  ['10', 'LYON', 45],
  ['14', 'RENNES', 35],
  ['28', 'LA REUNION', 20],
] as const;

/** @returns what was written; the pupils are as many as asked for, up to one a school more */
export async function writeFeed(settings: FeedSettings): Promise<FeedCounts> {
  const counts: FeedCounts = { schools: 0, pupils: 0, guardians: 0, files: 0 };
  for (const [academyIndex, [code, name, share]] of ACADEMIES.entries()) {
    for (const degree of [1, 2] as const) {
      const wanted = Math.ceil((settings.pupils * share * (degree === 1 ? 0.54 : 0.46)) / 100);
      const directory = {
        code,
        name,
        degree,
        wanted,
        seed: (settings.seed ?? 1) * 100 + academyIndex * 2 + degree,
      };
      const written = await writeDirectory(settings, directory);
      for (const key of Object.keys(counts) as (keyof FeedCounts)[]) counts[key] += written[key];
    }
  }
  return counts;
}

type Directory = { code: string; name: string; degree: Degree; wanted: number; seed: number };

async function writeDirectory(settings: FeedSettings, directory: Directory): Promise<FeedCounts> {
  const { code, degree, wanted, seed } = directory;
  const folder = join(settings.folder, `ENT${degree}D-AC${code}`);
  await mkdir(folder, { recursive: true });
  const kind = settings.delta === undefined ? 'Complet' : 'Delta';
  const open = (type: string) =>
    openParts(join(folder, `ENT${degree}D-AC${code}_${kind}_${settings.date}_${type}`), directory);
  const files = { schools: open('EtabEducNat'), guardians: open('PersRelEleve'), pupils: open('Eleve') };
  const counts: FeedCounts = { schools: 0, pupils: 0, guardians: 0, files: 0 };
  const draw = createDraw(seed);
  const perSchool = PUPILS_A_SCHOOL[degree];
  for (let serial = 0; counts.pupils < wanted; ) {
    counts.schools += 1;
    const school = {
      id: `${1000 + counts.schools}`,
      uai: uaiOf(seed, counts.schools),
      number: counts.schools,
    };
    await files.schools.write(schoolRecord(directory, school));
    for (let pupils = 0; pupils < perSchool && counts.pupils < wanted; serial += 1) {
      const household = drawHousehold(draw, { school, degree, serial });
      pupils += household.pupils.length;
      counts.pupils += household.pupils.length;
      counts.guardians += household.guardians.length;
      for (const record of recordsOf(household, directory, settings.delta))
        await files[record.file].write(record.text);
    }
  }
  for (const file of Object.values(files)) counts.files += await file.close();
  return counts;
}

type Written = { file: 'guardians' | 'pupils'; text: string };

/** The household whole, or what has changed in it, drawn from a sequence of its own so that the others stay alike. */
function recordsOf(household: Household, directory: Directory, delta: number | undefined): Written[] {
  if (delta === undefined) {
    return [
      ...household.guardians.map((guardian) => ({
        file: 'guardians' as const,
        text: guardianRecord(directory, guardian, household),
      })),
      ...household.pupils.map((pupil) => ({ file: 'pupils' as const, text: pupilRecord(directory, pupil) })),
    ];
  }
  const turn = createDraw(directory.seed * 1_000_003 + household.serial);
  return turn.percent(delta) ? changesOf(household, directory, turn) : [];
}

function changesOf(household: Household, directory: Directory, turn: Draw): Written[] {
  const [pupil] = household.pupils;
  const [guardian] = household.guardians;
  if (!pupil) return [];
  const kind = turn.below(10);
  if (kind === 0) return [{ file: 'pupils', text: withdrawal('Eleve', pupil.id) }];
  if (kind < 6 || !guardian) {
    const moved = { ...pupil, className: `${pupil.className ?? '1'}B` };
    return [{ file: 'pupils', text: pupilRecord(directory, moved, 'modifyRequest') }];
  }
  // An empty mobile is a deletion.
  const mobile = turn.percent(20) ? null : `06 39 98 ${10 + turn.below(90)} ${10 + turn.below(90)}`;
  return [
    {
      file: 'guardians',
      text: guardianRecord(directory, { ...guardian, mobile }, household, 'modifyRequest'),
    },
  ];
}

/** Invented: no UAI begins with 999. */
function uaiOf(seed: number, number: number): string {
  const digits = 9_000_000 + (seed % 100) * 20_000 + number;
  return `${digits}${String.fromCharCode(65 + (digits % 23))}`;
}

type Parts = { write(record: string): Promise<void>; close(): Promise<number> };

/** `<base>_0000.xml`, `<base>_0001.xml`...; a part begins when the one before is full, and waits for the disk. */
function openParts(base: string, { code, degree }: Directory): Parts {
  let stream: WriteStream | undefined;
  let [parts, records] = [0, 0];
  const end = async () => {
    const ending = stream;
    if (ending)
      await new Promise<void>((resolve, reject) =>
        ending.once('error', reject).end('</ficAlimMENESR>\n', () => resolve()),
      );
    stream = undefined;
  };
  return {
    async write(record) {
      if (records % RECORDS_A_FILE === 0) {
        await end();
        stream = createWriteStream(`${base}_${String(parts).padStart(4, '0')}.xml`, {
          highWaterMark: 1 << 20,
        });
        stream.write(
          '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE ficAlimMENESR SYSTEM "ficAlimMENESR.dtd">\n' +
            `<!-- versionAF="AAF-VE2607" codeAcademieExport="${code}" degre="${degree}D" -->\n<ficAlimMENESR>\n`,
        );
        parts += 1;
      }
      records += 1;
      const open = stream as WriteStream;
      if (!open.write(record)) await new Promise<void>((resolve) => open.once('drain', () => resolve()));
    },
    async close() {
      await end();
      return parts;
    },
  };
}
