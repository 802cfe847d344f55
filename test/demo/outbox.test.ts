import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { type Outbox, type OutboxMessage, startOutbox } from '../../src/demo/outbox.ts';

const HTTP = 23990;
const SMTP = 23991;
const BASE = `http://127.0.0.1:${HTTP}`;
const KEPT = 20;

let outbox: Outbox;
beforeAll(async () => {
  outbox = await startOutbox({ http: HTTP, smtp: SMTP }, { kept: KEPT });
});
afterAll(() => outbox.stop());

const messages = async () => (await (await fetch(`${BASE}/messages.json`)).json()) as OutboxMessage[];

async function sendMail(mail: SendMailOptions): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port: SMTP });
  await transport.sendMail({ from: 'ecole@example.org', ...mail });
  transport.close();
}

const sendSms = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${BASE}/2010-04-01/Accounts/AC123/Messages.json`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('AC123:token').toString('base64')}`, ...headers },
    body: new URLSearchParams(fields),
  });

test('a mail is told as data with all its parts', async () => {
  await sendMail({
    to: 'zoé@example.org',
    subject: 'Activez votre compte – Éléonore',
    text: 'Cliquez : http://localhost:3000/activation/abc-DEF_1.\nMerci',
    html: '<p>Cliquez <a href="http://localhost:3000/activation/abc">ici</a></p>',
    attachments: [{ filename: 'lettre.pdf', content: Buffer.from('%PDF') }],
  });
  const [mail] = await messages();
  expect(mail).toEqual({
    id: expect.any(String),
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    channel: 'email',
    to: 'zoé@example.org',
    subject: 'Activez votre compte – Éléonore',
    text: 'Cliquez : http://localhost:3000/activation/abc-DEF_1.\nMerci',
    html: expect.stringContaining('<a href'),
    attachments: [{ filename: 'lettre.pdf', contentType: 'application/pdf', size: 4 }],
  });
});

test('the page shows links that can be followed, without the full stop, and text that does nothing', async () => {
  await sendMail({ to: 'a@example.org', subject: '<b>gras</b>', text: '<script>alert(1)</script> "x"' });
  const page = await (await fetch(BASE)).text();
  expect(page).toContain('<a href="http://localhost:3000/activation/abc-DEF_1" rel="noreferrer">');
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).not.toContain('<script>');
  expect(page).not.toContain('<b>gras');
  expect(page.indexOf('a@example.org')).toBeLessThan(page.indexOf('zoé@example.org'));
});

test('the HTML of a mail is shown in a sandbox', async () => {
  const mail = (await messages()).find((message) => message.html);
  const answer = await fetch(`${BASE}/messages/${mail?.id}.html`);
  expect(answer.headers.get('content-security-policy')).toMatch(/^sandbox .*default-src 'none'/);
  expect(await answer.text()).toContain('activation/abc');
  expect((await fetch(`${BASE}/messages/nothing.html`)).status).toBe(404);
});

test('an SMS is recorded and answered as Twilio does', async () => {
  const answer = await sendSms({ To: '+33639981234', From: 'EduConnect', Body: 'Votre code : 123456' });
  expect(answer.status).toBe(201);
  expect(await answer.json()).toMatchObject({
    account_sid: 'AC123',
    sid: expect.stringMatching(/^SM[0-9a-f]{32}$/),
    status: 'queued',
    to: '+33639981234',
    error_code: null,
  });
  expect((await messages())[0]).toMatchObject({
    channel: 'sms',
    to: '+33639981234',
    subject: null,
    text: 'Votre code : 123456',
    html: null,
    attachments: [],
  });
});

test.each([
  [{ To: '0639981234', From: 'EduConnect', Body: 'x' }, 400, 21211],
  [{ To: '+33639981234', Body: 'x' }, 400, 21603],
  [{ To: '+33639981234', From: 'EduConnect' }, 400, 21602],
])('an SMS that Twilio refuses is refused: %j', async (fields, status, code) => {
  const before = (await messages()).length;
  const answer = await sendSms(fields as Record<string, string>);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ code, status });
  expect(await messages()).toHaveLength(before);
});

test('without credentials Twilio answers 20003', async () => {
  const answer = await sendSms({ To: '+33639981234', From: 'E', Body: 'x' }, { authorization: '' });
  expect(answer.status).toBe(401);
  expect(await answer.json()).toMatchObject({ code: 20003 });
});

test('the switch of the carrier: each answer that Twilio may give, until it is turned back', async () => {
  const turn = (panne: string) =>
    fetch(`${BASE}/operateur`, { method: 'POST', body: new URLSearchParams({ panne }), redirect: 'manual' });
  expect((await turn('614')).status).toBe(303);
  expect(await (await fetch(BASE)).text()).toContain('<option value="614" selected>21614');
  const before = (await messages()).length;
  const sms = { To: '+33639981234', From: 'EduConnect', Body: 'x' };
  const refused = await sendSms(sms);
  expect([refused.status, await refused.json()]).toEqual([400, expect.objectContaining({ code: 21614 })]);
  expect(await messages()).toHaveLength(before);
  await turn('');
  expect((await sendSms(sms)).status).toBe(201);
});

test('a message is kept as Twilio keeps it: told, redacted, deleted; the phone has its words', async () => {
  const to = '+33639981234';
  const headers = { authorization: `Basic ${Buffer.from('AC123:token').toString('base64')}` };
  const sent = await sendSms({ To: to, From: 'E', Body: 'à effacer' });
  const { sid, uri } = (await sent.json()) as { sid: string; uri: string };
  await outbox.settled();
  const at = `${BASE}${uri}`;
  expect(await (await fetch(at, { headers })).json()).toMatchObject({ sid, status: 'delivered' });
  const redact = await fetch(at, { method: 'POST', headers, body: new URLSearchParams({ Body: '' }) });
  expect([redact.status, await redact.json()]).toEqual([200, expect.objectContaining({ body: '' })]);
  expect((await fetch(at, { method: 'DELETE', headers })).status).toBe(204);
  expect((await fetch(at, { headers })).status).toBe(404);
  expect((await fetch(at)).status).toBe(401);
  expect((await messages())[0]?.text).toBe('à effacer');
});

test('old messages make room', async () => {
  for (let count = 0; count <= KEPT; count += 1)
    await sendSms({ To: '+33639980000', From: 'E', Body: `n° ${count}` });
  const kept = await messages();
  expect(kept).toHaveLength(KEPT);
  expect(kept[0]?.text).toBe(`n° ${KEPT}`);
});

test('a mailer that keeps its connection does not hold up the end', async () => {
  const other = await startOutbox({ http: HTTP + 3, smtp: SMTP + 3 });
  const transport = createTransport({ pool: true, host: '127.0.0.1', port: SMTP + 3 });
  await transport.sendMail({ from: 'a@example.org', to: 'b@example.org', text: 'x' });
  const before = Date.now();
  await other.stop();
  expect(Date.now() - before).toBeLessThan(3000);
  transport.close();
});

test('a taken port is an error with its number', async () => {
  await expect(startOutbox({ http: HTTP, smtp: 23992 })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    port: HTTP,
  });
});
