import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { delegate, MOST_DELEGATIONS } from '../../src/staff/delegations.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

/** « Droits délégués »: whom the head names, until when, and that it ends at once. */

jest.setTimeout(60_000);

let database: TestDatabase;
let world: StaffWorld;
let head: Visitor;
let ahead = 0;
const clock = { now: () => new Date(Date.now() + ahead) };
const AT = `/admin/etablissements/${STAFF_SCHOOLS.college.uai}`;
const PAGE = `${AT}/delegations`;
const DAY_MS = 86_400_000;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database, { parts: { clock } });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  ahead = 0;
  await database.db('staff_delegations').delete();
  await database.db('audit_events').delete();
  head = createVisitor(world.app.url);
  await signInStaff(world, head, 'principal');
});

const today = () => new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Paris' }).format(clock.now());
const PROFESSOR = { person: 'Nadia AMRANI', email: 'Professeur@Example.org', role: 'troubleshooting' };

async function name(fields: Record<string, string> = {}, who = head, page = PAGE): Promise<Answer> {
  const { _csrf = '' } = readForm(await who.get(page), '/deconnexion').hidden;
  const body = new URLSearchParams({ _csrf, ...PROFESSOR, until: today(), ...fields }).toString();
  const answer = await who.send(page, postOf(body));
  return answer.status === 303 ? who.get(answer.headers.location ?? '') : answer;
}
const rows = () => database.db('staff_delegations').orderBy('id');
const events = () =>
  database.db('audit_events').where({ outcome: 'done' }).whereNot({ event: 'staff-sign-in' }).pluck('event');

async function professor(): Promise<Visitor> {
  const visitor = createVisitor(world.app.url);
  await signInStaff(world, visitor, 'professeur');
  return visitor;
}
const opens = async (visitor: Visitor) => (await visitor.send('/admin/depannage')).status;

describe('a delegate', () => {
  test('comes in by the address of the portal whatever its case, without the key, and may not delegate', async () => {
    const before = await professor();
    expect(await opens(before)).toBe(403);
    const page = await name();
    expect(page.text).toContain('La personne est désignée.');
    expect(page.text).toContain('professeur@example.org');
    // Also in the session that is open.
    expect(await opens(before)).toBe(200);
    expect(
      (await before.send(`/admin/depannage/etablissements/${STAFF_SCHOOLS.college.uai}/eleves`)).status,
    ).toBe(200);
    for (const path of [PAGE, `${AT}/mots-de-passe-a-changer`, `${AT}/responsables`])
      expect([path, (await before.send(path)).status]).toEqual([path, 404]);
  });

  test('of the administration needs the key, as the portal’s', async () => {
    await name({ role: 'administration' });
    const visitor = await professor();
    expect((await visitor.send(`${AT}/responsables`)).status).toBe(403);
    expect(await opens(visitor)).toBe(200);
    // A delegate who has the key is no head.
    await database.db('staff_sessions').where({ sub: 'professeur' }).update({ strong: 1 });
    expect((await visitor.send(`${AT}/responsables`)).status).toBe(200);
    for (const path of [PAGE, `${AT}/mots-de-passe-a-changer`])
      expect([path, (await visitor.send(path)).status]).toEqual([path, 404]);
  });

  test('is out at the next click when it is withdrawn, and may be named anew', async () => {
    const page = await name();
    const visitor = await professor();
    expect(await opens(visitor)).toBe(200);
    const after = await head.submit(page, {}, '/retirer');
    expect(after.text).toContain('accès est fermé dès maintenant.');
    expect(await opens(visitor)).toBe(403);
    await name();
    expect(await opens(visitor)).toBe(200);
    expect(await events()).toEqual(['delegate', 'end-delegation', 'delegate']);
    expect((await rows()).map(({ living }) => living)).toEqual([null, 1]);
  });

  test('is withdrawn once by two heads at once, and both are told so', async () => {
    const page = await name();
    const both = await Promise.all([head.submit(page, {}, '/retirer'), head.submit(page, {}, '/retirer')]);
    for (const answer of both) expect(answer.text).toContain('accès est fermé dès maintenant.');
    expect(await events()).toEqual(['delegate', 'end-delegation']);
  });

  test('is out after the last day, and in again when it is prolonged', async () => {
    await name();
    await database.db('staff_delegations').update({ until_day: '2026-01-31' });
    const visitor = await professor();
    expect(await opens(visitor)).toBe(403);
    const page = await head.get(PAGE);
    expect(page.text).toContain('Terminée');
    expect((await head.submit(page, { until: today() }, '/prolonger')).text).toContain(
      'La date est changée.',
    );
    expect(await opens(visitor)).toBe(200);
    ahead = DAY_MS;
    const tomorrow = await professor();
    expect(await opens(tomorrow)).toBe(403);
  });

  test('whom the portal tells nothing of is not asked to sign in again by a sensitive page', async () => {
    await name();
    const visitor = await professor();
    await database
      .db('staff_sessions')
      .where({ sub: 'professeur' })
      .update({ rights_read_at: new Date(Date.now() - 3_600_000) });
    const list = `/admin/depannage/etablissements/${STAFF_SCHOOLS.college.uai}/eleves/liste.csv`;
    const page = await visitor.get('/admin/depannage');
    const csrf = readForm(page, '/deconnexion').hidden._csrf ?? '';
    const answer = await visitor.send(list, postOf(new URLSearchParams({ _csrf: csrf }).toString()));
    expect(answer.headers.location ?? '').not.toContain(world.portal.issuer);
  });
});

describe('the form', () => {
  test.each([
    [{ person: ' ' }, 'Saisissez le nom et le prénom'],
    [{ email: 'nadia' }, 'Saisissez une adresse mail complète'],
    [{ email: 'nadia@ac@example.org' }, 'Saisissez une adresse mail complète'],
    [{ email: 'principal@example.org.' }, 'Saisissez une adresse mail complète'],
    [{ email: 'PRINCIPAL@example.org' }, 'Cette adresse est la vôtre'],
    [{ role: 'head' }, 'Choisissez un module'],
    [{ until: '' }, 'Choisissez une date de fin'],
    [{ until: '2026-02-30' }, 'Saisissez une date'],
    [{ until: '2026-01-01' }, 'Choisissez une date à partir du'],
    [{ until: '2099-01-01' }, "Choisissez une date jusqu'au"],
  ])('%j', async (fields, sentence) => {
    const answer = await name(fields);
    expect(answer.status).toBe(400);
    expect(answer.text.replaceAll('&#39;', "'")).toContain(sentence);
    expect(await rows()).toEqual([]);
  });

  test('twice the same is said; another module is another delegation', async () => {
    await name();
    const again = await name();
    expect([again.status, again.text.includes('Cette personne a déjà ce module')]).toEqual([400, true]);
    expect((await name({ role: 'administration' })).status).toBe(200);
    expect(await rows()).toHaveLength(2);
  });

  test('fifty at most, whoever names them at once', async () => {
    const school = await database.db('schools').where({ uai: STAFF_SCHOOLS.college.uai }).first();
    const by = { actor: { actorKind: 'school', actor: 'staff:principal' } as const, own: null };
    const results = await Promise.all(
      Array.from({ length: MOST_DELEGATIONS + 10 }, (_, index) =>
        delegate(
          world.app.deps,
          school,
          {
            person: 'Nadia',
            email: `n${index}@example.org`,
            role: 'troubleshooting',
            day: today(),
            until: today(),
          },
          by,
        ),
      ),
    );
    expect(results.filter(({ ok }) => ok)).toHaveLength(MOST_DELEGATIONS);
    expect((await name()).text).toContain('c&#39;est le maximum');
  });

  test('in the first degree there is the administration alone, which needs no key', async () => {
    const director = createVisitor(world.app.url);
    await signInStaff(world, director, 'directeur');
    const page = `/admin/etablissements/${STAFF_SCHOOLS.one.uai}/delegations`;
    expect((await name({ role: 'troubleshooting' }, director, page)).status).toBe(200);
    expect((await rows()).map(({ role }) => role)).toEqual(['administration']);
    const visitor = await professor();
    expect((await visitor.send(`/admin/etablissements/${STAFF_SCHOOLS.one.uai}/responsables`)).status).toBe(
      200,
    );
    expect((await visitor.send(PAGE)).status).toBe(404);
  });
});

test('it is the school’s: the head without the key is asked for it, and the journal tells who did what', async () => {
  await name();
  const weak = createVisitor(world.app.url);
  await signInStaff(world, weak, 'principal.sans-cle');
  expect((await weak.send(PAGE)).status).toBe(403);
  const journal = await head.get(`${AT}/journal?acte=delegation`);
  expect(journal.text).toContain('A délégué un module');
  const [line] = await database.db('audit_events').where({ event: 'delegate' });
  expect(line).toMatchObject({
    actor: 'staff:principal',
    details: expect.stringMatching(/^troubleshooting until /),
  });
  expect(JSON.stringify(line)).not.toMatch(/AMRANI|professeur@/i);
});
