import type { Account, AccountState } from '../accounts/types.ts';
import type { Database, Transaction } from '../deps.ts';
import { linkedPupils } from '../directory/store.ts';

/** A pupil as his guardian's account leads to him, with the account of his own. */
export type OwnChild = {
  id: number;
  givenName: string;
  familyName: string;
  degree: 1 | 2;
  schoolId: number;
  school: string;
  /** Null: he has none (the first degree, no INE). */
  account: { id: number; state: AccountState; identifier: string; frozen: boolean } | null;
};

/** The children of an account, each once, by age; @param pupilId one of them only */
export async function findOwnChildren(
  db: Database,
  accountId: number,
  pupilId?: number,
): Promise<OwnChild[]> {
  const query = linkedPupils(db)
    .leftJoin('accounts as a', (join) => join.on('a.id', 'p.account_id').andOnNull('a.closed_at'))
    .where('g.account_id', accountId)
    .orderBy([{ column: 'p.birth_date' }, { column: 'p.id' }, { column: 'g.id' }])
    .select({
      id: 'p.id',
      givenName: 'p.given_name',
      familyName: 'p.family_name',
      degree: 'p.degree',
      schoolId: 's.id',
      school: 's.name',
      account: 'a.id',
      state: 'a.state',
      identifier: 'a.identifier',
      frozenAt: 'a.frozen_at',
    });
  if (pupilId !== undefined) query.where('p.id', pupilId);
  const children = new Map<number, OwnChild>();
  for (const { account, state, identifier, frozenAt, ...pupil } of await query) {
    const own = account === null ? null : { id: account, state, identifier, frozen: frozenAt !== null };
    children.set(pupil.id, { ...pupil, account: own });
  }
  return [...children.values()];
}

/** More guardians than that are an institution's. */
const MOST_GUARDIANS = 10;

/** Who has this pupil among the children of an open account, by id. */
export async function findGuardiansOf(
  db: Database,
  pupilId: number,
): Promise<Pick<Account, 'id' | 'identifier' | 'email' | 'emailVerifiedAt' | 'language'>[]> {
  return linkedPupils(db)
    .join('accounts as a', (join) => join.on('a.id', 'g.account_id').andOnNull('a.closed_at'))
    .where('p.id', pupilId)
    .distinct({
      id: 'a.id',
      identifier: 'a.identifier',
      email: 'a.email',
      emailVerifiedAt: 'a.email_verified_at',
      language: 'a.language',
    })
    .orderBy('a.id')
    .limit(MOST_GUARDIANS);
}

export async function wasFormUsed(db: Database, formKey: string): Promise<boolean> {
  return (await db('child_passwords').where({ form_key: formKey }).first('form_key')) !== undefined;
}

export async function countRenewals(db: Database, accountId: number, since: Date): Promise<number> {
  const row = await db('child_passwords')
    .where({ account_id: accountId })
    .where('created_at', '>', since)
    .count({ n: '*' })
    .first();
  return Number(row?.n ?? 0);
}

export async function keepRenewal(
  trx: Transaction,
  renewal: { formKey: string; accountId: number; guardianAccountId: number; now: Date },
): Promise<void> {
  await trx('child_passwords').insert({
    form_key: renewal.formKey,
    account_id: renewal.accountId,
    guardian_account_id: renewal.guardianAccountId,
    created_at: renewal.now,
  });
}
