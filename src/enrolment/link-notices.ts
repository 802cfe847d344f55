import type { Account } from '../accounts/types.ts';
import { tokenHash } from '../crypto/digests.ts';
import type { Deps, Transaction } from '../deps.ts';
import { knownMobiles } from '../directory/contact-store.ts';
import { knownEmail } from '../directory/store.ts';
import { queueMail } from '../messages/outbox.ts';
import { mayBeSent, queueSms } from '../messages/sms.ts';
import { issueNotMe } from './not-me-link.ts';

/** What was done to an account that its holder must hear of. */
export type LinkEvent = 'franceconnect' | 'sms' | 'regroup' | 'recovery';

type Holder = Pick<Account, 'id' | 'identifier' | 'email' | 'emailVerifiedAt'> & {
  language?: Account['language'];
};

/** Of a regrouping: so many former addresses are told. */
const FORMER = 4;

/**
 * Tells the holder that a way into the account was added or changed (decision 4), with « Ce n'est pas moi », a link
 * good for 72 hours: by mail to the verified address, else to the one that the school knows, and to those of the
 * accounts that were regrouped; for FranceConnect also by SMS to the mobiles that the school knows. In the caller's
 * transaction; nobody to tell: nothing is written.
 * @param notice `account` as it is now (the survivor of a regrouping); `what`: the one thing that weighs most;
 *   `also`: addresses that the school knew of a regrouped account
 */
export async function queueLinkNotices(
  trx: Transaction,
  deps: Deps,
  notice: { account: Holder; what: LinkEvent; merged?: readonly Holder[]; also?: readonly string[] },
): Promise<void> {
  const { account, what, merged = [], also = [] } = notice;
  const mails = await addressesOf(trx, account, merged, also);
  // A mobile that has just received a code knows.
  const bySms = what === 'franceconnect' && deps.sms !== null;
  const mobiles = bySms
    ? (await knownMobiles(trx, account.id)).filter((to) => mayBeSent(deps.config, to))
    : [];
  const first = mails[0] ?? mobiles[0];
  if (first === undefined) return;
  const { link, token, validUntil } = await issueNotMe(deps, trx, account, first);
  const key = `not-me:${tokenHash(token)}`;
  const data = { what, identifier: account.identifier, at: deps.clock.now(), link, validUntil };
  for (const [index, to] of mails.entries())
    await queueMail(trx, deps, {
      template: 'link-notice',
      to,
      data,
      uniqueKey: `${key}:${index}`,
      language: account.language ?? null,
    });
  const sms = { template: 'link-notice', data: { link }, usefulUntil: validUntil } as const;
  for (const [index, to] of mobiles.entries())
    await queueSms(trx, deps, { ...sms, to, uniqueKey: `${key}:sms${index}` });
}

async function addressesOf(
  trx: Transaction,
  account: Holder,
  merged: readonly Holder[],
  also: readonly string[],
): Promise<string[]> {
  const own = verified(account) ?? (await knownEmail(trx, account.id));
  const former = merged.flatMap((other) => verified(other) ?? []).slice(0, FORMER);
  const byText = new Map(
    [...(own === null ? [] : [own]), ...former, ...also].map((to) => [to.toLowerCase(), to]),
  );
  return [...byText.values()];
}

const verified = ({ email, emailVerifiedAt }: Holder): string | null =>
  emailVerifiedAt === null ? null : email;
