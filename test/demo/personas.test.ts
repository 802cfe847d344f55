import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findAccountByIdentifier } from '../../src/accounts/store.ts';
import { verifyCredentials } from '../../src/credentials/verify.ts';
import type { Persona } from '../../src/demo/personas.ts';
import { demoFiles } from '../../src/demo/places.ts';
import { SCHOOLS } from '../../src/demo/sample-schools/schools.ts';
import { seed } from '../../src/demo/seed.ts';
import { pupilsOfAccount } from '../../src/directory/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';

/** The keys that other programs rely on (contract). */
const KEYS = [
  'school-path',
  'school-path-email',
  'sms-path',
  'franceconnect-path',
  'activated',
  'activating',
  'expired',
  'shared-mobile-1',
  'shared-mobile-2',
  'overseas',
  'regroup-1',
  'regroup-2',
  'not-legal',
  'no-ine',
  'pupil-provisional',
  'pupil-guardian',
  'director-one-school',
  'director-three-schools',
  'head-college',
  'delegate-troubleshooting',
  'staff-without-rights',
];

let database: TestDatabase;
let deps: TestDeps;
let folder: string;
let personas: Persona[];

beforeAll(async () => {
  database = await createTestDatabase({ statementTimeoutMs: 60_000 });
  deps = testDeps(database);
  folder = await mkdtemp(join(tmpdir(), 'ec-demo-'));
  await seed(deps, demoFiles(folder), () => {});
  personas = JSON.parse(await readFile(demoFiles(folder).personas, 'utf8'));
}, 120_000);
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const persona = (key: string) => personas.find((one) => one.key === key) as Persona;
const accountOf = async (key: string) =>
  (await findAccountByIdentifier(deps.db, persona(key).identifier ?? '')) as NonNullable<
    Awaited<ReturnType<typeof findAccountByIdentifier>>
  >;
const signIn = (key: string, password: string | undefined) =>
  verifyCredentials(deps, {
    identifier: persona(key).identifier ?? '',
    password: password ?? '',
    kind: persona(key).profile === 'pupil' ? 'pupil' : 'guardian',
    ip: '127.0.0.1',
  });

test('every key of the contract is there once', () => {
  expect(personas.map((one) => one.key).sort()).toEqual([...KEYS].sort());
});

test('each has the shape that programs read, and nothing else', () => {
  const known = new Set(
    'key what profile given_name family_name mobile email identifier provisional_password password birth_date children franceconnect academic_portal schools'.split(
      ' ',
    ),
  );
  for (const one of personas) {
    expect(Object.keys(one).filter((name) => !known.has(name))).toEqual([]);
    expect(Object.values(one).filter((value) => value === null || value === '')).toEqual([]);
    expect(one.mobile ?? '+33600000000').toMatch(/^\+\d{9,12}$/);
    for (const child of one.children ?? []) {
      expect(child.birth_date).toMatch(/^\d{4}-\d\d-\d\d$/);
      expect(child.school).toMatch(/^\d{7}[A-Z]$/);
    }
  }
  expect(persona('pupil-provisional').birth_date).toMatch(/^\d{4}-\d\d-\d\d$/);
});

test('the file is for its owner only', async () => {
  expect((await stat(demoFiles(folder).personas)).mode & 0o777).toBe(0o600);
});

test.each(['school-path', 'school-path-email', 'pupil-provisional', 'pupil-guardian'])(
  '%s can sign in with the provisional password',
  async (key) => {
    expect(await accountOf(key)).toMatchObject({ state: 'notified', origin: 'school' });
    expect(await signIn(key, persona(key).provisional_password)).toMatchObject({ ok: true });
  },
);

test('a pupil answers for himself, a guardian for his children', async () => {
  const pupil = persona('pupil-provisional');
  expect(await pupilsOfAccount(deps.db, (await accountOf('pupil-provisional')).id)).toMatchObject([
    { givenName: pupil.given_name, birthDate: pupil.birth_date, schoolUai: SCHOOLS.college.uai, degree: 2 },
  ]);
  const children = await pupilsOfAccount(deps.db, (await accountOf('school-path')).id);
  expect(children.map((child) => child.birthDate).sort()).toEqual(
    persona('school-path')
      .children?.map((child) => child.birth_date)
      .sort(),
  );
});

test('pupil-guardian answers for pupil-provisional', async () => {
  const { given_name, family_name, birth_date } = persona('pupil-provisional');
  expect(persona('pupil-guardian').children).toContainEqual({
    given_name,
    family_name,
    birth_date,
    school: SCHOOLS.college.uai,
  });
});

test('the school knows the address of school-path-email, and none of school-path', () => {
  expect(persona('school-path-email').email).toBe('remi.lheritier@example.org');
  expect(persona('school-path')).not.toHaveProperty('email');
});

test.each([
  'sms-path',
  'franceconnect-path',
  'overseas',
  'shared-mobile-1',
  'shared-mobile-2',
  'regroup-1',
  'regroup-2',
])('%s was never notified and has a mobile', async (key) => {
  expect(await accountOf(key)).toMatchObject({ state: 'not_notified', origin: 'none' });
  expect(persona(key).mobile).toMatch(key === 'overseas' ? /^\+26269200/ : /^\+3363998/);
});

test('activated and activating have chosen their password', async () => {
  expect(await accountOf('activated')).toMatchObject({
    state: 'activated',
    origin: 'school',
    email: persona('activated').email,
  });
  expect(await accountOf('activating')).toMatchObject({
    state: 'activating',
    origin: 'school',
    email: persona('activating').email,
  });
  for (const key of ['activated', 'activating'])
    expect(await signIn(key, persona(key).password)).toMatchObject({ ok: true });
});

test('expired has a password that has run out', async () => {
  expect(await signIn('expired', persona('expired').provisional_password)).toEqual({
    ok: false,
    reason: 'expired',
  });
});

test('not-legal and no-ine have no account', () => {
  expect(persona('not-legal')).not.toHaveProperty('identifier');
  expect(persona('no-ine')).not.toHaveProperty('identifier');
});

test('two share a mobile, one has two references', () => {
  expect(persona('shared-mobile-1').mobile).toBe(persona('shared-mobile-2').mobile);
  expect(persona('shared-mobile-1').children).toEqual(persona('shared-mobile-2').children);
  const { identifier: first, mobile, given_name, family_name } = persona('regroup-1');
  expect(persona('regroup-2')).toMatchObject({ mobile, given_name, family_name });
  expect(persona('regroup-2').identifier).not.toBe(first);
});

test('staff have the schools that the contract asks for', () => {
  const schools = (key: string) => persona(key).schools ?? [];
  expect(schools('director-one-school')).toHaveLength(1);
  expect(schools('director-three-schools')).toHaveLength(3);
  expect(schools('staff-without-rights')).toEqual([]);
  expect(schools('head-college')).toEqual([SCHOOLS.college.uai]);
  expect(schools('head-college')).not.toEqual(expect.arrayContaining(schools('director-one-school')));
});

test("director-one-school's school has 238 guardians, unnotified ones with and without an address", async () => {
  const rows: { id: number; state: string; email: string | null }[] = await deps
    .db('schools as s')
    .join('pupils as p', 'p.school_id', 's.id')
    .join('legal_links as l', 'l.pupil_id', 'p.id')
    .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
    .join('accounts as a', 'a.id', 'g.account_id')
    .where('s.uai', persona('director-one-school').schools?.[0] ?? '')
    .distinct({ id: 'a.id', state: 'a.state', email: 'g.email' });
  expect(rows).toHaveLength(238);
  const waiting = rows.filter((row) => row.state === 'not_notified');
  expect(waiting.filter((row) => row.email !== null).length).toBeGreaterThan(50);
  expect(waiting.filter((row) => row.email === null).length).toBeGreaterThan(50);
});

test('the importer refuses no record of the samples and reads every file', async () => {
  const run = await deps.db('import_runs').orderBy('id', 'desc').first();
  const report = JSON.parse(typeof run.report === 'string' ? run.report : JSON.stringify(run.report));
  expect(report).toMatchObject({ refused: [], refused_total: 0, read: { schools: 6 } });
  expect(report.notes).toEqual([]);
});

test('only the mail of activating is waiting to be sent', async () => {
  const waiting = await deps.db('outbox_messages').whereNull('sent_at').select('recipient');
  expect(waiting).toEqual([{ recipient: persona('activating').email }]);
});

test('a second start changes nothing; one after an interruption goes on', async () => {
  const before = await deps.db('accounts').count({ count: '*' });
  await seed(deps, demoFiles(folder), () => {
    throw new Error('there is nothing to say');
  });
  await rm(demoFiles(folder).personas);
  await seed(deps, demoFiles(folder), () => {});
  expect(await deps.db('accounts').count({ count: '*' })).toEqual(before);
  const again: Persona[] = JSON.parse(await readFile(demoFiles(folder).personas, 'utf8'));
  expect(again).toEqual(personas);
}, 60_000);

test('a database with other schools is left alone', async () => {
  await deps.db('schools').where({ uai: SCHOOLS.hamlet.uai }).update({ uai: '0999999Z' });
  await expect(seed(deps, demoFiles(folder), () => {})).rejects.toThrow('not the samples');
});
