import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { AafFeed, AafGuardian } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { childrenOf, emptyLiveTables, night } from './nights.ts';

let database: TestDatabase;
let deps: TestDeps;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());
beforeEach(() => emptyLiveTables(database));

const schools = [
  { id: 'A', uai: '0319901A' },
  { id: 'B', uai: '0319902B' },
];
const parents: AafGuardian[] = [
  { id: '51', givenName: 'Zoé', familyName: 'Un' },
  { id: '52', givenName: 'Paul', familyName: 'Deux' },
];
const first = (pupils: AafFeed['pupils'], guardians = parents): AafFeed => ({
  degree: 1,
  schools,
  pupils,
  guardians,
});
const second = (pupils: AafFeed['pupils'], guardians = parents): AafFeed => ({
  degree: 2,
  schools,
  pupils,
  guardians,
});

async function identifiers(): Promise<string[]> {
  return database.db('accounts').where({ kind: 'guardian' }).orderBy('identifier').pluck('identifier');
}

test('2D: only the guardian whose fourth field is 1 is legal and gets an account', async () => {
  await night(
    deps,
    second([
      {
        id: '1',
        school: 'A',
        guardians: [
          { guardian: '51', code: '10', legal: '1' },
          { guardian: '52', code: '20', legal: '2' },
          { guardian: '53', code: '41', legal: '0' },
        ],
      },
    ]),
  );
  expect(await identifiers()).toEqual(['z.un']);
  expect(await database.db('guardian_references').pluck('source_id')).toEqual(['51']);
});

test.each([['7'], ['70']])(
  'a pupil who answers for himself (link code %s) gets no guardian account',
  async (code) => {
    for (const feed of [first, second]) {
      await night(deps, feed([{ id: '1', school: 'A', guardians: [{ guardian: '51', code }] }]));
    }
    expect(await identifiers()).toEqual([]);
  },
);

test('the same guardian twice for a pupil counts once, and the legal mention wins', async () => {
  const report = await night(
    deps,
    second([
      {
        id: '1',
        school: 'A',
        guardians: [
          { guardian: '51', code: '90', legal: '0' },
          { guardian: '51', code: '10', legal: '1' },
          { guardian: '51', code: '50', legal: '1' },
        ],
      },
    ]),
  );
  expect(report.refused).toEqual([]);
  expect(await database.db('legal_links').select('link_code')).toEqual([{ link_code: '10' }]);
  expect(await identifiers()).toEqual(['z.un']);
});

test('an account needs a pupil with an INE, in 1D also with a class (R-005, R-006); siblings share it', async () => {
  await night(
    deps,
    first([
      { id: '1', school: 'A', ine: null, guardians: [{ guardian: '51' }] },
      { id: '2', school: 'A', className: null, guardians: [{ guardian: '51' }] },
      { id: '3', school: 'A', ine: null, guardians: [{ guardian: '52' }] },
      { id: '4', school: 'B', guardians: [{ guardian: '52' }] },
    ]),
  );
  expect(await identifiers()).toEqual(['p.deux']);
  expect(await database.db('guardian_references').whereNull('account_id').pluck('source_id')).toEqual(['51']);
  await emptyLiveTables(database);
  await night(deps, second([{ id: '1', school: 'A', className: null, guardians: [{ guardian: '51' }] }]));
  expect(await identifiers()).toEqual(['z.un']);
});

test('pupils have accounts in the 2nd degree only, with an INE (R-003, R-173)', async () => {
  const pupils = [
    { id: '1', school: 'A', givenName: 'Ana', familyName: 'Un' },
    { id: '2', school: 'A', ine: null },
  ];
  const others = [{ id: 'A', uai: '0319930A' }];
  await night(deps, first(pupils), { ...second(pupils), schools: others });
  const rows = await database
    .db('pupils as p')
    .join('accounts as a', 'a.id', 'p.account_id')
    .select('p.degree', 'p.source_id', 'a.identifier', 'a.kind');
  expect(rows).toEqual([{ degree: 2, source_id: '1', identifier: 'a.un', kind: 'pupil' }]);
});

test('August takes the classes away and nobody is lost; September finds everybody as before (R-005a)', async () => {
  const pupil = { id: '1', school: 'A', guardians: [{ guardian: '51' }] };
  await night(deps, first([pupil]));
  const june = await database.db('accounts').select('id', 'public_id', 'identifier', 'state');
  await night(deps, first([{ ...pupil, className: null }]));
  expect(await database.db('pupils').pluck('class_id')).toEqual([null]);
  expect(await childrenOf(database, 'z.un')).toEqual(['Ana ELEVE1']);
  const report = await night(deps, first([{ ...pupil, className: 'B' }]));
  expect(report.accounts).toEqual({ created: 0, changed: 0, closed: 0 });
  expect(await database.db('accounts').select('id', 'public_id', 'identifier', 'state')).toEqual(june);
  expect(await childrenOf(database, 'z.un')).toEqual(['Ana ELEVE1']);
});

test('who came without a class gets the account in September, from the record that had none', async () => {
  const pupil = { id: '1', school: 'A', guardians: [{ guardian: '51' }] };
  await night(deps, first([{ ...pupil, className: null }]));
  expect(await identifiers()).toEqual([]);
  await night(deps, first([pupil]));
  expect(await childrenOf(database, 'z.un')).toEqual(['Ana ELEVE1']);
});

test('a pupil who changes school keeps his record, the guardians their account (R-075); the former school is left (I03)', async () => {
  const pupil = { id: '1', school: 'B', guardians: [{ guardian: '51' }] };
  const stays = { id: '2', school: 'B' };
  await night(deps, first([pupil, stays]));
  const before = await database.db('pupils').where({ source_id: '1' }).first();
  const report = await night(deps, first([{ ...pupil, school: 'A' }, stays]));
  const after = await database
    .db('pupils as p')
    .join('schools as s', 's.id', 'p.school_id')
    .where('p.source_id', '1')
    .first('p.id', 'p.left_at', 's.uai');
  expect(after).toEqual({ id: before.id, left_at: null, uai: '0319901A' });
  expect(report.schools.map(({ uai, arrived, moved, left }) => ({ uai, arrived, moved, left }))).toEqual([
    { uai: '0319901A', arrived: 0, moved: 1, left: 0 },
    { uai: '0319902B', arrived: 0, moved: 0, left: 0 },
  ]);
  expect(await childrenOf(database, 'z.un')).toEqual(['Ana ELEVE1']);
});

test('a pupil missing from his school leaves it softly and comes back with everything (I03)', async () => {
  const pupils = [
    { id: '1', school: 'A', guardians: [{ guardian: '51' }] },
    { id: '2', school: 'A' },
  ];
  await night(deps, second(pupils));
  const account = await database.db('pupils').where({ source_id: '1' }).first('account_id');
  const report = await night(deps, second(pupils.slice(1)));
  expect(report.schools[0]).toMatchObject({ left: 1, links_ended: 0 });
  expect(await childrenOf(database, 'z.un')).toEqual([]);
  await night(deps, second(pupils));
  expect(await childrenOf(database, 'z.un')).toEqual(['Ana ELEVE1']);
  expect(await database.db('pupils').where({ source_id: '1' }).first('account_id')).toEqual(account);
});

test('a full file speaks only for the schools of which it has pupils', async () => {
  await night(
    deps,
    first([
      { id: '1', school: 'A', guardians: [{ guardian: '51' }] },
      { id: '2', school: 'B' },
    ]),
  );
  await night(deps, { ...first([{ id: '2', school: 'B' }]), schools: schools.slice(1) });
  await night(deps, first([{ id: '2', school: 'B' }]));
  expect(await childrenOf(database, 'z.un')).toEqual(['Ana ELEVE1']);
});

test('separated parents: the one who is no longer legal loses the child, not the account; and may come back (I03)', async () => {
  const both = [{ guardian: '51' }, { guardian: '52', code: '20' }];
  await night(deps, second([{ id: '1', school: 'A', guardians: both }]));
  await night(
    deps,
    second([
      { id: '1', school: 'A', guardians: [{ guardian: '51' }, { guardian: '52', code: '20', legal: '0' }] },
    ]),
  );
  expect(await childrenOf(database, 'z.un')).toEqual(['Ana ELEVE1']);
  expect(await childrenOf(database, 'p.deux')).toEqual([]);
  expect(await database.db('guardian_references').where({ source_id: '52' }).first()).toMatchObject({
    left_at: expect.any(Date),
  });
  await night(deps, second([{ id: '1', school: 'A', guardians: both }]));
  expect(await childrenOf(database, 'p.deux')).toEqual(['Ana ELEVE1']);
  expect(await database.db('guardian_references').where({ source_id: '52' }).first()).toMatchObject({
    left_at: null,
  });
  expect(await identifiers()).toEqual(['p.deux', 'z.un']);
});

test('a guardian known under several ids keeps one account for each (R-078), also in each degree and académie', async () => {
  const same = { givenName: 'Zoé', familyName: 'Un' };
  const feed = first(
    [
      { id: '1', school: 'A', guardians: [{ guardian: '51' }] },
      { id: '2', school: 'A', guardians: [{ guardian: '59' }] },
    ],
    [
      { id: '51', ...same },
      { id: '59', ...same },
    ],
  );
  // Other children: where it is the same child, his guardian's account follows (years.test.ts).
  const others = (last: string) => feed.pupils.map((one) => ({ ...one, ine: `90000000${one.id}${last}A` }));
  const elsewhere = {
    ...feed,
    academy: '16',
    pupils: others('X'),
    schools: schools.map(({ id }, i) => ({ id, uai: `031991${i}A` })),
  };
  const second = { degree: 2 as const, pupils: others('Y'), schools: [{ id: 'A', uai: '0319930A' }] };
  await night(deps, feed, { ...feed, ...second }, elsewhere);
  expect(await identifiers()).toEqual(['z.un', 'z.un2', 'z.un3', 'z.un4', 'z.un5', 'z.un6']);
});

test('what the guardian verified himself is not overwritten; the directory keeps its own (I04)', async () => {
  const pupil = { id: '1', school: 'A', guardians: [{ guardian: '51' }] };
  const zoe = {
    id: '51',
    givenName: 'Zoé',
    familyName: 'Un',
    mobile: '06 39 98 00 01',
    email: 'old@example.org',
  };
  await night(deps, first([pupil], [zoe]));
  const now = deps.clock.now();
  await database.db('accounts').update({
    email: 'mine@example.net',
    email_verified_at: now,
    state: 'activated',
    activated_at: now,
    origin: 'guardian',
    password_kind: 'personal',
    password_hash: 'x',
  });
  const before = await database.db('accounts').first();
  await night(deps, first([pupil], [{ ...zoe, mobile: '06 39 98 00 02', email: 'new@example.org' }]));
  expect(await database.db('accounts').first()).toEqual(before);
  expect(await database.db('guardian_references').first()).toMatchObject({
    mobile: '+33639980002',
    email: 'new@example.org',
  });
  await night(deps, first([pupil], [{ id: '51', givenName: 'Zoé', familyName: 'Un' }]));
  expect(await database.db('guardian_references').first()).toMatchObject({
    mobile: null,
    mobile_raw: null,
    email: null,
  });
});

test('the account takes over a new name and keeps its identifier; after a regrouping names are its own', async () => {
  const pupils = [
    { id: '1', school: 'A', guardians: [{ guardian: '51' }] },
    { id: '2', school: 'A', guardians: [{ guardian: '52' }] },
  ];
  await night(deps, first(pupils));
  const report = await night(
    deps,
    first(pupils, [{ id: '51', givenName: 'Zoé', familyName: 'NOUVEAU' }, parents[1] as AafGuardian]),
  );
  expect(report.accounts).toEqual({ created: 0, changed: 1, closed: 0 });
  expect(await database.db('accounts').where({ identifier: 'z.un' }).first()).toMatchObject({
    family_name: 'NOUVEAU',
  });
  const survivor = await database.db('accounts').where({ identifier: 'z.un' }).first();
  await database.db('guardian_references').update({ account_id: survivor.id });
  await night(
    deps,
    first(pupils, [
      { id: '51', givenName: 'Zoé', familyName: 'ENCORE' },
      { id: '52', givenName: 'Zoé', familyName: 'AUTRE' },
    ]),
  );
  expect(await database.db('accounts').where({ id: survivor.id }).first()).toMatchObject({
    family_name: 'NOUVEAU',
  });
  expect(await database.db('guardian_references').pluck('account_id')).toEqual([survivor.id, survivor.id]);
});

test('300 homonyms of one night have 300 identifiers', async () => {
  const ids = Array.from({ length: 300 }, (_, i) => String(1000 + i));
  await night(
    deps,
    first(
      ids.map((id) => ({ id, school: 'A', guardians: [{ guardian: id }] })),
      ids.map((id) => ({ id, givenName: 'Marie', familyName: 'Martin' })),
    ),
  );
  const given = await identifiers();
  expect(given).toHaveLength(300);
  expect(given).toContain('m.martin');
  expect(given).toContain('m.martin300');
});

test('the mobile with consent for SMS comes first; unusable numbers and addresses are kept out', async () => {
  const pupils = ['51', '52', '53'].map((guardian, i) => ({
    id: String(i + 1),
    school: 'A',
    guardians: [{ guardian }],
  }));
  await night(
    deps,
    second(pupils, [
      { id: '51', mobile: '+33 6 39 98 00 01', mobileSms: '+33 6 39 98 00 02' },
      { id: '52', mobile: '+33 6 39 98 00 01', mobileSms: '0000000000', email: 'a@example.org' },
      { id: '53', mobile: '01 99 00 00 00', email: 'no address' },
    ]),
  );
  const rows = await database
    .db('guardian_references')
    .orderBy('source_id')
    .select('mobile', 'mobile_raw', 'sms_consent', 'email');
  expect(rows).toEqual([
    { mobile: '+33639980002', mobile_raw: '+33 6 39 98 00 02', sms_consent: 1, email: null },
    { mobile: '+33639980001', mobile_raw: '+33 6 39 98 00 01', sms_consent: 0, email: 'a@example.org' },
    { mobile: null, mobile_raw: '01 99 00 00 00', sms_consent: 0, email: null },
  ]);
});
