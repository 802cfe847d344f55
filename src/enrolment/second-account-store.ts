import type { Database, Transaction } from '../deps.ts';
import type { Names } from './same-name.ts';

/** The proof of a second account, given in a session of « Mon compte ». */
export type SecondProof = {
  /** Told to the page that asks for the confirmation, so that it cannot confirm another proof than it shows. */
  key: string;
  /** Whose session it is, and the account proved in it. */
  accountId: number;
  otherAccountId: number;
  /** Version of the other's credentials when they were proved. */
  otherVersion: number;
  provedAt: Date;
  /** The two are one since then. */
  doneAt: Date | null;
};

const COLUMNS = {
  key: 'proof_key',
  accountId: 'account_id',
  otherAccountId: 'other_account_id',
  otherVersion: 'other_version',
  provedAt: 'proved_at',
  doneAt: 'done_at',
};

/** In the place of an earlier one of this session. */
export async function putProof(
  trx: Transaction,
  { sessionUid, proof, expiresAt }: { sessionUid: string; proof: SecondProof; expiresAt: Date },
): Promise<void> {
  const row = {
    session_uid: sessionUid,
    proof_key: proof.key,
    account_id: proof.accountId,
    other_account_id: proof.otherAccountId,
    other_version: proof.otherVersion,
    proved_at: proof.provedAt,
    done_at: proof.doneAt,
    expires_at: expiresAt,
  };
  await trx('regroup_proofs').insert(row).onConflict('session_uid').merge();
}

export async function findProof(db: Database, sessionUid: string): Promise<SecondProof | null> {
  return (await db('regroup_proofs').where({ session_uid: sessionUid }).first(COLUMNS)) ?? null;
}

export async function lockProof(trx: Transaction, sessionUid: string): Promise<SecondProof | null> {
  const row = trx('regroup_proofs').where({ session_uid: sessionUid }).forUpdate().first(COLUMNS);
  return (await row) ?? null;
}

export async function markProofDone(trx: Transaction, sessionUid: string, now: Date): Promise<void> {
  await trx('regroup_proofs').where({ session_uid: sessionUid }).update({ done_at: now });
}

/** What the records of an account call its holder. */
export type HolderNames = Names & { accountId: number; title: string | null };

/** The names of the accounts and of their records that are in the directory. */
export async function findHolderNames(db: Database, accountIds: readonly number[]): Promise<HolderNames[]> {
  return db('accounts as a')
    .leftJoin('guardian_references as g', (join) => join.on('g.account_id', 'a.id').andOnNull('g.left_at'))
    .whereIn('a.id', accountIds)
    .orderBy('g.id')
    .select({
      accountId: 'a.id',
      title: 'g.title',
      givenName: db.raw('COALESCE(g.given_name, a.given_name)'),
      familyName: db.raw('COALESCE(g.family_name, a.family_name)'),
      birthName: 'g.birth_name',
    });
}
