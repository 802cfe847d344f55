import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { findAccountById } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { askForcedChange, type ForcedCriteria, markNext } from '../../src/credentials/forced-change.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { verifyCredentials } from '../../src/credentials/verify.ts';
import { childrenOfAccount } from '../../src/directory/children.ts';
import { proveChildren } from '../../src/enrolment/children.ts';
import { childrenAsked } from '../../src/enrolment/children-asked.ts';
import { proveCode } from '../../src/enrolment/code.ts';
import { beginFranceConnect } from '../../src/enrolment/franceconnect.ts';
import { giveMobile } from '../../src/enrolment/mobile.ts';
import { resetPasswords } from '../../src/messages/reset.ts';
import { night } from '../imports/nights.ts';
import { seedActivated } from '../support/activated.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms, type TestDeps, testDeps } from '../support/deps.ts';
import { found, seedFamily } from '../support/family.ts';
import { codeFor } from '../support/guardians.ts';
import { CHOSEN, firstConnection, linksSent, PROVISIONAL } from '../support/sign-in.ts';
import { kindsOf, startTwoProcesses, type TwoProcesses } from '../support/two-processes.ts';
import type { Answer, Visitor } from '../support/visitor.ts';

/**
 * What happens at once to one guardian (issue 6, L02 to L04), on two server processes with one database: always a
 * defined outcome; never two valid passwords, an account without a way in, a child lost, or a fault shown.
 */
jest.setTimeout(120_000);

const BASE_URL = 'http://localhost:3941';
const ROUNDS = 2;
const ELOI = { givenName: 'Éloi', familyName: 'ZOUMN', birthDate: '2014-05-01' };
const FROM = { ip: '192.0.2.7' };
const STAFF = { actorKind: 'school', actor: 'staff:test' } as const;

let database: TestDatabase;
let deps: TestDeps;
let processes: TwoProcesses;
let count = 0;
let own: string;
let other: string;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database, { env: { BASE_URL }, sms: createTestSms() });
  processes = await startTwoProcesses(database.url, BASE_URL);
});
afterAll(async () => {
  await processes?.stop();
  await database?.drop();
});
beforeEach(() => {
  deps.clock.set(new Date());
  next();
});

/** Two accounts of a person who has not been used yet. */
function next(): void {
  count += 1;
  own = `g.course${count}`;
  other = `g.courseb${count}`;
}

async function signIn(identifier: string, index = 0): Promise<Visitor> {
  const visitor = processes.visitorAt(index);
  const home = await typePassword(visitor, await visitor.get('/'), { identifier });
  expect(home.text).toContain('Mes informations');
  return visitor;
}

async function twoAccounts({ activated = false } = {}): Promise<[Account, Account]> {
  const first = await seedActivated(deps, { identifier: own }, CHOSEN);
  const family = { identifier: other, children: [ELOI] };
  const second = activated
    ? await seedActivated(deps, family, CHOSEN)
    : await seedFamily(deps, { ...family, provisional: PROVISIONAL });
  return [first, second];
}

/** @returns the page that asks for the confirmation */
async function proved(visitor: Visitor, identifier = other, password = PROVISIONAL): Promise<Answer> {
  const confirm = await visitor.submit(await visitor.get('/compte/rattacher'), { identifier, password });
  expect(pathOf(confirm)).toBe('/compte/rattacher/confirmer');
  return confirm;
}

const many = (visitor: Visitor, page: Answer, fields = {}, action = '', times = 20): Promise<Answer[]> =>
  processes.sendAtOnce(visitor, page, { fields, action, times });

async function childrenOf(identifier: string): Promise<string[]> {
  const account = await found(deps, identifier);
  return (await childrenOfAccount(database.db, account)).map(({ givenName }) => givenName).sort();
}

/** Which of these open the account now. */
async function valid(identifier: string, passwords: readonly (string | null)[]): Promise<string[]> {
  const open: string[] = [];
  await database.db('throttles').delete();
  for (const password of passwords) {
    if (password === null) continue;
    const seen = await verifyCredentials(deps, { identifier, password, kind: 'guardian', ip: '192.0.2.99' });
    if (seen.ok) open.push(password);
  }
  return open;
}

const isOver = async (id: number) => (await findAccountById(database.db, id))?.closedAt !== null;

describe('two accounts of one person', () => {
  test('regrouped in both directions at once: one stays, with all the children, and the other is gone', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      next();
      const [first, second] = await twoAccounts({ activated: true });
      const [here, there] = [await signIn(own, 0), await signIn(other, 1)];
      const pages = [await proved(here, other, CHOSEN), await proved(there, own, CHOSEN)] as const;
      const answers = await Promise.all([
        many(here, pages[0], {}, '', 1 + (round % 3)),
        many(there, pages[1], {}, '', 1 + (round % 3)),
      ]);
      for (const { status } of answers.flat()) expect(status).toBe(303);
      const over = [await isOver(first.id), await isOver(second.id)];
      expect(over.filter(Boolean)).toHaveLength(1);
      const [stays, goes] = over[0] ? [other, own] : [own, other];
      expect(await childrenOf(stays)).toEqual(['Lucie', 'Éloi']);
      expect(await valid(stays, [CHOSEN])).toEqual([CHOSEN]);
      expect(await valid(goes, [CHOSEN])).toEqual([]);
      const [winner, loser] = over[0] ? [there, here] : [here, there];
      expect((await winner.get('/')).text).toContain('Mes informations');
      expect((await loser.get('/')).text).toContain('Je sélectionne mon profil');
    }
    expect(processes.faults()).toBeNull();
  });

  test('a third account regroups one of two that become one: nobody is in two accounts', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      next();
      await twoAccounts({ activated: true });
      const third = `${own}c`;
      const noe = { ...ELOI, givenName: 'Noé' };
      await seedActivated(deps, { identifier: third, children: [noe] }, CHOSEN);
      const [here, there] = [await signIn(own, 0), await signIn(third, 1)];
      const pages = [await proved(here, other, CHOSEN), await proved(there, other, CHOSEN)] as const;
      const answers = await Promise.all([many(here, pages[0], {}, '', 2), many(there, pages[1], {}, '', 2)]);
      for (const { status } of answers.flat()) expect(status).toBe(303);
      const all = [await childrenOf(own), await childrenOf(third)];
      expect(all.map((children) => children.includes('Éloi')).filter(Boolean)).toHaveLength(1);
    }
    expect(processes.faults()).toBeNull();
  });

  test('20 of each form at once, at two processes', async () => {
    const [first] = await twoAccounts();
    const visitor = await signIn(own);
    const form = await visitor.get('/compte/rattacher');
    const typed = { identifier: other, password: PROVISIONAL };
    // As at the login page: more than five tries at once are locked, which reads as a wrong password.
    const tries = await many(visitor, form, typed);
    expect(kindsOf(tries).sort()).toEqual(expect.arrayContaining(['303 /compte/rattacher/confirmer']));
    for (const kind of kindsOf(tries)) expect(['303 /compte/rattacher/confirmer', '400']).toContain(kind);
    const confirm = await visitor.get('/compte/rattacher/confirmer');
    expect(kindsOf(await many(visitor, confirm))).toEqual(['303 /compte/rattacher/fait']);
    expect(await childrenOf(own)).toEqual(['Lucie', 'Éloi']);
    const lines = await database.db('audit_events').where({ event: 'regroup', account_id: first.id });
    expect(lines).toHaveLength(1);
    expect(processes.faults()).toBeNull();
  });

  test('regrouped in one tab while the other signs out: either before or after, and nothing between', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      next();
      const [, second] = await twoAccounts();
      const visitor = await signIn(own);
      const home = await visitor.get('/');
      const confirm = await proved(visitor);
      const answers = await Promise.all([
        many(visitor, confirm, {}, '', 2),
        many(visitor, home, {}, '/compte/deconnexion', 2),
      ]);
      for (const { status } of answers.flat()) expect([303, 403]).toContain(status);
      const over = await isOver(second.id);
      expect(await childrenOf(own)).toEqual(over ? ['Lucie', 'Éloi'] : ['Lucie']);
      if (!over) expect(await childrenOf(other)).toEqual(['Éloi']);
    }
    expect(processes.faults()).toBeNull();
  });

  test('regrouped while the school resets the second: the old codes open nothing, the child is in one account', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      next();
      const [, second] = await twoAccounts();
      const visitor = await signIn(own);
      const confirm = await proved(visitor);
      const school = await database
        .db('pupils as p')
        .join('legal_links as l', 'l.pupil_id', 'p.id')
        .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
        .where('g.account_id', second.id)
        .first('p.school_id');
      const [answers, reset] = await Promise.all([
        many(visitor, confirm, {}, '', 2),
        resetPasswords(deps, {
          schoolId: school.school_id,
          accountIds: [second.id],
          formKey: null,
          actor: STAFF,
        }),
      ]);
      for (const { status } of answers) expect(status).toBe(303);
      const now = await findAccountById(database.db, second.id);
      if (now?.closedAt !== null) {
        expect(await childrenOf(own)).toEqual(['Lucie', 'Éloi']);
        expect(reset.ok).toBe(false);
      } else {
        expect(await childrenOf(other)).toEqual(['Éloi']);
        expect(await valid(other, [PROVISIONAL, openProvisional(deps, now)])).toEqual([
          openProvisional(deps, now),
        ]);
      }
    }
    expect(processes.faults()).toBeNull();
  });

  test('regrouped while both must change their passwords: the one that stays signs in and changes it', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      next();
      const [first, second] = await twoAccounts({ activated: true });
      const visitor = await signIn(own);
      const confirm = await proved(visitor, other, CHOSEN);
      const criteria: ForcedCriteria = {
        schools: null,
        academy: null,
        kind: 'guardian',
        classIds: [],
        states: ['activated'],
        changedBefore: null,
      };
      await askForcedChange(deps, {
        criteria,
        schoolId: null,
        reason: null,
        notify: false,
        expected: 2,
        formKey: null,
        actor: { actorKind: 'operator' },
      });
      const [answers] = await Promise.all([many(visitor, confirm, {}, '', 2), markAll()]);
      for (const { status } of answers) expect(status).toBe(303);
      const [one, two] = [
        await findAccountById(database.db, first.id),
        await findAccountById(database.db, second.id),
      ];
      expect(one).toMatchObject({ closedAt: null, mustChangeSince: expect.any(Date) });
      const regrouped = two?.closedAt !== null;
      expect(await childrenOf(own)).toEqual(regrouped ? ['Lucie', 'Éloi'] : ['Lucie']);
      if (regrouped) expect(two?.mustChangeSince).toBeNull();
      expect((await visitor.get('/')).text).toContain('Je sélectionne mon profil');
      const again = await typePassword(visitor, await visitor.get('/'), { identifier: own });
      expect(again.text).toContain('Nouveau mot de passe');
    }
    expect(processes.faults()).toBeNull();
  });

  async function markAll(): Promise<void> {
    for (let last = false; !last; ) last = (await markNext(deps, database.db, null))?.last ?? true;
  }
});

describe('FranceConnect and the import', () => {
  test('FranceConnect links the second while it is regrouped: linked first it stays apart, else it is gone', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      next();
      const mobile = `+3363998${String(1000 + count).padStart(4, '0')}`;
      const [first, second] = await twoAccounts();
      await database.db('guardian_references').where({ account_id: second.id }).update({ mobile });
      const interactionUid = `visite-${count}`;
      const identity = {
        issuer: 'https://fc.example.test/api/v2',
        sub: `sub-${count}`,
        givenName: 'Guillaume',
        familyName: 'ZOUMN',
        preferredName: null,
      };
      await database.db('throttles').delete();
      await beginFranceConnect(deps, { interactionUid, clientId: null, identity, ...FROM });
      await giveMobile(deps, interactionUid, { mobile, ...FROM });
      await proveCode(deps, interactionUid, (await codeFor(deps, mobile)) ?? 'none', { ip: '127.0.0.1' });
      const [child] = await childrenAsked(deps, interactionUid);
      const visitor = await signIn(own);
      const confirm = await proved(visitor);
      const dates = [{ key: child?.key ?? '', date: ELOI.birthDate }];
      const [answers, linked] = await Promise.all([
        many(visitor, confirm, {}, '', 2),
        proveChildren(deps, interactionUid, dates, { signedIn: null, ...FROM }),
      ]);
      for (const { status } of answers) expect(status).toBe(303);
      const now = await findAccountById(database.db, second.id);
      const links = await database
        .db('account_franceconnect')
        .where({ sub: identity.sub })
        .pluck('account_id');
      if (linked.ok) {
        // Activated by FranceConnect: what was proved of it is over, and both have a way in.
        expect([now?.closedAt, now?.state, links]).toEqual([null, 'activated', [second.id]]);
        expect(await childrenOf(own)).toEqual(['Lucie']);
        expect(await childrenOf(other)).toEqual(['Éloi']);
      } else {
        expect(links).toEqual([]);
        expect(await childrenOf(own)).toEqual(['Lucie', 'Éloi']);
      }
      expect(await valid(own, [CHOSEN])).toEqual([CHOSEN]);
      expect((await findAccountById(database.db, first.id))?.closedAt).toBeNull();
    }
    expect(processes.faults()).toBeNull();
  });

  test('the import renames and moves everybody while they are regrouped: the children are those of the survivor', async () => {
    const people = Array.from({ length: 8 }, (_, index) => index);
    const feed = (level: string) => ({
      degree: 2 as const,
      schools: [{ id: 'S0', uai: '0319950A' }],
      guardians: people.flatMap((index) => [
        {
          id: `5${index}`,
          givenName: 'Ada',
          familyName: `Course${'abcdefgh'[index]}`,
          email: `${level}${index}@example.org`,
        },
        {
          id: `6${index}`,
          givenName: 'Ada',
          familyName: `Course${'abcdefgh'[index]}`,
          email: `${level}b${index}@example.org`,
        },
      ]),
      pupils: people.flatMap((index) => [
        { id: `1${index}`, school: 'S0', givenName: `Un${level}`, guardians: [{ guardian: `5${index}` }] },
        { id: `2${index}`, school: 'S0', givenName: `Deux${level}`, guardians: [{ guardian: `6${index}` }] },
      ]),
    });
    await night(deps, feed('a'));
    const pairs = await Promise.all(people.map(pairOf));
    const confirms = [];
    for (const [index, [stays, goes]] of pairs.entries()) {
      const visitor = await signIn(stays.identifier, index);
      confirms.push({ visitor, page: await proved(visitor, goes.identifier, CHOSEN) });
    }
    const [report, ...answers] = await Promise.all([
      night(deps, feed('b')),
      ...confirms.map(({ visitor, page }) => many(visitor, page, {}, '', 2)),
    ]);
    expect(report.accounts.closed).toBe(0);
    for (const { status, headers } of answers.flat())
      expect([status, headers.location]).toEqual([303, '/compte/rattacher/fait']);
    for (const [stays, goes] of pairs) {
      expect(await childrenOf(stays.identifier)).toEqual(['Deuxb', 'Unb']);
      expect(await isOver(goes.id)).toBe(true);
    }
    // The night after brings nothing back.
    await night(deps, feed('b'));
    for (const [stays, goes] of pairs) {
      expect(await childrenOf(stays.identifier)).toEqual(['Deuxb', 'Unb']);
      expect(await isOver(goes.id)).toBe(true);
    }
    expect(processes.faults()).toBeNull();

    async function pairOf(index: number): Promise<[Account, Account]> {
      const ids = await database
        .db('guardian_references')
        .whereIn('source_id', [`5${index}`, `6${index}`])
        .orderBy('source_id')
        .pluck('account_id');
      const now = deps.clock.now();
      await database
        .db('accounts')
        .whereIn('id', ids)
        .update({
          state: 'activated',
          origin: 'school',
          activated_at: now,
          password_kind: 'personal',
          password_hash: await deps.passwords.hash(CHOSEN),
        });
      const [a, b] = [await findAccountById(database.db, ids[0]), await findAccountById(database.db, ids[1])];
      return [a as Account, b as Account];
    }
  });
});

describe('a school and its guardians (L04)', () => {
  test('the school resets while the guardian opens the activation link: only its new codes open the account', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      next();
      const email = `${own}@example.org`;
      const account = await seedFamily(deps, { identifier: own, provisional: PROVISIONAL });
      const visitor = processes.visitorAt(round);
      const start = await visitor.get('/');
      const uid = /^\/interaction\/([^/]+)/.exec(pathOf(start))?.[1] ?? '';
      const waiting = await firstConnection(visitor, uid, own, email);
      expect(waiting.status).toBe(200);
      deps.clock.set(new Date());
      const [link = ''] = await linksSent(deps, email);
      const page = await visitor.get(link);
      const school = await database.db('schools').orderBy('id', 'desc').first('id');
      const [answers, reset] = await Promise.all([
        many(visitor, page, {}, '', 2),
        resetPasswords(deps, { schoolId: school.id, accountIds: [account.id], formKey: null, actor: STAFF }),
      ]);
      expect(reset.ok).toBe(true);
      for (const { status } of answers) expect([200, 303, 400]).toContain(status);
      const now = (await findAccountById(database.db, account.id)) as Account;
      expect(['activating', 'activated']).toContain(now.state);
      const fresh = openProvisional(deps, now);
      expect(await valid(own, [PROVISIONAL, CHOSEN, fresh])).toEqual([fresh]);
    }
    expect(processes.faults()).toBeNull();
  });
});
