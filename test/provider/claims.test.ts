import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parisTime } from '../../src/provider/claims.ts';
import { setService } from '../../src/provider/registration.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  type Account,
  Browser,
  type Instance,
  jwtPayload,
  type Service,
  seedAccount,
  seedService,
  signIn,
  startDatabase,
  startInstance,
  userinfo,
} from './harness.ts';

let database: TestDatabase;
let instance: Instance;
let parent: Account;
let pupil: Account;

const NOW = new Date('2026-11-01T10:00:00.000Z');
const dates = { created_at: NOW, updated_at: NOW };

async function insert(table: string, row: object): Promise<number> {
  const [id] = await database.db(table).insert(row);
  return id as number;
}

const school = (uai: string, degree: number, name: string) =>
  insert('schools', {
    uai,
    degree,
    name,
    academy_code: '16',
    academy_name: 'Toulouse',
    source_id: `S${uai}`,
    ...dates,
  });

const child = (degree: number, source_id: string, given_name: string, row: object) =>
  insert('pupils', {
    degree,
    source_id,
    given_name,
    academy_code: '16',
    family_name: 'Łukasik',
    search_name: given_name,
    ...dates,
    ...row,
  });

beforeAll(async () => {
  database = await startDatabase();
  instance = await startInstance(database);
  parent = await seedAccount(database);
  pupil = await seedAccount(database, {
    kind: 'pupil',
    given_name: 'Noé',
    email: null,
    email_verified_at: null,
    last_login_at: null,
  });
  const primary = await school('0319001A', 1, "École d'essai");
  const college = await school('0319002B', 2, 'Collège d’essai');
  const class_id = await insert('classes', { school_id: primary, code: 'CE2A', label: 'CE2 A' });
  const mia = await child(1, '501', 'Mia', {
    school_id: primary,
    class_id,
    level_label: 'CE2',
    ine: '0123456789A',
    birth_date: '2018-02-01',
  });
  const noe = await child(2, '502', 'Noé', {
    school_id: college,
    mef_code: '10010012110',
    siecle_id: '7788',
    ine: '0123456789B',
    birth_date: '2014-02-01',
    account_id: pupil.id,
  });
  const gone = await child(2, '503', 'Léa', { school_id: college, left_at: NOW });
  const notLegal = await child(2, '504', 'Max', { school_id: college });
  const guardian = {
    academy_code: '16',
    given_name: 'Éloïse',
    family_name: 'Łukasik',
    search_name: 'x',
    account_id: parent.id,
    ...dates,
  };
  const first = await insert('guardian_references', { ...guardian, degree: 1, source_id: '901' });
  const second = await insert('guardian_references', { ...guardian, degree: 2, source_id: '902' });
  const link = (guardian_reference_id: number, pupil_id: number, ended_at: Date | null = null) =>
    database.db('legal_links').insert({ guardian_reference_id, pupil_id, created_at: NOW, ended_at });
  await link(first, mia);
  await link(second, noe);
  await link(second, gone);
  await link(second, notLegal, NOW);
});

afterAll(async () => {
  await instance.close();
  await database.drop();
});

const ALL = 'openid profile email educonnect educonnect_ref educonnect_eleves';

async function claimsOf(
  service: Service,
  account: Account,
  scope = ALL,
  headers = {},
): Promise<Record<string, unknown>> {
  const tokens = await signIn(new Browser(instance), { service, scope }, account, headers);
  const answer = await userinfo(instance, tokens.access_token);
  expect(answer.status).toBe(200);
  const claims = (await answer.json()) as Record<string, unknown>;
  expect(claims.sub).toBe(jwtPayload(tokens.id_token).sub);
  return claims;
}

const MIA = {
  given_name: 'Mia',
  family_name: 'Łukasik',
  uai: '0319001A',
  school: "École d'essai",
  degree: 1,
  class: 'CE2 A',
  level: 'CE2',
  mef: null,
  ref: '{AAF}16|1|501',
};
const NOE = {
  given_name: 'Noé',
  family_name: 'Łukasik',
  uai: '0319002B',
  school: 'Collège d’essai',
  degree: 2,
  class: null,
  level: null,
  mef: '10010012110',
  ref: '{AAF}16|2|502',
};

test('a guardian: his children of today, his records, no INE', async () => {
  const ent = await seedService(instance.deps, 'ENT');
  expect(await claimsOf(ent, parent)).toEqual({
    sub: expect.stringMatching(/^[\w-]{43}$/),
    auth_time: expect.any(Number),
    acr: 'eidas1',
    amr: ['pwd'],
    given_name: 'Éloïse',
    family_name: 'Łukasik',
    name: 'Éloïse Łukasik',
    email: 'eloise@example.org',
    email_verified: true,
    FrEduCtPersonAffiliation: ['resp1d', 'resp2d'],
    FrEduCtDateConnexion: '2026-11-20 23:30:05.007',
    FrEduOrigAuth: 'ECT',
    FrEduUrlRetour: 'http://localhost:3940/oidc/session/end',
    FrEduCtRefId: ['{AAF}16|2|902', '{AAF}16|1|901'],
    FrEduVecteur: ['2|Łukasik|Éloïse|7788|0319002B', '1|Łukasik|Éloïse|501|0319001A'],
    eleves: [NOE, MIA],
  });
  expect(await claimsOf(ent, parent, 'openid')).toEqual({
    sub: expect.any(String),
    auth_time: expect.any(Number),
    acr: 'eidas1',
    amr: ['pwd'],
  });
  expect(await claimsOf(ent, parent, 'openid educonnect', { 'x-test-amr': 'fc' })).toMatchObject({
    FrEduOrigAuth: 'FC',
    amr: ['fc'],
  });
});

test('a pupil: himself', async () => {
  const ent = await seedService(instance.deps, 'ENT2');
  const claims = await claimsOf(ent, pupil);
  expect(claims).toMatchObject({
    FrEduCtPersonAffiliation: ['eleve2d'],
    FrEduCtRefId: ['{AAF}16|2|502'],
    FrEduVecteur: ['4|Łukasik|Noé|7788|0319002B'],
    eleves: [NOE],
  });
  for (const absent of ['email', 'email_verified', 'FrEduCtDateConnexion'])
    expect(claims).not.toHaveProperty(absent);
});

test('INE only for a service that is granted it, together with the children', async () => {
  const lsu = await seedService(instance.deps, 'LSU', { scope: `${ALL} educonnect_ine` });
  const claims = await claimsOf(lsu, parent, `${ALL} educonnect_ine`);
  expect(claims.eleves).toEqual([
    { ...NOE, ine: '0123456789B' },
    { ...MIA, ine: '0123456789A' },
  ]);
  expect(await claimsOf(lsu, parent, 'openid educonnect_ine')).not.toHaveProperty('eleves');
  expect((await claimsOf(lsu, parent)).eleves).toEqual([NOE, MIA]);
});

test('only children of schools where the service is active, within 30 s of a change', async () => {
  const ent = await seedService(instance.deps, 'ENT3', { schools: ['0319001A'] });
  const seen = await claimsOf(ent, parent);
  expect(seen).toMatchObject({
    eleves: [MIA],
    FrEduCtRefId: ['{AAF}16|1|901'],
    FrEduCtPersonAffiliation: ['resp1d'],
  });
  await setService(instance.deps, ent.clientId, '0319001A', false);
  instance.deps.clock.advance(31_000);
  expect(await claimsOf(ent, parent)).toMatchObject({ eleves: [], FrEduVecteur: [], FrEduCtRefId: [] });
  await setService(instance.deps, ent.clientId, 'all', true);
  instance.deps.clock.advance(31_000);
  expect((await claimsOf(ent, parent)).eleves).toEqual([NOE, MIA]);
  const nowhere = await seedService(instance.deps, 'ENT4', { schools: [] });
  expect((await claimsOf(nowhere, parent)).eleves).toEqual([]);
});

test('sub: the same for services of one sector, another in each other sector, and for each person', async () => {
  const one = await seedService(instance.deps, 'A');
  const same = await seedService(instance.deps, 'B', { sector: 'a.example.org' });
  const other = await seedService(instance.deps, 'C');
  const subs = await Promise.all(
    [one, same, other].map(async (service) => (await claimsOf(service, parent, 'openid')).sub),
  );
  expect(subs[1]).toBe(subs[0]);
  expect(subs[2]).not.toBe(subs[0]);
  expect((await claimsOf(one, pupil, 'openid')).sub).not.toBe(subs[0]);
  expect(JSON.stringify(subs)).not.toContain(parent.publicId);
});

test('claims asked for one by one give nothing beyond the scopes (A06)', async () => {
  const ent = await seedService(instance.deps, 'ENT5', { scope: 'openid' });
  const claims = JSON.stringify({
    userinfo: { email: { essential: true }, eleves: null, FrEduCtRefId: null },
    id_token: { given_name: { essential: true }, email: null },
  });
  const tokens = await signIn(
    new Browser(instance),
    { service: ent, scope: 'openid', parameters: { claims } },
    parent,
  );
  expect(Object.keys(jwtPayload(tokens.id_token)).sort()).toEqual(
    ['acr', 'amr', 'aud', 'auth_time', 'exp', 'iat', 'iss', 'nonce', 'sub'].sort(),
  );
  const seen = (await (await userinfo(instance, tokens.access_token)).json()) as object;
  expect(Object.keys(seen).sort()).toEqual(['acr', 'amr', 'auth_time', 'sub']);
});

test('the hour of Paris, in winter and in summer', () => {
  expect(parisTime(new Date('2026-01-05T23:00:00.000Z'))).toBe('2026-01-06 00:00:00.000');
  expect(parisTime(new Date('2026-07-05T10:01:02.030Z'))).toBe('2026-07-05 12:01:02.030');
});
