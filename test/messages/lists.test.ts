import { PassThrough } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sealProvisional } from '../../src/credentials/provisional.ts';
import { csvStream } from '../../src/messages/lists/csv.ts';
import { makeList } from '../../src/messages/lists/make-list.ts';
import { writeListPdf } from '../../src/messages/lists/pdf.ts';
import type { List, ListKind, ListRow, ListSchool } from '../../src/messages/lists/types.ts';
import { listFileName } from '../../src/messages/lists/words.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testDeps } from '../support/deps.ts';
import { readPdf } from './read-pdf.ts';
import { insertClass, insertGuardian, insertPupil, insertSchool } from './sample-school.ts';

let database: TestDatabase;
let deps: ReturnType<typeof testDeps>;
let school: ListSchool;
let ids: number[];
let classId = 0;

const actor = { actorKind: 'school', actor: 'staff:paul' } as const;
const ask = (
  kind: ListKind,
  accountIds = ids,
  only = { classIds: [] as number[], mefCodes: [] as string[] },
) => makeList(deps, { school, accountIds, only, kind, actor });

/** The people of R-138. */
beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
  const { db } = database;
  const name = 'E.M.PU-LE RAMIER-ac-TOULOUSE';
  school = { id: await insertSchool(db, { uai: '0311556Y', name }), uai: '0311556Y', name, degree: 1 };
  classId = await insertClass(db, school.id, 'Classe 5 -MS - Mme DARTHOUT Emmanuelle');
  const other = await insertClass(db, school.id, 'Classe 12');
  const pupil = (familyName: string, givenName: string, own: number | null, ine?: null) =>
    insertPupil(db, {
      schoolId: school.id,
      classId: own,
      familyName,
      givenName,
      ...(ine === null ? { ine } : {}),
    });
  const bilal = await pupil("'DXERNAD", 'Bilal', classId);
  const paul = await pupil('ZOUMN', 'Paul', other);
  const without = await pupil('SANSINE', 'Léo', classId, null);
  await db('pupils').where({ school_id: school.id }).update({ level_label: 'MS' });
  const publicId = 'public-of-abdelkader-01';
  const provisionalSealed = sealProvisional(deps, publicId.slice(0, 22), '63MW8K3N');
  const at = new Date('2026-09-02T08:00:00Z');
  ids = [
    await insertGuardian(
      db,
      {
        identifier: 'a.cosams',
        familyName: 'COSAMS',
        givenName: 'Abdelkader',
        publicId: publicId.slice(0, 22),
        state: 'notified',
        passwordKind: 'provisional',
        provisionalSealed,
        provisionalCreatedAt: at,
      },
      [bilal, paul],
    ),
    await insertGuardian(db, { identifier: 'k.euozaalm', familyName: '=EUOZAALM', givenName: 'Kha"lid; A' }, [
      bilal,
    ]),
    await insertGuardian(
      db,
      {
        identifier: 'g.zoumn',
        familyName: 'ZOUMN',
        givenName: 'Guillaume',
        state: 'activated',
        passwordKind: 'personal',
      },
      [paul, without],
    ),
    await insertGuardian(
      db,
      {
        identifier: 'f.zoumn',
        familyName: 'ZOUMN',
        givenName: 'Fanny',
        state: 'activated',
        origin: 'franceconnect',
      },
      [paul],
    ),
  ];
});
afterAll(() => database?.drop());

test('the CSV, byte for byte (R-138 to R-140)', async () => {
  const file = await buffer(csvStream(deps, await ask('csv')));
  const line = (...cells: string[]) => `0311556Y;E.M.PU-LE RAMIER-ac-TOULOUSE;${cells.join(';')}\r\n`;
  const bilal = ["'DXERNAD", 'Bilal', 'Moyenne section', 'Classe 5 -MS - Mme DARTHOUT Emmanuelle'];
  const paul = ['ZOUMN', 'Paul', 'Moyenne section', 'Classe 12'];
  expect(file.toString('utf8')).toBe(
    [
      "\ufeffRNE;Ecole;Nom de l'élève;Prénom de l'élève;Niveau de l'élève;Classe de l'élève;" +
        'Nom du responsable;Prénom du responsable;Identifiant;Mot de passe\r\n',
      line(...bilal, "'=EUOZAALM", '"Kha""lid; A"', 'k.euozaalm', ''),
      line(...bilal, 'COSAMS', 'Abdelkader', 'a.cosams', '63MW8K3N'),
      line(...paul, 'COSAMS', 'Abdelkader', 'a.cosams', '63MW8K3N'),
      line(...paul, 'ZOUMN', 'Fanny', 'f.zoumn', 'Aucun (FranceConnect)'),
      line(...paul, 'ZOUMN', 'Guillaume', 'g.zoumn', '*****'),
    ].join(''),
  );
  expect(listFileName(new Date('2018-09-06T08:30:15Z'), 'csv')).toBe(
    'Educonnect-ListeResponsables-20180906103015.csv',
  );
});

test('of the classes that were searched for, only their pupils', async () => {
  const { rows } = await ask('csv', ids, { classIds: [classId], mefCodes: [] });
  expect(rows.map(({ pupilFamilyName, identifier }) => `${pupilFamilyName} ${identifier}`)).toEqual([
    "'DXERNAD k.euozaalm",
    "'DXERNAD a.cosams",
  ]);
});

test('each provisional password that is told leaves a line, none on the list for handing out (R-083)', async () => {
  const { db } = database;
  await db('audit_events').delete();
  await ask('pdf');
  await ask('hand-out');
  const lines = await db('audit_events')
    .orderBy('id')
    .select('event', 'account_id', 'school_id', 'actor', 'details');
  const by = { school_id: school.id, actor: 'staff:paul' };
  expect(lines).toEqual([
    { event: 'list-accounts', account_id: null, ...by, details: 'pdf, 4 accounts' },
    { event: 'list-password', account_id: ids[0], ...by, details: 'pdf' },
    { event: 'list-accounts', account_id: null, ...by, details: 'hand-out, 4 accounts' },
  ]);
});

describe('the PDF', () => {
  async function pdf(list: List, kind: Exclude<ListKind, 'csv'>) {
    const sink = new PassThrough();
    const [file] = await Promise.all([buffer(sink), writeListPdf(deps, list, kind, sink)]);
    return readPdf(file, { codes: false });
  }

  test('says what R-137 says, and tells its structure', async () => {
    const list = { ...(await ask('pdf')), writtenAt: new Date('2018-09-06T08:30:15Z') };
    const { pages, marked, lang, title } = await pdf(list, 'pdf');
    expect([marked, lang, title]).toEqual([
      true,
      'fr-FR',
      'Liste des responsables - E.M.PU-LE RAMIER-ac-TOULOUSE (0311556Y)',
    ]);
    const [page] = pages;
    for (const words of [
      'Date de création : 06/09/2018',
      'Ecole : 0311556Y - E.M.PU-LE RAMIER-ac-TOULOUSE',
      'Liste des responsables :',
      'Mot de passe *',
      "'DXERNAD",
      '63MW8K3N',
      '*****',
      "* Seuls les mots de passe provisoires sont affichés, le mot de passe choisi par le responsable lors de l'activation de son compte est masqué.",
      'Page 1 sur 1',
    ])
      expect(page?.text).toContain(words);
    const roles = page?.roles ?? [];
    expect(['H1', 'TH', 'TR', 'TD'].map((role) => roles.filter((one) => one === role).length)).toEqual([
      1, 8, 6, 40,
    ]);
  });

  const row = (list: List, number: number, change: Partial<ListRow> = {}): ListRow => ({
    ...(list.rows[1] as ListRow),
    pupilId: number,
    pupilFamilyName: `ELEVE${number}`,
    ...change,
  });

  test('begins each page with the titles of the columns, and lets long names run over lines', async () => {
    const list = await ask('pdf');
    const long = { familyName: 'VANDENBROUCKEDELAGRANGE-MONTMORENCY', givenName: 'Ἀλέξανδρος' };
    const rows = Array.from({ length: 200 }, (_, index) => row(list, index, index % 3 === 0 ? long : {}));
    const { pages } = await pdf({ ...list, rows }, 'pdf');
    expect(pages.length).toBeGreaterThan(8);
    for (const [index, page] of pages.entries()) {
      expect(page.text).toContain(
        'Nom élève Prénom élève Niveau Classe Nom Prénom Identifiant Mot de passe *',
      );
      expect(page.text).toContain(`Page ${index + 1} sur ${pages.length}`);
    }
    const all = pages.map((page) => page.text).join(' ');
    const found = [...all.matchAll(/ELEVE(\d+)/g)].map(([, number]) => Number(number));
    expect(found).toEqual(rows.map(({ pupilId }) => pupilId));
    expect(all.replaceAll(' ', '')).toContain('VANDENBROUCKEDELAGRANGE-MONTMORENCY');
    expect(all).toContain('Ἀλέξανδρος');
  });

  test('for handing out: a class a page, no password (R-141)', async () => {
    const list = await ask('hand-out');
    const rows = ['CP A', 'CP B'].flatMap((classLabel, at) =>
      Array.from({ length: 44 }, (_, index) => row(list, index, { classId: at + 1, classLabel })),
    );
    const { pages } = await pdf({ ...list, rows }, 'hand-out');
    expect(pages).toHaveLength(4);
    expect(pages.map(({ text: words }) => /Liste des responsables : (CP \w)/.exec(words)?.[1])).toEqual([
      'CP A',
      undefined,
      'CP B',
      undefined,
    ]);
    expect(
      pages.some(({ text: words }) => words.includes('63MW8K3N') || words.includes('Mot de passe')),
    ).toBe(false);
  });

  test('ends with the reader who leaves', async () => {
    const list = await ask('pdf');
    const rows = Array.from({ length: 2000 }, (_, index) => row(list, index));
    const sink = new PassThrough({ highWaterMark: 1 });
    const written = writeListPdf(deps, { ...list, rows }, 'pdf', sink);
    sink.destroy();
    await expect(written).rejects.toThrow();
  });
});

test('H02: a line break within a value begins no line of the file, which could then be a formula', async () => {
  const { rows, ...list } = await ask('csv');
  const odd = rows.slice(0, 1).map((row) => ({ ...row, classLabel: 'CP\n=1+1', familyName: 'A\r@B' }));
  const file = await text(csvStream(deps, { ...list, rows: odd }));
  expect(file).toContain(';"CP\n=1+1";"A\r@B";');
});

test('a list of nobody is a heading', async () => {
  const list = await ask('csv', []);
  expect((await text(csvStream(deps, list))).trim()).toMatch(/^\ufeff?RNE;Ecole;.*;Mot de passe$/);
});
