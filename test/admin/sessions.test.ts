import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AcademicPortal } from '../../src/deps.ts';
import { purge } from '../../src/jobs/purge.ts';
import { startApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements } from '../support/deps.ts';
import {
  STAFF_SCHOOLS,
  type StaffWorld,
  signInStaff,
  startStaffWorld,
  throughPortal,
} from '../support/staff.ts';
import { stubProvider } from '../support/stub-provider.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

let database: TestDatabase;
let world: StaffWorld;
let visitor: Visitor;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  visitor = createVisitor(world.app.url);
});

const MINUTE_MS = 60_000;
const NAME = 'educonnect_staff';
const cookieOf = (who = visitor) => who.cookies.find(({ name }) => name === NAME)?.value ?? '';
const isIn = async (who = visitor) => (await who.send('/admin')).status === 200;
const advance = (ms: number) => world.app.deps.clock.advance(ms);
const rows = () => database.db('staff_sessions').select();
const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) => {
  const options = postOf(new URLSearchParams(fields).toString());
  return visitor.send(path, { ...options, headers: { ...options.headers, ...headers } });
};

describe('the session (decision 9)', () => {
  test('is over after 15 minutes without use (F05)', async () => {
    await signInStaff(world, visitor, 'directeur');
    for (let used = 0; used < 3; used += 1) {
      advance(14 * MINUTE_MS);
      expect(await isIn()).toBe(true);
    }
    advance(15 * MINUTE_MS);
    expect(await isIn()).toBe(false);
  });

  test('is over after 8 hours, however much it is used (F05)', async () => {
    await signInStaff(world, visitor, 'directeur');
    for (let minutes = 0; minutes < 470; minutes += 10) {
      advance(10 * MINUTE_MS);
      expect(await isIn()).toBe(true);
    }
    advance(10 * MINUTE_MS);
    expect(await isIn()).toBe(false);
  });

  test('has another id after each sign-in; the old one is worth nothing (F01)', async () => {
    const begun = await visitor.send('/admin');
    const back = await throughPortal(world, begun, 'directeur');
    visitor.cookies.push({ name: NAME, value: 'planted', path: '/' });
    await visitor.get(back);
    const first = cookieOf();
    expect(first).not.toBe('planted');
    const old = visitor.cookies.map((cookie) => ({ ...cookie }));
    await visitor.get(await throughPortal(world, await visitor.send('/admin/cle'), 'trois'));
    expect(cookieOf()).not.toBe(first);
    const thief = createVisitor(world.app.url);
    thief.cookies.push(...old);
    expect(await isIn(thief)).toBe(false);
    expect(await isIn()).toBe(true);
  });

  test('is nowhere in the database as the browser has it, nor what the portal gave', async () => {
    await signInStaff(world, visitor, 'principal');
    const text = JSON.stringify(await rows());
    expect(text).not.toContain(cookieOf());
    expect(text).not.toContain('eyJ');
  });

  test("a guardian's cookie is nothing here, and inversely (G06)", async () => {
    await signInStaff(world, visitor, 'directeur');
    expect((await visitor.send('/')).headers.location).toBe('/oidc/auth');
    const other = createVisitor(world.app.url);
    for (const { name, value } of visitor.cookies)
      other.cookies.push({ name: name.replace(NAME, 'educonnect_account'), value, path: '/' });
    expect((await other.send('/')).headers.location).toBe('/oidc/auth');
    expect(await isIn(other)).toBe(false);
  });

  test('is forgotten with what it allowed, once it is over', async () => {
    await signInStaff(world, visitor, 'directeur');
    const { deps } = world.app;
    const now = new Date(deps.clock.now().getTime() + 8 * 3_600_000 + 1);
    await purge(deps, [], { now, signal: new AbortController().signal });
    expect(await rows()).toEqual([]);
    expect(await database.db('staff_grants')).toEqual([]);
  });

  test('is set in cookies that https protects (F03)', async () => {
    const begin: AcademicPortal['begin'] = async () => ({ ok: true, url: 'https://portail.example.test/' });
    const academicPortal = { begin } as AcademicPortal;
    const env = {
      BASE_URL: 'https://educonnect.example.test',
      ALLOW_INSECURE_ISSUER: '',
      HTTP_LOOPBACK_CLIENTS: '',
    };
    const app = await startApp(database, { env, parts: { academicPortal }, provider: stubProvider });
    const lines = [(await createVisitor(app.url).send('/admin')).headers['set-cookie'] ?? []].flat();
    await app.close();
    const line = lines.find((text) => text.startsWith('__Host-educonnect_staff_start='));
    expect(line).toMatch(/path=\/; .*samesite=lax; secure; httponly/i);
  });

  test('costs as many statements with one school as with three', async () => {
    const counted: number[] = [];
    for (const login of ['directeur', 'trois']) {
      visitor = createVisitor(world.app.url);
      await signInStaff(world, visitor, login);
      const count = countStatements(database.db);
      await visitor.send(`/admin/etablissements/${STAFF_SCHOOLS.one.uai}`);
      count.stop();
      counted.push(count.statements.length);
    }
    // The session, its schools, the functions of the feed; what waits at the school shown.
    expect(counted).toEqual([4, 4]);
  });
});

describe('forms (F02)', () => {
  test('without the token of this very session nothing is done', async () => {
    const page = await signInStaff(world, visitor, 'trois');
    const good = readForm(page, '/admin/etablissement').hidden._csrf ?? '';
    const mine = visitor;
    visitor = createVisitor(world.app.url);
    const other = readForm(await signInStaff(world, visitor, 'trois'), '/deconnexion').hidden._csrf ?? '';
    visitor = mine;
    const school = STAFF_SCHOOLS.two.uai;
    for (const path of ['/admin/etablissement', '/admin/depannage/etablissement', '/admin/deconnexion']) {
      for (const fields of [{ school }, { school, _csrf: '' }, { school, _csrf: other }])
        expect((await post(path, fields as Record<string, string>)).status).toBe(403);
      const evil = [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }];
      for (const headers of evil)
        expect((await post(path, { school, _csrf: good }, headers as never)).status).toBe(403);
    }
    expect(await isIn()).toBe(true);
    expect((await rows()).some(({ chosen_uai: chosen }) => chosen !== null)).toBe(false);
  });

  test('« Choisir un établissement »: the choice holds on all pages until another (R-090)', async () => {
    const page = await signInStaff(world, visitor, 'trois');
    for (const label of ['Choisir un établissement', '0319912B - E.M.PU-L&#39;ÎLE - MONTŒUVRE'])
      expect(page.text).toContain(label);
    expect(page.text).not.toContain('Vous avez choisi');
    const chosen = await visitor.submit(page, { school: '0319912B' }, '/admin/etablissement');
    expect(new URL(chosen.url).pathname).toBe('/admin');
    expect(chosen.text).toContain('0319912B E.M.PU-L&#39;ÎLE-ac-TOULOUSE MONTŒUVRE');
    expect(chosen.text).toContain('Vous avez choisi E.M.PU-L&#39;ÎLE (0319912B)');
    expect((await visitor.get('/admin')).text).toContain('Vous avez choisi E.M.PU-L&#39;ÎLE');
    const bookmark = await visitor.get('/admin/etablissements/0319913C');
    expect(bookmark.text).toContain('Vous avez choisi E.P.PU-DU PRÉ (0319913C)');
    const other = await visitor.submit(chosen, { school: '0319911A' }, '/admin/etablissement');
    expect(other.text).toContain('Vous avez choisi E.E.PU-DES TILLEULS');
  });
});

describe('« Se déconnecter » (R-089)', () => {
  const leave = async (page: Answer) => {
    const form = readForm(page, '/deconnexion');
    return post(form.action, form.hidden);
  };

  test('ends the session here and at the portal, then a page confirms it', async () => {
    const page = await signInStaff(world, visitor, 'directeur');
    const old = visitor.cookies.map((cookie) => ({ ...cookie }));
    const answer = await leave(page);
    const to = new URL(answer.headers.location ?? '', world.base);
    expect(to.origin).toBe(world.portal.issuer);
    expect(to.searchParams.get('post_logout_redirect_uri')).toBe(`${world.base}/admin/deconnecte`);
    const thief = createVisitor(world.app.url);
    thief.cookies.push(...old);
    expect(await isIn(thief)).toBe(false);
    const confirmed = await visitor.get('/admin/deconnecte');
    expect(confirmed.status).toBe(200);
    expect(confirmed.text).toContain('Vous êtes déconnecté');
  });

  test('where the portal offers no end of session, the page comes at once', async () => {
    const academicPortal = { ...world.app.deps.academicPortal, endSessionUrl: async () => null };
    const given = world.app.deps.academicPortal;
    Object.assign(world.app.deps, { academicPortal });
    const answer = await leave(await signInStaff(world, visitor, 'directeur'));
    Object.assign(world.app.deps, { academicPortal: given });
    expect(answer.headers.location).toBe('/admin/deconnecte');
  });
});
