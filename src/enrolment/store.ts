import type { Knex } from 'knex';
import { accountColumns } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { tokenHash } from '../crypto/digests.ts';
import type { Database, Transaction } from '../deps.ts';

export type StepName = 'new-password' | 'address' | 'birth-date' | 'activation' | 'done';

/** A first connection under way: one row per interaction of the provider. */
export type FirstConnection = {
  interactionUid: string;
  step: StepName;
  newPasswordHash: string | null;
  email: string | null;
  pupil: { id: number; givenName: string; familyName: string; birthDate: string | null } | null;
  clientId: string | null;
  account: Account;
  createdAt: Date;
};

type Row = Account & {
  step: StepName;
  newPasswordHash: string | null;
  pendingEmail: string | null;
  clientId: string | null;
  pupilId: number | null;
  pupilGivenName: string | null;
  pupilFamilyName: string | null;
  pupilBirthDate: string | null;
  createdAt: Date;
};

const FIRST_CONNECTION = {
  step: 'f.step',
  newPasswordHash: 'f.new_password_hash',
  pendingEmail: 'f.email',
  clientId: 'f.client_id',
  pupilId: 'p.id',
  pupilGivenName: 'p.given_name',
  pupilFamilyName: 'p.family_name',
  pupilBirthDate: 'p.birth_date',
  createdAt: 'f.created_at',
};

function selectLiving(db: Database, interactionUid: string, now: Date): Knex.QueryBuilder {
  // A row made before a reset or by a closed account is dead: its holder signs in again.
  return db('first_connections as f')
    .join('accounts as a', function joinAccount() {
      this.on('a.id', 'f.account_id').andOn('a.credentials_version', 'f.credentials_version');
    })
    .leftJoin('pupils as p', 'p.id', 'f.pupil_id')
    .where('f.interaction_hash', tokenHash(interactionUid))
    .where('f.expires_at', '>', now)
    .whereNull('a.closed_at');
}

/** Where this interaction stands, with its account and the child to be named; null: nowhere. */
export async function findFirstConnection(
  db: Database,
  interactionUid: string,
  now: Date,
): Promise<FirstConnection | null> {
  const columns = accountColumns('a');
  const { passwordHash, newPasswordHash, ...rest } = { ...columns, ...FIRST_CONNECTION };
  const row: Row | undefined = await selectLiving(db, interactionUid, now)
    .select({ ...rest, passwordHash, newPasswordHash })
    .first();
  if (!row) return null;
  const {
    step,
    pendingEmail,
    clientId,
    pupilId,
    pupilGivenName,
    pupilFamilyName,
    pupilBirthDate,
    newPasswordHash: hash,
    createdAt,
    ...account
  } = row;
  return {
    interactionUid,
    step,
    createdAt,
    newPasswordHash: hash,
    email: pendingEmail,
    clientId,
    pupil:
      pupilId === null
        ? null
        : {
            id: pupilId,
            givenName: pupilGivenName ?? '',
            familyName: pupilFamilyName ?? '',
            birthDate: pupilBirthDate,
          },
    account,
  };
}

/** Whether this interaction has a row made before its account got a personal password. */
export async function hasOvertakenRow(db: Database, interactionUid: string, now: Date): Promise<boolean> {
  const row = await db('first_connections as f')
    .join('accounts as a', 'a.id', 'f.account_id')
    .select('f.account_id')
    .where('f.interaction_hash', tokenHash(interactionUid))
    .where('f.expires_at', '>', now)
    .whereRaw('f.credentials_version < a.credentials_version')
    .where('a.password_kind', 'personal')
    .whereNull('a.closed_at')
    .first();
  return row !== undefined;
}

/** The same with both rows locked until the transaction ends: two tabs, one after the other. */
export async function lockFirstConnection(
  trx: Transaction,
  interactionUid: string,
  now: Date,
): Promise<FirstConnection | null> {
  const locked = await trx('first_connections')
    .select('account_id')
    .where({ interaction_hash: tokenHash(interactionUid) })
    .forUpdate()
    .first();
  if (!locked) return null;
  await trx('accounts').select('id').where({ id: locked.account_id }).forUpdate();
  return findFirstConnection(trx, interactionUid, now);
}

type Start = {
  interactionUid: string;
  accountId: number;
  step: StepName;
  credentialsVersion: number;
  clientId: string | null;
  expiresAt: Date;
};

/** Begins, or begins again: a person who signs in anew in the same interaction replaces the one before. */
export async function putFirstConnection(trx: Transaction, start: Start, now: Date): Promise<void> {
  const row = {
    interaction_hash: tokenHash(start.interactionUid),
    account_id: start.accountId,
    step: start.step,
    credentials_version: start.credentialsVersion,
    new_password_hash: null,
    email: null,
    pupil_id: null,
    client_id: start.clientId,
    created_at: now,
    updated_at: now,
    expires_at: start.expiresAt,
  };
  await trx('first_connections').insert(row).onConflict('interaction_hash').merge();
}

type StepChanges = {
  step?: StepName;
  newPasswordHash?: string | null;
  email?: string | null;
  pupilId?: number | null;
  credentialsVersion?: number;
};

export async function updateFirstConnection(
  trx: Transaction,
  interactionUid: string,
  changes: StepChanges,
  now: Date,
): Promise<void> {
  const row: Record<string, unknown> = { updated_at: now };
  if (changes.step !== undefined) row.step = changes.step;
  if (changes.newPasswordHash !== undefined) row.new_password_hash = changes.newPasswordHash;
  if (changes.email !== undefined) row.email = changes.email;
  if (changes.pupilId !== undefined) row.pupil_id = changes.pupilId;
  if (changes.credentialsVersion !== undefined) row.credentials_version = changes.credentialsVersion;
  await trx('first_connections')
    .where({ interaction_hash: tokenHash(interactionUid) })
    .update(row);
}
