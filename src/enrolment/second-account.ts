import { findAccountById } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import { attemptKeys, normaliseIdentifier } from '../credentials/attempts.ts';
import { clearAttempts } from '../credentials/store.ts';
import { type VerifyResult, verifyCredentials } from '../credentials/verify.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { plainSchoolName } from '../directory/names.ts';
import { pupilsOfAccount } from '../directory/store.ts';
import { genderOf } from './matching.ts';
import { sameNames } from './same-name.ts';
import { findHolderNames, findProof, putProof, type SecondProof } from './second-account-store.ts';

/** Both accounts must have been proved within this time when they become one (security.md 1.5). */
export const BOTH_PROVED_WITHIN_MS = 5 * 60_000;
/** So long a page that is sent again is told that the two are one. */
const KEPT_MS = 12 * 3_600_000;

type From = { ip: string; requestId?: string | undefined };

export type SecondAccountRefusal =
  | Extract<VerifyResult, { ok: false }>['reason']
  /** It is the account that is signed in. */
  | 'own'
  /** Proved, and another person's by its names. */
  | 'names';

/**
 * « Rattacher un enfant » (R-078), first half: proves the second account of the person who is signed in by its
 * identifier and password, provisional or personal, exactly as a login does: the same counters, the same work, one
 * answer for unknown, locked and wrong. That it is another person's is only said to somebody who knows the password.
 * No birth date is asked: ÉduConnect asks for none (security.md 1.5), the person has given those of his own children
 * when he activated the account that stays, the names must be the same, and both accounts' holders are told with
 * « Ce n'est pas moi ».
 * @param given `account`: whose session it is
 * @throws HasherBusy
 */
export async function proveSecondAccount(
  deps: Deps,
  given: { sessionUid: string; account: Account; identifier: string; password: string } & From,
): Promise<{ ok: true } | { ok: false; reason: SecondAccountRefusal }> {
  const { sessionUid, account, identifier, password, ip, requestId } = given;
  // His own identifier is on his own page: nothing is told by this.
  if (normaliseIdentifier(identifier) === account.identifier) return { ok: false, reason: 'own' };
  const from = { ip, ...(requestId === undefined ? {} : { requestId }) };
  const verified = await verifyCredentials(deps, { identifier, password, kind: 'guardian', ...from });
  if (!verified.ok) return verified;
  const other = verified.account;
  const now = deps.clock.now();
  const line = { at: now, actorKind: 'person', ip, requestId } as const;
  if (!(await areOnePerson(deps, account.id, other.id))) {
    const refused = { ...line, event: 'regroup', outcome: 'refused', details: 'other names' } as const;
    await recordAudit(deps.db, { ...refused, accountId: account.id }, { ...refused, accountId: other.id });
    return { ok: false, reason: 'names' };
  }
  const proof: SecondProof = {
    key: deps.random.bytes(16).toString('base64url'),
    accountId: account.id,
    otherAccountId: other.id,
    otherVersion: other.credentialsVersion,
    provedAt: now,
    doneAt: null,
  };
  const expiresAt = new Date(now.getTime() + KEPT_MS);
  await inTransaction(deps.db, async (trx) => {
    await putProof(trx, { sessionUid, proof, expiresAt });
    await clearAttempts(trx, attemptKeys(other.identifier, ip));
    const details = `for account ${account.id}`;
    await recordAudit(trx, {
      ...line,
      event: 'regroup-proof',
      outcome: 'done',
      accountId: other.id,
      details,
    });
  });
  return { ok: true };
}

/**
 * The same names, and not two people all the same: a man and a woman of one name who have a child in common are his
 * parents.
 */
async function areOnePerson(deps: Pick<Deps, 'db'>, accountId: number, otherId: number): Promise<boolean> {
  const names = await findHolderNames(deps.db, [accountId, otherId]);
  const of = (id: number) => names.filter((record) => record.accountId === id);
  const [own, others] = [of(accountId), of(otherId)];
  if (!sameNames(own, others)) return false;
  const titles = new Set([...own, ...others].map(({ title }) => genderOf(title)));
  if (!titles.has('f') || !titles.has('m')) return true;
  const children = new Set((await pupilsOfAccount(deps.db, accountId)).map(({ id }) => id));
  return !(await pupilsOfAccount(deps.db, otherId)).some(({ id }) => children.has(id));
}

export type SecondAccount = {
  key: string;
  identifier: string;
  name: string;
  /** Who comes with it: those of its children whom the account that stays has not. */
  children: { name: string; school: string }[];
  done: boolean;
};

/**
 * What the page before the confirmation shows: the account proved in this session. `over`: the proof is too old, or the
 * account has changed since, or is another's already; null: none was proved.
 */
export async function currentSecondAccount(
  deps: Pick<Deps, 'db' | 'clock'>,
  sessionUid: string,
  account: Account,
): Promise<SecondAccount | 'over' | null> {
  const proof = await findProof(deps.db, sessionUid);
  if (proof === null || proof.accountId !== account.id) return null;
  const other = await findAccountById(deps.db, proof.otherAccountId);
  if (other === null) return null;
  const { key, doneAt } = proof;
  const named = { key, identifier: other.identifier, name: `${other.givenName} ${other.familyName}` };
  if (doneAt !== null) return { ...named, children: [], done: true };
  if (!stands(proof, other, deps.clock.now())) return 'over';
  const own = new Set((await pupilsOfAccount(deps.db, account.id)).map(({ id }) => id));
  const coming = (await pupilsOfAccount(deps.db, other.id)).filter(({ id }) => !own.has(id));
  const children = coming.map((pupil) => ({
    name: `${pupil.givenName} ${pupil.familyName}`,
    school: plainSchoolName(pupil.schoolName),
  }));
  return { ...named, children, done: false };
}

/** Whether the second account is still what was proved, and was proved a short while ago. */
export function stands(proof: SecondProof, other: Account, now: Date): boolean {
  return (
    now.getTime() - proof.provedAt.getTime() <= BOTH_PROVED_WITHIN_MS &&
    other.credentialsVersion === proof.otherVersion &&
    other.closedAt === null &&
    other.frozenAt === null
  );
}
