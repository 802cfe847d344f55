import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { importFolder } from '../../src/imports/run.ts';
import {
  type AafFeed,
  type AafNames,
  aafChange,
  aafDelete,
  guardianRecord,
  pupilRecord,
  writeAaf,
  writeDelta,
} from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { childrenOf, emptyLiveTables, inFolder, liveTables, night } from './nights.ts';

let database: TestDatabase;
let deps: TestDeps;

const feed = (degree: 1 | 2): AafFeed => ({
  degree,
  schools: [
    { id: 'A', uai: `031990${degree}A` },
    { id: 'B', uai: `031990${degree}B` },
  ],
  pupils: [
    {
      id: '1',
      school: 'A',
      givenName: 'Ana',
      familyName: 'Un',
      mef: '10010012110',
      guardians: [{ guardian: '51' }],
    },
    {
      id: '2',
      school: 'A',
      givenName: 'Bea',
      familyName: 'Un',
      guardians: [{ guardian: '51' }, { guardian: '52', code: '20' }],
    },
    { id: '3', school: 'B', givenName: 'Cyd', familyName: 'Trois', guardians: [{ guardian: '53' }] },
  ],
  guardians: [
    { id: '51', givenName: 'Zoé', familyName: 'Un', mobile: '+33 6 39 98 00 01', email: 'zoe@example.org' },
    { id: '52', givenName: 'Paul', familyName: 'Deux' },
    { id: '53', givenName: 'Max', familyName: 'Trois', mobile: '+33 6 39 98 00 03' },
  ],
});

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptyLiveTables(database);
  await database.db('import_feeds').delete();
  await night(deps, feed(1));
});

async function delta(records: Partial<AafNames<string[]>>, degree: 1 | 2 = 1) {
  return inFolder(async (folder) => {
    await writeDelta(folder, { degree }, records);
    const result = await importFolder(deps, folder);
    if (!result.ok) throw new Error(JSON.stringify(result));
    return result.report;
  });
}
const guardian = (id: string) => database.db('guardian_references').where({ source_id: id }).first();
const pupil = (id: string) => database.db('pupils').where({ source_id: id }).first();

test('a modification replaces what it names and leaves the rest', async () => {
  const before = { guardian: await guardian('51'), pupil: await pupil('1'), other: await pupil('2') };
  const report = await delta({
    PersRelEleve: [
      aafChange('PersRelEleve', '51', { ENTPersRelEleveTelMobile: '06 39 98 00 09', ENTPersonNom: 'UNE' }),
    ],
    Eleve: [aafChange('Eleve', '1', { ENTPersonDateNaissance: '06/03/2015' })],
  });
  expect(report.refused).toEqual([]);
  expect(report.schools).toMatchObject([
    { uai: '0319901A', changed: 1, mobiles_changed: 1, left: 0, links_ended: 0 },
  ]);
  const { digest: _g, updated_at: _u, search_name: _s, ...changed } = await guardian('51');
  expect(changed).toMatchObject({
    mobile: '+33639980009',
    family_name: 'UNE',
    given_name: 'Zoé',
    email: 'zoe@example.org',
  });
  const {
    digest: _d,
    updated_at: _t,
    ...same
  } = {
    ...before.pupil,
    birth_date: '2015-03-06',
    birth_date_changed_at: deps.clock.now(),
    // What a whole feed says of him has to be read again.
    record_digest: null,
  };
  expect(await pupil('1')).toMatchObject(same);
  expect(await pupil('2')).toEqual(before.other);
  expect(await childrenOf(database, 'z.un')).toEqual(['Ana Un', 'Bea Un']);
  expect(await database.db('accounts').where({ identifier: 'z.un' }).first()).toMatchObject({
    family_name: 'UNE',
  });
});

test('an empty mobile is a deletion, and an e-mail address too', async () => {
  await delta({
    PersRelEleve: [aafChange('PersRelEleve', '51', { ENTPersRelEleveTelMobile: null, ENTPersonMail: null })],
  });
  expect(await guardian('51')).toMatchObject({
    mobile: null,
    mobile_raw: null,
    email: null,
    given_name: 'Zoé',
  });
});

test('2D: the number for SMS and the other are told apart', async () => {
  await emptyLiveTables(database);
  const known = feed(2);
  const guardians = [
    { ...known.guardians[0], id: '51', mobile: '+33 6 39 98 00 01', mobileSms: '+33 6 39 98 00 02' },
  ];
  await night(deps, { ...known, guardians: [...guardians, ...known.guardians.slice(1)] });
  await delta({ PersRelEleve: [aafChange('PersRelEleve', '51', { mobile: '+33 6 39 98 00 04' })] }, 2);
  expect(await guardian('51')).toMatchObject({ mobile: '+33639980002', sms_consent: 1 });
  await delta(
    {
      PersRelEleve: [
        aafChange('PersRelEleve', '51', { ENTPersonMobileSMS: null, mobile: '+33 6 39 98 00 05' }),
      ],
    },
    2,
  );
  expect(await guardian('51')).toMatchObject({ mobile: '+33639980005', sms_consent: 0 });
  await delta({ PersRelEleve: [aafChange('PersRelEleve', '51', { mobile: null })] }, 2);
  expect(await guardian('51')).toMatchObject({ mobile: null, sms_consent: 0 });
});

test('an addition: a new pupil whose guardian is the one already known', async () => {
  const report = await delta({
    Eleve: [
      pupilRecord(1, {
        id: '4',
        school: 'B',
        givenName: 'Dan',
        familyName: 'Un',
        guardians: [{ guardian: '51' }],
      }),
    ],
  });
  expect(report).toMatchObject({
    refused: [],
    accounts: { created: 0 },
    schools: [{ uai: '0319901B', arrived: 1 }],
  });
  expect(await childrenOf(database, 'z.un')).toEqual(['Ana Un', 'Bea Un', 'Dan Un']);
});

test('a new guardian comes with his link; one that the list of links lacks loses the child', async () => {
  await delta({
    PersRelEleve: [guardianRecord(1, { id: '54', givenName: 'Eva', familyName: 'Quatre' })],
    Eleve: [aafChange('Eleve', '2', { ENTEleveAutoriteParentale: ['51$10', '54$20'] })],
  });
  expect(await childrenOf(database, 'e.quatre')).toEqual(['Bea Un']);
  expect(await childrenOf(database, 'p.deux')).toEqual([]);
  expect(await childrenOf(database, 'z.un')).toEqual(['Ana Un', 'Bea Un']);
});

test('a delta removes nobody but by deleteRequest', async () => {
  await delta({ Eleve: [aafDelete('Eleve', '3')], PersRelEleve: [aafDelete('PersRelEleve', '52')] });
  expect(await database.db('pupils').whereNull('left_at').orderBy('source_id').pluck('source_id')).toEqual([
    '1',
    '2',
  ]);
  expect((await guardian('52')).left_at).not.toBeNull();
  expect(await childrenOf(database, 'p.deux')).toEqual([]);
  expect(await childrenOf(database, 'z.un')).toEqual(['Ana Un', 'Bea Un']);
  await night(deps, { ...feed(1), date: '20261105' });
  expect(await childrenOf(database, 'p.deux')).toEqual(['Bea Un']);
  expect(await childrenOf(database, 'm.trois')).toEqual(['Cyd Trois']);
});

test.each([1, 1000])(
  'who changes school the day that his guardian is deleted loses him (%d persons a transaction)',
  async (groupPersons) => {
    for (const to of ['B', 'A']) {
      await database.db('import_feeds').delete();
      await night(deps, feed(1));
      const moved = to === 'B' ? ['1', '2'] : ['3'];
      await inFolder(async (folder) => {
        const Eleve = moved.map((id) => aafChange('Eleve', id, { ENTPersonStructRattach: to }));
        const PersRelEleve = ['51', '53'].map((id) => aafDelete('PersRelEleve', id));
        await writeDelta(folder, { degree: 1 }, { Eleve, PersRelEleve });
        expect(await importFolder(deps, folder, { sizes: { groupPersons } })).toMatchObject({ ok: true });
      });
      expect(await childrenOf(database, 'z.un')).toEqual([]);
      expect(await childrenOf(database, 'm.trois')).toEqual([]);
    }
  },
);

test('a pupil changes school by a modification, the class of the old one does not follow', async () => {
  await delta({ Eleve: [aafChange('Eleve', '1', { ENTPersonStructRattach: 'B' })] });
  const b = await database.db('schools').where({ source_id: 'B' }).first();
  expect(await pupil('1')).toMatchObject({ school_id: b.id, class_id: null, left_at: null });
  await delta({ Eleve: [aafChange('Eleve', '1', { ENTPersonClasses: 'B$2026$X$CM1$CM1 bleu' })] });
  expect(
    await database
      .db('classes')
      .where({ id: (await pupil('1')).class_id })
      .first(),
  ).toMatchObject({ label: 'CM1 bleu' });
});

test('changes of the unknown, of another operation and of nobody are reported and harm nobody', async () => {
  const before = await liveTables(database);
  const report = await delta({
    Eleve: [
      aafChange('Eleve', '99', { ENTPersonNom: 'X' }),
      aafChange('Eleve', '1', { ENTPersonNom: 'X' }).replace('operation="replace"', 'operation="add"'),
      aafChange('Eleve', '2', { ENTPersonDateNaissance: '30/02/2015' }),
      aafDelete('Eleve', '98'),
    ],
  });
  expect(report.refused.map(({ record, reason }) => `${record}: ${reason}`).sort()).toEqual([
    '1: it changes by another operation than replace',
    '2: the birth date does not exist',
    '99: it changes somebody who is not known',
  ]);
  expect(await liveTables(database)).toEqual(before);
});

test('the same delta a second time writes nothing', async () => {
  const records = {
    Eleve: [aafChange('Eleve', '1', { ENTPersonPrenom: 'Anna' }), aafDelete('Eleve', '3')],
    PersRelEleve: [aafChange('PersRelEleve', '53', { ENTPersonMail: 'max@example.net' })],
  };
  await delta(records);
  const before = await liveTables(database);
  deps.clock.advance(86_400_000);
  await delta(records);
  expect(await liveTables(database)).toEqual(before);
});

test('several académies and both degrees in one folder, a delta beside a whole feed', async () => {
  await inFolder(async (folder) => {
    await writeAaf(join(folder, 'x'), {
      ...feed(2),
      academy: '14',
      schools: feed(1).schools.map((school, i) => ({ ...school, uai: `031991${i}A` })),
    });
    await writeDelta(
      join(folder, 'y'),
      { degree: 1, academy: '13' },
      { Eleve: [aafChange('Eleve', '1', { ENTPersonPrenom: 'Anna' })] },
    );
    expect(await importFolder(deps, folder)).toMatchObject({ ok: true, report: { refused: [] } });
  });
  const rows = await database
    .db('pupils')
    .where({ source_id: '1' })
    .orderBy('degree')
    .select('academy_code', 'degree', 'given_name');
  expect(rows).toEqual([
    { academy_code: '13', degree: 1, given_name: 'Anna' },
    { academy_code: '14', degree: 2, given_name: 'Ana' },
  ]);
});
