import type { Deps, Transaction } from '../deps.ts';
import { isOneSegment } from './gsm7.ts';
import { contentContext } from './outbox.ts';
import { insertMessage } from './outbox-store.ts';

/** What each SMS says; `views/messages/<template>.sms.njk` has the words. No name in any (decision 11). */
export type SmsTemplates = {
  /** `minutes`: how long the code is good. */
  code: { code: string; minutes: number };
  /** FranceConnect was linked; `link` is « Ce n'est pas moi ». */
  'link-notice': { link: string };
  /** Something of the account has changed; it does not say what. */
  'account-notice': Record<never, never>;
};

/** Whom an SMS concerns, and on which way he was: told to the school when the carrier cannot deliver it. */
export type Concerns = { way: 'sms' | 'franceconnect' | 'recovery'; accountIds: readonly number[] };

export type QueuedSms = {
  [Name in keyof SmsTemplates]: {
    template: Name;
    /** E.164. */
    to: string;
    data: SmsTemplates[Name];
    /** ASCII, at most 100 characters; a second message with the same key is not queued. */
    uniqueKey: string;
    /** After this it is neither sent nor delivered. */
    usefulUntil: Date;
    concerns?: Concerns;
  };
}[keyof SmsTemplates];

export type SmsContent = { text: string };

/** More accounts than this mean nobody in particular, and none is told to the school. */
const MOST_CONCERNED = 5;

/**
 * Puts an SMS into the outbox in the caller's transaction: it leaves when, and only when, that commits; the worker
 * looks every second. The words are kept sealed until it has left. One statement.
 * @throws Error when `to` is no number or the text would cost more than one SMS
 */
export async function queueSms(
  trx: Transaction,
  deps: Pick<Deps, 'render' | 'config' | 'sealer' | 'clock' | 'random'>,
  sms: QueuedSms,
): Promise<void> {
  if (!/^\+[1-9]\d{6,14}$/.test(sms.to)) throw new Error('an SMS needs exactly one number');
  const content: SmsContent = { text: renderSms(deps, sms) };
  if (!isOneSegment(content.text)) throw new Error(`the SMS ${sms.template} does not fit one segment`);
  const { accountIds = [], way = null } = sms.concerns ?? {};
  const concerned = accountIds.length > 0 && accountIds.length <= MOST_CONCERNED;
  await insertMessage(trx, {
    uniqueKey: sms.uniqueKey,
    channel: 'sms',
    template: sms.template,
    recipient: sms.to,
    contentSealed: deps.sealer.seal(JSON.stringify(content), contentContext(sms.uniqueKey)),
    // By it the carrier's reports find the message, also one of which we do not know whether it left.
    messageId: deps.random.bytes(18).toString('base64url'),
    now: deps.clock.now(),
    giveUpAt: sms.usefulUntil,
    concernWay: concerned ? way : null,
    concernAccounts: concerned ? accountIds.join(',') : null,
  });
}

/** Whether a number begins with one of the prefixes to which configuration lets SMS leave (toll fraud, D03). */
export function mayBeSent(
  config: Pick<Deps['config'], 'SMS_MOBILE_PREFIXES' | 'PHONE_EXTRA_MOBILE_PREFIXES'>,
  mobile: string,
): boolean {
  if (!/^\+[1-9]\d{6,14}$/.test(mobile)) return false;
  const prefixes = [...config.SMS_MOBILE_PREFIXES, ...config.PHONE_EXTRA_MOBILE_PREFIXES];
  return prefixes.some((prefix) => mobile.startsWith(prefix));
}

/** `host`: of the line that lets a browser fill in the code on our pages only (origin-bound one-time codes, WICG). */
export function renderSms(
  deps: Pick<Deps, 'render' | 'config'>,
  sms: Pick<QueuedSms, 'template' | 'data'>,
): string {
  const host = new URL(deps.config.BASE_URL).hostname;
  return deps.render(`messages/${sms.template}.sms`, { ...sms.data, host }).trim();
}
