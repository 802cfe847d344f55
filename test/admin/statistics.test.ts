import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { takeLease } from '../../src/db/leases.ts';
import type { School } from '../../src/statistics/store.ts';
import { insertGuide } from '../statistics/guide.ts';
import { insertFamilies } from '../statistics/schools.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';

let database: TestDatabase;
let world: StaffWorld;
let visitor: Visitor;

const at = (uai: string) => `/admin/etablissements/${uai}/statistiques`;
const GUIDE = at(STAFF_SCHOOLS.one.uai);

beforeAll(async () => {
  database = await createTestDatabase();
  const guide = await insertGuide(database);
  // The guide's school is the director's.
  await database.db('schools').where({ id: guide.id }).update({ uai: '0999998Z' });
  world = await startStaffWorld(database);
  const { db } = database;
  await db('schools').where({ uai: STAFF_SCHOOLS.one.uai }).update({ uai: '0999997Z' });
  await db('schools').where({ id: guide.id }).update({ uai: STAFF_SCHOOLS.one.uai });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  visitor = createVisitor(world.app.url);
});

/** The cells of a table, by its title, as they are read. */
function tableOf(page: Answer, title: string): string[] {
  const id = new RegExp(`id="([\\w-]+)">${title}</h`).exec(page.text)?.[1];
  const found = page.text
    .split('<table ')
    .find((part) => part.split('>')[0]?.includes(`aria-labelledby="${id}"`));
  const table = found ?? '';
  const rows = (table.split('</table>')[0] ?? '').split('<tr').slice(2);
  return rows.map((row) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)]
      .map(([, cell = '']) => cell.replace(/<[^>]+>/g, '').replaceAll('&nbsp;', ' '))
      .join('|'),
  );
}
const updated = ({ text }: Answer) => /Dernière mise à jour le [\d-]+ à [\d:]+/.exec(text)?.[0];

describe('the statistics of a school (R-158 to R-167)', () => {
  test('nothing is computed yet; the button computes; the tables are those of R-165, to the letter', async () => {
    await signInStaff(world, visitor, 'directeur');
    const none = await visitor.get(GUIDE);
    expect(none.status).toBe(200);
    expect(none.text).toContain('Statistiques pour les comptes responsables');
    expect(none.text).toContain('pas encore été calculées');
    expect((await visitor.get(`${GUIDE}/tableau.csv?tableau=classes`)).text).toContain(
      'pas encore été calculées',
    );

    const page = await visitor.submit(none, {}, '/statistiques');
    expect([page.status, updated(page) !== undefined]).toEqual([200, true]);
    expect(tableOf(page, 'Synthèse des comptes responsables de la structure')).toEqual([
      '238|230|5|1|2|0,84 %|1,27 %',
    ]);
    const classes = tableOf(page, 'Synthèse des comptes responsables par classe');
    expect(classes).toContain('CPB|22|20|0|0|2|9,09 %');
    expect(classes.at(-1)).toBe('Total|313|301|6|2|4|1,28 %');
    const levels = tableOf(page, 'Synthèse des comptes responsables par niveau');
    expect(levels).toContain('CE2|38|36|2|0|0|0 %');
    expect(levels).toContain('CM1|45|42|2|1|0|0 %');
    expect(levels.at(-1)).toBe('Total|311|299|6|2|4|1,29 %');
    expect(page.text).toContain('(238 pour la structure, 313 par classe, 311 par niveau)');
    expect(page.text).toContain('<desc id="class-picture-description">CE1/2 : 25 comptes');
    expect(page.text).not.toContain('Comptes des élèves');
  });

  test('pressed again at once it computes nothing, nor while another computes', async () => {
    await signInStaff(world, visitor, 'directeur');
    const { db } = database;
    const first = await visitor.submit(await visitor.get(GUIDE), {}, '/statistiques');
    const again = await visitor.submit(first, {}, '/statistiques');
    expect(updated(again)).toBe(updated(first));
    expect(again.text).toContain('Les statistiques sont à jour.');

    await db('statistics_snapshots').update({ computed_at: new Date('2026-01-05T09:00:00Z') });
    const lease = { name: `statistics-${STAFF_SCHOOLS.one.uai}`, holder: 'another' };
    await takeLease(db, lease, new Date(Date.now() + 1000));
    const busy = await visitor.submit(again, {}, '/statistiques');
    expect(busy.text).toContain('Un calcul est déjà en cours');
    expect(updated(busy)).toBe('Dernière mise à jour le 05-01-2026 à 10:00:00');
    await db('leases')
      .where({ name: lease.name })
      .update({ ends_at: new Date(0) });
    const done = await visitor.submit(busy, {}, '/statistiques');
    expect(updated(done)).not.toBe(updated(busy));
  });

  test('a table as a file', async () => {
    await signInStaff(world, visitor, 'directeur');
    await visitor.submit(await visitor.get(GUIDE), {}, '/statistiques');
    const file = await visitor.send(`${GUIDE}/tableau.csv?tableau=classes`);
    expect(file.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(file.headers['content-disposition']).toMatch(
      /^attachment; filename="Educonnect-Statistiques-Classes-\d{14}\.csv"$/,
    );
    expect(file.text.startsWith('\ufeffClasse;Nombre de comptes responsables;')).toBe(true);
    const lines: string[][] = parse(file.text, { bom: true, delimiter: ';' });
    expect(lines.at(-1)).toEqual(['Total', '313', '301', '6', '2', '4', '1,28 %']);
    expect((await visitor.send(`${GUIDE}/tableau.csv?tableau=mef`)).status).toBe(404);
    expect((await visitor.send(`${GUIDE}/tableau.csv?tableau=constructor`)).status).toBe(404);
  });
});

test('a collège: by MEF with the detail by origin, and the accounts of the pupils (R-168)', async () => {
  const { db } = database;
  const row = await db('schools').where({ uai: STAFF_SCHOOLS.college.uai }).first();
  const school: School = { id: row.id, uai: row.uai, name: row.name, town: row.town, degree: 2 };
  const child = { school, class: '3E1', mef: '3EME', account: 'activated' as const };
  await insertFamilies(database, [
    { parents: [{ state: 'notified' }, { state: 'activated', origin: 'franceconnect' }], children: [child] },
    { parents: [{}], children: [{ ...child, mef: '3EME <SPORT>', account: 'notified' as const }] },
  ]);
  await signInStaff(world, visitor, 'principal');
  const address = at(STAFF_SCHOOLS.college.uai);
  const page = await visitor.submit(await visitor.get(address), {}, '/statistiques');
  const mefs = tableOf(page, 'Synthèse des comptes responsables de la structure par MEF');
  expect(mefs).toEqual([
    '3EME : détail par origine||2|0|1|0|1',
    '3EME|Établissement|1|0|1|0|0',
    '3EME|FranceConnect|1|0|0|0|1',
    '3EME &lt;SPORT&gt; : détail par origine||1|1|0|0|0',
    '3EME &lt;SPORT&gt;|Non renseignée|1|1|0|0|0',
  ]);
  expect(page.text).not.toContain('<SPORT>');

  const pupils = await visitor.get(`${address}?comptes=eleves`);
  expect(pupils.text).toContain('Statistiques pour les comptes élèves');
  expect(tableOf(pupils, 'Synthèse des comptes élèves de la structure')).toEqual(['2|0|1|0|1|50 %']);
  const computed = await visitor.submit(pupils, {}, '/statistiques');
  expect(new URL(computed.url).searchParams.get('comptes')).toBe('eleves');
});
