import type { Deps, Transaction } from '../deps.ts';
import { DEFAULT_LOCALE, type Locale } from '../languages/locales.ts';
import { loginUrl } from './letters/login-url.ts';
import type { Letter } from './letters/types.ts';
import { insertMessage, insertMessages, type NewMessage } from './outbox-store.ts';

/** What a mail that carries or recalls credentials tells; the same as its sheet. */
export type CredentialWords = Omit<Letter, 'kind' | 'handOut'>;

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
  /** Something of the account has changed; `kind` has its words in the locale (account-notice.ts). */
  'account-notice': {
    kind: string;
    identifier: string;
    at: Date;
    notMe: { link: string; validUntil: Date } | null;
  };
  /** The link that confirms a new address. */
  'address-confirm': { link: string; validUntil: Date };
  /** The address that the account has had until now is told of its change, `link` lets it object; null: it may not. */
  'address-notice': {
    what: 'asked' | 'changed';
    identifier: string;
    at: Date;
    /** The new one, masked. */
    email: string;
    link: string | null;
    validUntil: Date | null;
  };
  /** */
  'forgotten-identifier': { identifiers: readonly string[] };
  /** the link that chooses a new password. */
  'password-recovery': { identifier: string; link: string; validUntil: Date };
  c02: CredentialWords;
  c04: CredentialWords;
  c06: CredentialWords;
  /** The school has reset the password; the new one comes by another way (G05). */
  'reset-notice': { identifier: string; school: Letter['school']; at: Date };
};

export type QueuedMail = {
  [Name in keyof MailTemplates]: {
    template: Name;
    /** Exactly one address. */
    to: string;
    data: MailTemplates[Name];
    /** ASCII, at most 100 characters; a second message with the same key is not queued. */
    uniqueKey: string;
    /** Whose address it is, so that the school is told when mail servers refuse it. */
    accountId?: number;
    /** What its holder chose to read in: said once more in it, below the French. */
    language?: Locale | null;
  };
}[keyof MailTemplates];

export type MailContent = { subject: string; text: string; html: string };

const DAY_MS = 86_400_000;
/** After so long without a way to the mail server a message has lost its sense. */
const GIVE_UP_AFTER_MS = 3 * DAY_MS;

/** What the sealed content of a message is bound to. */
export const contentContext = (uniqueKey: string): string => `outbox:${uniqueKey}`;

type Needs = Pick<Deps, 'render' | 'config' | 'sealer' | 'clock' | 'random'>;

/**
 * Puts a mail into the outbox in the caller's transaction: it leaves when, and only when, that commits. The words
 * are rendered now and kept sealed until the mail has left (they carry links). One statement.
 * @throws Error when `to` is not exactly one address
 */
export async function queueMail(trx: Transaction, deps: Needs, mail: QueuedMail): Promise<void> {
  await insertMessage(trx, newMessage(deps, mail));
}

/** The same for many, with keys that nobody has used; statements grow by the hundreds. @returns Message-IDs, in order */
export async function queueMails(
  trx: Transaction,
  deps: Needs,
  mails: readonly QueuedMail[],
): Promise<string[]> {
  const messages = mails.map((mail) => newMessage(deps, mail));
  await insertMessages(trx, messages);
  return messages.map(({ messageId }) => messageId);
}

function newMessage(deps: Needs, mail: QueuedMail): NewMessage {
  if (!isOneAddress(mail.to)) throw new Error('a mail needs exactly one recipient');
  const now = deps.clock.now();
  const content = renderMail(deps, mail);
  return {
    uniqueKey: mail.uniqueKey,
    channel: 'email',
    template: mail.template,
    recipient: mail.to,
    contentSealed: deps.sealer.seal(JSON.stringify(content), contentContext(mail.uniqueKey)),
    messageId: `<${deps.random.bytes(18).toString('hex')}@${senderDomain(deps.config)}>`,
    now,
    giveUpAt: new Date(now.getTime() + GIVE_UP_AFTER_MS),
    concernAccounts: mail.accountId === undefined ? null : String(mail.accountId),
  };
}

/** Whether a mail can be sent there at all. */
export const isOneAddress = (to: string): boolean => /^[^\s@,;:<>"()[\]\\]+@[^\s@,;:<>"()[\]\\]+$/.test(to);

/** The three parts of a mail. In the subject and the text nothing is HTML; names cannot add lines to the header. */
function renderMail(deps: Pick<Deps, 'render' | 'config'>, mail: QueuedMail): MailContent {
  // A pupil's credentials have words of their own.
  const of = 'of' in mail.data ? mail.data.of : 'guardian';
  const template = of === 'pupil' ? `pupil-${mail.template}` : mail.template;
  // Once more in the family's language; a pupil's credentials are in French alone.
  const language = of === 'guardian' && mail.language !== DEFAULT_LOCALE ? mail.language : null;
  const other = (name: 'text' | 'html') =>
    language ? inOtherLanguage(deps, mail, name, language).trim() : '';
  const part = (name: 'subject' | 'text' | 'html') => {
    const data = {
      ...mail.data,
      part: name,
      other: name === 'html' ? other('html') : '',
      siteUrl: deps.config.BASE_URL,
      helpUrl: `${deps.config.BASE_URL}/aide`,
      loginUrl:
        'identifier' in mail.data ? loginUrl(deps.config.BASE_URL, mail.data.identifier, of, language) : null,
    };
    return deps.render(`messages/${template}.email`, data);
  };
  return {
    subject: part('subject').replace(/\s+/g, ' ').trim(),
    text: `${[part('text').trim(), other('text')].filter(Boolean).join(BELOW)}\n`,
    html: part('html').trim(),
  };
}

const BELOW = '\n\n--------------------\n\n';

/** The mail again in the family's language; its links open pages in it. */
function inOtherLanguage(
  { render, config }: Pick<Deps, 'render' | 'config'>,
  { template, data }: QueuedMail,
  part: 'text' | 'html',
  locale: Locale,
): string {
  const facts = { what: null, kind: null, until: null, notMe: null, ...data };
  const siteUrl = `${config.BASE_URL}/?lang=${locale}`;
  return render(
    'messages/mail-other',
    { ...facts, template, part, siteUrl, lang: `?lang=${locale}` },
    { locale },
  );
}

/** The domain of `MAIL_FROM`, so that the Message-ID is ours. */
function senderDomain(config: Pick<Deps['config'], 'MAIL_FROM'>): string {
  return /@([a-z0-9.-]+)>?\s*$/i.exec(config.MAIL_FROM)?.[1] ?? 'localhost';
}
