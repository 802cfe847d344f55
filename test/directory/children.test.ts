import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { childrenOfAccount } from '../../src/directory/children.ts';
import { pupilsOfAccount } from '../../src/directory/store.ts';
import { findChildren, findRecipients, findSchool } from '../../src/messages/notify-store.ts';
import { insertClass, insertGuardian, insertPupil, insertSchool } from '../messages/sample-school.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
const UAI = '0319001A';

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

/** What each query says of the account's children. */
async function told(accountId: number): Promise<string[][]> {
  const { db } = database;
  const school = await findSchool(db, UAI);
  const recipients = school ? await findRecipients(db, school) : [];
  return [
    (await pupilsOfAccount(db, accountId)).map(({ givenName }) => givenName),
    (await childrenOfAccount(db, { id: accountId, kind: 'guardian' })).map(({ givenName }) => givenName),
    (await findChildren(db, [accountId])).map(({ givenName }) => givenName),
    recipients.filter((row) => row.accountId === accountId).map(({ pupilGivenName }) => pupilGivenName),
  ];
}

test('enrolment, services and letters mean the same children', async () => {
  const { db } = database;
  const schoolId = await insertSchool(db, { uai: UAI });
  const classId = await insertClass(db, schoolId, 'CP');
  const pupil = (givenName: string, more = {}) =>
    insertPupil(db, { schoolId, classId, givenName, familyName: 'Martin', ...more });
  const [lea, tom] = [await pupil('Léa'), await pupil('Tom')];
  const gone = await pupil('Zoé', { leftAt: new Date('2026-10-01') });
  const parent = { identifier: 'c.martin1', givenName: 'Claire', familyName: 'Martin' };
  const accountId = await insertGuardian(db, parent, [lea, tom, gone]);
  for (const names of await told(accountId)) expect(names.sort()).toEqual(['Léa', 'Tom']);

  await db('legal_links').where({ pupil_id: tom }).update({ ended_at: new Date() });
  expect(await told(accountId)).toEqual([['Léa'], ['Léa'], ['Léa'], ['Léa']]);

  await db('guardian_references').where({ account_id: accountId }).update({ left_at: new Date() });
  expect(await told(accountId)).toEqual([[], [], [], []]);
});
