import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { importFolder } from '../../src/imports/run.ts';
import {
  type AafFeed,
  type AafNames,
  aafRecord,
  document,
  encode,
  guardianRecord,
  pupilRecord,
  recordsOf,
  writeAaf,
} from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { emptyLiveTables, inFolder, liveTables, night } from './nights.ts';

let database: TestDatabase;
let deps: TestDeps;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());
beforeEach(() => emptyLiveTables(database));

const feed: AafFeed = {
  degree: 2,
  schools: [{ id: 'A', uai: '0319901A' }],
  pupils: [
    { id: '1', school: 'A', guardians: [{ guardian: '51' }] },
    { id: '2', school: 'A', guardians: [{ guardian: '51' }] },
  ],
  guardians: [{ id: '51', givenName: 'Zoé', familyName: 'Un' }],
};

const spoilt: [what: string, why: RegExp, spoil: (folder: string, names: AafNames) => Promise<unknown>][] = [
  ['an empty file', /Eleve_0000.xml: the file is empty/, (f, n) => truncate(join(f, n.Eleve), 0)],
  [
    'a file cut in two',
    /Eleve_0000.xml: it is cut off at record #2: it ends inside/,
    async (f, n) => {
      const path = join(f, n.Eleve);
      await writeFile(path, (await readFile(path, 'utf8')).slice(0, -300));
    },
  ],
  [
    'a file without its last tag',
    /it is cut off/,
    async (f, n) => {
      const path = join(f, n.PersRelEleve);
      await writeFile(path, (await readFile(path, 'utf8')).replace('</ficAlimMENESR>', ''));
    },
  ],
  [
    'a header only',
    /Eleve_0000.xml: it holds no record/,
    (f, n) => writeFile(join(f, n.Eleve), document(feed, [])),
  ],
  ['no file of pupils', /has no Eleve file/, (f, n) => rm(join(f, n.Eleve))],
  ['no file of guardians', /has no PersRelEleve file/, (f, n) => rm(join(f, n.PersRelEleve))],
  [
    'no file at all',
    /no readable AAF file/,
    async (f) => {
      for (const name of await readdir(f)) await rm(join(f, name));
    },
  ],
  [
    'a part missing',
    /Eleve_0001.xml is missing/,
    (f, n) => rename(join(f, n.Eleve), join(f, n.Eleve.replace('0000', '0002'))),
  ],
  [
    'two dates',
    /files of two dates are mixed/,
    (f, n) => rename(join(f, n.Eleve), join(f, n.Eleve.replace('20261103', '20261102'))),
  ],
  [
    'whole files beside a file of changes',
    /whole files and files of changes are mixed/,
    (f, n) => rename(join(f, n.Eleve), join(f, n.Eleve.replace('Complet', 'Delta'))),
  ],
  [
    'a change among the additions',
    /record #3 is a change \(deleteRequest\)/,
    (f, n) =>
      writeFile(
        join(f, n.Eleve),
        document(feed, [
          ...recordsOf(feed).Eleve,
          '<deleteRequest><identifier><id>1</id></identifier></deleteRequest>',
        ]),
      ),
  ],
  ['another root', /its root is <html>/, (f, n) => writeFile(join(f, n.Eleve), '<html></html>')],
  ['no XML', /not well-formed/, (f, n) => writeFile(join(f, n.Eleve), 'Nom;Prénom\r\n')],
  [
    'Latin bytes in a file that says UTF-8',
    /not those of the encoding it declares, UTF-8/,
    (f, n) =>
      writeFile(
        join(f, n.PersRelEleve),
        encode(document(feed, [guardianRecord(2, { id: '51', givenName: 'Zoé' })]), 'ISO-8859-1'),
      ),
  ],
  [
    'UTF-8 in a file that says ISO-8859-15',
    /not those of the encoding it declares, ISO-8859-15/,
    (f, n) =>
      writeFile(
        join(f, n.PersRelEleve),
        document({ ...feed, encoding: 'ISO-8859-15' }, [guardianRecord(2, { id: '51', givenName: 'Zoé' })]),
      ),
  ],
  [
    'windows-1252 in a file that says ISO-8859-15',
    /not those of the encoding/,
    (f, n) =>
      writeFile(
        join(f, n.PersRelEleve),
        encode(
          document({ ...feed, encoding: 'ISO-8859-15' }, [
            guardianRecord(2, { id: '51', familyName: 'D’AVLIS' }),
          ]),
          'windows-1252',
        ),
      ),
  ],
  [
    'UTF-16',
    /UTF-16 is not read/,
    (f, n) =>
      writeFile(join(f, n.Eleve), Buffer.from(`\ufeff${document(feed, recordsOf(feed).Eleve)}`, 'utf16le')),
  ],
  [
    'an entity bomb',
    /Eleve_0000.xml: it is refused: its document type defines entities/,
    (f, n) => {
      const levels = Array.from(
        { length: 12 },
        (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`,
      ).join('');
      return writeFile(
        join(f, n.Eleve),
        `<?xml version="1.0"?><!DOCTYPE ficAlimMENESR [<!ENTITY l0 "ha">${levels}]><ficAlimMENESR>&l12;</ficAlimMENESR>`,
      );
    },
  ],
  [
    'an external entity',
    /its document type defines entities/,
    (f, n) =>
      writeFile(
        join(f, n.Eleve),
        document(feed, recordsOf(feed).Eleve).replace(
          'SYSTEM "ficAlimMENESR.dtd"',
          '[<!ENTITY x SYSTEM "file:///etc/hostname">]',
        ),
      ),
  ],
  [
    'an entity of a document type elsewhere',
    /&eacute is not a known entity/,
    (f, n) =>
      writeFile(
        join(f, n.PersRelEleve),
        document(feed, [guardianRecord(2, { id: '51' }).replace('Lou', 'Zo&eacute;')]),
      ),
  ],
  [
    'deep nesting',
    /nested more than 12 deep/,
    (f, n) => writeFile(join(f, n.Eleve), document(feed, ['<x>'.repeat(100_000)])),
  ],
  [
    'thousands of attributes',
    /more than 20 attributes/,
    (f, n) =>
      writeFile(
        join(f, n.Eleve),
        document(feed, [`<addRequest ${Array.from({ length: 5000 }, (_, i) => `a${i}="1"`).join(' ')}/>`]),
      ),
  ],
  [
    'a record of endless values',
    /a record is longer than anybody writes/,
    (f, n) =>
      writeFile(
        join(f, n.Eleve),
        document(feed, [
          `<addRequest><attributes><attr name="x">${'<value>abcdefghij</value>'.repeat(300_000)}`,
        ]),
      ),
  ],
];

test.each(spoilt)('%s refuses the feed before anything is written', async (_, why, spoil) => {
  await night(deps, feed);
  const before = await liveTables(database);
  await inFolder(async (folder) => {
    await spoil(folder, await writeAaf(folder, feed));
    const result = await importFolder(deps, folder);
    expect(result).toMatchObject({
      ok: false,
      reason: 'refused',
      report: { error: expect.stringMatching(why), accounts: { created: 0 } },
    });
  });
  expect(await liveTables(database)).toEqual(before);
  expect(await database.db('import_runs').orderBy('id', 'desc').first()).toMatchObject({
    state: 'refused',
    running: null,
  });
  expect(await database.db('staged_pupils').select()).toEqual([]);
});

test('files that do not name their académie, beside schools of two, are refused', async () => {
  const schools = [
    { id: 'A', uai: '0319901A', academy: '13' },
    { id: 'B', uai: '0319902A', academy: '14' },
  ];
  await expect(night(deps, { ...feed, schools, bare: true })).rejects.toThrow(
    'does not say of which académie it is',
  );
});

test('bytes of another encoding in a file that declares none are refused', async () => {
  await inFolder(async (folder) => {
    const names = await writeAaf(folder, feed);
    const text = document(feed, [guardianRecord(2, { id: '51', givenName: 'Zoé' })]);
    await writeFile(join(folder, names.PersRelEleve), encode(text.replace(/^.*\n/, ''), 'ISO-8859-1'));
    expect(await importFolder(deps, folder)).toMatchObject({
      ok: false,
      report: { error: expect.stringContaining('it declares no encoding and is not UTF-8') },
    });
  });
});

test.each([
  ['', Number.POSITIVE_INFINITY, 80e6],
  [' by threads, each with its own copy of the program,', 0, 250e6],
])('one line of a hundred megabytes is refused%s in little memory (I05)', async (_how, threadsFrom, most) => {
  await inFolder(async (folder) => {
    const names = await writeAaf(folder, feed);
    const path = join(folder, names.PersRelEleve);
    const records = document(feed, [guardianRecord(2, { id: '51' })]);
    await writeFile(path, records.slice(0, records.indexOf('</ficAlimMENESR>')));
    await appendFile(path, '<addRequest><attributes><attr name="sn"><value>');
    const stream = createWriteStream(path, { flags: 'a' });
    const piece = Buffer.alloc(1 << 20, 'A');
    for (let written = 0; written < 100; written += 1) {
      if (!stream.write(piece)) await once(stream, 'drain');
    }
    stream.end();
    await finished(stream);
    const before = process.memoryUsage().rss;
    const result = await importFolder(deps, folder, { sizes: { threadsFrom } });
    expect(result).toMatchObject({
      ok: false,
      report: { error: expect.stringContaining('is longer than 1000000 characters') },
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(most);
  });
});

test('a record that is no use is reported with file, record and reason, and the others are imported (I02)', async () => {
  await inFolder(async (folder) => {
    const names = await writeAaf(folder, {
      ...feed,
      schools: [...feed.schools, { id: 'B', uai: '12345' }, { id: 'A', uai: '0319999A' }],
      pupils: [
        ...feed.pupils,
        { id: '3', school: 'A', birthDate: '30/02/2015' },
        { id: '4', school: 'A', givenName: ' ' },
        { id: '5', school: 'B' },
        { id: '', school: 'A' },
        { id: '1', school: 'A', familyName: 'AUTRE' },
        { id: '2', school: 'A', guardians: [{ guardian: '51' }] },
        { id: '7', school: 'A', guardians: [{ guardian: '99' }, { guardian: '52' }, { guardian: '$$' }] },
        { id: '8', school: 'A', birthDate: '01/01/2999' },
        { id: '9', school: 'A', familyName: 'X'.repeat(121) },
        { id: '10', school: 'A', ine: 'not an INE' },
        { id: '11', school: 'A', birthDate: '2015-03-05' },
      ],
      guardians: [...feed.guardians, { id: '52', familyName: '\t' }],
    });
    const result = await importFolder(deps, folder);
    if (!result.ok) throw new Error(JSON.stringify(result));
    const { report } = result;
    expect(report.read).toEqual({ schools: 3, pupils: 13, guardians: 2, staff: 0 });
    const pupils = names.Eleve;
    expect(report.refused).toEqual([
      { file: names.EtabEducNat, record: 'B', reason: 'the UAI has not the form of one' },
      { file: names.EtabEducNat, record: 'A', reason: 'this id has been read before' },
      { file: names.PersRelEleve, record: '52', reason: 'the name is missing' },
      { file: pupils, record: '3', reason: 'the birth date does not exist' },
      { file: pupils, record: '4', reason: 'the first name is missing' },
      { file: pupils, record: '5', reason: 'the school B is not in the feed' },
      { file: pupils, record: '#6', reason: 'the id is missing' },
      { file: pupils, record: '7', reason: 'the guardian "$$$10$1$1$0$0" cannot be read' },
      { file: pupils, record: '8', reason: 'the birth date is not that of somebody alive' },
      { file: pupils, record: '9', reason: 'a name is longer than 120 characters' },
      { file: pupils, record: '10', reason: 'the INE has not the form of one' },
      { file: pupils, record: '1', reason: 'this id has been read before' },
      { file: pupils, record: '7', reason: 'the guardian 99 is in no file' },
      { file: pupils, record: '7', reason: 'the guardian 52 has a record that was refused' },
    ]);
    expect(report.refused_total).toBe(14);
    expect(await database.db('pupils').orderBy('id').pluck('source_id')).toEqual(['1', '11', '2', '7']);
  });
});

test('a pupil or guardian whose record turned bad has not left', async () => {
  await night(deps, feed);
  const before = await liveTables(database);
  const report = await night(deps, {
    ...feed,
    pupils: [{ ...feed.pupils[0], id: '1', school: 'A', birthDate: '31/02/2015' }, ...feed.pupils.slice(1)],
    guardians: [{ id: '51', givenName: '', familyName: 'Un' }],
  });
  expect(report.refused_total).toBe(2);
  expect(await liveTables(database)).toEqual(before);
});

test('the refusals that are kept are bounded, all are counted', async () => {
  const pupils = Array.from({ length: 1500 }, (_, i) => ({
    id: String(i + 10),
    school: 'A',
    birthDate: 'x',
  }));
  const report = await night(deps, { ...feed, pupils: [...feed.pupils, ...pupils] });
  expect(report.refused).toHaveLength(1000);
  expect(report.refused_total).toBe(1500);
});

test.each([['ISO-8859-15'], ['windows-1252'], ['UTF-8']] as const)(
  '%s: Œ, €, Š and Ÿ arrive as they were written (I02)',
  async (encoding) => {
    const guardians = [{ id: '51', givenName: 'Œdipe', familyName: 'ŠŸ-Lœß', address: '10 € rue$$$' }];
    await night(deps, { ...feed, encoding, guardians });
    const { digest, ...row } = await database.db('guardian_references').first();
    expect(row).toMatchObject({ given_name: 'Œdipe', family_name: 'ŠŸ-Lœß', address: '10 € rue' });
    expect(await database.db('accounts').where({ kind: 'guardian' }).pluck('identifier')).toEqual([
      'o.syloess',
    ]);
  },
);

test('a byte order mark, CRLF and decomposed letters change nothing (I02)', async () => {
  await inFolder(async (folder) => {
    const names = await writeAaf(folder, {
      ...feed,
      guardians: [{ id: '51', givenName: 'Zoe\u0301', familyName: 'Un' }],
    });
    for (const name of Object.values(names)) {
      const text = await readFile(join(folder, name), 'utf8');
      await writeFile(join(folder, name), `\ufeff${text.replaceAll('\n', '\r\n')}`);
    }
    expect(await importFolder(deps, folder)).toMatchObject({ ok: true, report: { refused: [] } });
    expect(await database.db('guardian_references').pluck('given_name')).toEqual(['Zoé']);
  });
});

test('files are taken by what they hold and not by their names; others are left aside with a note', async () => {
  await inFolder(async (folder) => {
    const records = recordsOf(feed);
    await mkdir(join(folder, 'in'));
    for (const [index, type] of (['Eleve', 'PersRelEleve', 'EtabEducNat'] as const).entries()) {
      await writeFile(join(folder, 'in', `${index}.XML`), document({ ...feed, bare: true }, records[type]));
    }
    const subject = aafRecord('categorieMatiere', 'MatiereEducNat', '900', {});
    await writeFile(join(folder, 'in', 'subjects.xml'), document(feed, [subject]));
    await writeFile(
      join(folder, 'in', 'what.xml'),
      document(feed, [aafRecord('categorieX', 'Unknown', '1', {})]),
    );
    await writeFile(join(folder, 'in', 'feed.zip'), 'x');
    await writeFile(join(folder, 'in', 'ficAlimMENESR.dtd'), 'x');
    const result = await importFolder(deps, folder);
    expect(result).toMatchObject({ ok: true, report: { refused: [], read: { pupils: 2 } } });
    expect(result.ok && result.report.notes).toEqual([
      'in/feed.zip: archives of this kind are not opened',
      'in/subjects.xml: MatiereEducNat files are not used, left aside',
      'in/what.xml: a kind of file that is not known, left aside',
    ]);
    expect(await database.db('pupils').pluck('academy_code')).toEqual(['13', '13']);
  });
});

test('a pupil in a file of guardians is reported', async () => {
  await inFolder(async (folder) => {
    const names = await writeAaf(folder, feed);
    const records = [...recordsOf(feed).PersRelEleve, pupilRecord(2, { id: '7', school: 'A' })];
    await writeFile(join(folder, names.PersRelEleve), document(feed, records));
    expect(await importFolder(deps, folder)).toMatchObject({
      ok: true,
      report: { refused: [{ record: '7', reason: 'it is a Eleve in a file of PersRelEleve' }] },
    });
  });
});
