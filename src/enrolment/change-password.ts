import { lockAccounts, updateAccount } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { endWaysIn } from '../accounts/ways-in-store.ts';
import { recordAudit } from '../audit/record.ts';
import { attemptKeys } from '../credentials/attempts.ts';
import type { PasswordFault } from '../credentials/policy.ts';
import { clearAttempts } from '../credentials/store.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { judgePassword } from './new-password.ts';
import { tellOfWayIn } from './not-me-link.ts';

export type PasswordChange = {
  password: string;
  confirmation: string;
  /** `credentialsVersion` of the account when the form was made. */
  formVersion: number;
  ip: string;
  requestId?: string | undefined;
};

export type PasswordChanged =
  | { ok: true }
  | { ok: false; reason: 'refused'; faults: PasswordFault[] }
  /** The credentials have changed since the form was made: another tab, a reset by the school. */
  | { ok: false; reason: 'overtaken' };

/**
 * « Changer mon mot de passe » by somebody who has just proved who he is (R-008, C06); also the first one of somebody
 * who has only known FranceConnect. The old one, a provisional one, other sessions, refresh tokens, links and whatever
 * is under way are dead at once; the holder is told. Of several at once one wins; the others read `overtaken`, unless
 * they were the same form sent twice.
 * @param endSessions ends the account's sessions in this transaction, but for the one in which it is done
 * @throws HasherBusy
 */
export async function changePassword(
  deps: Deps,
  account: Account,
  change: PasswordChange,
  endSessions: (trx: Transaction, credentialsVersion: number) => Promise<void>,
): Promise<PasswordChanged> {
  const faults = await judgePassword(deps, account, change);
  if (faults.length > 0) return { ok: false, reason: 'refused', faults };
  if (account.credentialsVersion !== change.formVersion) return overtaken(deps, account, change);
  const passwordHash = await deps.passwords.hash(change.password);
  const now = deps.clock.now();
  const late = await inTransaction(deps.db, async (trx) => {
    const [locked] = await lockAccounts(trx, [account.id]);
    if (!locked || !isChangeable(locked) || locked.credentialsVersion !== change.formVersion) return locked;
    const changes = {
      passwordKind: 'personal',
      passwordHash,
      passwordChangedAt: now,
      provisionalSealed: null,
      provisionalCreatedAt: null,
    } as const;
    await updateAccount(trx, locked.id, changes, now, true);
    await endWaysIn(trx, [locked.id], now);
    await clearAttempts(trx, attemptKeys(locked.identifier, change.ip));
    await endSessions(trx, locked.credentialsVersion + 1);
    await recordChange(trx, locked, change, now);
    await tellOfWayIn(deps, trx, locked, 'password-changed');
    return null;
  });
  return late === null ? { ok: true } : overtaken(deps, late, change);
}

const isChangeable = ({ state, closedAt, frozenAt }: Account) =>
  state === 'activated' && closedAt === null && frozenAt === null;

/** The same form twice: the second finds done what it wanted. */
async function overtaken(
  deps: Pick<Deps, 'passwords'>,
  account: Account | undefined,
  { password }: PasswordChange,
): Promise<PasswordChanged> {
  const isDone =
    account !== undefined &&
    account.passwordHash !== null &&
    isChangeable(account) &&
    (await deps.passwords.verify(account.passwordHash, password));
  return isDone ? { ok: true } : { ok: false, reason: 'overtaken' };
}

async function recordChange(
  trx: Transaction,
  account: Account,
  { ip, requestId }: PasswordChange,
  at: Date,
): Promise<void> {
  await recordAudit(trx, {
    at,
    event: 'change-password',
    outcome: 'done',
    actorKind: 'person',
    accountId: account.id,
    ip,
    requestId,
  });
}
