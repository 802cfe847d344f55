import { queueLogouts } from '../accounts/logouts-store.ts';
import { findAccountById, lockAccounts, updateAccount } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { endWaysIn } from '../accounts/ways-in-store.ts';
import { recordAudit } from '../audit/record.ts';
import { consumeLink, type LinkRefusal, peekLink } from '../codes/links.ts';
import { attemptKeys } from '../credentials/attempts.ts';
import type { PasswordFault } from '../credentials/policy.ts';
import { clearAttempts } from '../credentials/store.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { queueLinkNotices } from './link-notices.ts';
import { judgePassword } from './new-password.ts';
import { currentRecovery } from './recovery-code.ts';
import { hasPasswordToRecover } from './recovery-mail.ts';
import { lockRecovery } from './recovery-store.ts';

export type ChosenPassword = {
  password: string;
  confirmation: string;
  ip: string;
  requestId?: string | undefined;
};

/** `overtaken`: the account has changed since the link was sent (a reset, another recovery, a freeze). */
export type RecoverRefusal = LinkRefusal | 'overtaken';

export type LinkToRecover =
  | { ok: true; account: Account; interactionHash: string | null; clientId: string | null }
  | { ok: false; reason: RecoverRefusal };

/** The link of « Mot de passe oublié » without using it up: the page with the form, any number of times. */
export async function peekRecoverLink(
  deps: Pick<Deps, 'db' | 'clock'>,
  token: string,
): Promise<LinkToRecover> {
  const check = await peekLink(deps, token);
  if (check.link !== null && check.link.purpose !== 'recover') return { ok: false, reason: 'unknown' };
  if (!check.ok) return { ok: false, reason: check.reason };
  const { accountId, interactionHash, clientId } = check.link;
  const account = await findAccountById(deps.db, accountId);
  if (account === null || !stillFits(account, check.link)) return { ok: false, reason: 'overtaken' };
  return { ok: true, account, interactionHash, clientId };
}

function stillFits(account: Account, link: { email: string; credentialsVersion: number | null }): boolean {
  return (
    hasPasswordToRecover(account) &&
    account.credentialsVersion === link.credentialsVersion &&
    account.email === link.email &&
    account.emailVerifiedAt !== null
  );
}

export type RecoverResult<Refusal> =
  | { ok: true; account: Account; interactionHash: string | null; clientId: string | null }
  | { ok: false; reason: 'refused'; faults: PasswordFault[] }
  | { ok: false; reason: Refusal };

/**
 * The new password by the link of the mail, once: of parallel posts one wins, the others read `used`.
 * @throws HasherBusy
 */
export async function recoverByLink(
  deps: Deps,
  token: string,
  form: ChosenPassword,
): Promise<RecoverResult<RecoverRefusal>> {
  const before = await peekRecoverLink(deps, token);
  if (!before.ok) return before;
  const faults = await judgePassword(deps, before.account, form);
  if (faults.length > 0) return { ok: false, reason: 'refused', faults };
  const hash = await deps.passwords.hash(form.password);
  return inTransaction(deps.db, async (trx): Promise<RecoverResult<RecoverRefusal>> => {
    const [account] = await lockAccounts(trx, [before.account.id]);
    const check = await consumeLink(deps, trx, token);
    if (!check.ok) return { ok: false, reason: check.reason };
    if (!account || !stillFits(account, check.link)) return { ok: false, reason: 'overtaken' };
    const { interactionHash, clientId } = check.link;
    return {
      ok: true,
      account: await replacePassword(deps, trx, account, hash, form),
      interactionHash,
      clientId,
    };
  });
}

/**
 * The new password after the code of an SMS. Of parallel posts one wins; the others read `elsewhere`, as does
 * somebody whose account was reset meanwhile.
 * @throws HasherBusy
 */
export async function recoverBySms(
  deps: Deps,
  interactionUid: string,
  form: ChosenPassword,
): Promise<RecoverResult<'elsewhere'>> {
  const before = await currentRecovery(deps, interactionUid);
  const [owner] = before?.accounts ?? [];
  if (before?.goal !== 'password' || before.step !== 'proved' || !owner)
    return { ok: false, reason: 'elsewhere' };
  const faults = await judgePassword(deps, owner, form);
  if (faults.length > 0) return { ok: false, reason: 'refused', faults };
  const hash = await deps.passwords.hash(form.password);
  return inTransaction(deps.db, async (trx): Promise<RecoverResult<'elsewhere'>> => {
    // The account first, as wherever somebody may freeze or reset it.
    await lockAccounts(trx, [owner.id]);
    const recovery = await lockRecovery(trx, interactionUid, deps.clock.now());
    const account = recovery?.accounts.find(({ id }) => id === owner.id);
    if (recovery?.goal !== 'password' || recovery.step !== 'proved' || !account)
      return { ok: false, reason: 'elsewhere' };
    if (!hasPasswordToRecover(account)) return { ok: false, reason: 'elsewhere' };
    const changed = await replacePassword(deps, trx, account, hash, form);
    return { ok: true, account: changed, interactionHash: null, clientId: null };
  });
}

/**
 * The old password, a provisional one that was pending, all sessions and grants, everything under way: dead (C06).
 * The holder is told. The caller holds the account's lock.
 */
async function replacePassword(
  deps: Deps,
  trx: Transaction,
  account: Account,
  passwordHash: string,
  { ip, requestId }: ChosenPassword,
): Promise<Account> {
  const now = deps.clock.now();
  const changes = {
    passwordKind: 'personal',
    passwordHash,
    passwordChangedAt: now,
    provisionalSealed: null,
    provisionalCreatedAt: null,
  } as const;
  await queueLogouts(trx, [account], now);
  await updateAccount(trx, account.id, changes, now, true);
  await endWaysIn(trx, [account.id], now);
  await clearAttempts(trx, attemptKeys(account.identifier, ip));
  await recordAudit(trx, {
    at: now,
    event: 'recover-password',
    outcome: 'done',
    actorKind: 'person',
    accountId: account.id,
    ip,
    requestId,
  });
  await queueLinkNotices(trx, deps, { account, what: 'recovery' });
  return { ...account, ...changes, credentialsVersion: account.credentialsVersion + 1 };
}
