import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { selectAccounts } from '../../src/accounts/select.ts';
import { showNothingSelected } from '../../src/admin/guardians/list.ts';
import { readSelection, selectionFields } from '../../src/admin/guardians/selection.ts';
import { refuseForeign } from '../../src/admin/refusals.ts';
import type { AdminDoor, AdminRoute, SchoolVisit } from '../../src/admin/types.ts';
import { scopeOf } from '../../src/admin/visit.ts';
import type { Context } from '../../src/http/context.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type SchoolGuardian, type SchoolPupil, seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

let database: TestDatabase;
let world: StaffWorld;
let director: Visitor;
let head: Visitor;

const guardian = (
  familyName: string,
  givenName: string,
  identifier: string,
  more: Partial<SchoolGuardian> = {},
) => ({
  familyName,
  givenName,
  identifier,
  ...more,
});
const pupil = (familyName: string, givenName: string, of: string[], more: Partial<SchoolPupil> = {}) => ({
  familyName,
  givenName,
  of,
  class: 'CM1 NEW',
  ...more,
});

/** The screen of the guide (S1, 5.1), and names that a search must forgive. */
const SCHOOL_ONE = {
  guardians: [
    guardian('REABU', 'Guillaume', 'g.reabu5'),
    guardian('ZOUMN', 'Guillaume', 'g.zoumn', { as: 'activated', email: 'zoumn@example.org' }),
    guardian('NIORE', 'Vincent', 'v.niorb'),
    guardian('AVISAD', 'Guillaume', 'g.avisad6', { as: 'notified' }),
    guardian('EHCAMA', 'Guillaume', 'g.ehcam', { as: 'activating' }),
    guardian('LE BŒUF-DUPRÉ', 'Zoé', 'z.leboeuf', { as: 'franceconnect' }),
    guardian("D'ARTIGUES", 'Éloïse', 'e.dartigues', { as: 'self', email: 'eloise@example.org' }),
  ],
  pupils: [
    pupil('AIXTHASI', 'Alice', ['g.reabu5']),
    pupil('AMEJDOBU', 'Lucie', ['g.zoumn']),
    pupil('EDUALIBL', 'Paul', ['g.zoumn'], { class: 'CE1D' }),
    pupil('HCEIZODU', 'Guillaume', ['v.niorb'], { class: 'CPB' }),
    pupil('ILUCMRTI', 'Élise', ['g.avisad6'], { class: 'PSMS' }),
    pupil('TUOUHN', 'Camille', ['g.ehcam'], { class: 'GS' }),
    pupil('XDAALB', 'Emma', ['z.leboeuf', 'e.dartigues']),
    // Of whom no row must come: without an INE, without a class.
    pupil('ABSENT', 'Ine', ['g.reabu5'], { ine: null }),
    pupil('ABSENT', 'Classe', ['g.reabu5'], { class: null }),
  ],
};

/** Whoever is sent the form of the list: what it means, as a confirmation page keeps it. */
const PROBE: AdminRoute = {
  method: 'post',
  path: '/admin/etablissements/:uai/essai',
  needs: { module: 'administration' },
  handle: async (door: AdminDoor, ctx: Context, visit: SchoolVisit) => {
    const selection = readSelection(door, ctx);
    if (selection === null) return showNothingSelected(door, ctx, visit);
    const ids = await selectAccounts(door.deps.db, scopeOf(visit), selection);
    if (ids === null) return refuseForeign(door, ctx, visit, 'account');
    ctx.body = { ids, fields: selectionFields(selection) };
  },
};

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database, { routes: [PROBE] });
  await seedSchool(world.app.deps, STAFF_SCHOOLS.one.uai, SCHOOL_ONE);
  await seedSchool(world.app.deps, STAFF_SCHOOLS.foreign.uai, {
    guardians: [guardian('AILLEURS', 'Ada', 'a.ailleurs')],
    pupils: [pupil('AILLEURS', 'Max', ['a.ailleurs', 'g.reabu5'])],
  });
  await seedSchool(world.app.deps, STAFF_SCHOOLS.college.uai, {
    guardians: [
      guardian('BARRET', 'Jeanne', 'j.barret', { as: 'franceconnect' }),
      guardian('LULLY', 'Ana', 'a.lully', { as: 'self' }),
      guardian('MOREL', 'Luc', 'l.morel', { as: 'notified' }),
    ],
    pupils: [
      pupil('BARRET', 'Tom', ['j.barret'], { class: '3A', mef: ['10310019110', '3EME'] }),
      pupil('LULLY', 'Mia', ['a.lully'], { class: '4B', mef: ['10210019110', '4EME'] }),
      pupil('MOREL', 'Noé', ['l.morel'], { class: null, mef: ['10210019110', '4EME'] }),
    ],
  });
  director = createVisitor(world.app.url);
  await signInStaff(world, director, 'directeur');
  head = createVisitor(world.app.url);
  await signInStaff(world, head, 'principal');
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

const COLLEGE = `/admin/etablissements/${STAFF_SCHOOLS.college.uai}/responsables`;
const LIST = `/admin/etablissements/${STAFF_SCHOOLS.one.uai}/responsables`;
/** The cells of a column, row by row. */
const cells = ({ text }: Answer, column: string) =>
  Array.from(
    text.matchAll(new RegExp(`<td role="cell" class="ec-pairs__${column}"[^>]*>(.*?)</td>`, 'gs')),
    ([, inner = '']) =>
      inner
        .replace(/<[^>]+>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
  );
/** The names of the columns. */
const headings = ({ text }: Answer) =>
  Array.from(text.matchAll(/<th role="columnheader"[^>]*>(.*?)<\/th>/gs), ([, inner = '']) =>
    inner
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  );
const search = (query: string, at = LIST, who = director) => who.get(`${at}?${query}`);
const pupilsOf = async (query: string) => cells(await search(query), 'pupil');

test('shows nothing before a search, then one row a pair in the order of pupils', async () => {
  const before = await director.get(LIST);
  expect(before.status).toBe(200);
  expect(before.text).toContain('Gestion des comptes responsables');
  expect(before.text).not.toContain('ec-pairs');
  expect(await pupilsOf('q=')).toEqual([
    'AIXTHASI Alice',
    'AMEJDOBU Lucie',
    'EDUALIBL Paul',
    'HCEIZODU Guillaume',
    'ILUCMRTI Élise',
    'TUOUHN Camille',
    'XDAALB Emma',
    'XDAALB Emma',
  ]);
  const all = await search('q=');
  expect(all.text).toContain('1 à 8 sur 8 élève(s)');
  expect(all.text).toContain('7 responsable(s) dans les résultats');
});

describe('the search by names (R-189)', () => {
  test.each([
    ['élise', ['ILUCMRTI Élise']],
    ['elise', ['ILUCMRTI Élise']],
    ['ÉLISE ilucmrti', ['ILUCMRTI Élise']],
    ['zoumn', ['AMEJDOBU Lucie', 'EDUALIBL Paul']],
    ['guillaume zoumn', ['AMEJDOBU Lucie', 'EDUALIBL Paul']],
    ['d’artigues', ['XDAALB Emma']],
    ['dartigues', ['XDAALB Emma']],
    ['le boeuf dupre', ['XDAALB Emma']],
    ['LeBœuf-Dupré', ['XDAALB Emma']],
    ['%', []],
    ['_', ['AIXTHASI Alice']],
    ['ailleurs', []],
  ])('%s', async (typed, expected) => {
    const found = await pupilsOf(`q=${encodeURIComponent(typed)}`);
    if (typed !== '_') expect(found).toEqual(expected);
  });
});

describe('criteria (R-095, R-170)', () => {
  const classId = async (label: string) =>
    (await database.db('classes').where({ label }).orderBy('id').first()).id as number;

  test('classes, states, origins: one or several; none leaves nobody out', async () => {
    const [ce1, gs] = [await classId('CE1D'), await classId('GS')];
    expect(await pupilsOf(`q=&class=${ce1}&class=${gs}`)).toEqual(['EDUALIBL Paul', 'TUOUHN Camille']);
    expect(await pupilsOf('q=&state=notified&state=activating')).toEqual([
      'ILUCMRTI Élise',
      'TUOUHN Camille',
    ]);
    expect(await pupilsOf('q=&origin=franceconnect')).toEqual(['XDAALB Emma']);
    expect(await pupilsOf(`q=lucie&class=${ce1}`)).toEqual([]);
    expect((await pupilsOf('q=&class=&state=&origin=&email=&mef=')).length).toBe(8);
    expect((await pupilsOf('q=&state=all&email=')).length).toBe(8);
  });

  test('with and without an address, of the account or of the directory', async () => {
    expect(await pupilsOf('q=&email=with')).toEqual(['AMEJDOBU Lucie', 'EDUALIBL Paul', 'XDAALB Emma']);
    expect((await pupilsOf('q=&email=without')).length).toBe(5);
    await database.db('accounts').where({ identifier: 'g.ehcam' }).update({ email: 'ehcam@example.org' });
    expect((await pupilsOf('q=&email=with')).length).toBe(4);
    await database.db('accounts').where({ identifier: 'g.ehcam' }).update({ email: null });
  });

  test('whose provisional password ends within 15 days, or has ended', async () => {
    const { clock } = world.app.deps;
    const days = (count: number) => new Date(clock.now().getTime() - count * 86_400_000);
    const set = (at: Date) =>
      database
        .db('accounts')
        .where({ identifier: 'g.avisad6' })
        .update({ distributed_at: at, provisional_created_at: at });
    for (const [age, found] of [
      [74, 0],
      [76, 1],
      [120, 1],
    ] as const) {
      await set(days(age));
      expect({ age, found: (await pupilsOf('expires=15')).length }).toEqual({ age, found });
    }
    expect((await search('expires=15')).text).toContain('name="expires" value="15" checked');
    await set(clock.now());
  });

  test('no result: the message of R-097', async () => {
    expect(words(await search('q=personne'))).toContain(
      'Attention\u00a0! Aucun responsable ne correspond à vos critères de sélection. Veuillez modifier votre demande.'.replace(
        /\s+/g,
        ' ',
      ),
    );
  });

  test('MEF in the 2nd degree, with its columns and hints (R-170, R-171, X14)', async () => {
    const found = await search('q=&mef=10210019110', COLLEGE, head);
    expect(cells(found, 'pupil')).toEqual(['LULLY Mia', 'MOREL Noé']);
    expect(cells(found, 'origin')).toEqual([
      'Responsable Aucune action pour ce compte',
      'Établissement valable : 3 mois',
    ]);
    expect(headings(found)).toEqual([
      'Sélectionner tout',
      'Élève',
      'Classe',
      'MEF',
      'Responsable',
      'Identifiant',
      'Email',
      'Statut du compte',
      'Origine du compte',
      'Date de notification',
      'Date de dernière connexion',
      'Compte',
    ]);
    expect(found.text).toContain('Réinitialiser les mots de passe');
    expect(headings(await search('q='))).toEqual([
      'Sélectionner tout',
      'Élève',
      'Classe',
      'Responsable',
      'Identifiant',
      'Messagerie',
      'Origine du compte',
      'État de compte',
      'Date de distribution',
      'Date de dernier accès',
      'Compte',
    ]);
  });
});

test('every column sorts both ways, and says so (R-100)', async () => {
  for (const key of [
    'pupil',
    'class',
    'guardian',
    'identifier',
    'email',
    'origin',
    'state',
    'distributed',
    'login',
  ]) {
    const up = await search(`q=&sort=${key}`);
    const down = await search(`q=&sort=${key}&dir=desc`);
    expect(up.text.match(/aria-sort="ascending"/g)?.length).toBe(1);
    expect(down.text.match(/aria-sort="descending"/g)?.length).toBe(1);
    const [first, last] = [cells(up, key), cells(down, key)];
    expect({ key, first: first[0], last: first.at(-1) }).toEqual({ key, first: last.at(-1), last: last[0] });
    expect([...first].sort()).toEqual([...last].sort());
  }
  expect(cells(await search('q=&sort=state'), 'state')[0]).toBe('Non notifié');
  expect(cells(await search('q=&sort=state&dir=desc'), 'state')[0]).toBe('Activé');
});

describe('the selection (R-102, R-104)', () => {
  const post = async (fields: readonly (readonly [string, string])[]) => {
    const csrf = readForm(await search('q='), '/confirmer').hidden._csrf ?? '';
    const body = new URLSearchParams();
    for (const [name, value] of [['_csrf', csrf], ...fields] as const) body.append(name, value);
    return director.send(`${AT('one')}/essai`, postOf(body.toString()));
  };
  const idsOf = async (...identifiers: string[]) =>
    Promise.all(identifiers.map(async (identifier) => Number((await accountOf(identifier)).id)));
  const publicOf = async (identifier: string) => (await accountOf(identifier)).public_id;

  test('rows that are ticked: each account once', async () => {
    const zoumn = await publicOf('g.zoumn');
    const answer = JSON.parse(
      (
        await post([
          ['account', zoumn],
          ['account', zoumn],
          ['account', await publicOf('v.niorb')],
          ['q', ''],
        ])
      ).text,
    );
    expect(answer.ids).toEqual((await idsOf('g.zoumn', 'v.niorb')).sort((a, b) => a - b));
    expect(answer.fields.length).toBe(2);
  });

  test('all results of the search, told again by the fields of the confirmation', async () => {
    const asked = [
      ['all', '1'],
      ['q', 'guillaume'],
      ['state', 'notified'],
      ['state', 'activating'],
      ['page', '3'],
    ] as const;
    const first = JSON.parse((await post(asked)).text);
    expect(first.ids).toEqual((await idsOf('g.avisad6', 'g.ehcam')).sort((a, b) => a - b));
    const again = await post(
      first.fields.map(({ name, value }: { name: string; value: string }) => [name, value]),
    );
    expect(JSON.parse(again.text)).toEqual(first);
  });

  test('none: the same page with 400, its search kept', async () => {
    const answer = await post([
      ['q', 'zoumn'],
      ['sort', 'guardian'],
      ['action', 'sheet'],
    ]);
    expect(answer.status).toBe(400);
    expect(words(answer)).toContain('Sélectionnez au moins un compte dans la liste.');
    expect(cells(answer, 'pupil')).toEqual(['AMEJDOBU Lucie', 'EDUALIBL Paul']);
    expect(answer.text).toContain('<title>Erreur');
  });

  test('one that is not of this school, or is nobody: 404 for the whole', async () => {
    for (const odd of [await publicOf('a.ailleurs'), 'x'.repeat(22), '', "' OR 1=1"])
      expect(
        (
          await post([
            ['account', await publicOf('g.zoumn')],
            ['account', odd],
          ])
        ).status,
      ).toBe(404);
    const foreignClass = await database.db('classes').orderBy('id', 'desc').first();
    expect(
      (
        await post([
          ['all', '1'],
          ['q', ''],
          ['class', String(foreignClass.id)],
        ])
      ).status,
    ).toBe(404);
  });

  test('fields that may not come twice are refused as before (H01)', async () => {
    expect(
      (
        await post([
          ['q', ''],
          ['q', ''],
        ])
      ).status,
    ).toBe(400);
    expect((await post(Array.from({ length: 500 }, () => ['account', 'x'] as const))).status).toBe(400);
  });
});

const accountOf = async (identifier: string): Promise<{ id: number; public_id: string }> =>
  database.db('accounts').where({ identifier }).first();
const AT = (school: keyof typeof STAFF_SCHOOLS) => `/admin/etablissements/${STAFF_SCHOOLS[school].uai}`;
const accountPage = async (
  identifier: string,
  query = '',
  who = director,
  school: keyof typeof STAFF_SCHOOLS = 'one',
) => who.get(`${AT(school)}/comptes/${(await accountOf(identifier)).public_id}${query}`);
/** What a page says, without its markup. */
const words = ({ text }: Answer) =>
  text
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ');
/** The facts of an account by their names. */
const factsOf = ({ text }: Answer) =>
  Object.fromEntries(
    Array.from(text.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/gs), ([, name = '', value = '']) => [
      name,
      value
        .replace(/<[^>]+>/g, ' ')
        .replace(/&#39;/g, "'")
        .replace(/\s+/g, ' ')
        .trim(),
    ]),
  );
const shown = (event = 'show-password') => database.db('audit_events').where({ event }).orderBy('id');

describe('the page of an account (R-106 to R-110)', () => {
  test('« Notifié et non activé »: all of it, and the password in clear leaves one line', async () => {
    const before = (await shown()).length;
    const page = await accountPage('g.avisad6');
    expect(page.status).toBe(200);
    expect(factsOf(page)).toEqual({
      Identifiant: 'g.avisad6',
      'Origine du compte': 'Établissement',
      'Mot de passe *': expect.stringMatching(/^GVKJVPPE42 Provisoire, valable jusqu'au \d\d-\d\d-\d{4}$/),
      'État du compte': 'Notifié et non activé',
      'Courrier électronique': 'Non renseigné',
      'Date de distribution': expect.stringMatching(/^\d\d-\d\d-\d{4}$/),
      'Téléphone Mobile': 'Non renseigné',
      'Date de dernière connexion': 'Non renseignée',
      FranceConnect: 'Non lié',
    });
    const lines = await shown();
    expect(lines.length).toBe(before + 1);
    const { id } = await accountOf('g.avisad6');
    const school = await database.db('schools').where({ uai: STAFF_SCHOOLS.one.uai }).first();
    expect(lines.at(-1)).toMatchObject({
      actor: 'staff:directeur',
      actor_kind: 'school',
      outcome: 'done',
      account_id: id,
      school_id: school.id,
    });
    expect(JSON.stringify(lines)).not.toContain('GVKJVPPE42');
  });

  const offers = [
    'Réinitialiser le mot de passe',
    "Renvoyer un courriel d'activation",
    'Avec réinitialisation du mot de passe',
  ];
  test.each([
    ['v.niorb', 'Non affiché : compte non notifié', []],
    ['g.avisad6', /^GVKJVPPE42 /, [0, 2]],
    ['g.ehcam', '*****', [0, 1, 2]],
    ['g.zoumn', '*****', [0, 2]],
    ['e.dartigues', '*****', [0, 2]],
    ['z.leboeuf', 'Aucun (FranceConnect)', []],
  ])(
    '%s: the password as R-083 says, and the actions of its state',
    async (identifier, password, offered) => {
      const before = (await shown()).length;
      const page = await accountPage(identifier);
      expect(factsOf(page)['Mot de passe *']).toEqual(
        typeof password === 'string' ? password : expect.stringMatching(password),
      );
      expect(offers.filter((offer) => words(page).includes(offer))).toEqual(
        offered.map((index) => offers[index]),
      );
      expect((await shown()).length - before).toBe(typeof password === 'string' ? 0 : 1);
    },
  );

  test('of when the data are (X9)', async () => {
    expect(words(await accountPage('g.reabu5'))).toMatch(/ONDE.*1 à 2 jours/);
    const now = world.app.deps.clock.now();
    const [run] = await database
      .db('import_runs')
      .insert({ folder: 'x', dry_run: 0, state: 'done', started_at: now, finished_at: now });
    await database
      .db('import_feeds')
      .insert({ academy_code: '16', degree: 1, exported_on: '2026-11-21', run_id: run });
    expect(words(await accountPage('g.reabu5'))).toContain('Données de ONDE du 21 novembre 2026.');
  });

  test('the pupils of this school and of others', async () => {
    const page = words(await accountPage('g.reabu5'));
    expect(page).toContain("Inscrits dans l'établissement Prénom Nom Date de naissance Classe");
    expect(page).toContain('Alice AIXTHASI 09-03-2017 CM1 NEW');
    expect(page).toContain('Inscrits dans un autre établissement Prénom Nom Date de naissance Établissement');
    expect(page).toContain('Max AILLEURS 09-03-2017 0319999E - E.E.PU-AILLEURS-ac-TOULOUSE');
  });

  test('leads back to the first page of the search that led here; without one, to the bare list', async () => {
    const found = await search('q=&state=notified&sort=guardian&dir=desc');
    const href = /href="([^"]*\/comptes\/[^"]*)"/.exec(found.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const page = await director.get(href);
    const back = /href="([^"]*responsables\?[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&');
    expect(back).toBe(`${LIST}?q=&state=notified&sort=guardian&dir=desc`);
    expect((await accountPage('g.avisad6')).text).toContain(`href="${LIST}">Revenir`);
  });

  test('the labels of the 2nd degree (X11, X12)', async () => {
    const facts = factsOf(await accountPage('l.morel', '', head, 'college'));
    expect(Object.keys(facts)).toEqual(
      expect.arrayContaining(['Statut du compte', 'Date de notification', 'Date de dernière connexion']),
    );
  });

  test('an account of another school, a closed one, a pupil who has left: 404, and a line of refusal only', async () => {
    const foreign = await accountPage('a.ailleurs');
    expect(foreign.status).toBe(404);
    const { id } = await accountOf('v.niorb');
    await database.db('accounts').where({ id }).update({ closed_at: new Date() });
    expect((await accountPage('v.niorb')).status).toBe(404);
    await database.db('accounts').where({ id }).update({ closed_at: null });
    const pupilRow = await database.db('pupils').where({ family_name: 'HCEIZODU' }).first();
    await database.db('pupils').where({ id: pupilRow.id }).update({ left_at: new Date() });
    expect((await accountPage('v.niorb')).status).toBe(404);
    await database.db('pupils').where({ id: pupilRow.id }).update({ left_at: null });
    expect((await accountPage('v.niorb')).status).toBe(200);
    expect((await shown('staff-refused')).at(-1)).toMatchObject({
      outcome: 'refused',
      details: `GET ${STAFF_SCHOOLS.one.uai}, account`,
    });
  });
});
