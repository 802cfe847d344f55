import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pupilsOfAccount } from '../../src/directory/store.ts';
import { importFolder } from '../../src/imports/run.ts';
import { writeAaf } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';

let database: TestDatabase;
let deps: TestDeps;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
  folder = await mkdtemp(join(tmpdir(), 'ec-aaf-'));
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

test('files of both degrees become schools, pupils, guardians and pre-created accounts', async () => {
  await writeAaf(join(folder, '1d'), {
    degree: 1,
    schools: [{ id: '101', uai: '0319901A', name: 'E.E.PU-LES TILLEULS-ac-X', town: 'VALMONT' }],
    pupils: [
      {
        id: '1',
        school: '101',
        givenName: 'Éloïse',
        familyName: "D'AVLIS",
        birthDate: '05/03/2015',
        className: '77',
        classLabel: 'CE1/2 D',
        guardians: [{ guardian: '51' }, { guardian: '52', code: '20' }],
      },
    ],
    guardians: [
      {
        id: '51',
        givenName: 'Zoé',
        familyName: "D'Avlis-Œuvre",
        mobile: '06 39 98 00 11',
        email: 'zoe@example.org',
      },
      { id: '52', givenName: 'Paul', familyName: 'Selazogn' },
    ],
  });
  await writeAaf(join(folder, '2d'), {
    degree: 2,
    encoding: 'ISO-8859-15',
    schools: [{ id: '201', uai: '0319950B' }],
    pupils: [
      { id: '1', school: '201', className: '6A', mef: '10010012110', guardians: [{ guardian: '51' }] },
    ],
    guardians: [{ id: '51', givenName: 'Zoé', familyName: "D'Avlis-Œuvre", mobile: '+33 6 39 98 00 11' }],
    mefs: [{ code: '10010012110', label: '6EME' }],
  });

  const result = await importFolder(deps, folder);

  expect(result).toMatchObject({
    ok: true,
    failed: 0,
    report: {
      refused: [],
      read: { schools: 2, pupils: 2, guardians: 3 },
      accounts: { created: 4, changed: 0, closed: 0 },
    },
  });
  const accounts = await database.db('accounts').orderBy('id');
  expect(accounts.map((a) => [a.kind, a.identifier, a.state, a.origin, a.password_kind])).toEqual([
    ['guardian', 'z.davlisoeuvre', 'not_notified', 'none', 'none'],
    ['guardian', 'p.selazogn', 'not_notified', 'none', 'none'],
    ['pupil', 'a.eleve', 'not_notified', 'none', 'none'],
    ['guardian', 'z.davlisoeuvre2', 'not_notified', 'none', 'none'],
  ]);
  const zoe = await database.db('guardian_references').where({ degree: 1, source_id: '51' }).first();
  expect(zoe).toMatchObject({
    mobile: '+33639980011',
    mobile_raw: '06 39 98 00 11',
    email: 'zoe@example.org',
    search_name: 'D Avlis Œuvre Zoé',
    address: '1 rue des Tests',
  });
  expect(await pupilsOfAccount(database.db, accounts[0].id)).toEqual([
    expect.objectContaining({
      givenName: 'Éloïse',
      familyName: "D'AVLIS",
      birthDate: '2015-03-05',
      schoolUai: '0319901A',
      degree: 1,
    }),
  ]);
  const pupil = await database.db('pupils').where({ degree: 2 }).first();
  expect(pupil).toMatchObject({
    mef_code: '10010012110',
    mef_label: '6EME',
    siecle_id: '91',
    ine: '000000001AB',
  });
  expect(await database.db('classes').select('code', 'label').orderBy('code')).toEqual([
    { code: '6A', label: '6A' },
    { code: '77', label: 'CE1/2 D' },
  ]);
});
