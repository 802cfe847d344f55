import { updateAccount } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import type { Deps, Transaction } from '../deps.ts';
import type { Locale } from '../languages/locales.ts';
import { attemptKeys } from './attempts.ts';
import { clearAttempts } from './store.ts';

/** A login that succeeded, however it was proved. */
export type Login = {
  account: Pick<Account, 'id' | 'identifier' | 'forgetAt'>;
  /** Somebody signed in proved again who he is, for a page of « Mon compte »; told as that in his history. */
  isProof?: boolean | undefined;
  /** `amr` values of the way in (contract): `pwd`, `sms`, `fc`, `hwk`. */
  amr: readonly string[];
  ip: string;
  requestId?: string | undefined;
  /** From verifyCredentials: a hash under today's parameters. */
  rehash?: string | null | undefined;
  /** The language that the person chose on the way; null: he chose none, and keeps what he has. */
  language?: Locale | null | undefined;
};

/**
 * Writes what a login leaves: attempts cleared, date of last connection (FrEduCtDateConnexion), audit line; a request to
 * be forgotten is withdrawn.
 * Runs in the transaction that hands the login to the provider.
 */
export async function recordLogin(deps: Pick<Deps, 'clock'>, trx: Transaction, login: Login): Promise<void> {
  const now = deps.clock.now();
  await clearAttempts(trx, attemptKeys(login.account.identifier, login.ip));
  const { id, forgetAt } = login.account;
  await updateAccount(
    trx,
    id,
    {
      lastLoginAt: now,
      ...(login.rehash ? { passwordHash: login.rehash } : {}),
      ...(login.language ? { language: login.language } : {}),
      // Whoever signs in wants his account.
      ...(forgetAt === null ? {} : { forgetAt: null }),
    },
    now,
  );
  const line = {
    at: now,
    outcome: 'done',
    actorKind: 'person',
    accountId: id,
    ip: login.ip,
    requestId: login.requestId,
  } as const;
  const withdrawn = forgetAt === null ? [] : [{ ...line, event: 'forget-withdrawn' }];
  const event: 'login' | 'proof' = login.isProof ? 'proof' : 'login';
  await recordAudit(trx, { ...line, event, details: login.amr.join(' ') }, ...withdrawn);
}
