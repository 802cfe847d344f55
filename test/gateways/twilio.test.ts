import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import twilio from 'twilio';
import type { Config } from '../../src/config.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { signatureOf } from '../../src/demo/twilio-callbacks.ts';
import type { SmsGateway } from '../../src/deps.ts';
import { createTwilioGateway } from '../../src/gateways/twilio.ts';
import { forgetMessages, sendMessages } from '../../src/jobs/send-messages.ts';
import { queueSms } from '../../src/messages/sms.ts';
import { closeServer, startApp, type TestApp } from '../support/app.ts';
import { type Carrier, startCarrier } from '../support/carrier.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { failedChecksOf } from '../support/failed-checks.ts';
import { seedFamily } from '../support/family.ts';
import { runProgram } from '../support/program.ts';
import { stubProvider } from '../support/stub-provider.ts';

const SID = `AC${'1'.repeat(32)}`;
const TOKEN = 'token-of-the-test-suite';
const MINUTE = 60_000;
const TIMEOUT_MS = 800;

type Request = { method: string; path: string; form: URLSearchParams };

let database: TestDatabase;
let app: TestApp;
let carrier: Carrier;
let accountId: number;
let phones: Carrier['phones'];
let requests: Request[];

beforeAll(async () => {
  database = await createTestDatabase();
  carrier = await startCarrier();
  ({ phones } = carrier);
  app = await startApp(database, { env: carrier.env, provider: () => stubProvider() });
  carrier.connect(app.deps, TIMEOUT_MS);
  accountId = (await seedFamily(app.deps, { identifier: 'g.zoumn' })).id;
});
afterAll(async () => {
  await carrier.close();
  await app.close();
  await database.drop();
});
beforeEach(async () => {
  phones.splice(0);
  requests = [];
  for (const table of ['outbox_messages', 'failed_checks']) await database.db(table).delete();
});

async function listen(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** A carrier of another kind, for one test. */
async function withCarrier(
  answer: (request: Request, respond: (status: number, body: string) => void, cut: () => void) => void,
  work: (gateway: SmsGateway) => Promise<void>,
  settings: Partial<Config> = {},
): Promise<void> {
  const server = await listen(
    createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const told = { method: request.method ?? '', path: request.url ?? '', form: new URLSearchParams(body) };
      requests.push(told);
      const respond = (status: number, text: string) =>
        response.writeHead(status, { 'content-type': 'application/json', location: '/elsewhere' }).end(text);
      answer(told, respond, () => request.socket.destroy());
    }),
  );
  try {
    await work(gatewayAt(addressOf(server), settings));
  } finally {
    await closeServer(server);
  }
}
function gatewayAt(base: string, settings: Partial<Config> = {}): SmsGateway {
  const config = { ...app.deps.config, TWILIO_BASE_URL: base, ...settings };
  return createTwilioGateway(config, { timeoutMs: TIMEOUT_MS }) as SmsGateway;
}

const SMS = { to: '+33639980001', text: 'Votre code', validitySeconds: 600, reference: 'ref_-1' };

describe('the gateway', () => {
  test('is none without an account', () => {
    const config = { ...app.deps.config, TWILIO_AUTH_TOKEN: undefined };
    expect(createTwilioGateway(config)).toBeNull();
  });

  test('asks Twilio for what an SMS needs', async () => {
    await withCarrier(
      (_request, respond) => respond(201, '{"sid":"SM1","status":"queued"}'),
      async (gateway) => {
        expect(await gateway.send(SMS)).toEqual({ ok: true, sid: 'SM1' });
      },
    );
    expect(requests).toHaveLength(1);
    const [{ method, path, form }] = requests as [Request];
    expect([method, path]).toEqual(['POST', `/2010-04-01/Accounts/${SID}/Messages.json`]);
    expect(Object.fromEntries(form)).toEqual({
      To: '+33639980001',
      From: 'EduConnect',
      Body: 'Votre code',
      ValidityPeriod: '600',
      StatusCallback: `${app.deps.config.BASE_URL}/sms/etat?m=ref_-1`,
    });
  });

  test('sends by a messaging service when the sender is one', async () => {
    await withCarrier(
      (_request, respond) => respond(201, '{"sid":"SM1"}'),
      async (gateway) => void (await gateway.send(SMS)),
      { TWILIO_SENDER: `MG${'a'.repeat(32)}` },
    );
    const form = requests[0]?.form;
    expect([form?.get('From'), form?.get('MessagingServiceSid')]).toEqual([null, `MG${'a'.repeat(32)}`]);
  });

  const answers: [string, number, string, object][] = [
    ['21211', 400, '{"code":21211,"message":"x","status":400}', { outcome: 'refused', fault: 'number' }],
    ['21408', 403, '{"code":21408,"message":"x","status":403}', { outcome: 'refused', fault: 'number' }],
    ['20003', 401, '{"code":20003,"message":"x","status":401}', { outcome: 'refused', fault: 'ours' }],
    ['21606', 400, '{"code":21606,"message":"x","status":400}', { outcome: 'refused', fault: 'ours' }],
    ['99999', 400, '{"code":99999,"message":"x","status":400}', { outcome: 'refused', fault: 'ours' }],
    ['400', 400, 'not JSON', { outcome: 'refused', fault: 'ours' }],
    ['20429', 429, '{"code":20429,"message":"x","status":429}', { outcome: 'retry' }],
    ['429', 429, '', { outcome: 'retry' }],
    ['500', 500, '<html>', { outcome: 'retry' }],
    ['20503', 503, '{"code":20503,"message":"x","status":503}', { outcome: 'retry' }],
    ['no-sid', 201, '{}', { outcome: 'unsure' }],
    ['no-sid', 200, '"fine"', { outcome: 'unsure' }],
    ['302', 302, '{}', { outcome: 'unsure' }],
  ];
  test.each(answers)('%s with status %i and %j', async (code, status, body, expected) => {
    await withCarrier(
      (_request, respond) => respond(status, body),
      async (gateway) => {
        const result = await gateway.send(SMS);
        expect(result.ok).toBe(false);
        expect(result).toMatchObject(expected);
        if (code !== 'no-sid') expect(result).toMatchObject({ code });
      },
    );
    // Twilio has no idempotency key: the package must not try again by itself.
    expect(requests).toHaveLength(1);
  });

  test('J04: a connection that was refused: nothing has left', async () => {
    const gateway = gatewayAt('http://127.0.0.1:1');
    expect(await gateway.send(SMS)).toEqual({ ok: false, outcome: 'retry', code: 'ECONNREFUSED' });
    expect(await gateway.forget('SM1')).toBe(false);
  });

  test('J04: no answer in time, or a connection cut after the request: it may have left', async () => {
    await withCarrier(
      () => {},
      async (gateway) => {
        expect(await gateway.send(SMS)).toEqual({ ok: false, outcome: 'unsure', code: 'timeout' });
      },
    );
    await withCarrier(
      (_request, _respond, cut) => cut(),
      async (gateway) => expect(await gateway.send(SMS)).toMatchObject({ ok: false, outcome: 'unsure' }),
    );
    expect(requests).toHaveLength(2);
  });

  test('a report is genuine by its signature over the public address and every field', async () => {
    const gateway = app.deps.sms as SmsGateway;
    const url = 'https://educonnect.example/sms/etat?m=abc';
    const params = { MessageSid: 'SM1', MessageStatus: 'delivered' };
    const signature = signatureOf(TOKEN, url, params);
    // Ours and the package's own agree.
    expect(signature).toBe(twilio.getExpectedTwilioSignature(TOKEN, url, params));
    expect(await gateway.isGenuine({ signature, url, params })).toBe(true);
    const forged = [
      { signature, url, params: { ...params, MessageStatus: 'failed' } },
      { signature, url, params: { ...params, ErrorCode: '30006' } },
      { signature, url: url.replace('abc', 'abd'), params },
      { signature, url: url.replace('https', 'http'), params },
      { signature, url: 'http://localhost:3000http://x/', params },
      { signature: '', url, params },
      { signature: signatureOf('another-token', url, params), url, params },
    ];
    for (const report of forged) expect(await gateway.isGenuine(report)).toBe(false);
  });
});

const rows = () => database.db('outbox_messages').orderBy('id');
const row = async () => (await rows())[0];
const traces = async () => (await failedChecksOf(app.deps, accountId)).map(({ failed }) => failed);

function queue(to: string) {
  const { deps } = app;
  return inTransaction(database.db, (trx) =>
    queueSms(trx, deps, {
      template: 'code',
      to,
      data: { code: '123456', minutes: 10 },
      uniqueKey: `code-${to}`,
      usefulUntil: new Date(deps.clock.now().getTime() + 10 * MINUTE),
      concerns: { way: 'sms', accountIds: [accountId] },
    }),
  );
}
async function send() {
  const report = await sendMessages(app.deps, 'sms');
  await forgetMessages(app.deps);
  await carrier.settled();
  return report;
}

describe('from the outbox to the phone and back', () => {
  test('delivered: reported by signed calls, then the words are gone at the carrier', async () => {
    await queue('+33639980001');
    expect(await send()).toMatchObject({ sent: 1 });
    expect(phones).toEqual([{ to: '+33639980001', text: expect.stringContaining('@localhost #123456') }]);
    const sent = await row();
    expect(sent).toMatchObject({ state: 'sent', delivery: 'delivered', delivery_code: null });
    expect(sent.carrier_sid).toMatch(/^SM[0-9a-f]{32}$/);
    await send();
    expect((await row()).forget_at).toBeNull();
    const kept = await fetch(`${carrier.url}/2010-04-01/Accounts/${SID}/Messages/${sent.carrier_sid}.json`, {
      headers: { authorization: `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString('base64')}` },
    });
    expect(await kept.json()).toMatchObject({ body: '', status: 'delivered' });
    expect(await traces()).toEqual([]);
  });

  // [number, what the outbox says, the reason, told to the school]
  const fates: [string, string, object, boolean][] = [
    ['21211', '9211', { state: 'failed', last_error: '21211' }, true],
    ['21408', '9408', { state: 'failed', last_error: '21408' }, true],
    ['21610', '9610', { state: 'failed', last_error: '21610' }, true],
    ['21614', '9614', { state: 'failed', last_error: '21614' }, true],
    ['21635', '9635', { state: 'failed', last_error: '21635' }, true],
    ['20003', '9401', { state: 'failed', last_error: '20003' }, false],
    ['429', '9429', { state: 'waiting', last_error: '20429', attempts: 1 }, false],
    ['500', '9500', { state: 'waiting', last_error: '20500', attempts: 1 }, false],
    ['30003', '9003', { state: 'sent', delivery: 'undelivered', delivery_code: '30003' }, true],
    ['30006', '9006', { state: 'sent', delivery: 'undelivered', delivery_code: '30006' }, true],
    ['a time-out', '9504', { state: 'unsure', last_error: 'timeout', delivery: null }, false],
    ['a time-out of one that left', '9505', { state: 'sent', delivery: 'delivered' }, false],
  ];
  test.each(fates)('%s', async (_what, figures, expected, told) => {
    const to = `+3363998${figures}`;
    await queue(to);
    await send();
    expect(await row()).toMatchObject(expected);
    expect(await traces()).toEqual(told ? ['delivery'] : []);
    expect(phones.map((sms) => sms.to)).toEqual(figures === '9505' ? [to] : []);
    // Long after: whatever it was, no second SMS.
    for (let turn = 0; turn < 8; turn += 1, app.deps.clock.advance(20_000)) await send();
    expect(phones.length).toBeLessThanOrEqual(1);
    expect(['sent', 'failed', 'unsure']).toContain((await row()).state);
    expect((await row()).content_sealed).toBeNull();
  });

  test('K01: a sender killed while it waits for the answer: the SMS that left is settled, none leaves again', async () => {
    const to = '+33639989505';
    await queue(to);
    const { config } = app.deps;
    const env = {
      NODE_ENV: 'test',
      ALLOW_INSECURE_ISSUER: '1',
      LOG_LEVEL: 'silent',
      BASE_URL: config.BASE_URL,
      DATABASE_URL: database.url,
      SMTP_URL: config.SMTP_URL,
      COOKIE_KEYS: config.COOKIE_KEYS.join(','),
      SEALING_KEYS: config.SEALING_KEYS.join(','),
      SUBJECT_SALT: config.SUBJECT_SALT,
      ...carrier.env,
    };
    // It runs by the real clock: its SMS must still be of use then.
    await database.db('outbox_messages').update({ give_up_at: new Date(Date.now() + 10 * MINUTE) });
    const cli = join(import.meta.dirname, '..', '..', 'src', 'cli.ts');
    const sender = runProgram(cli, ['job', 'run', 'send-messages'], env);
    while (phones.length === 0) {
      if (sender.child.exitCode !== null) throw new Error(sender.output());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    sender.child.kill('SIGKILL');
    await sender.ended;
    await carrier.settled();
    expect(await row()).toMatchObject({ state: 'sent', delivery: 'delivered', attempts: 1 });
    app.deps.clock.set(new Date(Date.now() + 5 * MINUTE));
    await send();
    expect(phones.map((sms) => sms.to)).toEqual([to]);
  }, 40_000);
});

describe('POST /sms/etat', () => {
  const PATH = '/sms/etat?m=';
  const post = (reference: string, params: Record<string, string>, signature?: string) => {
    const address = `${app.deps.config.BASE_URL}${PATH}${reference}`;
    const headers = { 'x-twilio-signature': signature ?? signatureOf(TOKEN, address, params) };
    return fetch(`${app.url}${PATH}${reference}`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(params),
    });
  };
  const params = (status: string, more: Record<string, string> = {}) => ({
    MessageSid: 'SM77',
    MessageStatus: status,
    ...more,
  });

  async function sent(): Promise<string> {
    await queue('+33639980001');
    // As it is when its sender has noted it and no report has come.
    await database.db('outbox_messages').update({ state: 'sent', sent_at: new Date(), content_sealed: null });
    return (await row()).message_id;
  }

  test('takes reports that are signed, once, whatever their order', async () => {
    const reference = await sent();
    for (const status of ['sent', 'delivered', 'queued', 'delivered', 'undelivered']) {
      const answer = await post(reference, params(status));
      expect([answer.status, await answer.text()]).toEqual([204, '']);
    }
    expect(await row()).toMatchObject({ delivery: 'delivered', carrier_sid: 'SM77' });
    expect(await traces()).toEqual([]);
  });

  test('told five times at once that nothing arrived, it leaves one trace', async () => {
    const reference = await sent();
    const report = params('undelivered', { ErrorCode: '30006' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(reference, report)));
    expect(answers.map((answer) => answer.status)).toEqual([204, 204, 204, 204, 204]);
    expect(await row()).toMatchObject({ delivery: 'undelivered', delivery_code: '30006' });
    expect(await traces()).toEqual(['delivery']);
  });

  test('forged: 403 and nothing changes', async () => {
    const reference = await sent();
    const before = await row();
    const good = signatureOf(TOKEN, `${app.deps.config.BASE_URL}${PATH}${reference}`, params('delivered'));
    const forged = [
      await post(reference, params('delivered'), ''),
      await post(reference, params('delivered'), 'AAAA'),
      await post(reference, params('failed'), good),
      await post('another', params('delivered'), good),
      await post(reference, { ...params('delivered'), ErrorCode: '30006' }, good),
    ];
    expect(forged.map((answer) => answer.status)).toEqual([403, 403, 403, 403, 403]);
    expect(await row()).toEqual(before);
  });

  test('a report of nothing of ours is taken and forgotten; one that is too large or no form is refused', async () => {
    expect((await post('nobody', params('delivered'))).status).toBe(204);
    expect((await post('nobody', params('x'.repeat(17_000)))).status).toBe(413);
    expect((await fetch(`${app.url}/sms/etat`)).status).toBe(405);
    const json = await fetch(`${app.url}/sms/etat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"MessageStatus":"delivered"}',
    });
    expect(json.status).toBe(403);
  });

  test('does not exist for who has no carrier', async () => {
    const { sms } = app.deps;
    app.deps.sms = null;
    const answer = await post('x', params('delivered'));
    app.deps.sms = sms;
    expect(answer.status).toBe(403);
  });
});
