import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eraseDue } from '../../src/accounts/erase.ts';
import { cutoffsOf } from '../../src/accounts/retention-rules.ts';
import { updateAccount } from '../../src/accounts/store.ts';
import { notify } from '../../src/messages/notify.ts';
import { pairwiseSubjects } from '../../src/provider/account.ts';
import type { AafFeed, AafGuardian, AafPupil } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { childrenOf, emptyLiveTables, night } from './nights.ts';

/** Accounts over the years of school, through the real importer (R-002, R-005a, R-075, R-076, R-182, X7). */
let database: TestDatabase;
let deps: TestDeps;
const DAY_MS = 86_400_000;
const INES = { lea: '0123456789A', tom: '0123456789B' };

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  deps = testDeps(database);
  for (const table of ['notification_results', 'notification_batches', 'audit_events', 'import_feeds'])
    await database.db(table).delete();
  await database.db('accounts').update({ merged_into: null });
  await emptyLiveTables(database);
});
afterAll(() => database.drop());

const school = { ecole: '0139901A', college: '0139902B', lycee: '0139903C', far: '0069904D' } as const;
type Place = keyof typeof school;
let day = 0;

/** The whole feed of one school, of the académie 13 but for `far`. */
function feed(place: Place, pupils: AafPupil[], guardians: AafGuardian[]): AafFeed {
  day += 1;
  return {
    degree: place === 'ecole' ? 1 : 2,
    academy: place === 'far' ? '6' : '13',
    date: `2027${String(Math.floor(day / 28) + 1).padStart(2, '0')}${String((day % 28) + 1).padStart(2, '0')}`,
    schools: [{ id: place, uai: school[place] }],
    pupils: pupils.map((pupil) => ({ ...pupil, school: place })),
    guardians,
  };
}
const lea = (id: string, guardian: string, more: Partial<AafPupil> = {}): AafPupil => ({
  id,
  school: '',
  familyName: 'Zoumn',
  givenName: 'Léa',
  birthDate: '14/05/2016',
  ine: INES.lea,
  guardians: [{ guardian }],
  ...more,
});
const tom = (id: string, guardian: string, more: Partial<AafPupil> = {}): AafPupil => ({
  ...lea(id, guardian),
  givenName: 'Tom',
  birthDate: '02/09/2019',
  ine: INES.tom,
  ...more,
});
const claire = (id: string, more: Partial<AafGuardian> = {}): AafGuardian => ({
  id,
  familyName: 'Zoumn',
  givenName: 'Claire',
  mobile: '06 39 98 00 01',
  ...more,
});

const accounts = (kind: 'guardian' | 'pupil') => database.db('accounts').where({ kind }).orderBy('id');
const theOnly = async (kind: 'guardian' | 'pupil' = 'guardian') => {
  const all = await accounts(kind);
  expect(all.map(({ identifier }) => identifier)).toHaveLength(1);
  return all[0];
};

async function activate(id: number): Promise<void> {
  const now = deps.clock.now();
  const personal = {
    state: 'activated',
    origin: 'school',
    activatedAt: now,
    email: 'c.zoumn@example.org',
    emailVerifiedAt: now,
    passwordKind: 'personal',
    passwordHash: await deps.passwords.hash('tabouret5bleu'),
  } as const;
  await updateAccount(deps.db, id, personal, now);
}

/** Which letter this school's distribution gives the account. */
async function letterFrom(place: Place, id: number, channel: 'sheet' | 'email'): Promise<string> {
  const { id: schoolId } = await deps.db('schools').where({ uai: school[place] }).first('id');
  const actor = { actorKind: 'school' as const, actor: 'staff:1' };
  const request = { schoolId, accountIds: [id], channel, withReset: false, formKey: null, actor };
  const done = await notify(deps, request);
  if (!done.ok) throw new Error(done.reason);
  const batch = await deps.db('notification_batches').where({ public_id: done.batch }).first('id');
  return (await deps.db('notification_results').where({ batch_id: batch.id }).first('message')).message;
}

test('three school years: école, collège of the same académie, collège of another; one account, the same all along', async () => {
  await night(deps, feed('ecole', [lea('1', '51'), tom('2', '51')], [claire('51')]));
  const first = await theOnly();
  await activate(first.id);
  const { password_hash, public_id, identifier } = await theOnly();
  const sub = pairwiseSubjects(deps)('service.example', public_id);
  const asEver = async () => {
    const now = await theOnly();
    expect(now).toMatchObject({ id: first.id, identifier, public_id, password_hash, state: 'activated' });
    expect(now).toMatchObject({ origin: 'school', closed_at: null, merged_into: null });
    expect(pairwiseSubjects(deps)('service.example', now.public_id)).toBe(sub);
  };

  // Summer: nobody has a class, nothing is taken away (R-005a).
  deps.clock.advance(240 * DAY_MS);
  const none = { className: null };
  await night(deps, feed('ecole', [lea('1', '51', none), tom('2', '51', none)], [claire('51')]));
  await asEver();
  expect(await childrenOf(database, identifier)).toEqual(['Léa Zoumn', 'Tom Zoumn']);

  // Second year: Léa is at the collège, whose base has references of its own; Tom stays.
  deps.clock.advance(60 * DAY_MS);
  await night(
    deps,
    feed(
      'college',
      [lea('901', '851', { givenName: 'LEA MARIE' })],
      [claire('851', { familyName: 'ZOUMN', givenName: 'CLAIRE' })],
    ),
  );
  await night(deps, feed('ecole', [tom('2', '51')], [claire('51')]));
  await asEver();
  expect(await childrenOf(database, identifier)).toEqual(['LEA MARIE Zoumn', 'Tom Zoumn']);
  expect(await letterFrom('college', first.id, 'sheet')).toBe('C03');
  expect(await letterFrom('college', first.id, 'email')).toBe('C04');
  // The école sees an account that another school distributed as what it is.
  await asEver();

  // Third year: both go to another académie.
  deps.clock.advance(365 * DAY_MS);
  await night(deps, feed('far', [lea('7901', '7851'), tom('7902', '7851')], [claire('7851')]));
  await asEver();
  const references = await deps.db('guardian_references').orderBy('id').pluck('account_id');
  expect(references).toEqual([first.id, first.id, first.id]);
  expect(await letterFrom('far', first.id, 'sheet')).toBe('C03');
  // The same night again changes nothing.
  const report = await night(deps, feed('far', [lea('7901', '7851'), tom('7902', '7851')], [claire('7851')]));
  expect([report.accounts, await accounts('guardian').then((all) => all.length)]).toEqual([
    { created: 0, changed: 0, closed: 0 },
    1,
  ]);
  // The guardian's to the collège; then the guardian's and Léa's own, which the collège had created.
  const followed = deps.db('audit_events').where({ event: 'follow', account_id: first.id });
  expect(await followed.count({ n: '*' })).toEqual([{ n: 2 }]);
  expect(await deps.db('audit_events').where({ event: 'follow' }).count({ n: '*' })).toEqual([{ n: 3 }]);
});

test('what one school distributed shows at the other as « Établissement », and gets no second password (R-076)', async () => {
  await night(deps, feed('ecole', [lea('1', '51'), tom('2', '51')], [claire('51')]));
  const { id } = await theOnly();
  expect(await letterFrom('ecole', id, 'sheet')).toBe('C01');
  const sealed = (await theOnly()).provisional_sealed;
  await night(deps, feed('college', [lea('901', '851')], [claire('851')]));
  await night(deps, feed('ecole', [tom('2', '51')], [claire('51')]));
  expect(await theOnly()).toMatchObject({ id, state: 'notified', origin: 'school' });
  await letterFrom('college', id, 'sheet');
  expect((await theOnly()).provisional_sealed).toBe(sealed);
});

describe('a pupil', () => {
  test('from collège to lycée and to another académie keeps his account; he has one only, in one place', async () => {
    await night(deps, feed('college', [lea('901', '851')], [claire('851')]));
    const { id, identifier } = await theOnly('pupil');
    await updateAccount(
      deps.db,
      id,
      { state: 'activated', origin: 'school', activatedAt: deps.clock.now() },
      deps.clock.now(),
    );
    // Same base: the record is the same one.
    deps.clock.advance(365 * DAY_MS);
    await night(deps, feed('lycee', [lea('901', '851')], [claire('851')]));
    expect(await theOnly('pupil')).toMatchObject({ id, identifier, state: 'activated' });
    expect(await deps.db('pupils').pluck('account_id')).toEqual([id]);
    // Another base, which has him under his new name; the lycée has him yet.
    await night(deps, feed('far', [lea('7901', '7851', { familyName: 'Zoumnet' })], [claire('7851')]));
    expect(await theOnly('pupil')).toMatchObject({ id, identifier, family_name: 'Zoumnet' });
    expect(await deps.db('pupils').orderBy('id').pluck('account_id')).toEqual([null, id]);
    // Neither does the lycée take it back, nor give a second one, when it writes his record again.
    await night(deps, feed('lycee', [lea('901', '851', { className: 'TG2' })], [claire('851')]));
    expect(await deps.db('pupils').orderBy('id').pluck('account_id')).toEqual([null, id]);
    expect((await theOnly()).kind).toBe('guardian');
  });

  test('who leaves, and comes back to where he was, has his account', async () => {
    await night(deps, feed('college', [lea('901', '851'), tom('902', '851')], [claire('851')]));
    const [one] = await accounts('pupil');
    await night(deps, feed('college', [tom('902', '851')], [claire('851')]));
    expect((await deps.db('pupils').where({ source_id: '901' }).first()).left_at).not.toBeNull();
    await night(deps, feed('college', [lea('901', '851'), tom('902', '851')], [claire('851')]));
    expect((await deps.db('pupils').where({ source_id: '901' }).first()).account_id).toBe(one.id);
    expect(await accounts('pupil')).toHaveLength(2);
  });
});

describe('where it is not certain who is who there is a new account, to be regrouped by its holder (R-078)', () => {
  const firstYear = () => night(deps, feed('ecole', [lea('1', '51')], [claire('51')]));
  const count = async () => (await accounts('guardian')).length;

  test('another name', async () => {
    await firstYear();
    await night(deps, feed('college', [lea('901', '851')], [claire('851', { familyName: 'Autrenom' })]));
    expect(await count()).toBe(2);
  });

  test('the same INE with another birth date', async () => {
    await firstYear();
    await night(deps, feed('college', [lea('901', '851', { birthDate: '15/05/2016' })], [claire('851')]));
    expect(await count()).toBe(2);
  });

  test('the same INE and birth date with another first name', async () => {
    await firstYear();
    await night(deps, feed('college', [lea('901', '851', { givenName: 'Max' })], [claire('851')]));
    expect(await count()).toBe(2);
  });

  test('two guardians of the child with the same names', async () => {
    await firstYear();
    const both = [{ guardian: '851' }, { guardian: '852' }];
    await night(
      deps,
      feed('college', [lea('901', '851', { guardians: both })], [claire('851'), claire('852')]),
    );
    expect(await count()).toBe(3);
  });

  test('two accounts of those names', async () => {
    await night(
      deps,
      feed(
        'ecole',
        [lea('1', '51', { guardians: [{ guardian: '51' }, { guardian: '52' }] })],
        [claire('51'), claire('52')],
      ),
    );
    await night(deps, feed('college', [lea('901', '851')], [claire('851')]));
    expect(await count()).toBe(3);
  });

  test('a new reference in the same base, of the same child: one identifier a reference', async () => {
    await firstYear();
    await night(deps, feed('ecole', [lea('1', '52')], [claire('52')]));
    expect(await count()).toBe(2);
    expect(await childrenOf(database, 'c.zoumn')).toEqual([]);
    expect(await childrenOf(database, 'c.zoumn2')).toEqual(['Léa Zoumn']);
  });

  test('a child without INE', async () => {
    await firstYear();
    await night(
      deps,
      feed('college', [lea('901', '851', { ine: null }), tom('902', '851')], [claire('851')]),
    );
    expect(await count()).toBe(2);
  });
});

test('a guardian who was regrouped is followed to the account that survived; one who is erased is not', async () => {
  await night(deps, feed('ecole', [lea('1', '51'), tom('2', '52')], [claire('51'), claire('52')]));
  const [first, second] = await accounts('guardian');
  const now = deps.clock.now();
  await deps.db('guardian_references').update({ account_id: first.id });
  await deps.db('accounts').where({ id: second.id }).update({ merged_into: first.id, closed_at: now });
  await night(deps, feed('college', [tom('902', '852')], [claire('852')]));
  const reference = (id: string) =>
    deps.db('guardian_references').where({ source_id: id }).first('account_id');
  expect((await reference('852')).account_id).toBe(first.id);
  // Two bases have Tom in a school until the école has told that he left.
  expect(await childrenOf(database, first.identifier)).toEqual(['Léa Zoumn', 'Tom Zoumn', 'Tom Zoumn']);
  await night(deps, feed('ecole', [lea('1', '51')], [claire('51'), claire('52')]));
  expect(await childrenOf(database, first.identifier)).toEqual(['Léa Zoumn', 'Tom Zoumn']);

  await updateAccount(deps.db, first.id, { forgetAt: now }, now);
  const cutoffs = cutoffsOf(deps.config, now);
  await eraseDue(deps, [first.id], { cutoffs, now, actor: { actorKind: 'system' } });
  await night(deps, feed('college', [lea('901', '851'), tom('902', '852')], [claire('851'), claire('852')]));
  const fresh = await accounts('guardian').whereNull('closed_at');
  expect(fresh.map(({ identifier }) => identifier).sort()).toEqual(['c.zoumn3', 'c.zoumn4']);
});
