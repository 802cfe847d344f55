import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AcademicPortal } from '../../src/deps.ts';
import { startApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type StaffWorld, signInStaff, startStaffWorld, throughPortal } from '../support/staff.ts';
import { stubProvider } from '../support/stub-provider.ts';
import { createVisitor, type Visitor } from '../support/visitor.ts';

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

const cookieOf = (who = visitor) => who.cookies.find(({ name }) => name === 'educonnect_staff')?.value;
const audited = (event: string) => database.db('audit_events').where({ event }).orderBy('id');

/** As the gateway answers when nobody is there. */
const away: AcademicPortal = {
  begin: async () => ({ ok: false, reason: 'unreachable' }),
  finish: async () => ({ ok: false, reason: 'unreachable', detail: 'network' }),
  reread: async () => ({ ok: false, reason: 'unreachable', detail: 'network' }),
  endSessionUrl: async () => null,
};

describe('an error below /admin', () => {
  test.each([
    ['/admin/nulle-part', 'EduConnect - Administration des comptes', '/admin'],
    ['/admin/depannage/nulle-part', 'EduConnect - Dépannage des comptes élèves', '/admin/depannage'],
  ])('%s: in the frame of the staff, and back to its own start', async (path, title, home) => {
    const answer = await visitor.send(path);
    expect([answer.status, answer.text.includes('EC-404-PAGE')]).toEqual([404, true]);
    expect(answer.text).toContain(title);
    expect(answer.text).not.toContain('Le compte des familles');
    expect(answer.text).toContain(`<a class="govuk-button" href="${home}">`);
  });

  test('elsewhere in that of the families', async () => {
    for (const path of ['/nulle-part', '/administration'])
      expect((await visitor.send(path)).text).toContain('Le compte des familles');
  });
});

describe('the entry by the portal (R-025, R-180)', () => {
  test('a director with one school stands on « Accueil » of his school', async () => {
    const home = await signInStaff(world, visitor, 'directeur');
    expect(home.status).toBe(200);
    for (const text of [
      'EduConnect - Administration des comptes',
      'Paul DIRECTEUR',
      '0319911A E.E.PU-DES TILLEULS-ac-TOULOUSE VALMONT',
      'Bienvenue',
      'Vous avez choisi E.E.PU-DES TILLEULS (0319911A)',
      'Se déconnecter',
    ])
      expect(home.text).toContain(text);
    expect(home.text).not.toContain('Choisir un établissement');
    expect(home.headers['cache-control']).toBe('no-store');
    expect((await audited('staff-sign-in')).at(-1)).toMatchObject({
      outcome: 'done',
      actor_kind: 'school',
      actor: 'staff:directeur',
    });
  });

  test('leads back to the page that was asked for, without what was asked there', async () => {
    const begun = await visitor.send('/admin/etablissements/0319911A?nom=ZOUMN');
    expect(begun.headers.location).not.toContain('ZOUMN');
    const back = await throughPortal(world, begun, 'directeur');
    const answer = await visitor.send(back);
    expect(answer.headers.location).toBe('/admin/etablissements/0319911A');
    expect((await visitor.get(answer.headers.location ?? '')).status).toBe(200);
  });

  test('whoever turns back at the portal is told so (400), and may try again', async () => {
    const begun = await visitor.send('/admin');
    const answer = await visitor.send(await throughPortal(world, begun, null));
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('Connexion annulée');
    expect(answer.text).toContain('href="/admin"');
    expect(cookieOf()).toBeUndefined();
  });

  test('an answer to a sign-in of another browser, or one that was altered, lets nobody in', async () => {
    const begun = await visitor.send('/admin');
    const back = await throughPortal(world, begun, 'directeur');
    const victim = createVisitor(world.app.url);
    expect((await victim.send(back)).status).toBe(400);
    await victim.send('/admin');
    expect((await victim.send(back)).status).toBe(400);
    const state = new URL(back, world.base).searchParams.get('state') ?? '';
    const [once, , mark] = state.split('.');
    const elsewhere = Buffer.from('https://example.org').toString('base64url');
    const altered = back.replace(encodeURIComponent(state), `${once}.${elsewhere}.${mark}`);
    expect((await visitor.send(altered)).status).toBe(400);
    expect(cookieOf()).toBeUndefined();
    expect((await visitor.send(back)).status).toBe(303);
  });

  test('an answer is good once; loaded again it changes nothing', async () => {
    const begun = await visitor.send('/admin');
    const back = await throughPortal(world, begun, 'directeur');
    await visitor.get(back);
    const before = cookieOf();
    const again = await visitor.send(back);
    expect([again.status, again.headers.location]).toEqual([303, '/admin']);
    expect(cookieOf()).toBe(before);
    const other = createVisitor(world.app.url);
    other.cookies.push(...visitor.cookies.filter(({ name }) => name.startsWith('educonnect_staff_start')));
    expect((await other.send(back)).status).toBe(400);
  });

  test('a portal that is not configured, or away, is a page (503)', async () => {
    const parts = [
      { parts: { academicPortal: null }, text: 'n&#39;est pas ouverte' },
      { parts: { academicPortal: away }, text: 'ne répond pas' },
    ];
    for (const { parts: given, text } of parts) {
      const app = await startApp(database, { parts: given, provider: stubProvider });
      const answer = await createVisitor(app.url).send('/admin');
      expect(answer.status).toBe(503);
      expect(answer.text).toContain(text);
      await app.close();
    }
  });
});
