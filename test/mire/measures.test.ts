import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { requestCode } from '../../src/codes/one-time.ts';
import { openDatabase } from '../../src/db/database.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { countAsked, countTried } from '../../src/mire/code-metrics.ts';
import { measureMessages } from '../../src/mire/measures.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testDeps } from '../support/deps.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('tells the budget, what waits in the outbox and how codes ended; nothing personal', async () => {
  const deps = testDeps(database, { env: { SMS_DAILY_BUDGET: '7' } });
  const metrics = createMetrics(deps);
  measureMessages(metrics, deps);
  const to = '+33639980001';
  const request = {
    purpose: 'enrolment',
    interactionUid: 'a',
    mobile: to,
    send: true,
    ip: '192.0.2.1',
  } as const;
  countAsked({ metrics }, 'enrolment', await requestCode(deps, request));
  countAsked({ metrics }, 'enrolment', await requestCode(deps, request));
  countTried({ metrics }, 'recovery', { ok: true });
  countTried({ metrics }, 'recovery', { ok: false, reason: 'wrong' });
  countTried({ metrics }, 'recovery', { ok: false, reason: 'elsewhere' });
  const text = await metrics.text();
  for (const line of [
    'educonnect_sms_budget_used 1',
    'educonnect_sms_budget 7',
    'educonnect_outbox_messages{channel="sms",state="waiting"} 1',
    'educonnect_outbox_messages{channel="email",state="waiting"} 0',
    'educonnect_outbox_messages{channel="sms",state="unsure"} 0',
    'educonnect_codes_total{purpose="enrolment",outcome="sent"} 1',
    'educonnect_codes_total{purpose="enrolment",outcome="too-soon"} 1',
    'educonnect_codes_total{purpose="recovery",outcome="verified"} 1',
    'educonnect_codes_total{purpose="recovery",outcome="wrong"} 1',
  ])
    expect(text.split('\n')).toContain(line);
  expect(text).not.toContain('elsewhere');
  expect(text).not.toContain('63998');
});

test('with the database away the other measures are still told', async () => {
  const url = 'mysql://nobody@127.0.0.1:1/nothing';
  const limits = {
    connectTimeoutMs: 500,
    acquireTimeoutMs: 500,
    statementTimeoutMs: 500,
    lockWaitSeconds: 1,
  };
  const db = openDatabase({ url, pool: 2, ...limits });
  const deps = testDeps({ db, url });
  const metrics = createMetrics(deps);
  measureMessages(metrics, deps);
  const text = await metrics.text();
  await db.destroy();
  expect(text).toContain('educonnect_logins_total');
  expect(text).not.toMatch(/^educonnect_outbox_messages\{/m);
});
