import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { importFolder } from '../../src/imports/run.ts';
import {
  type AafFeed,
  type AafPupil,
  aafChange,
  document,
  guardianRecord,
  pupilRecord,
  writeAaf,
  writeDelta,
} from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, type TestDeps, testDeps } from '../support/deps.ts';
import { emptyLiveTables, inFolder, liveTables, night } from './nights.ts';

/** Records that are known as they stand are passed over: nothing else may differ from a night that reads them all. */
let database: TestDatabase;
let deps: TestDeps;
beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptyLiveTables(database);
  await database.db('import_feeds').delete();
});

const pupil = (id: string, more: Partial<AafPupil> = {}): AafPupil => ({
  id,
  school: Number(id) % 2 === 0 ? 'A' : 'B',
  guardians: [{ guardian: `5${Math.ceil(Number(id) / 2)}` }],
  ...more,
});
const feedOf = (more: Partial<AafFeed> = {}): AafFeed => ({
  degree: 1,
  schools: [
    { id: 'A', uai: '0319900A' },
    { id: 'B', uai: '0319901A' },
  ],
  pupils: ['1', '2', '3', '4'].map((id) => pupil(id)),
  guardians: [{ id: '51' }, { id: '52' }],
  ...more,
});

/** A night, and how many persons were staged in it. */
async function counted(feed: AafFeed) {
  const statements = countStatements(database.db);
  const report = await night(deps, feed);
  statements.stop();
  const inserts = statements.statements.filter((sql) => /^INSERT INTO staged_(pupils|guardians)/.test(sql));
  const staged = inserts.reduce((sum, sql) => sum + sql.split('),(').length, 0);
  return { report, staged };
}

/** Writes over one file of the feed. */
async function nightWith(type: 'Eleve' | 'PersRelEleve', text: string, feed = feedOf()) {
  return inFolder(async (folder) => {
    const names = await writeAaf(folder, feed);
    await writeFile(join(folder, names[type]), text);
    const result = await importFolder(deps, folder);
    if (!result.ok) throw new Error(result.reason);
    return result.report;
  });
}

const count = async (table: string, where = {}) =>
  Number((await database.db(table).where(where).count({ n: '*' }).first())?.n);

test('the same feed again stages nobody and counts the same', async () => {
  const first = await counted(feedOf());
  expect(first.staged).toBe(6);
  const before = await liveTables(database);
  deps.clock.advance(86_400_000);
  const again = await counted(feedOf());
  expect(again.staged).toBe(0);
  expect(await liveTables(database)).toEqual(before);
  expect(again.report.read).toEqual({ schools: 2, pupils: 4, guardians: 2, staff: 0 });
  const counts = ({ report }: typeof first) =>
    report.schools.map(({ uai, pupils, guardians }) => ({ uai, pupils, guardians }));
  expect(counts(again)).toEqual(counts(first));
});

test('among others who are as they were, one has left, one is new, one has moved and one has changed', async () => {
  await night(
    deps,
    feedOf({ pupils: [...feedOf().pupils, pupil('5', { guardians: [{ guardian: '51' }] })] }),
  );
  const pupils = [
    pupil('1'),
    pupil('3', { school: 'A' }),
    pupil('4', { className: 'B' }),
    pupil('5', { guardians: [{ guardian: '51' }] }),
    pupil('6', { guardians: [{ guardian: '51' }] }),
  ];
  const { report, staged } = await counted(feedOf({ pupils }));
  expect(staged).toBe(3);
  expect(report.schools).toMatchObject([
    { uai: '0319900A', pupils: 3, guardians: 2, arrived: 1, moved: 1, left: 1, changed: 1 },
    { uai: '0319901A', pupils: 2, guardians: 1, arrived: 0, moved: 0, left: 0, changed: 0 },
  ]);
});

test('who had left comes back with the record of before', async () => {
  await night(deps, feedOf());
  await night(deps, feedOf({ pupils: feedOf().pupils.slice(1) }));
  expect(await database.db('pupils').whereNotNull('left_at').pluck('source_id')).toEqual(['1']);
  const { report } = await counted(feedOf());
  expect(report.schools.map(({ arrived }) => arrived)).toEqual([0, 1]);
  expect(await database.db('pupils').whereNotNull('left_at').pluck('source_id')).toEqual([]);
});

test('a whole feed with the record of before takes back what a delta has changed', async () => {
  await night(deps, feedOf());
  await inFolder(async (folder) => {
    const Eleve = [aafChange('Eleve', '1', { ENTPersonPrenom: 'Bea' })];
    const PersRelEleve = [aafChange('PersRelEleve', '51', { ENTPersonPrenom: 'Max' })];
    await writeDelta(folder, { degree: 1 }, { Eleve, PersRelEleve });
    expect(await importFolder(deps, folder)).toMatchObject({ ok: true });
  });
  expect(await count('pupils', { given_name: 'Bea' })).toBe(1);
  const later = feedOf({ date: '20261105' });
  const { staged } = await counted(later);
  expect(staged).toBe(2);
  expect(await count('pupils', { given_name: 'Bea' })).toBe(0);
  expect(await count('guardian_references', { given_name: 'Max' })).toBe(0);
  expect((await counted(later)).staged).toBe(0);
});

test('other bytes that say the same are remembered, and nothing else is written', async () => {
  await night(deps, feedOf());
  const spaced = document(
    { degree: 1 },
    feedOf().pupils.map((one) => pupilRecord(1, one).replaceAll('</value>', ' </value>')),
  );
  const before = await database.db('pupils').select('id', 'digest', 'updated_at').orderBy('id');
  deps.clock.advance(86_400_000);
  const report = await nightWith('Eleve', spaced);
  expect(report.schools.map(({ changed }) => changed)).toEqual([0, 0]);
  expect(await database.db('pupils').select('id', 'digest', 'updated_at').orderBy('id')).toEqual(before);
  await inFolder(async (folder) => {
    const names = await writeAaf(folder, feedOf());
    await writeFile(join(folder, names.Eleve), spaced);
    const statements = countStatements(database.db);
    await importFolder(deps, folder);
    statements.stop();
    expect(statements.statements.filter((sql) => /^INSERT INTO staged_pupils/.test(sql))).toEqual([]);
  });
});

test.each([
  ['before', (known: string, other: string) => [other, known]],
  ['behind', (known: string, other: string) => [known, other]],
])('another record of the same id %s the known one is refused', async (_where, order) => {
  await night(deps, feedOf());
  const [known, ...others] = feedOf().pupils.map((one) => pupilRecord(1, one));
  const other = pupilRecord(1, pupil('1', { givenName: 'Zed' }));
  const report = await nightWith(
    'Eleve',
    document({ degree: 1 }, [...order(known as string, other), ...others]),
  );
  expect(report.refused).toEqual([
    { file: expect.stringContaining('Eleve'), record: '1', reason: 'this id has been read before' },
  ]);
  expect(report.schools.map(({ pupils, left, changed }) => ({ pupils, left, changed }))).toEqual([
    { pupils: 2, left: 0, changed: 0 },
    { pupils: 2, left: 0, changed: 0 },
  ]);
  expect(await count('pupils', { given_name: 'Zed' })).toBe(0);
  const guardians = feedOf().guardians.map((one) => guardianRecord(1, one));
  const twice = [...guardians, guardianRecord(1, { id: '51', givenName: 'Zed' })];
  const again = await nightWith('PersRelEleve', document({ degree: 1 }, twice));
  expect(again.refused).toMatchObject([{ record: '51', reason: 'this id has been read before' }]);
  expect(await count('guardian_references', { given_name: 'Zed' })).toBe(0);
});

test('each further record of the id of a known one is refused, as on the first night', async () => {
  const records = feedOf().pupils.map((one) => pupilRecord(1, one));
  const others = ['Zed', 'Yan'].map((givenName) => pupilRecord(1, pupil('1', { givenName })));
  const text = document({ degree: 1 }, [...records, ...others]);
  for (let times = 0; times < 2; times += 1) {
    expect((await nightWith('Eleve', text)).refused_total).toBe(2);
  }
});

test('a known record in a comment is not in the feed', async () => {
  await night(deps, feedOf());
  const [first, ...others] = feedOf().pupils.map((one) => pupilRecord(1, one));
  const report = await nightWith('Eleve', document({ degree: 1 }, [`<!-- ${first} -->`, ...others]));
  expect(report.schools.map(({ pupils, left }) => ({ pupils, left }))).toEqual([
    { pupils: 2, left: 0 },
    { pupils: 1, left: 1 },
  ]);
});

test('a record that ends amid another is not taken for a known one', async () => {
  await night(deps, feedOf());
  const [first = '', ...others] = feedOf().pupils.map((one) => pupilRecord(1, one));
  const hidden = first.replace('<value>Ana</value>', `<value><![CDATA[${first}]]></value>`);
  const report = await nightWith('Eleve', document({ degree: 1 }, [hidden, ...others]));
  expect(report.read.pupils).toBe(4);
  expect(report.refused).toMatchObject([{ record: '1', reason: 'a name is longer than 120 characters' }]);
});

test('a pupil whose MEF has another label is read again', async () => {
  const secondary = (label: string): AafFeed => ({
    ...feedOf({ degree: 2 }),
    pupils: [pupil('1', { mef: '10010012110' })],
    guardians: [{ id: '51' }],
    mefs: [{ code: '10010012110', label }],
  });
  await night(deps, secondary('6EME'));
  expect((await counted(secondary('6EME'))).staged).toBe(0);
  await night(deps, secondary('SIXIEME'));
  expect(await database.db('pupils').pluck('mef_label')).toEqual(['SIXIEME']);
});

test('a pupil of a school that is not in the feed any more is refused as ever', async () => {
  await night(deps, feedOf());
  const report = await night(deps, feedOf({ schools: feedOf().schools.slice(1) }));
  expect(report.refused.map(({ record, reason }) => [record, reason])).toEqual([
    ['2', 'the school A is not in the feed'],
    ['4', 'the school A is not in the feed'],
  ]);
});

test('a pupil without account whose guardian was not known is looked at each night', async () => {
  const lacking = feedOf({ guardians: [{ id: '51' }] });
  await night(deps, lacking);
  const again = await night(deps, lacking);
  expect(again.refused.map(({ record }) => record).sort()).toEqual(['3', '4']);
  const report = await night(deps, feedOf());
  expect(report.accounts.created).toBe(1);
});

test('comments full of what looks like records are looked through once, and the records behind are known', async () => {
  await night(deps, feedOf());
  const records = feedOf().pupils.map((one) => pupilRecord(1, one));
  const comment = `<!-- ${'<addRequest>'.repeat(80_000)} -->`;
  const report = await nightWith('Eleve', document({ degree: 1 }, [...Array(20).fill(comment), ...records]));
  expect(report.read.pupils).toBe(4);
  expect(report.schools.map(({ pupils, left }) => ({ pupils, left }))).toEqual([
    { pupils: 2, left: 0 },
    { pupils: 2, left: 0 },
  ]);
});

test('two schools of a feed that are one known school are both left as they are', async () => {
  await night(deps, feedOf());
  const before = await liveTables(database);
  const schools = [
    { id: 'A', uai: '0319902A' },
    { id: 'B', uai: '0319901A' },
    { id: 'C', uai: '0319900A' },
  ];
  const pupils = [...feedOf().pupils, pupil('6', { school: 'C', guardians: [{ guardian: '51' }] })];
  const failed = await inFolder(async (folder) => {
    await writeAaf(folder, feedOf({ schools, pupils }));
    const result = await importFolder(deps, folder);
    return result.ok && result.report.schools.map(({ uai, failed }) => [uai, failed !== undefined]);
  });
  expect(failed).toEqual([
    ['0319902A', true],
    ['0319901A', false],
    ['0319900A', true],
  ]);
  expect(await liveTables(database)).toEqual(before);
});
