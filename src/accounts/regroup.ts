import { type Actor, recordAudit } from '../audit/record.ts';
import type { Transaction } from '../deps.ts';
import {
  closeMerged,
  type FranceConnectLink,
  keepRegrouping,
  lockFranceConnectLinks,
  type MovedReference,
  moveReferences,
  putFranceConnectLink,
} from './regroup-store.ts';
import { updateAccount } from './store.ts';
import type { Account } from './types.ts';
import { movePasskeys } from './ways-in-store.ts';

/**
 * Which of several accounts of one person stays (R-078): the one that is signed in, else the « Activé » one of the
 * latest login, else the oldest.
 * @param accounts at least one, all living
 * @param signedIn public id of who is signed in in this browser
 */
export function chooseSurvivor(accounts: readonly Account[], signedIn: string | null): Account {
  const here = accounts.find(({ publicId }) => publicId === signedIn);
  const [first] = [...accounts].sort(
    (a, b) =>
      Number(b.state === 'activated') - Number(a.state === 'activated') ||
      (a.state === 'activated' ? lastLogin(b) - lastLogin(a) : 0) ||
      a.id - b.id,
  );
  const survivor = here ?? first;
  if (survivor === undefined) throw new Error('there is no account to regroup');
  return survivor;
}

const lastLogin = ({ lastLoginAt }: Account): number => lastLoginAt?.getTime() ?? 0;

/**
 * Makes one account of several of the same person, in the caller's transaction: the caller holds the locks of all
 * of them (`lockAccounts`) and has had each proved. Records, children, passkeys and the link to FranceConnect go to the
 * survivor, who also inherits a verified address if he has none; the others become deleted, and all their sessions die.
 */
export async function regroup(
  trx: Transaction,
  { survivor, others }: { survivor: Account; others: readonly Account[] },
  { now, actor }: { now: Date; actor: Actor },
): Promise<Account> {
  if (others.length === 0) return survivor;
  const ids = others.map(({ id }) => id);
  const references = await moveReferences(trx, ids, survivor.id, now);
  await movePasskeys(trx, ids, survivor.id);
  const [link] = await lockFranceConnectLinks(trx, [survivor.id, ...ids]).then((links) =>
    links.sort((a, b) => Number(b.accountId === survivor.id) - Number(a.accountId === survivor.id)),
  );
  if (link) await putFranceConnectLink(trx, [survivor.id, ...ids], { ...link, accountId: survivor.id });
  await closeMerged(trx, ids, survivor.id, now);
  const linkedId = link?.accountId ?? null;
  await keepRegrouping(trx, { mergedIds: ids, survivorId: survivor.id, references, linkedId, now });
  const inherited = inheritedAddress(survivor, others);
  if (inherited !== null) await updateAccount(trx, survivor.id, inherited, now);
  const line = { ...actor, at: now, event: 'regroup', outcome: 'done' as const };
  await recordAudit(
    trx,
    { ...line, accountId: survivor.id, details: `with ${ids.join(' ')}`.slice(0, 500) },
    ...ids.map((accountId) => ({
      ...line,
      accountId,
      details: broughtBy(accountId, survivor.id, references).slice(0, 500),
    })),
  );
  return { ...survivor, ...inherited };
}

/** Which records went with an account: support reads it when somebody says that the two are not one person. */
function broughtBy(accountId: number, survivorId: number, references: readonly MovedReference[]): string {
  const own = references.filter((reference) => reference.accountId === accountId).map(({ id }) => id);
  return `into ${survivorId}${own.length > 0 ? `, references ${own.join(' ')}` : ''}`;
}

/** An address that the person has verified, of the account that he used last. */
function inheritedAddress(
  survivor: Account,
  others: readonly Account[],
): Pick<Account, 'email' | 'emailVerifiedAt'> | null {
  if (survivor.email !== null && survivor.emailVerifiedAt !== null) return null;
  const [source] = others
    .filter(({ email, emailVerifiedAt }) => email !== null && emailVerifiedAt !== null)
    .sort((a, b) => lastLogin(b) - lastLogin(a));
  return source ? { email: source.email, emailVerifiedAt: source.emailVerifiedAt } : null;
}

/**
 * Links an account, whose lock the caller holds, to a person of FranceConnect; an earlier link of the account is
 * replaced. @throws a duplicate key when that person is linked to another account
 */
export async function linkFranceConnect(
  trx: Transaction,
  accountId: number,
  person: FranceConnectLink,
  now: Date,
): Promise<void> {
  await putFranceConnectLink(trx, [accountId], { ...person, accountId, linkedAt: now });
}
