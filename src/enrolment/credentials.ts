import { chooseSurvivor } from '../accounts/regroup.ts';
import type { Account } from '../accounts/types.ts';
import { checkPassword, type PasswordFault } from '../credentials/policy.ts';
import { openProvisional } from '../credentials/provisional.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { lockStanding, type Prover, type Standing } from './children.ts';
import { endEnrolment, findEnrolment, referencesOf, updateEnrolment } from './enrolment-store.ts';
import { becomeOne } from './link-person.ts';
import { findProvableChildren } from './matching-store.ts';
import { isToBeChanged } from './new-password.ts';
import type { Elsewhere } from './types.ts';

type Chosen = { password: string; confirmation: string };

export type CredentialsResult =
  | { ok: true }
  | Elsewhere
  | { ok: false; reason: 'refused'; faults: PasswordFault[] };

/**
 * Last step of the self-registration: the identifier has been shown, the password is chosen. « Activé » and
 * regrouped in one transaction; of parallel submissions one does it, the others find themselves elsewhere.
 * @throws HasherBusy
 */
export async function chooseCredentials(
  deps: Deps,
  interactionUid: string,
  chosen: Chosen,
  prover: Prover,
): Promise<CredentialsResult> {
  const before = await findEnrolment(deps.db, interactionUid, deps.clock.now());
  if (before?.step !== 'credentials' || before.account === null) return { ok: false, reason: 'elsewhere' };
  const faults = await judge(deps, interactionUid, before.account, chosen);
  if (faults.length > 0) return { ok: false, reason: 'refused', faults };
  const passwordHash = await deps.passwords.hash(chosen.password);
  return inTransaction(deps.db, async (trx): Promise<CredentialsResult> => {
    const standing = await lockStanding(deps, trx, interactionUid);
    if (standing?.row.step !== 'credentials') return { ok: false, reason: 'elsewhere' };
    const { row, accounts, candidates } = standing;
    const { signedIn, ...from } = prover;
    const survivor = await confirmed(deps, trx, interactionUid, standing, signedIn);
    if (survivor === null) return { ok: false, reason: 'elsewhere' };
    return becomeOne(deps, trx, {
      uid: interactionUid,
      row,
      accounts,
      survivor,
      references: candidates.map(({ id }) => id),
      actor: { actorKind: 'person', ...from },
      passwordHash,
    });
  });
}

/**
 * The account whose identifier was shown, if it is still the one that stays and nobody has chosen its password
 * meanwhile. A password that the school has given in between does not count: it dies with this step.
 */
async function confirmed(
  deps: Deps,
  trx: Transaction,
  uid: string,
  { row, accounts, candidates }: Standing,
  signedIn: string | null,
): Promise<Account | null> {
  const now = deps.clock.now();
  if (candidates.length === 0) {
    await endEnrolment(trx, uid, now);
    return null;
  }
  const survivor = chooseSurvivor(accounts, signedIn);
  if (survivor.id !== row.accountId) {
    const shown = { accountId: survivor.id, credentialsVersion: survivor.credentialsVersion };
    await updateEnrolment(trx, uid, shown, now);
    return null;
  }
  const changed = survivor.credentialsVersion !== row.credentialsVersion;
  if (changed && survivor.passwordKind === 'personal') {
    await endEnrolment(trx, uid, now);
    return null;
  }
  return survivor;
}

async function judge(
  deps: Deps,
  uid: string,
  account: Account,
  { password, confirmation }: Chosen,
): Promise<PasswordFault[]> {
  const children = await findProvableChildren(deps.db, await referencesOf(deps.db, uid));
  const faults = checkPassword(deps.config, password, {
    identifier: account.identifier,
    names: [
      account.givenName,
      account.familyName,
      ...children.flatMap((child) => [child.givenName, child.familyName]),
    ],
    birthDates: children.map(({ birthDate }) => birthDate),
    provisional: openProvisional(deps, account),
  });
  if (faults.length === 0 && password !== confirmation) return ['different'];
  return faults.length === 0 && (await isToBeChanged(deps, account, password)) ? ['same'] : faults;
}
