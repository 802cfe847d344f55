import { accountColumns } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { tokenHash } from '../crypto/digests.ts';
import type { Database, Transaction } from '../deps.ts';

/** What was forgotten. */
export type RecoveryGoal = 'identifier' | 'password';
export type RecoveryStep = 'code' | 'proved';

/** A recovery by SMS under way: one row per interaction of the provider. */
export type Recovery = {
  goal: RecoveryGoal;
  step: RecoveryStep;
  /** E.164, to which the code went if anybody fits. */
  mobile: string;
  /** Those found that are still what they were then; nobody fitting, or all changed since: none. */
  accounts: Account[];
};

/** An address may serve a family; more accounts than that are not read. */
const MOST_READ = 50;

/** Guardians' accounts that may recover something at all (R-037): « Activé », neither closed nor frozen. */
function recoverable(db: Database) {
  return db('accounts as a')
    .where({ 'a.kind': 'guardian', 'a.state': 'activated' })
    .whereNull('a.closed_at')
    .whereNull('a.frozen_at');
}

/** By verified address, as the collation compares: the caller compares exactly. */
export async function findRecoverableByEmail(db: Database, email: string): Promise<Account[]> {
  return recoverable(db)
    .where('a.email', email)
    .whereNotNull('a.email_verified_at')
    .orderBy('a.id')
    .limit(MOST_READ)
    .select(accountColumns('a'));
}

export async function findRecoverable(db: Database, ids: readonly number[]): Promise<Account[]> {
  if (ids.length === 0) return [];
  return recoverable(db)
    .whereIn('a.id', [...ids])
    .orderBy('a.id')
    .select(accountColumns('a'));
}

/** Whether the school knows the account's holder by one of these mobiles (E.164). @returns the one, or null */
export async function findMobileOf(
  db: Database,
  accountId: number,
  mobiles: readonly string[],
): Promise<string | null> {
  const row: { mobile: string } | undefined = await db('guardian_references')
    .select('mobile')
    .where({ account_id: accountId })
    .whereNull('left_at')
    .whereIn('mobile', [...mobiles])
    .orderBy('id')
    .first();
  return row?.mobile ?? null;
}

/** Begins, or begins again with other data: what this interaction had proved is forgotten. */
export async function putRecovery(
  trx: Transaction,
  start: {
    interactionUid: string;
    goal: RecoveryGoal;
    mobile: string;
    accounts: readonly Pick<Account, 'id' | 'credentialsVersion'>[];
    expiresAt: Date;
  },
  now: Date,
): Promise<void> {
  const hash = tokenHash(start.interactionUid);
  const row = { goal: start.goal, step: 'code', mobile: start.mobile, expires_at: start.expiresAt };
  await trx('recoveries')
    .insert({ interaction_hash: hash, ...row, created_at: now, updated_at: now })
    .onConflict('interaction_hash')
    .merge();
  await trx('recovery_accounts').where({ interaction_hash: hash }).delete();
  if (start.accounts.length === 0) return;
  await trx('recovery_accounts').insert(
    start.accounts.map(({ id, credentialsVersion }) => ({
      interaction_hash: hash,
      account_id: id,
      credentials_version: credentialsVersion,
    })),
  );
}

export async function findRecovery(
  db: Database,
  interactionUid: string,
  now: Date,
): Promise<Recovery | null> {
  const hash = tokenHash(interactionUid);
  const row: Omit<Recovery, 'accounts'> | undefined = await db('recoveries')
    .select('goal', 'step', 'mobile')
    .where({ interaction_hash: hash })
    .where('expires_at', '>', now)
    .first();
  if (!row) return null;
  const accounts: Account[] = await recoverable(db)
    .join('recovery_accounts as r', function joinRecovery() {
      this.on('r.account_id', 'a.id').andOn('r.credentials_version', 'a.credentials_version');
    })
    .where('r.interaction_hash', hash)
    .orderBy('a.id')
    .select(accountColumns('a'));
  return { ...row, accounts };
}

/** The same with the row locked until the transaction ends: two tabs, one after the other. */
export async function lockRecovery(
  trx: Transaction,
  interactionUid: string,
  now: Date,
): Promise<Recovery | null> {
  const locked = await trx('recoveries')
    .select('step')
    .where({ interaction_hash: tokenHash(interactionUid) })
    .forUpdate()
    .first();
  return locked === undefined ? null : findRecovery(trx, interactionUid, now);
}

export async function markProved(trx: Transaction, interactionUid: string, now: Date): Promise<void> {
  await trx('recoveries')
    .where({ interaction_hash: tokenHash(interactionUid) })
    .update({ step: 'proved', updated_at: now });
}
