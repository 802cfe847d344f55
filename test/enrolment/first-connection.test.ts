import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { peekLink } from '../../src/codes/links.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { verifyCredentials } from '../../src/credentials/verify.ts';
import { tokenHash } from '../../src/crypto/digests.ts';
import { activateByLink, resendActivation } from '../../src/enrolment/activation.ts';
import { giveAddress } from '../../src/enrolment/address.ts';
import { proveBirthDate, readDate } from '../../src/enrolment/birth-date.ts';
import { chooseNewPassword } from '../../src/enrolment/new-password.ts';
import { currentProgress, startFirstConnection } from '../../src/enrolment/progress.ts';
import { resetPasswords } from '../../src/messages/reset.ts';
import { sendDue } from '../../src/messages/send.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { type Family, found, LUCIE, seedFamily } from '../support/family.ts';

let database: TestDatabase;
let deps: TestDeps;
const ip = '192.0.2.7';
const PROVISIONAL = 'GVKJ7PPE23';
const CHOSEN = 'chaise3verte';
const LUCIES_BIRTH = { day: '9', month: '03', year: '2017' };

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(() => {
  deps = testDeps(database);
});

let count = 0;
/** A notified guardian who has just typed the credentials of his letter. */
async function arrived(family: Partial<Family> = {}) {
  count += 1;
  const identifier = `g.zoumn${count}`;
  const uid = `interaction-${count}`;
  const account = await seedFamily(deps, { identifier, provisional: PROVISIONAL, ...family });
  const progress = await startFirstConnection(deps, { interactionUid: uid, clientId: 'ent', account, ip });
  return { identifier, uid, account, progress };
}
const choose = (uid: string, password = CHOSEN, confirmation = password) =>
  chooseNewPassword(deps, uid, { password, confirmation, ip });
const signIn = async (identifier: string, password: string) => {
  const result = await verifyCredentials(deps, { identifier, password, kind: 'guardian', ip });
  return result.ok ? 'ok' : result.reason;
};
/** Up to « En cours d'activation ». */
async function activating(family: Partial<Family> = {}) {
  const visitor = await arrived(family);
  await choose(visitor.uid);
  await giveAddress(deps, visitor.uid, 'parent@example.org');
  expect(await proveBirthDate(deps, visitor.uid, LUCIES_BIRTH, { ip })).toEqual({ ok: true });
  return visitor;
}
/** Sends what waits and reads the tokens of the links, oldest first. */
async function tokensSent(to: string): Promise<string[]> {
  await sendDue(deps, { limit: 100 });
  const mails = deps.mailer.sent.filter((mail) => mail.to === to);
  return mails.map((mail) => /\/activation\/([\w-]{43})/.exec(mail.text)?.[1] ?? 'no link');
}

describe('R-057: first connection with the credentials of the letter', () => {
  test('password, address, birth date, link: « Activé », and only then does anything of the account change', async () => {
    const { identifier, uid, progress } = await arrived({ email: 'known@example.org' });
    expect(progress).toMatchObject({ step: 'new-password', after: 'first' });
    expect(await choose(uid)).toEqual({ ok: true });
    expect(await currentProgress(deps, uid)).toMatchObject({ step: 'address', email: 'known@example.org' });
    expect(await giveAddress(deps, uid, ' parent@example.org ')).toEqual({ ok: true });
    expect(await currentProgress(deps, uid)).toMatchObject({
      step: 'birth-date',
      pupil: { givenName: 'Lucie', familyName: 'ZOUMN' },
    });
    const untouched = await found(deps, identifier);
    expect(untouched).toMatchObject({ state: 'notified', passwordKind: 'provisional', email: null });
    expect(openProvisional(deps, untouched)).toBe(PROVISIONAL);

    expect(await proveBirthDate(deps, uid, LUCIES_BIRTH, { ip })).toEqual({ ok: true });
    const waiting = await found(deps, identifier);
    expect(waiting).toMatchObject({ state: 'activating', passwordKind: 'personal', provisionalSealed: null });
    expect(waiting).toMatchObject({ email: 'parent@example.org', emailVerifiedAt: null, origin: 'school' });
    expect(await currentProgress(deps, uid)).toMatchObject({
      step: 'activation',
      email: 'parent@example.org',
    });

    const [token = ''] = await tokensSent('parent@example.org');
    for (let look = 0; look < 100; look += 1) expect(await peekLink(deps, token)).toMatchObject({ ok: true });
    expect(await activateByLink(deps, token, { ip })).toMatchObject({
      ok: true,
      interactionHash: tokenHash(uid),
      clientId: 'ent',
    });
    const activated = await found(deps, identifier);
    expect(activated).toMatchObject({ state: 'activated', origin: 'school', activatedAt: deps.clock.now() });
    expect(activated.emailVerifiedAt).toEqual(deps.clock.now());
    expect(await currentProgress(deps, uid)).toMatchObject({ step: 'done' });
  });

  test('R-066: afterwards the provisional password is dead and the chosen one works', async () => {
    const { identifier } = await activating();
    expect(await signIn(identifier, PROVISIONAL)).toBe('wrong');
    expect(await signIn(identifier, CHOSEN)).toBe('ok');
  });

  test('steps cannot be jumped: a form of another step is answered by « elsewhere » and changes nothing', async () => {
    const { uid, identifier } = await arrived();
    expect(await giveAddress(deps, uid, 'parent@example.org')).toEqual({ ok: false, reason: 'elsewhere' });
    expect(await proveBirthDate(deps, uid, LUCIES_BIRTH, { ip })).toEqual({ ok: false, reason: 'elsewhere' });
    expect(await resendActivation(deps, uid, null, { ip })).toEqual({ ok: false, reason: 'elsewhere' });
    expect(await choose('interaction-of-nobody')).toEqual({ ok: false, reason: 'elsewhere' });
    expect(await found(deps, identifier)).toMatchObject({ state: 'notified', passwordKind: 'provisional' });
  });

  test('a password against the rules, made of the family, or typed twice differently is refused', async () => {
    const { uid, identifier } = await arrived();
    expect(await choose(uid, 'court1')).toMatchObject({ faults: ['too-short'] });
    expect(await choose(uid, 'lucie09032017'.slice(0, 14))).toMatchObject({ faults: ['personal'] });
    expect(await choose(uid, `${identifier}xx`)).toMatchObject({ faults: ['personal'] });
    expect(await choose(uid, PROVISIONAL)).toMatchObject({ faults: ['provisional'] });
    expect(await choose(uid, CHOSEN, 'chaise4verte')).toMatchObject({ faults: ['different'] });
    expect(await currentProgress(deps, uid)).toMatchObject({ step: 'new-password' });
  });

  test('an address that is none is refused', async () => {
    const { uid } = await arrived();
    await choose(uid);
    for (const text of [
      '',
      'parent',
      'parent@',
      'a b@example.org',
      'a@example.org\r\nBcc: b@example.org',
      `${'a'.repeat(250)}@example.org`,
    ]) {
      expect(await giveAddress(deps, uid, text)).toEqual({ ok: false, reason: 'invalid' });
    }
  });
});

describe('the birth date of the child named', () => {
  test('R-063, D06: five wrong dates, then the right one is not looked at for 24 hours; the school sees a trace', async () => {
    const { uid, account } = await arrived();
    await choose(uid);
    await giveAddress(deps, uid, 'parent@example.org');
    const wrong = { ...LUCIES_BIRTH, day: '8' };
    for (let left = 4; left > 0; left -= 1)
      expect(await proveBirthDate(deps, uid, wrong, { ip })).toEqual({ ok: false, reason: 'wrong', left });
    expect(await proveBirthDate(deps, uid, wrong, { ip })).toMatchObject({ ok: false, reason: 'locked' });
    expect(await proveBirthDate(deps, uid, LUCIES_BIRTH, { ip })).toMatchObject({
      ok: false,
      reason: 'locked',
    });
    const traces = await deps.db('audit_events').where({ account_id: account.id, event: 'birth-date' });
    expect(traces).toHaveLength(5);
    expect(JSON.stringify(traces)).not.toContain('2017');
    deps.clock.advance(24 * 3_600_000 - 1);
    expect(await currentProgress(deps, uid)).not.toBeNull();
    deps.clock.advance(1);
    const again = await startFirstConnection(deps, { interactionUid: uid, clientId: null, account, ip });
    expect(again.step).toBe('new-password');
    await choose(uid);
    await giveAddress(deps, uid, 'parent@example.org');
    expect(await proveBirthDate(deps, uid, LUCIES_BIRTH, { ip })).toEqual({ ok: true });
  });

  test('20 guesses at once: five are compared', async () => {
    const { uid, account } = await arrived();
    await choose(uid);
    await giveAddress(deps, uid, 'parent@example.org');
    const guesses = Array.from({ length: 20 }, (_, index) => ({ ...LUCIES_BIRTH, day: String(10 + index) }));
    await Promise.all(guesses.map((guess) => proveBirthDate(deps, uid, guess, { ip })));
    expect(await deps.db('audit_events').where({ account_id: account.id, event: 'birth-date' })).toHaveLength(
      5,
    );
  });

  test('a child without a birth date in the directory is asked only when there is no other', async () => {
    const nameless = { givenName: 'Paul', familyName: 'ZOUMN', birthDate: null };
    const { uid } = await arrived({ children: [nameless, LUCIE] });
    await choose(uid);
    await giveAddress(deps, uid, 'parent@example.org');
    expect(await currentProgress(deps, uid)).toMatchObject({ pupil: { givenName: 'Lucie' } });
    const alone = await arrived({ children: [nameless] });
    await choose(alone.uid);
    await giveAddress(deps, alone.uid, 'parent@example.org');
    expect(await proveBirthDate(deps, alone.uid, LUCIES_BIRTH, { ip })).toMatchObject({ reason: 'wrong' });
  });

  test.each([
    [{ day: '9', month: '3', year: '2017' }, '2017-03-09'],
    [{ day: ' 29 ', month: '02', year: '2016' }, '2016-02-29'],
    [{ day: '29', month: '02', year: '2017' }, ['day']],
    [{ day: '30', month: '02', year: '2016' }, ['day']],
    [{ day: '', month: 'mars', year: '17' }, ['day', 'month', 'year']],
    [{ day: '1', month: '1', year: '2027' }, ['year']],
    [{ day: '31', month: '12', year: '2026' }, ['year']],
    [{ day: '٩', month: '3', year: '2017' }, ['day']],
  ])('reads %j', (fields, expected) => {
    const read = readDate(fields, new Date('2026-11-22T08:00:00Z'));
    expect(read.ok ? read.date : read.fields).toEqual(expected);
  });
});

describe('the link of mail C07', () => {
  test('L02: pressed 20 times at once it activates once', async () => {
    const { account } = await activating();
    const [token = ''] = (await tokensSent('parent@example.org')).slice(-1);
    const results = await Promise.all(Array.from({ length: 20 }, () => activateByLink(deps, token, { ip })));
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    expect(results.filter((result) => !result.ok && result.reason === 'used')).toHaveLength(19);
    const moves = await deps.db('audit_events').where({ account_id: account.id, event: 'activate-by-link' });
    expect(moves).toHaveLength(1);
  });

  test('it lives seven days', async () => {
    await activating();
    const [token = ''] = (await tokensSent('parent@example.org')).slice(-1);
    deps.clock.advance(7 * 86_400_000);
    expect(await activateByLink(deps, token, { ip })).toMatchObject({ ok: false, reason: 'expired' });
    expect(await activateByLink(deps, 'A'.repeat(43), { ip })).toMatchObject({
      ok: false,
      reason: 'unknown',
    });
  });

  test('R-062: signing in again offers to correct the address; the first link dies, the new one works', async () => {
    const { identifier, uid } = await activating();
    const account = await found(deps, identifier);
    const other = `${uid}-later`;
    expect(
      await startFirstConnection(deps, { interactionUid: other, clientId: null, account, ip }),
    ).toMatchObject({ step: 'activation' });
    expect(await resendActivation(deps, other, 'corrected@example.org', { ip })).toEqual({
      ok: true,
      email: 'corrected@example.org',
    });
    const [first = ''] = (await tokensSent('parent@example.org')).slice(-1);
    const [second = ''] = await tokensSent('corrected@example.org');
    expect(await activateByLink(deps, first, { ip })).toMatchObject({ ok: false, reason: 'replaced' });
    expect(await activateByLink(deps, second, { ip })).toMatchObject({ ok: true });
    expect(await found(deps, identifier)).toMatchObject({
      state: 'activated',
      email: 'corrected@example.org',
    });
  });

  test('five mails in 15 minutes, no more', async () => {
    const { uid } = await activating();
    for (let n = 0; n < 5; n += 1)
      expect(await resendActivation(deps, uid, null, { ip })).toMatchObject({ ok: true });
    expect(await resendActivation(deps, uid, null, { ip })).toEqual({ ok: false, reason: 'too-many' });
    deps.clock.advance(900_000);
    expect(await resendActivation(deps, uid, null, { ip })).toMatchObject({ ok: true });
  });

  test('the database keeps neither the token of a link nor a password', async () => {
    await activating();
    const before = await deps.db('outbox_messages').select();
    const [token = 'none'] = (await tokensSent('parent@example.org')).slice(-1);
    const tables = [before, await deps.db('outbox_messages').select(), await deps.db('mail_links').select()];
    const rows = [...tables, await deps.db('accounts').select(), await deps.db('first_connections').select()];
    const everything = JSON.stringify(rows);
    expect(token).toMatch(/^[\w-]{43}$/);
    for (const secret of [token, PROVISIONAL, CHOSEN]) expect(everything).not.toContain(secret);
  });
});

describe('two tabs and other hands', () => {
  test('the same step sent 20 times at once is taken once', async () => {
    const { uid } = await arrived();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => choose(uid, `chaise3verte${n % 10}`)),
    );
    expect(results.filter((result) => result.ok)).toHaveLength(1);
  });

  test('20 right birth dates at once: one first login, one mail', async () => {
    const { uid, account } = await arrived({ identifier: 'twenty.at.once' });
    await choose(uid);
    await giveAddress(deps, uid, 'twenty@example.org');
    const results = await Promise.all(
      Array.from({ length: 5 }, () => proveBirthDate(deps, uid, LUCIES_BIRTH, { ip })),
    );
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    expect(await tokensSent('twenty@example.org')).toHaveLength(1);
    expect(
      await deps.db('audit_events').where({ account_id: account.id, event: 'first-login' }),
    ).toHaveLength(1);
  });

  test('R-142: a reset while the guardian is at it makes his steps void; the old passwords are both dead', async () => {
    const { uid, identifier, account } = await arrived();
    await choose(uid);
    await deps.db('accounts').where({ id: account.id }).increment('credentials_version', 1);
    expect(await currentProgress(deps, uid)).toBeNull();
    expect(await giveAddress(deps, uid, 'parent@example.org')).toEqual({ ok: false, reason: 'elsewhere' });
    expect(await signIn(identifier, CHOSEN)).toBe('wrong');
  });

  test('after a reset the link goes to the address of the school, not to one that was typed before', async () => {
    const { identifier, account } = await activating({ email: 'base@example.org' });
    const [typed = ''] = await tokensSent('parent@example.org');
    const pupil = await deps
      .db('legal_links as l')
      .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
      .join('pupils as p', 'p.id', 'l.pupil_id')
      .where('g.account_id', account.id)
      .first({ schoolId: 'p.school_id' });
    const request = { schoolId: pupil.schoolId, accountIds: [account.id], formKey: null };
    expect((await resetPasswords(deps, { ...request, actor: { actorKind: 'school' } })).ok).toBe(true);
    expect(await activateByLink(deps, typed, { ip })).toMatchObject({ ok: false });
    const given = String(openProvisional(deps, await found(deps, identifier)));
    const verified = await verifyCredentials(deps, { identifier, password: given, kind: 'guardian', ip });
    if (!verified.ok) throw new Error(verified.reason);
    const uid = `again-${identifier}`;
    await startFirstConnection(deps, { interactionUid: uid, clientId: 'ent', account: verified.account, ip });
    deps.mailer.sent.length = 0;
    expect(await choose(uid, 'fauteuil4rouge')).toEqual({ ok: true });
    expect(await currentProgress(deps, uid)).toMatchObject({ step: 'activation', email: 'base@example.org' });
    expect(await tokensSent('parent@example.org')).toEqual([]);
    const [token = ''] = await tokensSent('base@example.org');
    // He may still give another.
    expect(await resendActivation(deps, uid, 'nouvelle@example.org', { ip })).toMatchObject({ ok: true });
    expect(await activateByLink(deps, token, { ip })).toMatchObject({ ok: false });
    const [last = ''] = await tokensSent('nouvelle@example.org');
    expect(await activateByLink(deps, last, { ip })).toMatchObject({ ok: true });
  });
});

describe('signing in', () => {
  test('R-067, R-068, C03: three months later the letter is refused, with the reason, to who knows the password only', async () => {
    const { identifier } = await arrived();
    deps.clock.advance(90 * 86_400_000 + 1000);
    expect(await signIn(identifier, PROVISIONAL)).toBe('expired');
    expect(await signIn(identifier, 'GVKJ7PPE24')).toBe('wrong');
    expect(await found(deps, identifier)).toMatchObject({ state: 'notified', passwordKind: 'provisional' });
  });

  test('typed from paper: case and spaces around are forgiven; nothing else is', async () => {
    const { identifier } = await arrived();
    expect(await signIn(` ${identifier.toUpperCase()} `, ` ${PROVISIONAL.toLowerCase()} `)).toBe('ok');
    expect(await signIn(identifier, `${PROVISIONAL}A`)).toBe('wrong');
    expect(await signIn(identifier, '')).toBe('wrong');
    expect(await signIn('é'.repeat(200), PROVISIONAL)).toBe('wrong');
    expect(await signIn(identifier, 'x'.repeat(1_000_000))).toBe('wrong');
  });

  test('R-034: a guardian does not get in under « Élève »; an account never notified has no password', async () => {
    const { identifier } = await arrived();
    const asPupil = await verifyCredentials(deps, { identifier, password: PROVISIONAL, kind: 'pupil', ip });
    expect(asPupil).toEqual({ ok: false, reason: 'wrong-profile' });
    const guess = await verifyCredentials(deps, { identifier, password: 'GVKJ7PPE24', kind: 'pupil', ip });
    expect(guess).toEqual({ ok: false, reason: 'wrong' });
    await seedFamily(deps, { identifier: 'never.notified' });
    for (const password of ['', ' ', 'null', 'undefined'])
      expect(await signIn('never.notified', password)).toBe('wrong');
  });

  test('300 attempts from one address in five minutes, then « too many », whatever the account', async () => {
    deps = testDeps(database, { env: { LOGIN_ATTEMPTS_PER_ADDRESS: '3' } });
    deps.clock.advance(3_600_000);
    const from = (address: string) =>
      verifyCredentials(deps, { identifier: `u.${count++}`, password: 'x', kind: 'guardian', ip: address });
    for (let n = 0; n < 3; n += 1) expect(await from('192.0.2.99')).toMatchObject({ reason: 'wrong' });
    expect(await from('192.0.2.99')).toEqual({ ok: false, reason: 'too-many' });
    expect(await from('192.0.2.98')).toMatchObject({ reason: 'wrong' });
  });
});
