import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Account } from '../../src/accounts/types.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { verifyCredentials } from '../../src/credentials/verify.ts';
import { proveBirthDate } from '../../src/enrolment/birth-date.ts';
import { chooseNewPassword } from '../../src/enrolment/new-password.ts';
import { startFirstConnection } from '../../src/enrolment/progress.ts';
import { resetPasswords } from '../../src/messages/reset.ts';
import { insertSchool } from '../messages/sample-school.ts';
import { typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { found } from '../support/family.ts';
import { PROVISIONAL, seedSchool } from '../support/school-accounts.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { kindsOf, startTwoProcesses, type TwoProcesses } from '../support/two-processes.ts';
import type { Answer, Visitor } from '../support/visitor.ts';

/** What two parents, their child and the collège do to one pupil's account at once, on two server processes. */
jest.setTimeout(120_000);

const BASE_URL = 'http://localhost:3942';
const UAI = '0319960A';
const FROM = { ip: '192.0.2.7' };
const STAFF = { actorKind: 'school', actor: 'staff:test' } as const;
const ROUNDS = 2;

let database: TestDatabase;
let deps: TestDeps;
let processes: TwoProcesses;
let school: number;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database, { env: { BASE_URL } });
  school = await insertSchool(database.db, { uai: UAI });
  await database.db('schools').where({ id: school }).update({ degree: 2 });
  processes = await startTwoProcesses(database.url, BASE_URL);
});
afterAll(async () => {
  await processes?.stop();
  await database?.drop();
});

/** Two parents with accounts in use, and their child with the codes of the school. */
async function family(): Promise<{ parents: [string, string]; child: Account }> {
  count += 1;
  deps.clock.set(new Date());
  const parents: [string, string] = [`a.parent${count}`, `b.parent${count}`];
  const identifier = `c.enfant${count}`;
  await seedSchool(deps, UAI, {
    guardians: parents.map((parent) => ({
      givenName: 'Nora',
      familyName: 'ABEL',
      identifier: parent,
      as: 'activated',
    })),
    pupils: [
      {
        givenName: 'Zoé',
        familyName: 'ABEL',
        birthDate: '2013-03-09',
        of: parents,
        account: { identifier, as: 'notified' },
      },
    ],
  });
  const passwordHash = await deps.passwords.hash(CHOSEN);
  await database.db('accounts').whereIn('identifier', parents).update({
    password_kind: 'personal',
    password_hash: passwordHash,
  });
  return { parents, child: await found(deps, identifier) };
}

async function signIn(identifier: string, index: number): Promise<{ visitor: Visitor; home: Answer }> {
  const visitor = processes.visitorAt(index);
  const home = await typePassword(visitor, await visitor.get('/'), { identifier });
  expect(home.text).toContain('Zoé ABEL');
  return { visitor, home };
}

const pageOf = ({ visitor, home }: { visitor: Visitor; home: Answer }, end: string): Promise<Answer> =>
  visitor.get(new RegExp(`/compte/enfants/[\\w-]{22}/${end}`).exec(home.text)?.[0] ?? '/nowhere');

const told = (answers: readonly Answer[]): string[] =>
  answers.flatMap(({ text }) => /<bdi dir="ltr">([A-Z2-9]{10})<\/bdi>/.exec(text)?.[1] ?? []);

/** Which of these open the child's account now. */
async function valid(identifier: string, passwords: readonly string[]): Promise<string[]> {
  const open: string[] = [];
  await database.db('throttles').delete();
  for (const password of new Set(passwords)) {
    const seen = await verifyCredentials(deps, { identifier, password, kind: 'pupil', ip: '192.0.2.99' });
    if (seen.ok) open.push(password);
  }
  return open;
}

test('20 of each form at once, at two processes', async () => {
  const { parents, child } = await family();
  const parent = await signIn(parents[0], 0);
  const renewed = await processes.sendAtOnce(parent.visitor, await pageOf(parent, 'mot-de-passe'));
  expect(kindsOf(renewed).sort()).toEqual(['200', '400']);
  expect(told(renewed)).toHaveLength(1);
  expect(await valid(child.identifier, [PROVISIONAL, ...told(renewed)])).toEqual(told(renewed));

  const page = await pageOf(parent, 'signaler');
  const reported = await processes.sendAtOnce(parent.visitor, page);
  // Whoever comes after the first sees it reported.
  expect(kindsOf(reported)).toEqual([`303 ${new URL(page.url).pathname}`]);
  const rows = await database.db('wrong_attachments').where({ state: 'open' });
  expect(rows).toHaveLength(1);
  const back = await processes.sendAtOnce(
    parent.visitor,
    await parent.visitor.get(new URL(page.url).pathname),
  );
  expect(kindsOf(back)).toEqual(['303 /']);
  expect((await parent.visitor.get('/')).text).not.toContain('Signalements en attente');
  expect(processes.faults()).toBeNull();
});

test('both parents and the school at once: one of the passwords told opens the account, the last', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { parents, child } = await family();
    const [one, two] = [await signIn(parents[0], 0), await signIn(parents[1], 1)];
    const pages = [await pageOf(one, 'mot-de-passe'), await pageOf(two, 'mot-de-passe')] as const;
    const [first, second, reset] = await Promise.all([
      processes.sendAtOnce(one.visitor, pages[0], { times: 2 }),
      processes.sendAtOnce(two.visitor, pages[1], { times: 2 }),
      resetPasswords(deps, {
        schoolId: school,
        accountIds: [child.id],
        of: 'pupil',
        formKey: null,
        actor: STAFF,
      }),
    ]);
    expect(reset.ok).toBe(true);
    const passwords = told([...first, ...second]);
    expect(passwords).toHaveLength(2);
    const fresh = openProvisional(deps, await found(deps, child.identifier)) ?? '';
    expect(await valid(child.identifier, [PROVISIONAL, ...passwords, fresh])).toEqual([fresh]);
  }
  expect(processes.faults()).toBeNull();
});

test('a parent renews while the child activates: the new codes win, and the child starts again with them', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { parents, child } = await family();
    const parent = await signIn(parents[0], round);
    const page = await pageOf(parent, 'mot-de-passe');
    const interactionUid = `eleve-${count}`;
    await startFirstConnection(deps, { interactionUid, clientId: null, account: child, ...FROM });
    await chooseNewPassword(deps, interactionUid, { password: CHOSEN, confirmation: CHOSEN, ...FROM });
    const date = { day: '9', month: '3', year: '2013' };
    const [answers, proved] = await Promise.all([
      processes.sendAtOnce(parent.visitor, page, { times: 2 }),
      proveBirthDate(deps, interactionUid, date, FROM),
    ]);
    const [password = 'none'] = told(answers);
    const now = await found(deps, child.identifier);
    expect(now.state).toBe(proved.ok ? 'activated' : 'notified');
    expect(await valid(child.identifier, [PROVISIONAL, CHOSEN, password])).toEqual([password]);
  }
  expect(processes.faults()).toBeNull();
});

test('a parent says that the child is not his while he renews the password: one after the other', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { parents, child } = await family();
    const parent = await signIn(parents[0], round);
    const [password, report] = [await pageOf(parent, 'mot-de-passe'), await pageOf(parent, 'signaler')];
    const [renewed, reported] = await Promise.all([
      processes.sendAtOnce(parent.visitor, password, { times: 2 }),
      processes.sendAtOnce(parent.visitor, report, { times: 2 }),
    ]);
    for (const { status } of reported) expect(status).toBe(303);
    for (const { status } of renewed) expect([200, 400, 404]).toContain(status);
    const [fresh = PROVISIONAL] = told(renewed);
    expect(await valid(child.identifier, [PROVISIONAL, fresh])).toEqual([fresh]);
    // The other parent has the child all the same.
    await signIn(parents[1], round);
  }
  expect(processes.faults()).toBeNull();
});
