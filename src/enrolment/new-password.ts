import { mustChange } from '../accounts/must-change.ts';
import { updateAccount } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import { checkPassword, type PasswordFault } from '../credentials/policy.ts';
import { openProvisional } from '../credentials/provisional.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { knownEmails } from '../directory/contact-store.ts';
import { pupilsOfAccount } from '../directory/store.ts';
import { addressOf } from '../messages/letter.ts';
import { sendActivation } from './activation-mail.ts';
import { tellOfWayIn } from './not-me-link.ts';
import {
  type FirstConnection,
  findFirstConnection,
  lockFirstConnection,
  updateFirstConnection,
} from './store.ts';
import type { NewPasswordResult } from './types.ts';

/**
 * Step 1 (R-057 a, R-060): the personal password. In a first connection it waits, hashed, until the birth date is
 * right: until then the provisional password is the only one that works. After a reset, and where the old one must be
 * changed, it is set at once.
 * @throws HasherBusy
 */
export async function chooseNewPassword(
  deps: Deps,
  interactionUid: string,
  form: { password: string; confirmation: string; ip: string; requestId?: string | undefined },
): Promise<NewPasswordResult> {
  const before = await findFirstConnection(deps.db, interactionUid, deps.clock.now());
  if (before?.step !== 'new-password') return { ok: false, reason: 'elsewhere' };
  const faults = await judgePassword(deps, before.account, form);
  if (faults.length > 0) return { ok: false, reason: 'refused', faults };
  const hash = await deps.passwords.hash(form.password);
  return inTransaction(deps.db, async (trx) => {
    const row = await lockFirstConnection(trx, interactionUid, deps.clock.now());
    if (row?.step !== 'new-password') return { ok: false, reason: 'elsewhere' };
    if (row.account.state === 'notified') {
      const step = row.account.kind === 'pupil' ? 'birth-date' : 'address';
      const pupilId =
        row.account.kind === 'pupil' ? ((await pupilsOfAccount(trx, row.account.id))[0]?.id ?? null) : null;
      await updateFirstConnection(
        trx,
        interactionUid,
        { step, newPasswordHash: hash, pupilId },
        deps.clock.now(),
      );
    } else {
      await setPersonalPassword(deps, trx, row, hash, form);
    }
    return { ok: true };
  });
}

/** What speaks against a new password for this account, the confirmation included. */
export async function judgePassword(
  deps: Deps,
  account: Account,
  form: { password: string; confirmation: string },
): Promise<PasswordFault[]> {
  const pupils = await pupilsOfAccount(deps.db, account.id);
  const faults = checkPassword(deps.config, form.password, {
    identifier: account.identifier,
    names: [
      account.givenName,
      account.familyName,
      ...pupils.flatMap((pupil) => [pupil.givenName, pupil.familyName]),
    ],
    birthDates: pupils.flatMap((pupil) => pupil.birthDate ?? []),
    provisional: openProvisional(deps, account),
  });
  if (faults.length === 0 && form.password !== form.confirmation) return ['different'];
  if (faults.length === 0 && (await isToBeChanged(deps, account, form.password))) return ['same'];
  return faults;
}

/**
 * Whether this is the very password that must be changed, by whichever way another one is chosen.
 * @throws HasherBusy
 */
export async function isToBeChanged(
  deps: Pick<Deps, 'passwords'>,
  account: Account,
  password: string,
): Promise<boolean> {
  if (!mustChange(account) || account.passwordHash === null) return false;
  return deps.passwords.verify(account.passwordHash, password);
}

/**
 * After a reset, or where the old one must be changed: that one dies with the statement that sets the new one,
 * and its mark with it; of that change the holder is told. An address that was typed before the reset may be that of whoever made it necessary: the mail C07 opens the account, so it goes where
 * the school would write. Its holder can still give another.
 */
async function setPersonalPassword(
  deps: Deps,
  trx: Transaction,
  row: FirstConnection,
  passwordHash: string,
  { ip, requestId }: { ip: string; requestId?: string | undefined },
): Promise<void> {
  const now = deps.clock.now();
  const { account, interactionUid } = row;
  const step = account.state === 'activated' ? 'done' : 'activation';
  const email =
    step === 'activation' ? addressOf(account, await knownEmails(trx, [account.id])) : account.email;
  const changes = {
    passwordKind: 'personal',
    passwordHash,
    passwordChangedAt: now,
    provisionalSealed: null,
    provisionalCreatedAt: null,
    ...(email === account.email ? {} : { email, emailVerifiedAt: null }),
  } as const;
  await updateAccount(trx, account.id, changes, now, true);
  await recordAudit(trx, {
    at: now,
    event: 'change-password',
    outcome: 'done',
    actorKind: 'person',
    accountId: account.id,
    ip,
    requestId,
    ...(mustChange(account) ? { details: 'had to be changed' } : {}),
  });
  // Whoever knew the old one may have been faster than its holder.
  if (mustChange(account)) await tellOfWayIn(deps, trx, account, 'password-changed');
  const credentialsVersion = account.credentialsVersion + 1;
  await updateFirstConnection(trx, interactionUid, { step, credentialsVersion }, now);
  if (step === 'activation' && email)
    await sendActivation(deps, trx, { account, email, interactionUid, clientId: row.clientId });
}
