import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { OutgoingMail } from '../../src/deps.ts';
import { createSmtpMailer } from '../../src/gateways/smtp.ts';

type Received = { envelope: { from: string; to: string[] }; mail: ParsedMail; raw: string };

const FROM = 'Administrateur des services en ligne <ne-pas-repondre@educonnect.example>';
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A real SMTP server on a loopback port of the system's choice. */
async function smtpServer(options: SMTPServerOptions = {}, port = 0) {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 100,
    logger: false,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', async () => {
        const raw = Buffer.concat(chunks);
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        const to = rcptTo.map(({ address }) => address);
        received.push({ envelope: { from, to }, mail: await simpleParser(raw), raw: raw.toString() });
        callback();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  closing.push(close);
  return { received, close, port: (server.server.address() as AddressInfo).port };
}

/** A server that greets as it is told and then keeps silent, or drops the line. */
async function oddServer(talk: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    talk(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return (server.address() as AddressInfo).port;
}

function mailer(port: number, limits?: { stageMs?: number; wholeMs?: number }) {
  const made = createSmtpMailer({ SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: FROM }, limits);
  closing.push(() => made.close());
  return made;
}

const MAIL: OutgoingMail = {
  to: 'parent@example.org',
  subject: "Services en ligne de l'éducation nationale - activation du compte",
  text: 'Bonjour,\nŁódź — 😀\n.\nfin\n',
  html: '<!DOCTYPE html><html lang="fr"><body><p>Łódź</p></body></html>',
  messageId: '<abc-123@educonnect.example>',
};

describe('a mail that leaves', () => {
  test('has one recipient, our sender, its Message-ID, both bodies', async () => {
    const { received, port } = await smtpServer();
    expect(await mailer(port).send(MAIL)).toEqual({ ok: true });
    const [got] = received;
    expect(got?.envelope).toEqual({ from: 'ne-pas-repondre@educonnect.example', to: ['parent@example.org'] });
    expect(got?.mail.messageId).toBe(MAIL.messageId);
    expect(got?.mail.subject).toBe(MAIL.subject);
    expect(got?.mail.from?.text).toContain('Administrateur des services en ligne');
    expect(got?.mail.text?.trim()).toBe(MAIL.text.trim());
    expect(got?.mail.html).toContain('Łódź');
    expect(got?.mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(got?.mail.cc).toBeUndefined();
  });

  test('many leave over few connections', async () => {
    let connections = 0;
    const { received, port } = await smtpServer({
      onConnect: (_session, callback) => {
        connections += 1;
        callback();
      },
    });
    const { send } = mailer(port);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => send({ ...MAIL, messageId: `<m${n}@educonnect.example>` })),
    );
    expect(answers.every((answer) => answer.ok)).toBe(true);
    expect(received).toHaveLength(30);
    expect(connections).toBeLessThanOrEqual(5);
  });

  test.each([
    ['two addresses', { to: 'a@example.org, b@example.org' }],
    ['a list with semicolons', { to: 'a@example.org;b@example.org' }],
    ['a header after the address', { to: 'a@example.org\r\nBcc: b@example.org' }],
    ['a name with the address', { to: 'A <a@example.org>' }],
    ['a header after the subject', { subject: 'Bonjour\r\nBcc: b@example.org' }],
    ['a Message-ID of two lines', { messageId: '<a@b>\r\nBcc: b@example.org' }],
  ])('is refused for good with %s (H02, security.md 1.9)', async (_what, change) => {
    const { received, port } = await smtpServer();
    expect(await mailer(port).send({ ...MAIL, ...change })).toMatchObject({ ok: false, permanent: true });
    expect(received).toHaveLength(0);
  });
});

describe('what the server answers', () => {
  const refusing = (responseCode: number) => Object.assign(new Error('no'), { responseCode });
  test.each([
    [550, true],
    [553, true],
    [450, false],
    [530, false],
  ])('%i to the recipient: final %s', async (code, permanent) => {
    const { port } = await smtpServer({ onRcptTo: (_address, _session, done) => done(refusing(code)) });
    expect(await mailer(port).send(MAIL)).toMatchObject({ ok: false, permanent });
  });

  test.each([
    [554, true],
    [451, false],
  ])('%i to the mail: final %s', async (code, permanent) => {
    const onData: SMTPServerOptions['onData'] = (stream, _session, done) => {
      stream.resume();
      stream.on('end', () => done(refusing(code)));
    };
    const { port } = await smtpServer({ onData });
    expect(await mailer(port).send(MAIL)).toMatchObject({ ok: false, permanent });
  });

  test('a sender or a login that is refused is our fault, not the mail’s: it waits', async () => {
    const sender = await smtpServer({ onMailFrom: (_address, _session, done) => done(refusing(550)) });
    expect(await mailer(sender.port).send(MAIL)).toMatchObject({ ok: false, permanent: false });
    const login = await smtpServer({
      authOptional: false,
      onAuth: (_auth, _session, done) => done(refusing(535)),
    });
    expect(await mailer(login.port).send(MAIL)).toMatchObject({ ok: false, permanent: false });
  });

  test('the reason names codes only, never a person', async () => {
    const { port } = await smtpServer({ onRcptTo: (_address, _session, done) => done(refusing(550)) });
    expect(await mailer(port).send(MAIL)).toEqual({
      ok: false,
      permanent: true,
      badAddress: true,
      reason: 'EENVELOPE 550 RCPT TO',
    });
  });
});

describe('a server that is not there', () => {
  test('down, then up again: the same mailer sends (J05)', async () => {
    const first = await smtpServer();
    const made = mailer(first.port);
    expect(await made.send(MAIL)).toEqual({ ok: true });
    await first.close();
    expect(await made.send(MAIL)).toMatchObject({ ok: false, permanent: false });
    const second = await smtpServer({}, first.port);
    expect(await made.send(MAIL)).toEqual({ ok: true });
    expect(second.received).toHaveLength(1);
  });

  test.each<[string, (socket: Socket) => void]>([
    ['never greets', () => {}],
    ['greets and then keeps silent', (socket) => socket.write('220 hello\r\n')],
    ['drops the line', (socket) => socket.destroy()],
    ['drops the line after its greeting', (socket) => socket.end('220 hello\r\n')],
    ['turns everyone away', (socket) => socket.end('554 go away\r\n')],
    ['drips for ever', (socket) => drip(socket)],
  ])('%s: given up in time, tried again later', async (_what, talk) => {
    const port = await oddServer(talk);
    const started = Date.now();
    const answer = await mailer(port, { stageMs: 300, wholeMs: 800 }).send(MAIL);
    expect(answer).toMatchObject({ ok: false, permanent: false });
    expect(Date.now() - started).toBeLessThan(3000);
  });
});

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write('220-wait\r\n'), 100);
  socket.on('close', () => clearInterval(timer));
}
