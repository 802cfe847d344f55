import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readPdf } from '../messages/read-pdf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type SchoolGuardian, seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, readForm, type Visitor } from '../support/visitor.ts';

let database: TestDatabase;
let world: StaffWorld;
let director: Visitor;
let csrf = '';

const LIST = `/admin/etablissements/${STAFF_SCHOOLS.one.uai}/responsables`;
const guardian = (familyName: string, identifier: string, as?: SchoolGuardian['as']) => ({
  familyName,
  givenName: 'Lou',
  identifier,
  ...(as ? { as } : {}),
});

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
  await seedSchool(world.app.deps, STAFF_SCHOOLS.one.uai, {
    guardians: [
      guardian("'DXERNAD", 'l.dxernad', 'notified'),
      guardian('COSAMS', 'l.cosams'),
      guardian('ZOUMN', 'l.zoumn', 'activated'),
    ],
    pupils: [
      { familyName: 'AIXTHASI', givenName: 'Alice', of: ['l.dxernad', 'l.cosams'], class: 'CP A' },
      { familyName: 'BAMEJDO', givenName: 'Bilal', of: ['l.dxernad'], class: 'CP B' },
      { familyName: 'ZOUMN', givenName: 'Paul', of: ['l.zoumn'], class: 'CP B' },
    ],
  });
  await seedSchool(world.app.deps, STAFF_SCHOOLS.foreign.uai, {
    guardians: [guardian('AILLEURS', 'a.ailleurs')],
    pupils: [{ familyName: 'AILLEURS', givenName: 'Max', of: ['a.ailleurs'], class: 'CP' }],
  });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  director = createVisitor(world.app.url);
  await signInStaff(world, director, 'directeur');
  csrf = readForm(await director.get(LIST), '/deconnexion').hidden._csrf ?? '';
});

const idOf = async (identifier: string): Promise<string> =>
  (await database.db('accounts').where({ identifier }).first('public_id')).public_id;

/** As the form of the list is sent; the body as it came. */
function send(path: string, fields: [string, string][]): Promise<Answer & { bytes: Buffer }> {
  const body = new URLSearchParams([['_csrf', csrf], ...fields]).toString();
  const cookie = director.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  return new Promise((resolve, reject) => {
    const url = new URL(path, world.app.url);
    const headers = {
      cookie,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': body.length,
    };
    const sending = request(url, { method: 'POST', headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          text: bytes.toString('utf8'),
          url: url.href,
          bytes,
        });
      });
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

const lines = ({ text }: Answer) =>
  text
    .trim()
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(';').slice(2).join(';'));

test('the CSV of those who are ticked, one line a pupil and guardian (R-136 to R-140)', async () => {
  const file = await send(`${LIST}/liste.csv`, [
    ['account', await idOf('l.dxernad')],
    ['account', await idOf('l.zoumn')],
  ]);
  expect(file.status).toBe(200);
  expect(file.headers['content-type']).toBe('text/csv; charset=utf-8');
  expect(file.headers['content-disposition']).toMatch(
    /^attachment; filename="Educonnect-ListeResponsables-\d{14}\.csv"$/,
  );
  expect(file.headers['cache-control']).toBe('no-store');
  expect(file.bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
  const [alice = '', bilal = '', ...others] = lines(file);
  expect(alice).toMatch(/^AIXTHASI;Alice;[^;]*;CP A;'DXERNAD;Lou;l\.dxernad;[2-9A-Z]{10}$/);
  expect(bilal.split(';').at(-1)).toBe(alice.split(';').at(-1));
  expect(others.map((line) => line.split(';').slice(-2).join(' '))).toEqual(['l.zoumn *****']);
});

test('of a search all that it finds, and of the classes that it names those pupils only', async () => {
  const all: [string, string][] = [
    ['all', '1'],
    ['q', ''],
  ];
  expect(lines(await send(`${LIST}/liste.csv`, all))).toHaveLength(4);
  const found = await database.db('classes').where({ label: 'CP B' }).first('id');
  const ofClass = lines(await send(`${LIST}/liste.csv`, [...all, ['class', String(found.id)]]));
  expect(ofClass.map((line) => line.split(';')[0])).toEqual(['BAMEJDO', 'ZOUMN']);
});

test('whose provisional password was told, and by whom, is in the journal', async () => {
  const { db } = database;
  await db('audit_events').delete();
  await send(`${LIST}/liste.pdf`, [
    ['all', '1'],
    ['q', ''],
  ]);
  const found = await db('audit_events').whereIn('event', ['list-accounts', 'list-password']).orderBy('id');
  const { id } = await db('accounts').where({ identifier: 'l.dxernad' }).first('id');
  expect(found.map(({ event, account_id, details }) => [event, account_id, details])).toEqual([
    ['list-accounts', null, 'pdf, 3 accounts'],
    ['list-password', id, 'pdf'],
  ]);
  expect(found.every(({ actor, ip, request_id }) => actor === 'staff:directeur' && ip && request_id)).toBe(
    true,
  );
});

test('the PDF, and the one by class', async () => {
  const all: [string, string][] = [
    ['all', '1'],
    ['q', ''],
  ];
  const file = await send(`${LIST}/liste.pdf`, all);
  expect([file.headers['content-type'], file.headers['content-disposition']]).toEqual([
    'application/pdf',
    expect.stringMatching(/^attachment; filename="Educonnect-ListeResponsables-\d{14}\.pdf"$/),
  ]);
  const { pages } = await readPdf(file.bytes, { codes: false });
  expect(pages).toHaveLength(1);
  expect(pages[0]?.text).toContain(`Ecole : ${STAFF_SCHOOLS.one.uai} - ${STAFF_SCHOOLS.one.name}`);
  expect(pages[0]?.text).toContain("'DXERNAD");

  const sheets = await readPdf((await send(`${LIST}/liste-par-classe.pdf`, all)).bytes, { codes: false });
  expect(sheets.pages.map(({ text }) => /Liste des responsables : (CP \w)/.exec(text)?.[1])).toEqual([
    'CP A',
    'CP B',
  ]);
});

describe('nothing is told', () => {
  test.each(['liste.pdf', 'liste.csv', 'liste-par-classe.pdf'])(
    '%s: when none is selected (R-104)',
    async (name) => {
      const page = await send(`${LIST}/${name}`, [['q', '']]);
      expect(page.status).toBe(400);
      expect(page.headers['content-type']).toContain('text/html');
      expect(page.text).toContain('Gestion des comptes responsables');
    },
  );

  test.each(['liste.pdf', 'liste.csv', 'liste-par-classe.pdf'])(
    '%s: when one of them is of another school, or of nobody (G01)',
    async (name) => {
      const { db } = database;
      const counted = () => db('audit_events').where('event', 'like', 'list-%').count({ n: '*' }).first();
      const before = await counted();
      const own: [string, string] = ['account', await idOf('l.dxernad')];
      for (const other of [await idOf('a.ailleurs'), 'A'.repeat(22)]) {
        const answer = await send(`${LIST}/${name}`, [own, ['account', other]]);
        expect(answer.status).toBe(404);
        expect(answer.text).not.toContain('DXERNAD');
      }
      expect(await counted()).toEqual(before);
    },
  );
});
