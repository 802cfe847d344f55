import type { Account } from '../accounts/types.ts';
import { issueLink } from '../codes/links.ts';
import { tokenHash } from '../crypto/digests.ts';
import type { Database, Deps, Transaction } from '../deps.ts';
import { queueMail } from '../messages/outbox.ts';
import { isHeldUp } from '../messages/outbox-store.ts';

type Request = {
  account: Account;
  email: string;
  interactionUid: string | null;
  clientId: string | null;
};

const uniqueKeyOf = (linkHash: string) => `activation:${linkHash}`;

/**
 * Mail C07: a fresh link, the earlier ones dead, and the message in the outbox, all in the caller's
 * transaction. The address of the link comes from configuration only, never from the request (security.md 1.4).
 */
export async function sendActivation(deps: Deps, trx: Transaction, request: Request): Promise<void> {
  const { account, email, interactionUid, clientId } = request;
  const link = await issueLink(deps, trx, {
    purpose: 'activate',
    accountId: account.id,
    email,
    interactionUid,
    clientId,
  });
  await queueMail(trx, deps, {
    template: 'activation',
    to: email,
    data: {
      identifier: account.identifier,
      link: `${deps.config.BASE_URL}/activation/${link.token}`,
      validUntil: link.expiresAt,
      validDays: deps.config.ACTIVATION_LINK_VALID_DAYS,
    },
    uniqueKey: uniqueKeyOf(tokenHash(link.token)),
    accountId: account.id,
    language: account.language,
  });
}

/** Whether the mail of this link could not leave yet: the mail server is away (J05). */
export async function isActivationHeldUp(deps: { db: Database }, linkHash: string): Promise<boolean> {
  return isHeldUp(deps.db, uniqueKeyOf(linkHash));
}
