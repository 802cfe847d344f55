import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { inTransaction } from '../../src/db/transaction.ts';
import type { OutgoingSms, SmsResult } from '../../src/deps.ts';
import { forgetMessages, sendMessages } from '../../src/jobs/send-messages.ts';
import { queueAccountNotice } from '../../src/messages/account-notice.ts';
import { type DeliveryReport, noteDelivery } from '../../src/messages/delivery.ts';
import { septets } from '../../src/messages/gsm7.ts';
import { claimDue } from '../../src/messages/outbox-store.ts';
import { sendDue } from '../../src/messages/send.ts';
import { queueSms, renderSms } from '../../src/messages/sms.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms, type TestDeps, type TestSms, testDeps } from '../support/deps.ts';
import { failedChecksOf } from '../support/failed-checks.ts';
import { seedFamily } from '../support/family.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const TO = '+33639980001';

let database: TestDatabase;
let deps: TestDeps & { sms: TestSms };
let accountId: number;

beforeAll(async () => {
  database = await createTestDatabase();
  accountId = (await seedFamily(testDeps(database), { identifier: 'g.zoumn' })).id;
});
afterAll(() => database.drop());
beforeEach(async () => {
  deps = { ...testDeps(database), sms: createTestSms() };
  for (const table of ['outbox_messages', 'failed_checks']) await database.db(table).delete();
});

const rows = () => database.db('outbox_messages').orderBy('id');
const row = async () => (await rows())[0];

function queue(key = 'one', to = TO) {
  return inTransaction(database.db, (trx) =>
    queueSms(trx, deps, {
      template: 'code',
      to,
      data: { code: '123456', minutes: 10 },
      uniqueKey: key,
      usefulUntil: new Date(deps.clock.now().getTime() + 10 * MINUTE),
      concerns: { way: 'sms', accountIds: [accountId] },
    }),
  );
}
async function send(sms: TestSms = deps.sms) {
  const report = await sendMessages({ ...deps, sms }, 'sms');
  await forgetMessages({ ...deps, sms });
  return report;
}
const traces = async () =>
  (await failedChecksOf(deps, accountId)).map(({ way, failed }) => `${way} ${failed}`);

test('somebody without an address is told of a change of his account by SMS, in one segment', async () => {
  await database.db('guardian_references').where({ account_id: accountId }).update({ mobile: TO });
  const account = { id: accountId, identifier: 'g.zoumn', email: null, emailVerifiedAt: null };
  await inTransaction(database.db, (trx) =>
    queueAccountNotice(deps, trx, { account, kind: 'regrouped', now: deps.clock.now() }),
  );
  await send();
  expect(deps.sms.sent).toMatchObject([{ to: TO, text: expect.stringMatching(/^Votre compte EduConnect/) }]);
});

describe('the words of a code', () => {
  test.each([
    ['http://localhost:3000', 'localhost'],
    ['https://educonnect.education.gouv.fr', 'educonnect.education.gouv.fr'],
    [`https://${'a'.repeat(60)}.fr`, `${'a'.repeat(60)}.fr`],
  ])('fit one GSM-7 segment at %s, the last line is bound to the host', (baseUrl, host) => {
    const config = { ...deps.config, BASE_URL: baseUrl };
    const text = renderSms({ ...deps, config }, { template: 'code', data: { code: '004217', minutes: 10 } });
    const length = septets(text);
    expect(length).not.toBeNull();
    expect(length).toBeLessThanOrEqual(160);
    const lines = text.split('\n');
    expect(lines[0]).toBe(
      'Votre code EduConnect : 004217. Valable 10 minutes. Ne le communiquez à personne.',
    );
    expect(lines).toHaveLength(3);
    expect(lines[1]).toBe('');
    expect(lines.at(-1)).toBe(`@${host} #004217`);
  });

  test('at an address that is too long for it, without the last line', () => {
    const config = { ...deps.config, BASE_URL: `https://${'a'.repeat(60)}.${'b'.repeat(60)}.fr` };
    const text = renderSms({ ...deps, config }, { template: 'code', data: { code: '004217', minutes: 10 } });
    expect(text).toBe('Votre code EduConnect : 004217. Valable 10 minutes. Ne le communiquez à personne.');
  });

  test('septets: the basic alphabet, what costs two, what is outside', () => {
    expect(septets('Où ça ?')).toBeNull();
    expect(septets('Où, élève à Ève ?')).toBeNull();
    expect(septets('Où, élève à lui ?')).toBe(17);
    expect(septets('5 €')).toBe(4);
    expect(septets('’')).toBeNull();
  });
});

describe('an SMS', () => {
  test('leaves by its own channel, sealed until then, with its validity and its reference', async () => {
    await queue();
    expect(JSON.stringify(await row())).not.toContain('123456');
    expect(await sendDue(deps)).toMatchObject({ claimed: 0 });
    deps.clock.advance(30 * SECOND);
    expect(await send()).toEqual({ claimed: 1, sent: 1, retried: 0, failed: 0, unsure: 0 });
    const { message_id: reference } = await row();
    expect(deps.sms.sent).toEqual([
      { to: TO, text: expect.stringContaining('123456'), validitySeconds: 570, reference },
    ]);
    expect(await row()).toMatchObject({ state: 'sent', content_sealed: null, carrier_sid: 'SM1' });
    expect(await send()).toMatchObject({ claimed: 0 });
    expect(deps.mailer.sent).toEqual([]);
  });

  test('waits while no carrier is configured', async () => {
    await queue();
    expect(await sendDue({ ...deps, sms: null }, { channel: 'sms' })).toMatchObject({ claimed: 0 });
    expect((await row()).state).toBe('waiting');
  });

  test('is refused when it goes to no number', async () => {
    for (const to of ['0639980001', '+33639980001,+33639980002', '']) {
      await expect(queue('bad', to)).rejects.toThrow('exactly one number');
    }
  });

  test('two senders at once never send one twice', async () => {
    for (let index = 0; index < 30; index += 1) await queue(`m${index}`, `+3363998${1000 + index}`);
    await Promise.all(Array.from({ length: 4 }, () => send()));
    await send();
    const to = deps.sms.sent.map((sms) => sms.to);
    expect(to).toHaveLength(30);
    expect(new Set(to).size).toBe(30);
  });

  test('J04: 429 and 5xx: three more attempts within a minute, then none', async () => {
    const busy = createTestSms(() => ({ ok: false, outcome: 'retry', code: '20429' }));
    await queue();
    const began = deps.clock.now().getTime();
    const at: number[] = [];
    for (let second = 0; second < 180; second += 1, deps.clock.advance(SECOND)) {
      const before = busy.sent.length;
      await sendDue({ ...deps, sms: busy }, { channel: 'sms' });
      if (busy.sent.length > before) at.push(deps.clock.now().getTime() - began);
    }
    expect(at).toEqual([0, 5 * SECOND, 15 * SECOND, 35 * SECOND]);
    expect(await row()).toMatchObject({ state: 'failed', last_error: '20429', content_sealed: null });
    expect(await traces()).toEqual([]);
  });

  test('J04: is tried again when the carrier recovers, and waits as long as it asks for, within the minute', async () => {
    const answers: SmsResult[] = [
      { ok: false, outcome: 'retry', code: '429', retryAfterSeconds: 12 },
      { ok: true, sid: 'SM9' },
    ];
    const sms = createTestSms(() => answers.shift() as SmsResult);
    await queue();
    expect(await send(sms)).toMatchObject({ retried: 1 });
    deps.clock.advance(11 * SECOND);
    expect(await send(sms)).toMatchObject({ claimed: 0 });
    deps.clock.advance(SECOND);
    expect(await send(sms)).toMatchObject({ sent: 1 });
    const late = createTestSms(() => ({ ok: false, outcome: 'retry', code: '429', retryAfterSeconds: 61 }));
    await queue('two');
    expect(await send(late)).toMatchObject({ failed: 1 });
  });

  test('what is no code waits for a carrier that is away, and leaves once', async () => {
    const until = new Date(deps.clock.now().getTime() + 72 * HOUR);
    await queue();
    await database.db('outbox_messages').update({ give_up_at: until });
    const away = createTestSms(() => ({ ok: false, outcome: 'retry', code: 'ECONNREFUSED' }));
    for (let minute = 0; minute < 60; minute += 1, deps.clock.advance(MINUTE)) await send(away);
    expect(away.sent.length).toBeGreaterThan(10);
    expect(away.sent.length).toBeLessThan(20);
    deps.clock.advance(5 * MINUTE);
    expect(await send()).toMatchObject({ sent: 1 });
    expect(deps.sms.sent).toHaveLength(1);
  });

  test('J04: never leaves after the end of its code', async () => {
    await queue();
    deps.clock.advance(10 * MINUTE);
    expect(await send()).toMatchObject({ failed: 1 });
    expect(deps.sms.sent).toEqual([]);
    await queue('two');
    deps.clock.advance(10 * MINUTE - 3 * SECOND);
    const busy = createTestSms(() => ({ ok: false, outcome: 'retry', code: '500' }));
    expect(await send(busy)).toMatchObject({ failed: 1 });
  });

  test('refused because of the number: for good, and the school is told', async () => {
    const sms = createTestSms(() => ({ ok: false, outcome: 'refused', code: '21614', fault: 'number' }));
    await queue();
    expect(await send(sms)).toMatchObject({ failed: 1 });
    expect(await row()).toMatchObject({ state: 'failed', last_error: '21614', content_sealed: null });
    expect(await traces()).toEqual(['sms delivery']);
    deps.clock.advance(HOUR);
    expect(await send(sms)).toMatchObject({ claimed: 0 });
  });

  test('refused because of our settings: for good, and no family is blamed', async () => {
    const sms = createTestSms(() => ({ ok: false, outcome: 'refused', code: '20003', fault: 'ours' }));
    await queue();
    expect(await send(sms)).toMatchObject({ failed: 1 });
    expect(await traces()).toEqual([]);
  });

  const lost: [string, (sms: OutgoingSms) => Promise<SmsResult>][] = [
    ['a time-out', async () => ({ ok: false, outcome: 'unsure', code: 'timeout' })],
    ['a gateway that breaks', () => Promise.reject(new TypeError('broken'))],
  ];
  test.each(lost)(
    'after %s it may have left: never sent again, settled by a report',
    async (_what, answer) => {
      const sms = createTestSms(answer);
      await queue();
      expect(await send(sms)).toMatchObject({ unsure: 1 });
      expect(await row()).toMatchObject({ state: 'unsure', content_sealed: null, carrier_sid: null });
      deps.clock.advance(MINUTE);
      expect(await send(sms)).toMatchObject({ claimed: 0 });
      expect(sms.sent).toHaveLength(1);
      await report({ status: 'delivered' });
      expect(await row()).toMatchObject({ state: 'sent', delivery: 'delivered', carrier_sid: 'SM7' });
    },
  );

  test('K01: a sender killed between sending and noting: nobody sends it again', async () => {
    await queue();
    const now = deps.clock.now();
    const claimUntil = new Date(now.getTime() + 30 * SECOND);
    // What a process that was killed leaves behind: the claim, and an SMS on its way.
    await inTransaction(database.db, (trx) =>
      claimDue(trx, { channel: 'sms', states: ['waiting'], now, claimUntil, limit: 5 }),
    );
    deps.clock.advance(29 * SECOND);
    await send();
    expect((await row()).state).toBe('sending');
    deps.clock.advance(2 * SECOND);
    await send();
    expect(await row()).toMatchObject({ state: 'unsure', content_sealed: null });
    deps.clock.advance(HOUR);
    await send();
    expect(deps.sms.sent).toEqual([]);
    await report({ status: 'sent' });
    expect((await row()).state).toBe('sent');
  });

  test('K01: what a slow sender notes after the report changes nothing', async () => {
    await queue();
    const slow = createTestSms(async () => {
      await report({ status: 'delivered' });
      return { ok: false, outcome: 'retry', code: '500' };
    });
    await send(slow);
    expect(await row()).toMatchObject({ state: 'sent', delivery: 'delivered', carrier_sid: 'SM7' });
    deps.clock.advance(MINUTE);
    expect(await send(slow)).toMatchObject({ claimed: 0 });
  });
});

async function report(given: Partial<DeliveryReport> = {}) {
  const reference = given.reference ?? (await row()).message_id;
  const undeliverable: Parameters<typeof noteDelivery>[2] = async (db, { way, accountIds }) => {
    for (const id of accountIds)
      await db('failed_checks').insert({ account_id: id, way, failed: 'delivery', at: deps.clock.now() });
  };
  return noteDelivery(deps, { sid: 'SM7', status: 'sent', code: null, ...given, reference }, undeliverable);
}

describe('reports of delivery', () => {
  const states = async () => (await row()).delivery;

  test('go forward only, whatever their order, and count once', async () => {
    await queue();
    await send();
    expect(await report({ status: 'sent' })).toBe('noted');
    expect(await report({ status: 'queued' })).toBe('unchanged');
    expect(await report({ status: 'delivered' })).toBe('noted');
    for (const status of ['sent', 'delivered', 'undelivered', 'queued', 'read', '', 'toString'])
      expect(await report({ status })).toBe('unchanged');
    expect(await states()).toBe('delivered');
    expect(await traces()).toEqual([]);
  });

  test('undelivered: kept with the reason and told to the school once, also when it comes five times at once', async () => {
    await queue();
    await send();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => report({ status: 'undelivered', code: '30006' })),
    );
    expect(answers.filter((answer) => answer === 'noted')).toHaveLength(1);
    expect(await row()).toMatchObject({ state: 'sent', delivery: 'undelivered', delivery_code: '30006' });
    expect(await traces()).toEqual(['sms delivery']);
  });

  test('of no message of ours, or of a mail, change nothing', async () => {
    await queue();
    await send();
    const before = await rows();
    expect(await report({ reference: 'unknown', status: 'delivered' })).toBe('unchanged');
    expect(await report({ status: 'delivered', sid: "'; --" })).toBe('unchanged');
    expect(await rows()).toEqual(before);
  });

  test('the end lets the carrier forget the words at once, and an end that nobody reports after an hour', async () => {
    await queue();
    await send();
    expect(deps.sms.forgotten).toEqual([]);
    await report({ status: 'delivered' });
    await send();
    expect(deps.sms.forgotten).toEqual(['SM1']);
    await queue('two', '+33639980002');
    await send();
    deps.clock.advance(HOUR);
    await send();
    expect(deps.sms.forgotten).toEqual(['SM1', 'SM2']);
    deps.clock.advance(HOUR);
    await send();
    expect(deps.sms.forgotten).toHaveLength(2);
  });

  test('words that the carrier cannot forget yet are asked for again later', async () => {
    await queue();
    await send();
    await report({ status: 'delivered' });
    let asked = 0;
    const busy: TestSms = {
      ...deps.sms,
      forget: async () => {
        asked += 1;
        if (asked === 1) throw new Error('away');
        return asked > 2;
      },
    };
    for (const [minutes, expected] of [
      [0, 1],
      [9, 1],
      [1, 2],
      [10, 3],
      [60, 3],
    ] as const) {
      deps.clock.advance(minutes * MINUTE);
      await send(busy);
      expect(asked).toBe(expected);
    }
    expect((await row()).forget_at).toBeNull();
  });
});
