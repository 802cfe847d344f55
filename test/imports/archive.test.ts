import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Header, pack } from 'tar-stream';
import { ARCHIVE_LIMITS, privateFolder, unpack } from '../../src/imports/archive.ts';
import { importFolder } from '../../src/imports/run.ts';
import { type AafFeed, aafChange, document, recordsOf } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { emptyLiveTables, inFolder } from './nights.ts';

let database: TestDatabase;
let deps: TestDeps;
/** Of this file alone: other tests unpack their archives at the same time. */
let temporary: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'ec-archives-'));
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(async () => {
  await database.drop();
  await rm(temporary, { recursive: true, force: true });
});
beforeEach(() => emptyLiveTables(database));

const feed: AafFeed = {
  degree: 2,
  schools: [{ id: 'A', uai: '0319901A' }],
  pupils: [{ id: '1', school: 'A', guardians: [{ guardian: '51' }] }],
  guardians: [{ id: '51', givenName: 'Zoé', familyName: 'Un' }],
};

type Entry = [header: Partial<Header> & { name: string }, content?: string];

async function archive(path: string, entries: readonly Entry[]): Promise<void> {
  const tar = pack();
  for (const [header, content] of entries) tar.entry(header, content ?? '');
  tar.finalize();
  await pipeline(Readable.from(tar), createGzip(), createWriteStream(path));
}

const entriesOf = (date: string): Entry[] =>
  Object.entries(recordsOf(feed))
    .filter(([, records]) => records.length > 0)
    .map(([type, records]) => [
      { name: `./ENT2DVA_Complet_${date}_${type}_0000.xml` },
      document(feed, records),
    ]);

const leftovers = () => readdir(temporary);

test('an archive as it arrives is read, and nothing of it stays on the disk', async () => {
  await inFolder(async (folder) => {
    await archive(join(folder, 'ENT2DVA.20261103.tgz'), [
      ...entriesOf('20261103'),
      [{ name: 'lisez-moi.txt' }, 'x'],
    ]);
    expect(await importFolder(deps, folder, { temporary })).toMatchObject({
      ok: true,
      report: { refused: [], read: { pupils: 1 } },
    });
    expect(await database.db('import_feeds').select('exported_on')).toEqual([{ exported_on: '2026-11-03' }]);
  });
  await inFolder(async (folder) => {
    const change = aafChange('PersRelEleve', '51', { mail: 'zoe@example.org' });
    await archive(join(folder, 'ENT2DVA.20261104Delta.tar.gz'), [
      [{ name: 'PersRelEleve.xml' }, document(feed, [change])],
    ]);
    expect(await importFolder(deps, folder, { temporary })).toMatchObject({
      ok: true,
      report: { refused: [], notes: [] },
    });
    expect(await database.db('guardian_references').pluck('email')).toEqual(['zoe@example.org']);
    expect(await database.db('import_feeds').select('exported_on')).toEqual([{ exported_on: '2026-11-04' }]);
  });
  expect(await leftovers()).toEqual([]);
});

const hostile: [string, RegExp, Entry[]][] = [
  ['a name that climbs out', /"..\/..\/x.xml" leads out of it/, [[{ name: '../../x.xml' }, 'x']]],
  ['an absolute name', /"\/tmp\/x.xml" leads out of it/, [[{ name: '/tmp/x.xml' }, 'x']]],
  ['a Windows name', /leads out of it/, [[{ name: 'a\\..\\..\\x.xml' }, 'x']]],
  ['a link', /"x.xml" is no file/, [[{ name: 'x.xml', type: 'symlink', linkname: '/etc/hostname' }]]],
  ['a hard link', /"x.xml" is no file/, [[{ name: 'x.xml', type: 'link', linkname: '/etc/hostname' }]]],
  ['a device', /"x.xml" is no file/, [[{ name: 'x.xml', type: 'character-device' }]]],
];

test.each(hostile)('%s refuses the archive (I05)', async (_, why, entries) => {
  await inFolder(async (folder) => {
    await archive(join(folder, 'ENT2D.tgz'), [...entriesOf('20261103'), ...entries]);
    const result = await importFolder(deps, folder, { temporary });
    expect(result).toMatchObject({ ok: false, report: { error: expect.stringMatching(why) } });
  });
  expect(await database.db('pupils').select()).toEqual([]);
});

test('an archive that swells is refused while it is read, as is one cut off, and one too big (I05)', async () => {
  await inFolder(async (folder) => {
    const into = join(folder, 'into');
    await mkdir(into);
    const bomb = join(folder, 'bomb.tgz');
    const tar = pack();
    const entry = tar.entry({ name: 'x.xml', size: 200 * 2 ** 20 });
    const packing = pipeline(Readable.from(tar), createGzip(), createWriteStream(bomb));
    const piece = Buffer.alloc(2 ** 20);
    for (let i = 0; i < 200; i += 1) {
      if (!entry.write(piece)) await new Promise<void>((resolve) => entry.once('drain', () => resolve()));
    }
    entry.end(null);
    tar.finalize();
    await packing;
    await expect(unpack(bomb, 'bomb.tgz', into, /xml$/)).rejects.toThrow(
      /bomb.tgz: it is refused: it swells from/,
    );
    for (const name of await readdir(into))
      expect((await stat(join(into, name))).size).toBeLessThan(60 * 2 ** 20);

    const good = join(folder, 'good.tgz');
    await archive(good, entriesOf('20261103'));
    const other = join(folder, 'other');
    await mkdir(other);
    const small = { ...ARCHIVE_LIMITS, file: 100 };
    await expect(unpack(good, 'good.tgz', other, /xml$/, small)).rejects.toThrow('is too big');
    await writeFile(good, (await readFile(good)).subarray(0, 400));
    await expect(unpack(good, 'good.tgz', other, /xml$/)).rejects.toThrow('cannot be read');
    await writeFile(good, gzipSync('no archive at all, only text'.repeat(100)));
    await expect(unpack(good, 'good.tgz', other, /xml$/)).rejects.toThrow(
      'good.tgz: the archive cannot be read',
    );
  });
});

test('what a killed run left behind goes after a day', async () => {
  const left = await privateFolder(new Date(), temporary);
  expect((await stat(left)).mode & 0o777).toBe(0o700);
  const yesterday = new Date(Date.now() - 25 * 3_600_000);
  await utimes(left, yesterday, yesterday);
  const next = await privateFolder(new Date(), temporary);
  expect(await leftovers()).not.toContain(left.split('/').at(-1));
  await rm(next, { recursive: true });
});
