import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { budgetUsed } from '../../src/codes/budget.ts';
import { nextAllowed } from '../../src/codes/limits.ts';
import { type CodeRequest, requestCode } from '../../src/codes/one-time.ts';
import { openDatabase } from '../../src/db/database.ts';
import { purge } from '../../src/jobs/purge.ts';
import { sendMessages } from '../../src/jobs/send-messages.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms, type TestDeps, type TestSms, testDeps } from '../support/deps.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const MOBILE = '+33639980001';

let database: TestDatabase;
/** A second process on the same database. */
let elsewhere: Knex;
let deps: TestDeps & { sms: TestSms };

beforeAll(async () => {
  // A thousand at once wait for their turn.
  database = await createTestDatabase({ acquireTimeoutMs: 30_000 });
  elsewhere = openDatabase({
    url: database.url,
    pool: 10,
    connectTimeoutMs: 5000,
    acquireTimeoutMs: 30_000,
    statementTimeoutMs: 30_000,
    lockWaitSeconds: 20,
  });
});
afterAll(async () => {
  await elsewhere.destroy();
  await database.drop();
});
beforeEach(async () => {
  configure();
  for (const table of ['one_time_codes', 'code_requests', 'outbox_messages', 'throttles'])
    await database.db(table).delete();
});

function configure(env: Record<string, string> = {}) {
  deps = { ...testDeps(database, { env }), sms: createTestSms() };
}

let sessions = 0;
/** A request from a browser and a network of its own, unless said otherwise. */
async function ask(request: Partial<CodeRequest> = {}, db: Knex = database.db): Promise<string> {
  sessions += 1;
  const result = await requestCode(
    { ...deps, db },
    {
      purpose: 'enrolment',
      interactionUid: `session-${sessions}`,
      mobile: MOBILE,
      send: true,
      ip: `198.51.${Math.floor(sessions / 250) % 250}.${sessions % 250}`,
      ...request,
    },
  );
  return result.ok ? 'ok' : result.reason;
}
/** Half of them through each of two pools, all at once. */
const askAtOnce = (count: number, request: (index: number) => Partial<CodeRequest>) =>
  Promise.all(
    Array.from({ length: count }, (_, index) =>
      ask(request(index), index % 2 === 0 ? database.db : elsewhere),
    ),
  );
const counted = (answers: string[]) => {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
};
/** Lets all that is queued leave. @returns to whom */
async function sent(): Promise<string[]> {
  await sendMessages(deps, 'sms');
  return deps.sms.sent.map((sms) => sms.to);
}
const mobile = (index: number) => `+3363998${String(1000 + index)}`;

describe('nextAllowed', () => {
  const rules = [
    { most: 1, withinMs: 60 },
    { most: 3, withinMs: 900 },
  ];
  test.each([
    [[], 0],
    [[100], 160],
    [[100, 200], 260],
    [[100, 200, 300], 1000],
    [[100, 200, 300, 1000], 1100],
    [[0, 800, 890, 1000], 1700],
  ])('after %j', (times, expected) => {
    expect(nextAllowed(times, rules)).toBe(expected);
  });
});

describe('D03: to one number', () => {
  test('1 per 60 s, 3 per 15 min, 5 per 24 h, wherever one lays the beginning', async () => {
    const allowed: number[] = [];
    const began = deps.clock.now().getTime();
    for (let at = 0; at <= 25 * HOUR; at += 20 * SECOND) {
      // Every twenty seconds at first, then every half an hour.
      if (at > 20 * MINUTE && at % (30 * MINUTE) !== 0) continue;
      deps.clock.set(new Date(began + at));
      if ((await ask()) === 'ok') allowed.push(at);
    }
    for (const start of allowed) {
      const within = (ms: number) => allowed.filter((at) => at >= start && at < start + ms).length;
      expect(within(MINUTE)).toBe(1);
      expect(within(15 * MINUTE)).toBeLessThanOrEqual(3);
      expect(within(24 * HOUR)).toBeLessThanOrEqual(5);
    }
    expect(allowed.slice(0, 5)).toEqual([0, MINUTE, 2 * MINUTE, 15 * MINUTE, 16 * MINUTE]);
    expect(allowed.slice(5)).toEqual([24 * HOUR, 24.5 * HOUR, 25 * HOUR]);
  });

  test('says why and until when, with the moment at which a code can be sent again', async () => {
    const request = {
      purpose: 'enrolment' as const,
      interactionUid: 'x',
      mobile: MOBILE,
      send: true,
      ip: '192.0.2.1',
    };
    const later = (ms: number) => new Date(Date.parse('2026-11-22T08:00:00.000Z') + ms);
    expect(await requestCode(deps, request)).toMatchObject({ ok: true, resendAt: later(MINUTE) });
    deps.clock.advance(59 * SECOND);
    expect(await requestCode(deps, request)).toEqual({
      ok: false,
      reason: 'too-soon',
      retryAt: later(MINUTE),
    });
    deps.clock.advance(SECOND);
    await requestCode(deps, request);
    deps.clock.advance(MINUTE);
    expect(await requestCode(deps, request)).toMatchObject({ ok: true, resendAt: later(15 * MINUTE) });
    deps.clock.advance(2 * MINUTE);
    expect(await requestCode(deps, request)).toEqual({
      ok: false,
      reason: 'too-many',
      retryAt: later(15 * MINUTE),
    });
  });

  test('from 1,000 networks at once, through two pools: one SMS', async () => {
    expect(counted(await askAtOnce(1000, () => ({})))).toEqual({ ok: 1, 'too-soon': 999 });
    expect(await sent()).toEqual([MOBILE]);
  }, 60_000);

  test('E03: a number that nobody has is limited alike', async () => {
    const answers = async (request: Partial<CodeRequest>) => {
      const told: string[] = [];
      for (const pause of [0, 30, 30, 60, 60, 900]) {
        deps.clock.advance(pause * SECOND);
        told.push(await ask(request));
      }
      return told;
    };
    const known = await answers({});
    deps.clock.advance(48 * HOUR);
    expect(await answers({ mobile: '+33639980002', send: false })).toEqual(known);
    expect(known).toContain('too-soon');
    expect(known).toContain('too-many');
  });
});

describe('D03: from one network', () => {
  test('wide enough for a school or a mobile operator, who share one (decision 10)', () => {
    expect(deps.config.CODES_PER_ADDRESS_5_MINUTES).toBe(300);
  });

  test('1,000 numbers at once, through two pools: exactly 25 in five minutes', async () => {
    configure({ CODES_PER_ADDRESS_5_MINUTES: '25' });
    const flood = await askAtOnce(1000, (index) => ({ mobile: mobile(index), ip: '203.0.113.9' }));
    expect(counted(flood)).toEqual({ ok: 25, 'too-many': 975 });
    expect(await sent()).toHaveLength(25);
    expect(await ask({ mobile: mobile(2000), ip: '203.0.113.10' })).toBe('ok');
    deps.clock.advance(5 * MINUTE - SECOND);
    expect(await ask({ mobile: mobile(2001), ip: '203.0.113.9' })).toBe('too-many');
    deps.clock.advance(SECOND);
    expect(await ask({ mobile: mobile(2001), ip: '203.0.113.9' })).toBe('ok');
  });

  test('an IPv6 household is one network', async () => {
    configure({ CODES_PER_ADDRESS_5_MINUTES: '2' });
    const from = (index: number) => ask({ mobile: mobile(index), ip: `2001:db8:1:2::${index + 1}` });
    expect([await from(1), await from(2), await from(3)]).toEqual(['ok', 'ok', 'too-many']);
  });
});

describe('D03: for one account', () => {
  test('five a day through whatever numbers; the sixth is not sent and not told apart', async () => {
    const numbers = Array.from({ length: 8 }, (_, index) => mobile(index));
    for (const to of numbers) expect(await ask({ mobile: to, accountIds: [7, 8] })).toBe('ok');
    expect(await sent()).toEqual(numbers.slice(0, 5));
    deps.clock.advance(24 * HOUR);
    expect(await ask({ mobile: mobile(9), accountIds: [8] })).toBe('ok');
    expect(await sent()).toHaveLength(6);
  });

  test('at once, through two pools, accounts in any order: exactly five, no deadlock that is seen', async () => {
    const answers = await askAtOnce(60, (index) => ({
      mobile: mobile(index),
      accountIds: index % 3 === 0 ? [1, 2, 3] : [3, 2, 1],
    }));
    expect(counted(answers)).toEqual({ ok: 60 });
    expect(await sent()).toHaveLength(5);
  });
});

describe('D04: the budget of the day', () => {
  test('exact among 60 at once through two pools; then nothing leaves, for known and unknown', async () => {
    configure({ SMS_DAILY_BUDGET: '20' });
    const lines: string[] = [];
    const error = (_line: object, text: string) => void lines.push(text);
    const log = Object.assign(Object.create(deps.log), { error });
    deps = { ...deps, log: log as unknown as TestDeps['log'] };
    const flood = await askAtOnce(60, (index) => ({ mobile: mobile(index) }));
    expect(counted(flood)).toEqual({ ok: 20, suspended: 40 });
    expect(lines).toEqual(['the SMS budget of the day is used up']);
    expect(await sent()).toHaveLength(20);
    expect(await ask({ mobile: mobile(90) })).toBe('suspended');
    expect(await ask({ mobile: mobile(91), send: false })).toBe('suspended');
    expect(await budgetUsed(deps)).toBe(20);
  });

  test('opens again at midnight in Paris', async () => {
    configure({ SMS_DAILY_BUDGET: '1' });
    deps.clock.set(new Date('2026-11-22T22:59:00.000Z'));
    expect(await ask({ mobile: mobile(1) })).toBe('ok');
    expect(await ask({ mobile: mobile(2) })).toBe('suspended');
    deps.clock.set(new Date('2026-11-22T23:00:00.000Z'));
    expect(await budgetUsed(deps)).toBe(0);
    expect(await ask({ mobile: mobile(2) })).toBe('ok');
    expect(await ask({ mobile: mobile(3) })).toBe('suspended');
  });

  test('a number that nobody has uses nothing of it', async () => {
    configure({ SMS_DAILY_BUDGET: '1' });
    for (let index = 0; index < 5; index += 1)
      expect(await ask({ mobile: mobile(index), send: false })).toBe('ok');
    expect(await ask({ mobile: mobile(9) })).toBe('ok');
    expect(await sent()).toEqual([mobile(9)]);
  });

  test('nought: no SMS at all', async () => {
    configure({ SMS_DAILY_BUDGET: '0' });
    expect(await ask()).toBe('suspended');
  });
});

describe('D03: numbers to which SMS never leave', () => {
  test.each([
    ['a satellite', '+88216123456789'],
    ['the United Kingdom', '+447911123456'],
    ['a premium number', '+33899123456'],
    ['a landline', '+33123456789'],
    ['a landline overseas', '+262262123456'],
    ['digits of another script', '+33٦٣٩٩٨٠٠٠١'],
    ['blanks', '+33 6 39 98 00 01'],
    ['a national form', '0639980001'],
    ['two numbers', '+33639980001,+33639980002'],
    ['nothing', ''],
  ])('%s', async (_what, to) => {
    expect(await ask({ mobile: to })).toBe('suspended');
    expect(await ask({ mobile: to, send: false })).toBe('suspended');
    expect(await sent()).toEqual([]);
    expect(await budgetUsed(deps)).toBe(0);
  });

  test.each([
    '+33612345678',
    '+33712345678',
    '+262692123456',
    '+262639123456',
    '+590690123456',
    '+687751234',
  ])('%s is allowed by default', async (to) => {
    expect(await ask({ mobile: to })).toBe('ok');
  });

  test('configuration says which; the range of fiction by its own variable', async () => {
    configure({ SMS_MOBILE_PREFIXES: '+32', PHONE_EXTRA_MOBILE_PREFIXES: '' });
    expect(await ask({ mobile: '+32470123456' })).toBe('ok');
    expect(await ask()).toBe('suspended');
    configure({ SMS_MOBILE_PREFIXES: '+32', PHONE_EXTRA_MOBILE_PREFIXES: '+3363998' });
    expect(await ask()).toBe('ok');
  });
});

test('the purge forgets requests when no limit counts them any more, and codes a day after their end', async () => {
  await ask();
  const left = async () => {
    const turn = { now: deps.clock.now(), signal: new AbortController().signal };
    await purge(deps, [], turn);
    const counts = ['one_time_codes', 'code_requests'].map((table) =>
      database.db(table).count({ count: '*' }).first(),
    );
    return (await Promise.all(counts)).map((row) => Number(row?.count));
  };
  // The number and the network.
  expect(await left()).toEqual([1, 2]);
  deps.clock.advance(6 * MINUTE);
  expect(await left()).toEqual([1, 1]);
  deps.clock.advance(24 * HOUR - 6 * MINUTE);
  expect(await left()).toEqual([1, 1]);
  deps.clock.advance(SECOND);
  expect(await left()).toEqual([1, 0]);
  deps.clock.advance(HOUR);
  expect(await left()).toEqual([0, 0]);
});

test('what is kept of a number and a network tells them to nobody who has the database alone', async () => {
  const kept = async (env: Record<string, string>) => {
    await database.db('code_requests').delete();
    configure(env);
    await ask({ ip: '198.51.100.7' });
    return database.db('code_requests').orderBy('request_key').pluck('request_key');
  };
  const usual = await kept({});
  expect(usual).toHaveLength(2);
  const other = await kept({ SEALING_KEYS: 'another-key-of-the-test-suite-22' });
  expect(usual.filter((key) => other.includes(key))).toEqual([]);
});
