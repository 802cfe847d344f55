import type { Account } from '../accounts/types.ts';
import { issueLink, mayObject } from '../codes/links.ts';
import { tokenHash } from '../crypto/digests.ts';
import type { Deps, Transaction } from '../deps.ts';
import { queueMail } from '../messages/outbox.ts';
import { masked } from './address.ts';

type Holder = Pick<Account, 'id' | 'identifier' | 'credentialsVersion' | 'language'>;

/**
 * The link that confirms a new address, and the mail that carries it. Whoever gets it by mistake learns nothing of the
 * account. The link of an earlier request dies.
 * @param sends false: that address has had enough of our mails; the request is kept all the same
 */
export async function mailConfirmation(
  deps: Deps,
  trx: Transaction,
  { account, email, sends }: { account: Holder; email: string; sends: boolean },
): Promise<void> {
  const { token, expiresAt } = await issueLink(deps, trx, {
    purpose: 'address',
    accountId: account.id,
    email,
    credentialsVersion: account.credentialsVersion,
  });
  if (!sends) return;
  await queueMail(trx, deps, {
    template: 'address-confirm',
    to: email,
    data: { link: `${deps.config.BASE_URL}/adresse/confirmer/${token}`, validUntil: expiresAt },
    uniqueKey: `address:${tokenHash(token)}`,
    language: account.language,
  });
}

/**
 * Tells the address that the account has had until now, with a link that puts it back. An address that can itself
 * still be objected to is told without one: whoever has taken an account over must not get the last word by changing
 * its address once more.
 */
export async function tellFormerAddress(
  deps: Deps,
  trx: Transaction,
  told: { account: Holder; former: string; what: 'asked' | 'changed'; email: string },
): Promise<void> {
  const { account, former, what, email } = told;
  const now = deps.clock.now();
  const objection = (await mayObject(deps, trx, account.id, former))
    ? await issueLink(deps, trx, { purpose: 'object', accountId: account.id, email: former })
    : null;
  await queueMail(trx, deps, {
    template: 'address-notice',
    to: former,
    data: {
      what,
      identifier: account.identifier,
      at: now,
      email: masked(email),
      link: objection && `${deps.config.BASE_URL}/adresse/contester/${objection.token}`,
      validUntil: objection?.expiresAt ?? null,
    },
    uniqueKey: `address-notice:${objection ? tokenHash(objection.token) : deps.random.bytes(24).toString('hex')}`,
    language: account.language,
  });
}
