import { mustChange } from '../accounts/must-change.ts';
import type { Account } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import { attemptKeys } from '../credentials/attempts.ts';
import { clearAttempts } from '../credentials/store.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { knownEmail } from '../directory/store.ts';
import { renewActivation } from './activation.ts';
import { forgetEnrolment } from './enrolment-store.ts';
import { type FirstConnection, findFirstConnection, hasOvertakenRow, putFirstConnection } from './store.ts';
import type { Progress, StepName } from './types.ts';

/** A row outlives the provider's interaction by far; it is of no use without it. */
const LIVES_MS = 24 * 3_600_000;

export type SignedIn = {
  interactionUid: string;
  clientId: string | null;
  /** As verifyCredentials gave it. */
  account: Account;
  ip: string;
  requestId?: string | undefined;
};

/** The first step that an account with a right password has before it; `done`: none. */
function firstStep(account: Account): StepName {
  if (account.passwordKind === 'provisional' || mustChange(account)) return 'new-password';
  return account.state === 'activating' ? 'activation' : 'done';
}

/** Begins the steps of an account whose credentials were right but that cannot be let through yet. */
export async function startFirstConnection(deps: Deps, signedIn: SignedIn): Promise<Progress> {
  const now = deps.clock.now();
  const { account, interactionUid, clientId } = signedIn;
  const step = firstStep(account);
  await inTransaction(deps.db, async (trx) => {
    await clearAttempts(trx, attemptKeys(account.identifier, signedIn.ip));
    await forgetEnrolment(trx, interactionUid);
    await putFirstConnection(
      trx,
      {
        interactionUid,
        accountId: account.id,
        step,
        credentialsVersion: account.credentialsVersion,
        clientId,
        expiresAt: new Date(now.getTime() + LIVES_MS),
      },
      now,
    );
    await recordAudit(trx, {
      at: now,
      event: 'sign-in',
      outcome: 'done',
      actorKind: 'person',
      accountId: account.id,
      ip: signedIn.ip,
      requestId: signedIn.requestId,
      details: `next step: ${step}`,
    });
  });
  if (step === 'activation') await renewActivation(deps, interactionUid, account);
  return (await currentProgress(deps, interactionUid)) ?? { step: 'done', account, since: now };
}

/**
 * True when what the visitor did in this interaction was overtaken: elsewhere, another tab perhaps, the same account
 * has got its personal password since.
 */
export async function wasOvertaken(
  deps: Pick<Deps, 'db' | 'clock'>,
  interactionUid: string,
): Promise<boolean> {
  return hasOvertakenRow(deps.db, interactionUid, deps.clock.now());
}

/** Once the sign-in is over: whether it ended with an account that is « Activé », and for which service it was. */
export async function activatedIn(
  deps: Pick<Deps, 'db' | 'clock'>,
  interactionUid: string,
): Promise<{ clientId: string | null } | null> {
  const row = await findFirstConnection(deps.db, interactionUid, deps.clock.now());
  return row?.account.state === 'activated' ? { clientId: row.clientId } : null;
}

/** Where the visitor of this interaction stands; null: he has not signed in, or what he proved is no longer valid. */
export async function currentProgress(
  deps: Pick<Deps, 'db' | 'clock'>,
  interactionUid: string,
): Promise<Progress | null> {
  const row = await findFirstConnection(deps.db, interactionUid, deps.clock.now());
  return row ? toProgress(deps, row) : null;
}

function reasonOf(account: Account): Extract<Progress, { step: 'new-password' }>['after'] {
  if (account.state === 'notified') return 'first';
  return mustChange(account) ? 'forced' : 'reset';
}

async function toProgress(deps: Pick<Deps, 'db'>, row: FirstConnection): Promise<Progress | null> {
  const { account } = row;
  switch (row.step) {
    case 'new-password':
      return { step: 'new-password', after: reasonOf(account), account };
    case 'address':
      return {
        step: 'address',
        account,
        email: row.email ?? account.email ?? (await knownEmail(deps.db, account.id)),
      };
    case 'birth-date':
      return { step: 'birth-date', account, pupil: row.pupil };
    case 'activation':
    case 'done':
      // Meanwhile the link of the mail may have been opened, on this device or another.
      if (account.state === 'activated') return { step: 'done', account, since: row.createdAt };
      return account.state === 'activating'
        ? { step: 'activation', account, email: account.email ?? '' }
        : null;
  }
}
