import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { budgetUsed } from '../../src/codes/budget.ts';
import { type CodeRequest, checkCode, codeStatus, newCode, requestCode } from '../../src/codes/one-time.ts';
import { contentContext } from '../../src/messages/outbox.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, type TestDeps, testDeps } from '../support/deps.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const MOBILE = '+33639980001';

let database: TestDatabase;
let deps: TestDeps;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  deps = testDeps(database);
  for (const table of ['one_time_codes', 'code_requests', 'outbox_messages', 'throttles'])
    await database.db(table).delete();
});

const ask = (request: Partial<CodeRequest> = {}, on: Pick<TestDeps, keyof TestDeps> = deps) =>
  requestCode(on, {
    purpose: 'enrolment',
    interactionUid: 'session-a',
    mobile: MOBILE,
    send: true,
    accountIds: [],
    ip: '192.0.2.1',
    ...request,
  });
const tryCode = (code: string, { interactionUid = 'session-a', mobile = MOBILE as string | null } = {}) =>
  checkCode(deps, { purpose: 'enrolment', interactionUid, mobile, code });

/** The SMS that are queued, the oldest first, as they would leave. */
async function queued(): Promise<{ to: string; text: string; code: string }[]> {
  const rows = await database.db('outbox_messages').where({ channel: 'sms', state: 'waiting' }).orderBy('id');
  return rows.map((row) => {
    const { text } = JSON.parse(deps.sealer.open(row.content_sealed, contentContext(row.unique_key)));
    return { to: row.recipient, text, code: /\d{6}/.exec(text)?.[0] ?? '' };
  });
}
async function latestCode(): Promise<string> {
  return (await queued()).at(-1)?.code ?? '';
}
/** Wrong codes that are certainly not the right one. */
const wrong = (right: string, step = 1) => String((Number(right) + step) % 1_000_000).padStart(6, '0');

describe('a code', () => {
  test('is sent to the number, kept as a keyed digest only, and good once', async () => {
    const now = deps.clock.now();
    expect(await ask()).toEqual({
      ok: true,
      expiresAt: new Date(now.getTime() + 10 * MINUTE),
      resendAt: new Date(now.getTime() + MINUTE),
    });
    const [sms] = await queued();
    expect(sms?.to).toBe(MOBILE);
    const rows = JSON.stringify([
      await database.db('one_time_codes').first(),
      await database.db('outbox_messages').first(),
    ]);
    expect(rows).not.toContain(sms?.code);
    expect(await codeStatus(deps, { purpose: 'enrolment', interactionUid: 'session-a' })).toEqual({
      sentAt: now,
      expiresAt: new Date(now.getTime() + 10 * MINUTE),
      resendAt: new Date(now.getTime() + MINUTE),
      left: 5,
    });
    const typed = `${sms?.code.slice(0, 3)} ${sms?.code.slice(3)} `;
    expect(await tryCode(typed)).toEqual({ ok: true });
    expect(await tryCode(sms?.code ?? '')).toEqual({ ok: false, reason: 'none' });
    expect(await codeStatus(deps, { purpose: 'enrolment', interactionUid: 'session-a' })).toBeNull();
  });

  test('D01: 100 guesses at once are at most five comparisons, and the right code is dead after them', async () => {
    await ask();
    const right = await latestCode();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => tryCode(wrong(right, index + 1))),
    );
    const reasons = answers.map((answer) => (answer.ok ? 'ok' : answer.reason));
    expect(reasons.filter((reason) => reason === 'wrong')).toHaveLength(4);
    expect(reasons.filter((reason) => reason === 'used-up')).toHaveLength(96);
    expect(await database.db('one_time_codes').pluck('tries')).toEqual([5]);
    expect(await tryCode(right)).toEqual({ ok: false, reason: 'used-up' });
  });

  test('D01: the fifth try may still be the right one, the tries left are told', async () => {
    await ask();
    const right = await latestCode();
    for (const left of [4, 3, 2, 1])
      expect(await tryCode(wrong(right))).toEqual({ ok: false, reason: 'wrong', left });
    expect(await tryCode(right)).toEqual({ ok: true });
  });

  test('L02: the right code sent 20 times at once is taken once', async () => {
    await ask();
    const right = await latestCode();
    const answers = await Promise.all(Array.from({ length: 20 }, () => tryCode(right)));
    expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
    for (const answer of answers) if (!answer.ok) expect(answer.reason).toBe('none');
  });

  test.each([
    ['9:59', 10 * MINUTE - SECOND, { ok: true }],
    ['10:00', 10 * MINUTE, { ok: false, reason: 'expired' }],
    ['10:01', 10 * MINUTE + SECOND, { ok: false, reason: 'expired' }],
  ])('D02: after %s', async (_what, passed, expected) => {
    await ask();
    deps.clock.advance(passed);
    expect(await tryCode(await latestCode())).toEqual(expected);
  });

  test('D02: is of no use in another sign-in, for another purpose, for another number', async () => {
    await ask();
    await ask({ interactionUid: 'session-b', mobile: '+33639980002' });
    const [first] = await queued();
    const code = first?.code ?? '';
    expect(await tryCode(code, { interactionUid: 'session-b' })).toMatchObject({ reason: 'wrong' });
    expect(await tryCode(code, { mobile: '+33639980002' })).toMatchObject({ reason: 'wrong' });
    expect(await tryCode(code, { mobile: null })).toMatchObject({ reason: 'wrong' });
    const asRecovery = { purpose: 'recovery', interactionUid: 'session-a', mobile: MOBILE, code } as const;
    expect(await checkCode(deps, asRecovery)).toEqual({ ok: false, reason: 'none' });
    expect(await tryCode(code)).toEqual({ ok: true });
  });

  test('D02: a new one kills the one before', async () => {
    await ask();
    const before = await latestCode();
    deps.clock.advance(MINUTE);
    await ask();
    const after = await latestCode();
    if (before !== after) expect(await tryCode(before)).toMatchObject({ reason: 'wrong' });
    expect(await tryCode(after)).toEqual({ ok: true });
  });

  test('a new one withdraws the SMS of the one before, if that has not left', async () => {
    await ask();
    deps.clock.advance(MINUTE);
    await ask();
    const rows = await database.db('outbox_messages').orderBy('id').select('state', 'last_error');
    expect(rows).toEqual([
      { state: 'failed', last_error: 'withdrawn' },
      { state: 'waiting', last_error: null },
    ]);
  });

  test('E01: of a number that nobody has looks the same and is never sent', async () => {
    const known = await ask();
    const unknown = await ask({ interactionUid: 'session-b', mobile: '+33639980002', send: false });
    expect(unknown).toEqual(known);
    expect(await queued()).toHaveLength(1);
    const status = (interactionUid: string) => codeStatus(deps, { purpose: 'enrolment', interactionUid });
    expect(await status('session-b')).toEqual(await status('session-a'));
    expect(await tryCode('123456', { interactionUid: 'session-b', mobile: null })).toEqual({
      ok: false,
      reason: 'wrong',
      left: 4,
    });
    expect(await budgetUsed(deps)).toBe(1);
  });

  test('E01: costs one statement and no commit more when it is sent: the row in the outbox', async () => {
    const count = async (request: Partial<CodeRequest>) => {
      const counting = countStatements(database.db);
      await ask(request);
      counting.stop();
      return [counting.statements.length, counting.commits()] as const;
    };
    const [statements, commits] = await count({
      send: false,
      interactionUid: 'x',
      mobile: '+33639980005',
    });
    const known = await count({ interactionUid: 'y', mobile: '+33639980006' });
    expect(known).toEqual([statements + 1, commits]);
  });

  test('D07: 100 000 are uniform, digit by digit and by their first three', () => {
    const drawn = Array.from({ length: 100_000 }, () => newCode(deps));
    expect(drawn.every((code) => /^\d{6}$/.test(code))).toBe(true);
    const chiSquare = (values: number[], cells: number) => {
      const counts = new Array<number>(cells).fill(0);
      for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
      const expected = values.length / cells;
      return counts.reduce((sum, found) => sum + (found - expected) ** 2 / expected, 0);
    };
    // Mean k, variance 2k: six standard deviations beyond, which a fair source passes but once in a million runs.
    const limit = (freedom: number) => freedom + 6 * Math.sqrt(2 * freedom) + 12;
    for (let place = 0; place < 6; place += 1)
      expect(
        chiSquare(
          drawn.map((code) => Number(code[place])),
          10,
        ),
      ).toBeLessThan(limit(9));
    expect(
      chiSquare(
        drawn.map((code) => Number(code.slice(0, 3))),
        1000,
      ),
    ).toBeLessThan(limit(999));
  });

  test('D07: comes from the cryptographic source of deps and from nothing else', async () => {
    const asked: number[] = [];
    const random = {
      ...deps.random,
      int: (max: number) => {
        asked.push(max);
        return 42;
      },
    };
    await ask({}, { ...deps, random });
    expect(asked).toEqual([1_000_000]);
    expect(await latestCode()).toBe('000042');
  });
});
