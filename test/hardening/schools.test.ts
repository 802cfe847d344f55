import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ADMIN_ROUTES } from '../../src/admin/route-table.ts';
import { sendDue } from '../../src/messages/send.ts';
import { createProvider } from '../../src/provider/index.ts';
import { night } from '../imports/nights.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import type { TestDeps } from '../support/deps.ts';
import { columnsWith } from '../support/every-column.ts';
import { fillSchool, type Ids } from '../support/other-school.ts';
import { seedSchool } from '../support/school-accounts.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

/** The staff and the families at one application (G02, G03, G05, G06, I03). */
jest.setTimeout(60_000);

const { uai } = STAFF_SCHOOLS.one;
const AT = `/admin/etablissements/${uai}`;

let database: TestDatabase;
let world: StaffWorld;
let deps: TestDeps;
let own: Ids;
let visitor: Visitor;

beforeAll(async () => {
  database = await createTestDatabase();
  const clock = { now: () => new Date(Date.now() + 0), set: () => {}, advance: () => {} };
  world = await startStaffWorld(database, { provider: createProvider, parts: { clock } });
  deps = world.app.deps;
  own = await fillSchool(deps, uai, 'PROCHE');
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  visitor = createVisitor(world.app.url);
});

const enter = async (login: string, who = visitor) =>
  readForm(await signInStaff(world, who, login), '/deconnexion').hidden._csrf ?? '';
const post = (path: string, fields: Record<string, string>, who = visitor) =>
  who.send(path, postOf(new URLSearchParams(fields).toString()));

/** A guardian of the school with a password of his own, who is signed in at « Mon compte ». */
async function guardianAtHome(identifier: string): Promise<{ id: number; publicId: string; home: Visitor }> {
  const accounts = await seedSchool(deps, uai, {
    guardians: [
      {
        givenName: 'Nora',
        familyName: 'ABEL',
        identifier,
        as: 'activated',
        email: `${identifier}@example.org`,
      },
    ],
    pupils: [{ givenName: 'Zoé', familyName: 'ABEL', class: 'CP', of: [identifier] }],
  });
  const account = accounts.get(identifier) as { id: number; publicId: string };
  await database
    .db('accounts')
    .where({ id: account.id })
    .update({ password_hash: await deps.passwords.hash(CHOSEN) });
  const home = createVisitor(world.app.url);
  const page = await typePassword(home, await home.get('/'), { identifier });
  expect(page.text).toContain('Mes informations');
  return { ...account, home };
}

test('G02: headers in which portals and proxies name people let nobody in', async () => {
  const names = [
    'ct-remote-user',
    'x-remote-user',
    'remote-user',
    'x-forwarded-user',
    'oidc-claim-sub',
    'oidc_claim_freduRneResp',
    'shib-identity-provider',
    'frEduRneResp',
    'FrEduFonctAdm',
    'authorization',
    'x-original-url',
    'x-rewrite-url',
  ];
  const headers = Object.fromEntries(names.map((name) => [name, `DIR ${uai}$UAJ$PU`]));
  for (const { path, method } of ADMIN_ROUTES.filter(({ needs }) => typeof needs !== 'string')) {
    const to = path.replace(':uai', uai).replace(/:\w+/g, own.accounts[0] ?? '');
    const answer = await createVisitor(world.app.url, { headers }).send(to, { method: method.toUpperCase() });
    // To the portal; a form of nobody is refused before that.
    expect({ path, status: answer.status }).toEqual({ path, status: method === 'get' ? 303 : 403 });
  }
});

test('G03: fields that a form does not have reach no column, whoever sends them', async () => {
  const mark = 'zz-glisse-zz';
  const fields = Object.fromEntries(
    [
      'role',
      'module',
      'uai',
      'school',
      'school_id',
      'account_id',
      'public_id',
      'identifier',
      'given_name',
      'family_name',
      'state',
      'origin',
      'kind',
      'password',
      'password_hash',
      'password_kind',
      'provisional_sealed',
      'verified_at',
      'email_verified_at',
      'activated_at',
      'credentials_version',
      'created_by',
      'actor',
      'details',
      'concern_accounts',
      'recipient',
      'template',
      'language',
      'reason',
      '__proto__',
      'constructor',
    ].map((name) => [name, mark]),
  );
  const { home } = await guardianAtHome('g.glisse');
  const csrf = await enter('directeur');
  const form = await home.get('/compte/mot-de-passe');
  const chosen = { new_password: 'tabouret7rouge', confirmation: 'tabouret7rouge' };
  expect(pathOf(await home.submit(form, { ...fields, ...chosen }))).toBe('/compte/mot-de-passe/fait');
  const before = await database
    .db('accounts')
    .orderBy('id')
    .select('identifier', 'public_id', 'kind', 'given_name');
  let served = 0;
  for (const { path } of ADMIN_ROUTES.filter(
    ({ method, path }) =>
      method === 'post' && path.startsWith('/admin/etablissements/:uai') && !path.includes('eleves'),
  )) {
    const to = path
      .replace(':uai', uai)
      .replace(':account', own.accounts[2] ?? '')
      .replace(':delegation', own.delegations[0] ?? '')
      .replace(':change', own.changes[0] ?? '')
      .replace(':batch', own.batches[0] ?? '');
    const asked = {
      all: '1',
      q: '',
      action: 'sheet',
      'with-reset': '1',
      expected: '4',
      once: 'x'.repeat(43),
    };
    const answer = await post(to, { ...fields, ...asked, _csrf: csrf });
    expect({ path, fault: answer.status >= 500 }).toEqual({ path, fault: false });
    served += answer.status < 400 ? 1 : 0;
  }
  expect(served).toBeGreaterThan(3);
  expect(await columnsWith(database.db, [mark])).toEqual([]);
  expect(
    await database.db('accounts').orderBy('id').select('identifier', 'public_id', 'kind', 'given_name'),
  ).toEqual(before);
});

test('G05: a reset by the director ends the sessions, tells the guardian without the password, and leaves a line', async () => {
  const { id, publicId, home } = await guardianAtHome('g.reinit');
  const csrf = await enter('directeur');
  const asked = await post(`${AT}/responsables/confirmer`, {
    _csrf: csrf,
    action: 'reset',
    account: publicId,
  });
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(asked.text)?.[1] ?? '';
  const done = await post(`${AT}/responsables/reinitialiser`, {
    _csrf: csrf,
    action: 'reset',
    account: publicId,
    once: field('once'),
    expected: field('expected'),
  });
  expect(done.status).toBe(303);
  expect((await home.get('/')).text).not.toContain('Mes informations');
  const again = await typePassword(home, await home.get('/'), { identifier: 'g.reinit' });
  expect(again.status).toBe(400);
  await sendDue(deps, { limit: 100 });
  const mails = deps.mailer.sent.filter(({ to }) => to === 'g.reinit@example.org');
  expect(mails.map(({ subject }) => subject)).toEqual(['EduConnect - Votre mot de passe a été réinitialisé']);
  const lines = await database.db('audit_events').where({ event: 'reset', account_id: id });
  expect(lines).toMatchObject([
    {
      actor_kind: 'school',
      actor: 'staff:directeur',
      outcome: 'done',
      ip: expect.any(String),
      request_id: expect.any(String),
      details: expect.stringContaining('by the school'),
    },
  ]);
  expect(lines[0].school_id).not.toBeNull();
});

describe('G06: cookies of one side', () => {
  test('G06: a guardian’s open nothing of the staff, and the staff’s nothing at « Mon compte », under either name', async () => {
    const { home } = await guardianAtHome('g.cookie');
    const staff = createVisitor(world.app.url);
    await enter('directeur', staff);
    const mixed = (from: Visitor, rename: (name: string) => string) => {
      const other = createVisitor(world.app.url);
      for (const { name, value } of from.cookies)
        other.cookies.push({ name, value, path: '/' }, { name: rename(name), value, path: '/' });
      return other;
    };
    const asStaff = mixed(home, (name) => name.replace('educonnect_account', 'educonnect_staff'));
    for (const { path, needs } of ADMIN_ROUTES.filter(({ method }) => method === 'get')) {
      if (needs === 'nobody') continue;
      const to = path.replace(':uai', uai).replace(/:\w+/g, own.accounts[0] ?? '');
      expect({ path, status: (await asStaff.send(to)).status }).toEqual({ path, status: 303 });
    }
    const asGuardian = mixed(staff, (name) => name.replace('educonnect_staff', 'educonnect_account'));
    for (const path of ['/', '/compte/mot-de-passe', '/compte/donnees', '/compte/historique'])
      expect((await asGuardian.get(path)).text).not.toContain('Mes informations');
  });
});

test('I03: a pupil who changes school: the old director loses sight with that night, and the parent is the same person', async () => {
  const schools = [
    { id: 'A', uai, name: 'E.E.PU-DES TILLEULS' },
    { id: 'B', uai: STAFF_SCHOOLS.two.uai, name: "E.M.PU-L'ÎLE" },
  ];
  const feed = (school: string) => ({
    degree: 1 as const,
    academy: '16',
    schools,
    guardians: [
      { id: '51', givenName: 'Zoé', familyName: 'NOMADE' },
      { id: '52', givenName: 'Paul', familyName: 'RESTE' },
    ],
    pupils: [
      { id: '1', school, guardians: [{ guardian: '51' }] },
      ...['2', '3', '4', '5'].map((id) => ({ id, school: 'A', guardians: [{ guardian: '52' }] })),
      ...['6', '7'].map((id) => ({ id, school: 'B', guardians: [{ guardian: '52' }] })),
    ],
  });
  await database.db('pupils').update({ left_at: new Date() });
  await night(deps, feed('A'));
  const account = await database.db('accounts').where({ family_name: 'NOMADE' }).first();
  await enter('directeur');
  const page = `${AT}/comptes/${account.public_id}`;
  expect((await visitor.send(page)).status).toBe(200);
  await night(deps, feed('B'));
  expect((await visitor.send(page)).status).toBe(404);
  const list = await visitor.get(`${AT}/responsables?q=`);
  expect(list.text).toContain('RESTE');
  expect(list.text).not.toContain('NOMADE');
  const after = await database.db('accounts').where({ family_name: 'NOMADE' });
  expect(after).toMatchObject([{ id: account.id, public_id: account.public_id, closed_at: null }]);
});
