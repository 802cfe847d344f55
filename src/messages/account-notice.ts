import type { Account } from '../accounts/types.ts';
import type { Deps, Transaction } from '../deps.ts';
import { knownMobiles } from '../directory/contact-store.ts';
import { queueMail } from './outbox.ts';
import { mayBeSent, queueSms } from './sms.ts';

/** What has changed; its words are `notices.<kind>` of the locale. */
export type AccountNoticeKind =
  | 'password-changed'
  | 'address-changed'
  | 'address-asked'
  | 'franceconnect-linked'
  | 'franceconnect-unlinked'
  | 'passkey-added'
  | 'passkey-removed'
  | 'regrouped'
  | 'child-password'
  | 'sessions-ended'
  | 'forget-asked'
  | 'forgotten'
  | 'forced-change';

export type AccountNotice = {
  /** As it was before the change, where the change is of the address itself. */
  account: Pick<Account, 'id' | 'identifier' | 'email' | 'emailVerifiedAt'> &
    Partial<Pick<Account, 'language'>>;
  kind: AccountNoticeKind;
  now: Date;
  /** « Ce n'est pas moi », for those that give somebody a way in; in mails only. */
  notMe?: { link: string; validUntil: Date };
  /** Of `forget-asked`: when the account is erased. */
  until?: Date;
};

/** After that an SMS about it has lost its sense. */
const SMS_USEFUL_MS = 24 * 3_600_000;

/**
 * Tells the holder of an account what has just been changed in it: by mail to the verified address; without one by SMS
 * to the first mobile that the school knows, in a neutral text. In the caller's transaction; whoever has neither, as
 * most pupils, is not told.
 */
export async function queueAccountNotice(
  deps: Pick<Deps, 'render' | 'config' | 'sealer' | 'clock' | 'random' | 'sms'>,
  trx: Transaction,
  { account, kind, now, notMe, until }: AccountNotice,
): Promise<void> {
  const uniqueKey = `notice:${account.id}:${deps.random.bytes(12).toString('base64url')}`;
  if (account.email !== null && account.emailVerifiedAt !== null) {
    const data = {
      kind,
      identifier: account.identifier,
      at: now,
      notMe: notMe ?? null,
      until: until ?? null,
    };
    return queueMail(trx, deps, {
      template: 'account-notice',
      to: account.email,
      data,
      uniqueKey,
      accountId: account.id,
      language: account.language ?? null,
    });
  }
  if (deps.sms === null) return;
  const mobiles = await knownMobiles(trx, account.id);
  const to = mobiles.find((mobile) => mayBeSent(deps.config, mobile));
  if (to === undefined) return;
  const usefulUntil = new Date(now.getTime() + SMS_USEFUL_MS);
  await queueSms(trx, deps, { template: 'account-notice', to, data: {}, uniqueKey, usefulUntil });
}
