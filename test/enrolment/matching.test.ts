import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mobileReadings } from '../../src/directory/phone.ts';
import { beginSms } from '../../src/enrolment/begin-sms.ts';
import { currentEnrolment } from '../../src/enrolment/enrolment.ts';
import { referencesOf } from '../../src/enrolment/enrolment-store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, createTestSms, type TestDeps, testDeps } from '../support/deps.ts';
import { codeFor, seedGuardian } from '../support/guardians.ts';

let database: TestDatabase;
let deps: TestDeps;
let count = 0;
let mobile: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  deps = testDeps(database, { sms: createTestSms() });
  count += 1;
  mobile = `+336399802${String(count).padStart(2, '0')}`;
  for (const table of ['throttles', 'code_requests', 'failed_checks', 'one_time_codes'])
    await database.db(table).delete();
});

type Typed = { familyName?: string; givenName?: string; mobile?: string };

/** Types names and mobile in a sign-in of its own. @returns the references that are meant */
async function meant(typed: Typed = {}): Promise<number[]> {
  const interactionUid = `sign-in-${count}-${Math.random()}`;
  const given = { familyName: 'Martin', givenName: 'Claire', mobile, ...typed };
  const result = await beginSms(deps, { interactionUid, clientId: null, ip: '192.0.2.7', ...given });
  expect(result).toEqual({ ok: true });
  expect(await currentEnrolment(deps, interactionUid)).toMatchObject({ step: 'code' });
  return referencesOf(database.db, interactionUid);
}

const traces = () => database.db('failed_checks').select('account_id', 'way', 'failed').orderBy('account_id');

describe('a mobile as people type it', () => {
  const options = ['+3363998'];
  test.each([
    ['national', '06 12 34 56 78', '+33612345678'],
    ['with dots', '06.12.34.56.78', '+33612345678'],
    ['international', '+33612345678', '+33612345678'],
    ['with the zero in brackets', '+33 (0)6 12 34 56 78', '+33612345678'],
    ['with 00', '0033 6 12 34 56 78', '+33612345678'],
    ['with no-break spaces', '06\u00a012\u202f34\u00a056 78', '+33612345678'],
    ['in full-width digits', '０６１２３４５６７８', '+33612345678'],
    ['in Arabic-Indic digits', '٠٦١٢٣٤٥٦٧٨', '+33612345678'],
    ['in Devanagari digits', '०६१२३४५६७८', '+33612345678'],
    ['of the range for fiction', '06 39 98 00 01', '+33639980001'],
    ['of La Réunion, national', '0692 12 34 56', '+262692123456'],
    ['of Guadeloupe, national', '0690 12 34 56', '+590690123456'],
    ['of Martinique, as if it were metropolitan', '0696 12 34 56', '+596696123456'],
    ['of La Réunion, international', '+262 692 12 34 56', '+262692123456'],
  ])('%s', (_, typed, expected) => {
    expect(mobileReadings(typed, options)[0]).toBe(expected);
  });

  test('a short number of the Pacific is one in each territory that has it', () => {
    expect(mobileReadings('87 12 34 56', options)).toContain('+68987123456');
    expect(mobileReadings('75 12 34', options)).toContain('+687751234');
  });

  test.each([
    ['a landline', '01 23 45 67 89'],
    ['a digit short', '06 12 34 56 7'],
    ['zeros', '0000000000'],
    ['words', 'mon portable'],
  ])('none: %s', (_, typed) => {
    expect(mobileReadings(typed, options)).toEqual([]);
  });
});

describe('who is meant by names and mobile (D05)', () => {
  test('the one who has both', async () => {
    const { referenceId } = await seedGuardian(deps, { mobile });
    expect(await meant({ familyName: 'martin', givenName: 'CLAIRE' })).toEqual([referenceId]);
    expect(await codeFor(deps, mobile)).toMatch(/^\d{6}$/);
  });

  test('several records of one guardian, of both degrees', async () => {
    const first = await seedGuardian(deps, { mobile, title: 'Mme' });
    const second = await seedGuardian(deps, {
      mobile,
      degree: 2,
      title: 'MME',
      familyName: 'DURAND',
      birthName: 'MARTIN',
    });
    expect(await meant()).toEqual([first.referenceId, second.referenceId]);
  });

  test('of two parents with one mobile, the one named', async () => {
    const mother = await seedGuardian(deps, { mobile });
    await seedGuardian(deps, { mobile, givenName: 'Paul', pupilIds: mother.pupilIds, children: [] });
    expect(await meant()).toEqual([mother.referenceId]);
  });

  test('two parents of the same names: nobody, and the school sees why', async () => {
    const mother = await seedGuardian(deps, { mobile, givenName: 'Camille', title: 'Mme' });
    const father = await seedGuardian(deps, { mobile, givenName: 'Camille', title: 'M.' });
    expect(await meant({ givenName: 'Camille' })).toEqual([]);
    expect(await codeFor(deps, mobile)).toBeNull();
    expect(await traces()).toEqual(
      [mother, father].map(({ account }) => ({ account_id: account.id, way: 'sms', failed: 'name' })),
    );
  });

  test('the same names without a title and with a child in common: nobody', async () => {
    const one = await seedGuardian(deps, { mobile, givenName: 'Dominique' });
    await seedGuardian(deps, { mobile, givenName: 'Dominique', pupilIds: one.pupilIds, children: [] });
    expect(await meant({ givenName: 'Dominique' })).toEqual([]);
  });

  test('father and son of the same names: both records, whose children must all be proved', async () => {
    const father = await seedGuardian(deps, { mobile, givenName: 'Jean', title: 'M.' });
    const son = await seedGuardian(deps, { mobile, givenName: 'Jean', title: 'M.' });
    expect(await meant({ givenName: 'Jean' })).toEqual([father.referenceId, son.referenceId]);
  });

  test('a number of La Réunion in its national form', async () => {
    const { referenceId } = await seedGuardian(deps, { mobile: `+2626920090${count}`.slice(0, 13) });
    const typed = `0692 00 90 ${count}`;
    expect(await meant({ mobile: typed })).toEqual([referenceId]);
  });
});

describe('nobody is meant, and no SMS leaves (D05)', () => {
  test.each([
    ['the child has no INE', { children: [{ ine: null }] }],
    ['the child has no birth date', { children: [{ birthDate: null }] }],
    ['the child has left the school', { children: [{ left: true }] }],
    ['there is no child', { children: [] }],
  ])('%s', async (_, guardian) => {
    await seedGuardian(deps, { mobile, ...guardian });
    expect(await meant()).toEqual([]);
    expect(await codeFor(deps, mobile)).toBeNull();
    expect(await traces()).toEqual([]);
  });

  test.each([
    ['closed', { closed_at: new Date() }],
    ['frozen', { frozen_at: new Date() }],
  ])('the account is %s', async (_, columns) => {
    const { account: closed } = await seedGuardian(deps, { mobile });
    await database.db('accounts').where({ id: closed.id }).update(columns);
    expect(await meant()).toEqual([]);
  });

  test('the record has left the directory', async () => {
    const { referenceId } = await seedGuardian(deps, { mobile });
    await database.db('guardian_references').where({ id: referenceId }).update({ left_at: new Date() });
    expect(await meant()).toEqual([]);
  });

  test('the children are too many for a page: an institution', async () => {
    const children = Array.from({ length: 16 }, (_, index) => ({ givenName: `Enfant${index}` }));
    await seedGuardian(deps, { mobile, children });
    expect(await meant()).toEqual([]);
  });
});

describe('what the school may see of a failed attempt', () => {
  test('the right mobile with another name', async () => {
    const { account } = await seedGuardian(deps, { mobile });
    expect(await meant({ familyName: 'Bernard' })).toEqual([]);
    expect(await traces()).toEqual([{ account_id: account.id, way: 'sms', failed: 'name' }]);
  });

  test('a rare name with another mobile', async () => {
    const { account } = await seedGuardian(deps, {
      familyName: 'ZÉLINSKI-ŒUVRE',
      givenName: 'Ève Anne',
      mobile,
    });
    await meant({ familyName: 'zelinski œuvre', givenName: 'eve', mobile: '06 39 98 99 98' });
    expect(await traces()).toEqual([{ account_id: account.id, way: 'sms', failed: 'mobile' }]);
  });

  test('a name that many have: nothing', async () => {
    for (let index = 0; index < 4; index += 1)
      await seedGuardian(deps, { familyName: 'PETIT', givenName: 'Marie', mobile: null });
    await meant({ familyName: 'Petit', givenName: 'Marie', mobile: '06 39 98 99 97' });
    expect(await traces()).toEqual([]);
  });
});

describe('known and unknown (decision 5)', () => {
  test('the same statements but for what is found', async () => {
    await seedGuardian(deps, { mobile, familyName: 'CONNUE' });
    const measure = async (familyName: string) => {
      for (const table of ['throttles', 'code_requests']) await database.db(table).delete();
      const counted = countStatements(database.db);
      await meant({ familyName });
      counted.stop();
      return counted.statements.filter((sql) => !/failed_checks|code_requests/.test(sql)).length;
    };
    const known = await measure('Connue');
    const unknown = await measure('Inconnue');
    // The known one also has its SMS, its children read and its reference kept.
    expect(known - unknown).toBeLessThanOrEqual(4);
    expect(known).toBeLessThanOrEqual(20);
  });
});
