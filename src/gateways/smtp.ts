import { createTransport } from 'nodemailer';
import type { Deps, Mailer, MailResult, OutgoingMail } from '../deps.ts';

/** Each stage of the talk with the mail server (connection, greeting, silence) ends after this. */
const STAGE_MS = 10_000;
/** And a mail as a whole after this, whatever the server does. */
const WHOLE_MS = 25_000;

type SmtpError = Error & { code?: string; responseCode?: number; command?: string; response?: string };

/** Sends by SMTP (`SMTP_URL`, smtp or smtps, with user and password if need be) as `MAIL_FROM`. Pooled. */
export function createSmtpMailer(
  config: Pick<Deps['config'], 'SMTP_URL' | 'MAIL_FROM' | 'MAIL_BOUNCES'>,
  limits: { stageMs?: number; wholeMs?: number } = {},
): Mailer {
  const { stageMs = STAGE_MS, wholeMs = WHOLE_MS } = limits;
  const transport = createTransport(
    {
      url: config.SMTP_URL,
      pool: true,
      maxConnections: 5,
      maxMessages: 100,
      connectionTimeout: stageMs,
      greetingTimeout: stageMs,
      socketTimeout: stageMs,
      dnsTimeout: stageMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from: config.MAIL_FROM },
  );
  return {
    async send(mail) {
      const refusal = refuse(mail);
      if (refusal !== null) return { ok: false, permanent: true, reason: refusal };
      const { to, subject, text, html, messageId } = mail;
      const headers = { 'Auto-Submitted': 'auto-generated' };
      const words = { subject, text, ...(html === undefined ? {} : { html }) };
      // An address object is never read as a list; the envelope would be another recipient's only on purpose.
      const envelope = returnTo(config.MAIL_BOUNCES, mail);
      const sending = transport.sendMail({
        to: { name: '', address: to },
        messageId,
        headers,
        ...words,
        ...(envelope === null ? {} : { envelope }),
      });
      return withinTime(
        sending.then(() => ({ ok: true as const }), classify),
        wholeMs,
      );
    },
    close: () => transport.close(),
  };
}

/** Where reports of non-delivery go: an address of its own for each mail, which tells which mail it was (VERP). */
function returnTo(bounces: string | undefined, { to, messageId }: OutgoingMail) {
  if (bounces === undefined) return null;
  const [local = '', domain = ''] = bounces.split('@');
  const mark = /^<([^@>]+)/.exec(messageId)?.[1] ?? '';
  return { from: `${local}+${mark}@${domain}`, to };
}

/** The last look before a mail leaves: one recipient (security.md 1.9), no line that would become a header (H02). */
function refuse(mail: OutgoingMail): string | null {
  if (!/^[^\s@,;:<>"()[\]\\]+@[^\s@,;:<>"()[\]\\]+$/.test(mail.to))
    return 'recipient: not exactly one address';
  if (/\p{Cc}/u.test(mail.subject)) return 'subject: more than one line';
  if (!/^<[\x21-\x3b\x3d\x3f-\x7e]+>$/.test(mail.messageId)) return 'message id: not one token';
  return null;
}

/**
 * Only a refusal of this recipient or of this mail (5xx to RCPT TO or DATA) is final. All else may pass: 4xx, no
 * connection, a refused login or sender (our configuration, not the mail's fault).
 */
function classify(error: SmtpError): MailResult {
  const { code = error.name, responseCode, command } = error;
  const ofThisMail = command === 'RCPT TO' || command === 'DATA';
  const final = responseCode !== undefined && responseCode >= 500 && responseCode !== 530;
  const reason = [code, responseCode, command].filter((part) => part !== undefined).join(' ');
  const badAddress = command === 'RCPT TO' && final && namesTheAddress(error);
  return { ok: false, permanent: ofThisMail && final, reason, ...(badAddress ? { badAddress } : {}) };
}

/**
 * Whether the refusal is of the address itself and not of us (relaying denied, policy): RFC 3463 codes X.1 and of a
 * mailbox that is closed, or none of them and a code of RFC 5321 that speaks of the mailbox.
 */
function namesTheAddress({ response = '', responseCode }: SmtpError): boolean {
  const status = /^\d{3}[ -](5\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1];
  if (status !== undefined) return /^5\.(1\.(0|1|2|3|6|10)|2\.1)$/.test(status);
  return responseCode === 550 || responseCode === 551 || responseCode === 553;
}

async function withinTime(answer: Promise<MailResult>, ms: number): Promise<MailResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<MailResult>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, permanent: false, reason: 'no answer in time' }), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
