import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { updateAccount } from '../../src/accounts/store.ts';
import type { FranceConnectIdentity } from '../../src/deps.ts';
import { proveChildren } from '../../src/enrolment/children.ts';
import { childrenAsked } from '../../src/enrolment/children-asked.ts';
import { proveCode } from '../../src/enrolment/code.ts';
import { currentEnrolment } from '../../src/enrolment/enrolment.ts';
import { endOtherEnrolments } from '../../src/enrolment/enrolment-store.ts';
import { beginFranceConnect } from '../../src/enrolment/franceconnect.ts';
import { giveMobile } from '../../src/enrolment/mobile.ts';
import { giveNames } from '../../src/enrolment/names.ts';
import { seedActivated } from '../support/activated.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms, type TestDeps, testDeps } from '../support/deps.ts';
import { seedFamily } from '../support/family.ts';
import { accountNow, codeFor, seedGuardian } from '../support/guardians.ts';
import { PROVISIONAL } from '../support/sign-in.ts';

const IP = '192.0.2.9';
const FROM = { ip: IP, requestId: 'request-of-the-test' };
const ISSUER = 'https://fc.example.test/api/v2';

let database: TestDatabase;
let deps: TestDeps;
let count = 0;
let mobile: string;
let uid: string;
let identity: FranceConnectIdentity;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  deps = testDeps(database, { sms: createTestSms() });
  count += 1;
  mobile = `+336399803${String(count).padStart(2, '0')}`;
  uid = `visit-${count}`;
  identity = {
    issuer: ISSUER,
    sub: `sub-${count}`,
    givenName: 'CLAIRE ANNE',
    familyName: 'DURAND',
    preferredName: 'MARTIN',
  };
  for (const table of ['throttles', 'code_requests', 'failed_checks', 'outbox_messages'])
    await database.db(table).delete();
});

const arrive = (interactionUid = uid, who = identity) =>
  beginFranceConnect(deps, { interactionUid, clientId: null, identity: who, ip: IP });
const standing = async (interactionUid = uid) => (await currentEnrolment(deps, interactionUid))?.step ?? null;

/** FranceConnect, the mobile and its code. @returns the step that follows */
async function toProof(interactionUid = uid, who = identity): Promise<string | null> {
  expect(await arrive(interactionUid, who)).toEqual({ known: false });
  expect(await giveMobile(deps, interactionUid, { mobile, ip: IP })).toEqual({ ok: true });
  const code = (await codeFor(deps, mobile)) ?? 'no code';
  expect(await proveCode(deps, interactionUid, code, FROM)).toEqual({ ok: true });
  return standing(interactionUid);
}

async function prove(dates: string[], interactionUid = uid) {
  const children = await childrenAsked(deps, interactionUid);
  const answers = children.map(({ key }, index) => ({ key, date: dates[index] ?? '' }));
  return proveChildren(deps, interactionUid, answers, { signedIn: null, ip: IP });
}

describe('the first connection (R-039 to R-042)', () => {
  test('mobile, code, children: « Activé », origin « FranceConnect », no password, and known from then on', async () => {
    const { account } = await seedGuardian(deps, { mobile, email: 'claire@example.org' });
    expect(await toProof()).toBe('children');
    expect(await prove(['2016-05-14'])).toEqual({ ok: true });
    expect(await currentEnrolment(deps, uid)).toMatchObject({ step: 'done', way: 'franceconnect' });
    expect(await accountNow(deps, account.id)).toMatchObject({
      state: 'activated',
      origin: 'franceconnect',
      password_kind: 'none',
    });
    expect(await arrive('another visit')).toMatchObject({ known: true, account: { id: account.id } });
    expect(await database.db('outbox_messages').where({ template: 'link-notice' })).not.toEqual([]);
  });

  test('nothing typed is kept, nor what FranceConnect says once it is done', async () => {
    await seedGuardian(deps, { mobile });
    await toProof();
    await prove(['2016-05-14']);
    const rows = JSON.stringify([await database.db('enrolments'), await database.db('enrolment_references')]);
    for (const text of [mobile, 'CLAIRE', 'DURAND', '2016-05-14']) expect(rows).not.toContain(text);
  });

  test('names are not compared when one person alone has the mobile (X1)', async () => {
    await seedGuardian(deps, { mobile, familyName: 'TOUT-AUTRE', givenName: 'Zoé' });
    expect(await toProof()).toBe('children');
  });

  test('a provisional password dies; an account that was « Activé » keeps its origin and its password', async () => {
    const notified = await seedFamily(deps, { identifier: 'fc.notified', provisional: PROVISIONAL });
    await database.db('guardian_references').where({ account_id: notified.id }).update({ mobile });
    await toProof();
    expect(await prove(['2017-03-09'])).toEqual({ ok: true });
    expect(await accountNow(deps, notified.id)).toMatchObject({
      state: 'activated',
      origin: 'franceconnect',
      password_kind: 'none',
      provisional_sealed: null,
    });
    const other = `${mobile.slice(0, -2)}77`;
    const activated = await seedActivated(deps, { identifier: 'fc.activated' }, 'chaise3verte');
    await database.db('guardian_references').where({ account_id: activated.id }).update({ mobile: other });
    mobile = other;
    await toProof('second', { ...identity, sub: 'another sub' });
    expect(await prove(['2017-03-09'], 'second')).toEqual({ ok: true });
    expect(await accountNow(deps, activated.id)).toMatchObject({
      origin: 'school',
      password_kind: 'personal',
      credentials_version: activated.credentialsVersion + 1,
    });
  });

  test('an address that nobody has verified dies with the other ways that were under way (decision 4)', async () => {
    const { account } = await seedGuardian(deps, { mobile });
    const pending = { email: 'stranger@example.org', emailVerifiedAt: null };
    await updateAccount(database.db, account.id, pending, new Date());
    await toProof();
    expect(await prove(['2016-05-14'])).toEqual({ ok: true });
    expect(await accountNow(deps, account.id)).toMatchObject({ state: 'activated', email: null });
  });

  test('of several records the verified address stays, whoever has it', async () => {
    const first = await seedGuardian(deps, { mobile });
    const second = await seedGuardian(deps, { mobile, degree: 2, children: [{ birthDate: '2012-01-02' }] });
    const now = deps.clock.now();
    const pending = { email: 'stranger@example.org', emailVerifiedAt: null };
    await updateAccount(database.db, first.account.id, pending, now);
    const verified = { email: 'claire@example.org', emailVerifiedAt: now };
    await updateAccount(database.db, second.account.id, verified, now);
    await toProof();
    expect(await prove(['2012-01-02', '2016-05-14'])).toEqual({ ok: true });
    expect(await accountNow(deps, first.account.id)).toMatchObject({
      email: 'claire@example.org',
      email_verified_at: expect.any(Date),
    });
  });

  test('a number that nobody has: the same page, and no SMS', async () => {
    await arrive();
    expect(await giveMobile(deps, uid, { mobile, ip: IP })).toEqual({ ok: true });
    expect(await standing()).toBe('code');
    expect(await codeFor(deps, mobile)).toBeNull();
    expect(await proveCode(deps, uid, '123456', FROM)).toMatchObject({ ok: false, reason: 'wrong' });
  });

  test('the number can be corrected while the code is awaited', async () => {
    await seedGuardian(deps, { mobile });
    await arrive();
    await giveMobile(deps, uid, { mobile: '06 39 98 99 01', ip: IP });
    expect(await giveMobile(deps, uid, { mobile, ip: IP })).toEqual({ ok: true });
    expect(await proveCode(deps, uid, (await codeFor(deps, mobile)) ?? '', FROM)).toEqual({ ok: true });
  });
});

describe('E03: a short number of the Pacific, which is one in several territories', () => {
  test('is limited alike, in whichever of them somebody has it', async () => {
    await seedGuardian(deps, { mobile: '+687781234' });
    const answers: Record<string, unknown> = {};
    for (const digits of ['781234', '791234']) {
      await arrive(`first-${digits}`);
      await arrive(`second-${digits}`);
      expect(await giveMobile(deps, `first-${digits}`, { mobile: `+508${digits}`, ip: IP })).toEqual({
        ok: true,
      });
      answers[digits] = await giveMobile(deps, `second-${digits}`, { mobile: digits, ip: IP });
    }
    expect(answers['781234']).toMatchObject({ ok: false, reason: 'too-soon' });
    expect(answers['781234']).toEqual(answers['791234']);
  });

  test('where configuration lets SMS leave to one of them only', async () => {
    deps = testDeps(database, { sms: createTestSms(), env: { SMS_MOBILE_PREFIXES: '+508' } });
    await seedGuardian(deps, { mobile: '+687781299' });
    for (const typed of ['781299', '791299']) {
      await arrive(typed);
      expect(await giveMobile(deps, typed, { mobile: typed, ip: IP })).toEqual({ ok: true });
    }
    expect(await codeFor(deps, '+687781299')).toBeNull();
  });
});

describe('two people behind one mobile', () => {
  const parents = async (birthName: string | null) => {
    const mother = await seedGuardian(deps, { mobile, familyName: 'MARTIN', birthName, title: 'Mme' });
    const father = await seedGuardian(deps, {
      mobile,
      familyName: 'MARTIN',
      givenName: 'Paul',
      title: 'M.',
      pupilIds: mother.pupilIds,
      children: [],
    });
    return { mother, father };
  };

  test('the identity says which', async () => {
    const { mother, father } = await parents('DURAND');
    expect(await toProof()).toBe('children');
    expect(await prove(['2016-05-14'])).toEqual({ ok: true });
    expect(await accountNow(deps, mother.account.id)).toMatchObject({ state: 'activated' });
    expect(await accountNow(deps, father.account.id)).toMatchObject({ state: 'not_notified' });
  });

  test('an identity that fits neither: the names are asked, after the code only', async () => {
    const { father } = await parents(null);
    const stranger = { ...identity, givenName: 'ZOE', familyName: 'AUTRE', preferredName: null };
    expect(await toProof(uid, stranger)).toBe('names');
    const typed = { familyName: 'martin', givenName: 'Zoé' };
    expect(await giveNames(deps, uid, typed)).toEqual({ ok: false, reason: 'wrong' });
    expect(await giveNames(deps, uid, { ...typed, givenName: 'paul' })).toEqual({ ok: true });
    expect(await prove(['2016-05-14'])).toEqual({ ok: true });
    expect(await accountNow(deps, father.account.id)).toMatchObject({ state: 'activated' });
    const traces = await database.db('failed_checks').where({ failed: 'name', way: 'franceconnect' });
    expect(traces).toHaveLength(2);
  });

  test('who has nothing that can be asked is still one of the two: nobody else is picked', async () => {
    const mother = await seedGuardian(deps, { mobile, title: 'Mme', children: [{ ine: null }] });
    const father = await seedGuardian(deps, { mobile, givenName: 'Paul', title: 'M.' });
    expect(await toProof(uid, { ...identity, preferredName: null })).toBe('names');
    const typed = { familyName: 'Martin', givenName: 'Claire' };
    expect(await giveNames(deps, uid, typed)).toEqual({ ok: false, reason: 'wrong' });
    expect(await giveNames(deps, uid, { ...typed, givenName: 'Paul' })).toEqual({ ok: true });
    expect(await prove(['2016-05-14'])).toEqual({ ok: true });
    expect(await accountNow(deps, father.account.id)).toMatchObject({ state: 'activated' });
    expect(await accountNow(deps, mother.account.id)).toMatchObject({ state: 'not_notified' });
  });

  test("who has had her account blocked does not come to the other's by it", async () => {
    const { mother, father } = await parents(null);
    await database.db('accounts').where({ id: mother.account.id }).update({ frozen_at: new Date() });
    await arrive(uid, { ...identity, preferredName: null, familyName: 'MARTIN' });
    expect(await giveMobile(deps, uid, { mobile, ip: IP })).toEqual({ ok: true });
    expect(await codeFor(deps, mobile)).toBeNull();
    expect(await accountNow(deps, father.account.id)).toMatchObject({ state: 'not_notified' });
  });

  test('names are tried five times a day', async () => {
    await parents(null);
    await toProof(uid, { ...identity, givenName: null, familyName: null, preferredName: null });
    const typed = { familyName: 'Autre', givenName: 'Nom' };
    for (let tries = 0; tries < 5; tries += 1)
      expect(await giveNames(deps, uid, typed)).toMatchObject({ reason: 'wrong' });
    expect(await giveNames(deps, uid, { familyName: 'Martin', givenName: 'Paul' })).toMatchObject({
      reason: 'locked',
    });
  });

  test('two of the same names and mobile: nobody is picked', async () => {
    await seedGuardian(deps, { mobile, givenName: 'Camille', title: 'Mme' });
    await seedGuardian(deps, { mobile, givenName: 'Camille', title: 'M.' });
    expect(await toProof(uid, { ...identity, givenName: 'CAMILLE', familyName: 'MARTIN' })).toBe('names');
    expect(await giveNames(deps, uid, { familyName: 'Martin', givenName: 'Camille' })).toMatchObject({
      reason: 'wrong',
    });
  });
});

describe('links', () => {
  test('records proved together are regrouped, with the link on the account that stays (R-044)', async () => {
    const first = await seedGuardian(deps, { mobile });
    const second = await seedGuardian(deps, { mobile, degree: 2, children: [{ birthDate: '2012-01-02' }] });
    await toProof();
    expect(await prove(['2012-01-02', '2016-05-14'])).toEqual({ ok: true });
    expect(await accountNow(deps, second.account.id)).toMatchObject({ merged_into: first.account.id });
    expect(await arrive('later')).toMatchObject({ known: true, account: { id: first.account.id } });
  });

  test('whoever ends looks at the rows of these records only, however many others are at it', async () => {
    const { referenceId } = await seedGuardian(deps, { mobile });
    for (let other = 0; other < 200; other += 1)
      await arrive(`other-${other}`, { ...identity, sub: `sub-of-${other}` });
    await database.db.raw('ANALYZE TABLE enrolments, enrolment_references');
    await toProof();
    await database.db.transaction(async (trx) => {
      const read = async () => {
        const [rows] = await trx.raw("SHOW SESSION STATUS LIKE 'Handler_read%'");
        return (rows as { Value: string }[]).reduce((sum, { Value }) => sum + Number(Value), 0);
      };
      const before = await read();
      await endOtherEnrolments(trx, 'another visit', [referenceId], deps.clock.now());
      expect((await read()) - before).toBeLessThan(100);
    });
    expect(await standing()).toBeNull();
  });

  test('20 parallel final submissions: one activation (L02)', async () => {
    const { account } = await seedGuardian(deps, { mobile });
    await toProof();
    const results = await Promise.all(Array.from({ length: 20 }, () => prove(['2016-05-14'])));
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    for (const result of results) if (!result.ok) expect(['elsewhere', 'changed']).toContain(result.reason);
    expect(await accountNow(deps, account.id)).toMatchObject({ credentials_version: 1 });
  });

  test('one person of FranceConnect on two accounts at once: exactly one is linked (L02)', async () => {
    const one = await seedGuardian(deps, { mobile });
    await toProof('first');
    mobile = `${mobile.slice(0, -2)}88`;
    const two = await seedGuardian(deps, { mobile });
    await toProof('second');
    const results = await Promise.all([prove(['2016-05-14'], 'first'), prove(['2016-05-14'], 'second')]);
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    const states = [await accountNow(deps, one.account.id), await accountNow(deps, two.account.id)];
    expect(states.filter(({ state }) => state === 'activated')).toHaveLength(1);
    expect(await database.db('account_franceconnect').where({ sub: identity.sub })).toHaveLength(1);
  });

  test('an account that is frozen or closed is nobody, linked or not', async () => {
    const { account } = await seedGuardian(deps, { mobile });
    await toProof();
    await prove(['2016-05-14']);
    await database.db('accounts').where({ id: account.id }).update({ frozen_at: new Date() });
    expect(await arrive('after')).toEqual({ known: false });
    expect(await standing()).toBeNull();
  });

  test('what was begun is over after an hour', async () => {
    await seedGuardian(deps, { mobile });
    await toProof();
    deps.clock.advance(61 * 60_000);
    expect(await standing()).toBeNull();
    expect(await prove(['2016-05-14'])).toEqual({ ok: false, reason: 'elsewhere' });
  });
});
