import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { createSmtpMailer } from '../../src/gateways/smtp.ts';
import { bouncesCommand } from '../../src/messages/bounces-cli.ts';
import { notify } from '../../src/messages/notify.ts';
import { sendDue } from '../../src/messages/send.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { insertClass, insertGuardian, insertPupil, insertSchool } from './sample-school.ts';

let database: TestDatabase;
let deps: TestDeps;
let folder: string;
let school: number;
let pupil: number;
let guardian: number;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ec-bounces-'));
  database = await createTestDatabase();
  deps = testDeps(database);
  school = await insertSchool(database.db, { uai: '0319901A' });
  const classId = await insertClass(database.db, school, 'CP');
  pupil = await insertPupil(database.db, { schoolId: school, classId, givenName: 'Zoé', familyName: 'Abel' });
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await database.db('outbox_messages').delete();
  count += 1;
  const account = {
    identifier: `n.abel${count}`,
    givenName: 'Nora',
    familyName: 'Abel',
    knownEmail: 'nora@example.org',
  };
  guardian = await insertGuardian(database.db, account, [pupil]);
});

/** Distributes by mail. @returns the batch */
async function distribute(): Promise<string> {
  const actor = { actorKind: 'school' as const };
  const request = { schoolId: school, accountIds: [guardian], withReset: false, formKey: null, actor };
  const result = await notify(deps, { ...request, channel: 'email' });
  if (!result.ok) throw new Error(result.reason);
  return result.batch;
}

async function state(batch: string) {
  const row = await database
    .db('notification_results as r')
    .join('notification_batches as b', 'b.id', 'r.batch_id')
    .join('accounts as a', 'a.id', 'r.account_id')
    .where('b.public_id', batch)
    .first('r.outcome', 'r.delivery', 'r.message_id', 'a.bounced_email');
  return { ...row };
}

type Shape = {
  messageId?: string;
  to?: string;
  action?: string;
  status?: string;
  head?: 'headers' | 'rfc822';
  /** Groups of fields about others. */
  others?: string[][];
};

/** As Postfix writes it. */
function report({
  messageId,
  to,
  action = 'failed',
  status = '5.1.1',
  head = 'rfc822',
  others = [],
}: Shape): string {
  const returned =
    messageId === undefined
      ? []
      : [
          '--ab.1',
          `Content-Type: ${head === 'rfc822' ? 'message/rfc822' : 'text/rfc822-headers'}`,
          '',
          'From: Administrateur des services en ligne <ne-pas-repondre@educonnect.example>',
          'To: nora@example.org',
          `Message-ID:\r\n ${messageId}`,
          'Subject: Bonjour',
          '',
          'Le mot de passe est perdu en route.',
        ];
  return [
    'From: MAILER-DAEMON@mx.example.net',
    `To: ${to ?? 'retours@educonnect.example'}`,
    'Subject: Undelivered Mail Returned to Sender',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="ab.1"',
    '',
    '--ab.1',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'I am sorry to have to inform you that your message could not be delivered.',
    '--ab.1',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example.net',
    'Arrival-Date: Sun, 22 Nov 2026 09:00:00 +0100 (CET)',
    '',
    ...others.flatMap((fields) => [...fields, '']),
    'Final-Recipient: rfc822; nora@example.org',
    `Action: ${action}`,
    `Status: ${status}`,
    'Diagnostic-Code: smtp; 550 5.1.1 <nora@example.org>: Recipient address',
    '    rejected',
    '',
    ...returned,
    '--ab.1--',
    '',
  ].join('\r\n');
}

async function read(...messages: string[]) {
  const files: string[] = [];
  for (const [index, message] of messages.entries()) {
    const path = join(folder, `${count}-${index}.eml`);
    await writeFile(path, message);
    files.push(path);
  }
  const out: string[] = [];
  const io = { out: (line: string) => out.push(line), err: (line: string) => out.push(line) };
  const code = await bouncesCommand(deps, [...files, '--json'], io, () => Readable.from([]));
  return { code, ...JSON.parse(out.at(-1) ?? '{}') };
}

describe('educonnect bounces', () => {
  test.each(['rfc822', 'headers'] as const)('by the Message-ID of what came back (%s)', async (head) => {
    const batch = await distribute();
    await sendDue(deps);
    const { message_id: messageId, delivery } = await state(batch);
    expect(delivery).toBe('sent');
    expect(await read(report({ messageId, head }))).toMatchObject({ code: 0, noted: 1 });
    expect(await state(batch)).toMatchObject({ delivery: 'bounced', bounced_email: 'nora@example.org' });
    // Read again, nothing changes; one line in the trail, which names no address.
    await read(report({ messageId, head }));
    const lines = await database.db('audit_events').where({ account_id: guardian, event: 'address-refused' });
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain('example.org');
    // The address is no use for the next distribution; another one is.
    expect(await state(await distribute())).toMatchObject({ outcome: 'bad-address' });
    await database
      .db('guardian_references')
      .where({ account_id: guardian })
      .update({ email: 'nora.abel@example.org' });
    expect(await state(await distribute())).toMatchObject({ outcome: 'distributed', delivery: 'waiting' });
  });

  test('by the return path alone; from the standard input', async () => {
    const batch = await distribute();
    await sendDue(deps);
    const mark = /^<([^@]+)/.exec((await state(batch)).message_id)?.[1];
    const message = report({ to: `retours+${mark?.toUpperCase()}@educonnect.example` });
    const io = { out: () => {}, err: () => {} };
    expect(await bouncesCommand(deps, ['-'], io, () => Readable.from([Buffer.from(message)]))).toBe(0);
    expect((await state(batch)).delivery).toBe('bounced');
  });

  test('a delay, a mail of no matter, a stranger, and a file that is not there', async () => {
    const batch = await distribute();
    await sendDue(deps);
    const { message_id: messageId } = await state(batch);
    const other = ['From: a@example.org', 'To: b@example.org', 'Subject: Bonjour', '', 'Merci !'].join(
      '\r\n',
    );
    expect(
      await read(
        report({ messageId, action: 'delayed', status: '4.4.1' }),
        report({ messageId, action: 'delivered', status: '2.0.0' }),
        other,
        '',
        report({ messageId: '<nobody@educonnect.example>' }),
        report({ to: "retours+%' OR 1=1@educonnect.example" }),
      ),
    ).toMatchObject({ code: 0, noted: 0, unknown: 2, other: 4 });
    expect(await state(batch)).toMatchObject({ delivery: 'sent', bounced_email: null });
    const io = { out: () => {}, err: () => {} };
    expect(await bouncesCommand(deps, [join(folder, 'none.eml')], io, () => Readable.from([]))).toBe(1);
    expect(await bouncesCommand(deps, [], io, () => Readable.from([]))).toBe(2);
  });

  test('of several whom a report names, what it says of our recipient counts', async () => {
    const batch = await distribute();
    await sendDue(deps);
    const { message_id: messageId } = await state(batch);
    const failed = ['Final-Recipient: rfc822; list@example.com', 'Action: failed', 'Status: 5.1.1'];
    const late = ['Final-Recipient: rfc822; late@example.com', 'Action: delayed', 'Status: 4.4.1'];
    const others = [failed, late];
    const delayed = report({ messageId, others, action: 'delayed', status: '4.4.1' });
    const strangers = delayed.replace('rfc822; nora@example.org', 'rfc822; third@example.com');
    expect(await read(delayed, strangers)).toMatchObject({ noted: 0, unknown: 2 });
    expect(await state(batch)).toMatchObject({ delivery: 'sent', bounced_email: null });
    expect(await read(report({ messageId, others: [late] }))).toMatchObject({ noted: 1 });
    expect((await state(batch)).bounced_email).toBe('nora@example.org');
  });

  test('large or odd messages are read in no time, or left alone', async () => {
    const deep = (depth: number): string =>
      depth === 0
        ? report({})
        : `Content-Type: multipart/mixed; boundary="b${depth}"\r\n\r\n--b${depth}\r\n${deep(depth - 1)}\r\n--b${depth}--`;
    const lines = report({}).replace('Reporting-MTA', `${'Action: \r\n '.repeat(50_000)}\r\nReporting-MTA`);
    const id = report({ messageId: `<${'x'.repeat(100_000)}@educonnect.example>` });
    expect(await read(deep(500), lines, id, `${report({})}${'x'.repeat(3_000_000)}`)).toMatchObject({
      noted: 0,
    });
  });

  test('the address of the directory is bad, whatever its holder typed and has not confirmed', async () => {
    const batch = await distribute();
    await sendDue(deps);
    const typed = { email: 'typed@example.com', email_verified_at: null };
    await database.db('accounts').where({ id: guardian }).update(typed);
    await read(report({ messageId: (await state(batch)).message_id }));
    expect((await state(batch)).bounced_email).toBe('nora@example.org');
  });
});

describe('refused while it is handed over', () => {
  const answers: Record<string, string> = {};
  const envelopes: string[] = [];
  const smtp = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    closeTimeout: 200,
    onMailFrom: ({ address }, _session, done) => {
      envelopes.push(address);
      done();
    },
    onRcptTo: (_address, _session, done) =>
      done(Object.assign(new Error(answers.words), { responseCode: Number(answers.code) })),
  });
  beforeAll(() => new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', () => resolve())));
  afterAll(() => new Promise<void>((resolve) => smtp.close(() => resolve())));

  test.each([
    ['550', '5.1.1 no such user here', 'bounced', 'nora@example.org'],
    ['550', 'no such user here', 'bounced', 'nora@example.org'],
    ['554', '5.7.1 relay access denied', 'failed', null],
    ['451', '4.7.1 try again later', 'waiting', null],
  ])('%s %s: %s', async (code, words, delivery, bounced) => {
    Object.assign(answers, { code, words });
    const { port } = smtp.server.address() as AddressInfo;
    const settings = { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'EduConnect <a@educonnect.example>' };
    const mailer = createSmtpMailer({ ...settings, MAIL_BOUNCES: 'retours@educonnect.example' });
    const batch = await distribute();
    await sendDue({ ...deps, mailer });
    mailer.close();
    const { message_id: messageId, ...found } = await state(batch);
    expect(found).toMatchObject({ delivery, bounced_email: bounced });
    expect(`<${/\+([0-9a-f]+)@/.exec(envelopes.at(-1) ?? '')?.[1]}@educonnect.example>`).toBe(messageId);
  });
});
