import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { resetPasswords } from '../../src/messages/reset.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import type { TestDeps } from '../support/deps.ts';
import { PROVISIONAL, seedSchool } from '../support/school-accounts.ts';
import {
  STAFF_PEOPLE,
  STAFF_SCHOOLS,
  type StaffSchoolKey,
  type StaffWorld,
  signInStaff,
  startStaffWorld,
} from '../support/staff.ts';
import { createVisitor, type Visitor } from '../support/visitor.ts';

/** To whom provisional passwords and families are told, and what is known of it (G01, G02, G04, N03). */

let database: TestDatabase;
let world: StaffWorld;
let deps: TestDeps;
let visitor: Visitor;
let run = 0;
let parent: { id: number; publicId: string; identifier: string };
const at = (school: StaffSchoolKey) => `/admin/etablissements/${STAFF_SCHOOLS[school].uai}`;
const schoolId = async (school: StaffSchoolKey): Promise<number> =>
  (await database.db('schools').where({ uai: STAFF_SCHOOLS[school].uai }).first('id')).id;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
  deps = world.app.deps;
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  visitor = createVisitor(world.app.url);
});

/** A guardian whose provisional password works, with a child in the school. */
async function family(school: StaffSchoolKey): Promise<void> {
  run += 1;
  const identifier = `n.abel${run}`;
  const accounts = await seedSchool(deps, STAFF_SCHOOLS[school].uai, {
    guardians: [{ givenName: 'Nora', familyName: 'ABEL', identifier, as: 'notified' }],
    pupils: [{ givenName: 'Zoé', familyName: 'ABEL', class: '6A', mef: ['1001', '6EME'], of: [identifier] }],
  });
  parent = { identifier, ...(accounts.get(identifier) as { id: number; publicId: string }) };
}
const lines = (event: string) =>
  database.db('audit_events').where({ event, account_id: parent.id }).select('actor', 'school_id', 'details');

describe('rights that the portal has taken away meanwhile', () => {
  const rights = STAFF_PEOPLE.find(({ login }) => login === 'adjoint')?.rights ?? {};
  beforeEach(async () => {
    world.portal.change('adjoint', { rights });
    await family('college');
    await signInStaff(world, visitor, 'adjoint');
  });
  const loseRights = () => {
    world.portal.change('adjoint', { rights: { FrEduFonctAdm: 'ADM' } });
    deps.clock.advance(120_000);
  };

  test('the page of an account tells no password any more, and nothing is written of it', async () => {
    const path = `${at('college')}/comptes/${parent.publicId}`;
    expect((await visitor.send(path)).text).toContain(PROVISIONAL);
    expect(await lines('show-password')).toHaveLength(1);
    loseRights();
    const answer = await visitor.send(path);
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain(PROVISIONAL);
    expect(await lines('show-password')).toHaveLength(1);
  });

  test('nor do the numbers of the families leave', async () => {
    const path = `${at('college')}/qualite.csv?liste=no-mobile`;
    expect((await visitor.send(path)).text).toContain('ABEL;Nora');
    loseRights();
    expect((await visitor.send(path)).status).toBe(404);
  });

  test('nor does the page of a reset', async () => {
    const made = await resetPasswords(deps, {
      schoolId: await schoolId('college'),
      accountIds: [parent.id],
      single: true,
      formKey: null,
      actor: { actorKind: 'school', actor: 'staff:adjoint' },
    });
    if (!made.ok) throw new Error(made.reason);
    const path = `${at('college')}/distributions/${made.batch}`;
    expect((await visitor.send(path)).status).toBe(200);
    expect(await lines('show-password')).toHaveLength(1);
    loseRights();
    expect((await visitor.send(path)).status).toBe(404);
    expect(await lines('show-password')).toHaveLength(1);
  });
});

describe('a child of another school', () => {
  test('whom that school has found not to be the guardian’s is named to nobody else', async () => {
    await family('one');
    const page = `${at('one')}/comptes/${parent.publicId}`;
    await seedSchool(deps, STAFF_SCHOOLS.foreign.uai, {
      guardians: [],
      pupils: [{ givenName: 'Max', familyName: 'LOINTAIN', of: [parent.identifier] }],
    });
    await signInStaff(world, visitor, 'directeur');
    expect((await visitor.send(page)).text).toContain('LOINTAIN');
    const { id: pupil } = await database.db('pupils').where({ family_name: 'LOINTAIN' }).first('id');
    const { guardian_reference_id: reference } = await database
      .db('legal_links')
      .where({ pupil_id: pupil })
      .first();
    await database.db('wrong_attachments').insert({
      guardian_reference_id: reference,
      pupil_id: pupil,
      account_id: parent.id,
      state: 'closed',
      outcome: 'removed',
      reported_at: deps.clock.now(),
      closed_at: deps.clock.now(),
      closed_by: 'staff:ailleurs',
    });
    for (const path of [page, `${at('one')}/familles`, `${at('one')}/relance`])
      expect((await visitor.send(path)).text).not.toContain('LOINTAIN');
  });
});

describe('a family that has left the school', () => {
  test('the journal keeps what was done here, and says nothing of the password that it has elsewhere', async () => {
    await family('one');
    await signInStaff(world, visitor, 'directeur');
    await visitor.send(`${at('one')}/comptes/${parent.publicId}`);
    const journal = `${at('one')}/journal?compte=${parent.publicId}`;
    expect((await visitor.send(journal)).text).toContain('id="password-title"');

    const pupils = database.db('guardian_references').where({ account_id: parent.id }).select('id');
    const { pupil_id: pupil } = await database
      .db('legal_links')
      .whereIn('guardian_reference_id', pupils)
      .first();
    await database
      .db('pupils')
      .where({ id: pupil })
      .update({ school_id: await schoolId('foreign'), class_id: null });
    deps.clock.advance(60_000);
    const elsewhere = { schoolId: await schoolId('foreign'), accountIds: [parent.id] };
    const actor = { actorKind: 'school' as const, actor: 'staff:foreign' };
    expect((await resetPasswords(deps, { ...elsewhere, formKey: null, actor })).ok).toBe(true);
    expect((await visitor.send(journal)).status).toBe(404);

    // Both once were its guardians' pupils: one has left all schools.
    await database
      .db('pupils')
      .where({ id: pupil })
      .update({ school_id: await schoolId('one'), left_at: new Date() });
    const after = await visitor.send(journal);
    expect(after.text).toContain(parent.identifier);
    expect(after.text).not.toContain('id="password-title"');
    expect((await visitor.send(`${at('one')}/comptes/${parent.publicId}`)).status).toBe(404);
  });
});
