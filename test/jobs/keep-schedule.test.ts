import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { LEASE_MS } from '../../src/db/leases.ts';
import { keepSchedule, type Schedule } from '../../src/jobs/keep-schedule.ts';
import { runJob } from '../../src/jobs/run-job.ts';
import type { Job, JobResult } from '../../src/jobs/types.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestClock, type TestDeps, testDeps } from '../support/deps.ts';

let database: TestDatabase;
let deps: TestDeps;
const HOUR = 3600_000;
const done: JobResult = { outcome: 'done', details: {} };
const never = new AbortController().signal;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db('job_runs').delete();
  await database.db('leases').delete();
  deps = testDeps(database, { clock: createTestClock(new Date('2026-11-22T01:00:00.000Z')) });
});

function nightly(run: Job['run'], name = 'nightly'): Job {
  return { name, schedule: '30 3 * * *', alone: true, run };
}

/** Processes with these jobs: as many ticks at once as there are processes. */
async function withProcesses(
  count: number,
  jobs: Job | Job[],
  work: (tick: () => Promise<unknown>, schedules: Schedule[]) => Promise<void>,
): Promise<void> {
  const schedules = Array.from({ length: count }, () => keepSchedule(deps, [jobs].flat(), HOUR));
  try {
    await work(() => Promise.all(schedules.map((one) => one.tick())), schedules);
  } finally {
    await Promise.all(schedules.map((one) => one.stop()));
  }
}

const runs = () =>
  database.db('job_runs').orderBy('id').select('job', 'due_at', 'attempts', 'outcome', 'details');

test('once among four processes whose clocks fire together, night after night', async () => {
  const turns: string[] = [];
  const job = nightly(async ({ now }) => {
    turns.push(now.toISOString());
    return { outcome: 'done', details: { pupils: 3 } };
  });
  await withProcesses(4, job, async (tick) => {
    await tick();
    expect(turns).toEqual([]);
    for (let night = 0; night < 3; night += 1) {
      deps.clock.set(new Date(Date.UTC(2026, 10, 22 + night, 2, 30, 10)));
      await tick();
      await tick();
      expect(turns).toHaveLength(night + 1);
    }
  });
  const [first] = await runs();
  expect(await runs()).toHaveLength(3);
  expect(first).toEqual({
    job: 'nightly',
    due_at: new Date('2026-11-22T02:30:00.000Z'),
    attempts: 1,
    outcome: 'done',
    details: '{"pupils":3}',
  });
});

test('a run that was missed is made good at the next start, if it was of today', async () => {
  let turns = 0;
  const job = nightly(async () => {
    turns += 1;
    return done;
  });
  deps.clock.set(new Date('2026-11-22T14:00:00.000Z'));
  await withProcesses(1, job, (tick) => tick().then(() => {}));
  expect(turns).toBe(1);
  deps.clock.set(new Date('2026-11-24T00:30:00.000Z'));
  await withProcesses(1, job, (tick) => tick().then(() => {}));
  expect(turns).toBe(1);
});

test('a failure is noted and tried again later, three times in all; a refusal is not', async () => {
  let turns = 0;
  const job = nightly(async () => {
    turns += 1;
    throw Object.assign(new Error("Duplicate entry 'a person'"), { code: 'ER_DUP_ENTRY' });
  });
  deps.clock.set(new Date('2026-11-22T02:30:00.000Z'));
  await withProcesses(2, job, async (tick) => {
    for (const expected of [1, 2, 3, 3]) {
      await tick();
      await tick();
      expect(turns).toBe(expected);
      deps.clock.advance(5 * 60_000);
    }
  });
  expect(await runs()).toMatchObject([
    { attempts: 3, outcome: 'failed', details: '{"error":"ER_DUP_ENTRY"}' },
  ]);
  let refusals = 0;
  const refused = nightly(async () => {
    refusals += 1;
    return { outcome: 'refused', details: { reason: 'no' } };
  }, 'refused');
  await withProcesses(2, refused, async (tick) => {
    await tick();
    deps.clock.advance(HOUR);
    await tick();
  });
  expect(refusals).toBe(1);
});

test('K02: a run whose process died is taken up by another as soon as its lease is over', async () => {
  deps.clock.set(new Date('2026-11-22T02:30:00.000Z'));
  const now = deps.clock.now();
  // What a killed process leaves behind.
  const ends_at = new Date(now.getTime() + LEASE_MS);
  await database
    .db('leases')
    .insert({ name: 'job:nightly', holder: 'x'.repeat(22), heartbeat_at: now, ends_at });
  await database.db('job_runs').insert({ job: 'nightly', due_at: now, attempts: 1, started_at: now });
  let turns = 0;
  const job = nightly(async () => {
    turns += 1;
    return done;
  });
  await withProcesses(2, job, async (tick) => {
    await tick();
    expect(turns).toBe(0);
    deps.clock.advance(LEASE_MS);
    await tick();
    expect(turns).toBe(1);
  });
  expect(await runs()).toMatchObject([{ attempts: 2, outcome: 'done' }]);
});

test('stopped on the way it ends where that is safe, and the next process takes it up at once', async () => {
  deps.clock.set(new Date('2026-11-22T02:30:00.000Z'));
  let begun = () => {};
  const beginning = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const long = nightly(({ signal }) => {
    begun();
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  await withProcesses(1, long, async (_tick, [schedule]) => {
    await beginning;
    await schedule?.stop();
  });
  expect(await runs()).toMatchObject([{ attempts: 0, outcome: null }]);
  await withProcesses(
    1,
    nightly(async () => done),
    (tick) => tick().then(() => {}),
  );
  expect(await runs()).toMatchObject([{ attempts: 1, outcome: 'done' }]);
});

test('a job under way does not hold up another, and is not begun twice', async () => {
  deps.clock.set(new Date('2026-11-22T02:30:00.000Z'));
  let end = (_result: JobResult) => {};
  let turns = 0;
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const slow = nightly(() => {
    turns += 1;
    begin();
    return new Promise((resolve) => {
      end = resolve;
    });
  }, 'slow');
  let quick = () => {};
  const over = new Promise<void>((resolve) => {
    quick = resolve;
  });
  const schedule = keepSchedule(
    deps,
    [
      slow,
      nightly(async () => {
        quick();
        return done;
      }),
    ],
    HOUR,
  );
  // Both: whichever of the two is first, the slow one must hold its lease before it is asked for by hand.
  await Promise.all([begun, over]);
  const again = schedule.tick();
  expect(await runJob(deps, slow, { dueAt: null, stop: never })).toEqual({ ran: false, reason: 'elsewhere' });
  end(done);
  await again;
  expect(turns).toBe(1);
  await schedule.stop();
});

test('a job that comes after another waits until that one is over, also when it fails for good', async () => {
  const order: string[] = [];
  let outcome: JobResult['outcome'] = 'failed';
  const first = nightly(async () => {
    order.push('first');
    return { outcome, details: {} };
  }, 'first');
  const second: Job = {
    ...nightly(async () => {
      order.push('second');
      return done;
    }, 'second'),
    after: 'first',
  };
  await withProcesses(2, [second, first], async (tick) => {
    const night = (day: number, minutes: number) =>
      deps.clock.set(new Date(Date.UTC(2026, 10, day, 2, 30 + minutes, 10)));
    night(22, 0);
    await tick();
    await tick();
    expect(order).toEqual(['first']);
    for (const minutes of [6, 12, 18]) {
      night(22, minutes);
      await tick();
      await tick();
    }
    expect(order).toEqual(['first', 'first', 'first', 'second']);
    outcome = 'done';
    night(23, 0);
    await tick();
    await tick();
    expect(order.slice(4)).toEqual(['first', 'second']);
  });
});
