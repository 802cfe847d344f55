import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { importFolder } from '../../src/imports/run.ts';
import { type AafFeed, encode } from '../support/aaf.ts';
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

const feed: AafFeed = {
  degree: 1,
  schools: [{ id: 'A', uai: '0319901A' }],
  pupils: [
    {
      id: '1',
      school: 'A',
      givenName: 'Éloïse',
      familyName: "D'AVLIS",
      birthDate: '05/03/2015',
      guardians: [{ guardian: '51' }, { guardian: '52' }],
    },
    {
      id: '2',
      school: 'A',
      givenName: 'Bea',
      familyName: 'UN',
      birthDate: '06/03/2016',
      guardians: [{ guardian: '53' }],
    },
    { id: '3', school: 'A', givenName: 'Tom', familyName: 'UN', birthDate: '07/03/2016', ine: null },
  ],
  guardians: [
    { id: '51', givenName: 'Zoé', familyName: "D'AVLIS", mobile: '+33 6 39 98 00 01' },
    { id: '52', givenName: 'Paul', familyName: 'DEUX', email: 'paul@example.org' },
    { id: '53', givenName: 'Zoé', familyName: 'UN' },
  ],
};
beforeEach(async () => {
  await emptyLiveTables(database);
  await database.db('import_feeds').delete();
  await night(deps, feed);
});

const PUPILS =
  "Nom élève;Nom d'usage élève;Prénom élève;Date naissance;Sexe;INE;Adresse1;Cp1;Commune1;Pays1; Cycle;Niveau;Libellé classe;Identifiant classe";
const GUARDIANS =
  "Civilité Responsable;Nom usage responsable;Nom responsable;Prénom responsable;Adresse responsable;CP responsable;Commune responsable;Pays;Courriel;Téléphone domicile;Téléphone travail;Téléphone portable;Nom d'usage enfant;Nom de famille enfant;Prénom enfant;Classes enfants;Nom d'usage enfant;Nom de famille enfant;Prénom enfant;Classes enfants";

const table = (lines: string[]) =>
  encode(
    lines
      .map((line) =>
        line
          .split(';')
          .map((cell) => `"${cell}"`)
          .join(';'),
      )
      .join('\r\n'),
    'ISO-8859-15',
  );

async function extraction(files: Record<string, Buffer>, uai = '0319901A') {
  return inFolder(async (folder) => {
    await mkdir(join(folder, uai));
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, uai, name), content);
    return importFolder(deps, folder);
  });
}

test('a line that fits one known person brings him up to date, the others are reported (integration.md 2.7)', async () => {
  const before = await liveTables(database);
  const result = await extraction({
    'CSVExtraction-eleves.csv': table([
      PUPILS,
      'D AVLIS;;Eloise;05/03/2015;F;;1 rue;99000;X;F;CYCLE 3;CM1;CM1 bleu;77',
      'UN;;Tom;07/03/2016;M;000000003AB;1 rue;99000;X;F;;;;',
      'UN;;Bea;01/01/2001;F;;;;;;;CP;;',
      'INCONNU;;Bea;06/03/2016;F;;;;;;;CP;;',
    ]),
    'CSVExtraction-responsables.csv': table([
      GUARDIANS,
      "Mme;D'AVLIS;;Zoé;9 rue Neuve;99100;AILLEURS;F;zoe@example.org;;;0639980009;;D'AVLIS;Éloïse;A;;;;",
      "M.;DEUX;;Paul;;;;;;;;;;UN;Bea;A;;D'AVLIS;Eloïse;A",
      'Mme;UN;;Zoé;;;;;;;;06 39 98 00 07;;UN;Léo;A;;;;',
    ]),
  });
  if (!result.ok) throw new Error(JSON.stringify(result));
  expect(result.report.refused.map(({ record, reason }) => `${record}: ${reason}`)).toEqual([
    'line 4: no known pupil of this school fits it',
    'line 5: no known pupil of this school fits it',
    'line 4: no known guardian of this school fits it',
  ]);
  const after = await liveTables(database);
  expect(
    await database
      .db('pupils as p')
      .join('classes as c', 'c.id', 'p.class_id')
      .where('p.source_id', '1')
      .first(),
  ).toMatchObject({
    label: 'CM1 bleu',
    level_label: 'CM1',
    given_name: 'Éloïse',
  });
  expect(await database.db('pupils').where({ source_id: '3' }).first()).toMatchObject({
    ine: '000000003AB',
    left_at: null,
  });
  expect(await database.db('guardian_references').where({ source_id: '51' }).first()).toMatchObject({
    mobile: '+33639980009',
    email: 'zoe@example.org',
    town: 'AILLEURS',
  });
  expect(await database.db('guardian_references').where({ source_id: '52' }).first()).toMatchObject({
    email: 'paul@example.org',
  });
  expect(await database.db('guardian_references').where({ source_id: '53' }).first()).toMatchObject({
    mobile: null,
  });
  expect(after.legal_links).toEqual(before.legal_links);
  expect(after.accounts).toEqual(before.accounts);
});

test('two who fit one line are left as they are, as is one whom two lines fit', async () => {
  await night(deps, {
    ...feed,
    date: '20261104',
    pupils: [...feed.pupils, { ...feed.pupils[1], id: '4', school: 'A', ine: null }],
  });
  const before = await liveTables(database);
  const line = "D'AVLIS;;Éloïse;05/03/2015;F;;;;;;;;;";
  const result = await extraction({
    'eleves.csv': table([PUPILS, 'UN;;Bea;06/03/2016;F;;;;;;;CM2;;', line, line]),
  });
  expect(result).toMatchObject({
    ok: true,
    report: {
      refused: [
        { record: 'line 2', reason: '2 known pupils of this school fit it' },
        { record: 'line 4', reason: 'line 3 fits the same pupil' },
      ],
    },
  });
  expect(await liveTables(database)).toEqual(before);
});

test.each([
  ['no school in its name', 'x', PUPILS, 'it does not say of which school it is'],
  ['a school that is not known', '0319999Z', PUPILS, 'the school 0319999Z is not known'],
  ['other columns', '0319901A', 'a;b', 'its columns are not those of an extraction'],
])('%s is refused', async (_, folder, header, why) => {
  expect(await extraction({ 'x.csv': table([header]) }, folder)).toMatchObject({
    ok: false,
    report: { error: expect.stringContaining(why) },
  });
});
