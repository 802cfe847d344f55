import type { Deps, Transaction } from '../deps.ts';
import { insertMessage } from './outbox-store.ts';

/** What each mail says; `views/messages/<template>.email.njk` has the words. */
export type MailTemplates = {
  /** C07. `validDays`: whole days that the link lives. */
  activation: { identifier: string; link: string; validUntil: Date; validDays: number };
  /** A way into the account was added or changed; `link` is « Ce n'est pas moi ». */
  'link-notice': {
    what: 'franceconnect' | 'sms' | 'regroup' | 'recovery';
    identifier: string;
    at: Date;
    link: string;
    validUntil: Date;
  };
  /** */
  'forgotten-identifier': { identifiers: readonly string[] };
  /** the link that chooses a new password. */
  'password-recovery': { identifier: string; link: string; validUntil: Date };
};

export type QueuedMail = {
  [Name in keyof MailTemplates]: {
    template: Name;
    /** Exactly one address. */
    to: string;
    data: MailTemplates[Name];
    /** ASCII, at most 100 characters; a second message with the same key is not queued. */
    uniqueKey: string;
  };
}[keyof MailTemplates];

export type MailContent = { subject: string; text: string; html: string };

const DAY_MS = 86_400_000;
/** After so long without a way to the mail server a message has lost its sense. */
const GIVE_UP_AFTER_MS = 3 * DAY_MS;

/** What the sealed content of a message is bound to. */
export const contentContext = (uniqueKey: string): string => `outbox:${uniqueKey}`;

/**
 * Puts a mail into the outbox in the caller's transaction: it leaves when, and only when, that commits. The words
 * are rendered now and kept sealed until the mail has left (they carry links). One statement.
 * @throws Error when `to` is not exactly one address
 */
export async function queueMail(
  trx: Transaction,
  deps: Pick<Deps, 'render' | 'config' | 'sealer' | 'clock' | 'random'>,
  mail: QueuedMail,
): Promise<void> {
  if (!/^[^\s@,;:<>"]+@[^\s@,;:<>"]+$/.test(mail.to)) throw new Error('a mail needs exactly one recipient');
  const now = deps.clock.now();
  const content = renderMail(deps, mail);
  await insertMessage(trx, {
    uniqueKey: mail.uniqueKey,
    channel: 'email',
    template: mail.template,
    recipient: mail.to,
    contentSealed: deps.sealer.seal(JSON.stringify(content), contentContext(mail.uniqueKey)),
    messageId: `<${deps.random.bytes(18).toString('base64url')}@${senderDomain(deps.config)}>`,
    now,
    giveUpAt: new Date(now.getTime() + GIVE_UP_AFTER_MS),
  });
}

/** The three parts of a mail. In the subject and the text nothing is HTML; names cannot add lines to the header. */
export function renderMail(deps: Pick<Deps, 'render' | 'config'>, mail: QueuedMail): MailContent {
  const part = (name: 'subject' | 'text' | 'html') =>
    deps.render(`messages/${mail.template}.email`, {
      ...mail.data,
      part: name,
      siteUrl: deps.config.BASE_URL,
      helpUrl: `${deps.config.BASE_URL}/aide`,
    });
  return {
    subject: part('subject').replace(/\s+/g, ' ').trim(),
    text: `${part('text').trim()}\n`,
    html: part('html').trim(),
  };
}

/** The domain of `MAIL_FROM`, so that the Message-ID is ours. */
function senderDomain(config: Pick<Deps['config'], 'MAIL_FROM'>): string {
  return /@([a-z0-9.-]+)>?\s*$/i.exec(config.MAIL_FROM)?.[1] ?? 'localhost';
}
