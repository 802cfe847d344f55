import { accountColumns } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { tokenHash } from '../crypto/digests.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Database, Transaction } from '../deps.ts';
import type { EnrolmentStep, EnrolmentWay } from './types.ts';

/** One row per interaction of the provider. */
export type EnrolmentRow = {
  way: EnrolmentWay;
  step: EnrolmentStep;
  clientId: string | null;
  fcIssuer: string | null;
  fcSub: string | null;
  fcIdentitySealed: string | null;
  mobile: string | null;
  accountId: number | null;
  credentialsVersion: number | null;
  childrenProvedAt: Date | null;
  updatedAt: Date;
  /** Null: not chosen yet, or closed or frozen since. */
  account: Account | null;
};

const COLUMNS = {
  way: 'e.way',
  step: 'e.step',
  clientId: 'e.client_id',
  fcIssuer: 'e.fc_issuer',
  fcSub: 'e.fc_sub',
  fcIdentitySealed: 'e.fc_identity_sealed',
  mobile: 'e.mobile',
  accountId: 'e.account_id',
  credentialsVersion: 'e.credentials_version',
  childrenProvedAt: 'e.children_proved_at',
  updatedAt: 'e.updated_at',
} as const;

/** The living row of an interaction, without locking it. */
export async function findEnrolment(
  db: Database,
  interactionUid: string,
  now: Date,
): Promise<EnrolmentRow | null> {
  const account = Object.entries(accountColumns('a')).map(([name, column]) => [`account_${name}`, column]);
  const row: Record<string, unknown> | undefined = await db('enrolments as e')
    .leftJoin('accounts as a', function joinAccount() {
      this.on('a.id', 'e.account_id').andOnNull('a.closed_at').andOnNull('a.frozen_at');
    })
    .where('e.interaction_hash', tokenHash(interactionUid))
    .where('e.expires_at', '>', now)
    .select({ ...COLUMNS, ...Object.fromEntries(account) })
    .first();
  return row === undefined ? null : toRow(row);
}

function toRow(row: Record<string, unknown>): EnrolmentRow {
  const own = Object.keys(COLUMNS).map((name) => [name, row[name]]);
  const names = Object.keys(accountColumns());
  const account = names.map((name) => [name, row[`account_${name}`]]);
  return {
    ...Object.fromEntries(own),
    account: row.account_id === null ? null : Object.fromEntries(account),
  } as EnrolmentRow;
}

/** The same with the row locked until the transaction ends: two tabs, one after the other. */
export async function lockEnrolment(
  trx: Transaction,
  interactionUid: string,
  now: Date,
): Promise<EnrolmentRow | null> {
  const locked = await trx('enrolments')
    .select('way')
    .where({ interaction_hash: tokenHash(interactionUid) })
    .forUpdate()
    .first();
  return locked === undefined ? null : findEnrolment(trx, interactionUid, now);
}

type Start = {
  interactionUid: string;
  clientId: string | null;
  way: EnrolmentWay;
  step: EnrolmentStep;
  identity: { issuer: string; sub: string; sealed: string } | null;
  mobile: string | null;
  /** Ids of the guardian references that fit. */
  references: readonly number[];
  expiresAt: Date;
};

/** Begins, or begins again: another way, or other data, replace what this interaction had begun. */
export async function putEnrolment(db: Database, start: Start, now: Date): Promise<void> {
  const row = {
    interaction_hash: tokenHash(start.interactionUid),
    way: start.way,
    step: start.step,
    client_id: start.clientId,
    fc_issuer: start.identity?.issuer ?? null,
    fc_sub: start.identity?.sub ?? null,
    fc_identity_sealed: start.identity?.sealed ?? null,
    mobile: start.mobile,
    account_id: null,
    credentials_version: null,
    code_proved_at: null,
    children_proved_at: null,
    created_at: now,
    updated_at: now,
    expires_at: start.expiresAt,
  };
  await inTransaction(db, async (trx) => {
    await trx('enrolments').insert(row).onConflict('interaction_hash').merge();
    await putReferences(trx, start.interactionUid, start.references);
  });
}

/** Replaces the references that an enrolment is about. */
export async function putReferences(
  trx: Transaction,
  interactionUid: string,
  references: readonly number[],
): Promise<void> {
  const interaction_hash = tokenHash(interactionUid);
  await trx('enrolment_references').where({ interaction_hash }).delete();
  if (references.length === 0) return;
  await trx('enrolment_references').insert(
    references.map((guardian_reference_id) => ({ interaction_hash, guardian_reference_id })),
  );
}

/** Ids of the guardian references that an enrolment is about. */
export async function referencesOf(db: Database, interactionUid: string): Promise<number[]> {
  return db('enrolment_references')
    .where({ interaction_hash: tokenHash(interactionUid) })
    .orderBy('guardian_reference_id')
    .pluck('guardian_reference_id');
}

type Changes = Partial<{
  step: EnrolmentStep;
  mobile: string | null;
  fcIdentitySealed: string | null;
  accountId: number | null;
  credentialsVersion: number | null;
  codeProvedAt: Date;
  childrenProvedAt: Date;
}>;

const WRITABLE: Record<keyof Changes, string> = {
  step: 'step',
  mobile: 'mobile',
  fcIdentitySealed: 'fc_identity_sealed',
  accountId: 'account_id',
  credentialsVersion: 'credentials_version',
  codeProvedAt: 'code_proved_at',
  childrenProvedAt: 'children_proved_at',
};

export async function updateEnrolment(
  db: Database,
  interactionUid: string,
  changes: Changes,
  now: Date,
): Promise<void> {
  const row: Record<string, unknown> = { updated_at: now };
  for (const [name, value] of Object.entries(changes)) row[WRITABLE[name as keyof Changes]] = value;
  await db('enrolments')
    .where({ interaction_hash: tokenHash(interactionUid) })
    .update(row);
}

/** The person signs in with his password instead. */
export async function forgetEnrolment(db: Database, interactionUid: string): Promise<void> {
  await db('enrolments')
    .where({ interaction_hash: tokenHash(interactionUid) })
    .delete();
}

/**
 * Ends every other enrolment that is about one of these references. The rows stay until they are purged: their
 * visitors are told that they were overtaken, which `hasOvertakenEnrolment` knows by the two dates.
 */
export async function endOtherEnrolments(
  trx: Transaction,
  interactionUid: string,
  references: readonly number[],
  now: Date,
): Promise<void> {
  // Asked first: an update would lock, and wait for, the row of every visitor for a list that is a query.
  const others: string[] = await trx('enrolment_references')
    .whereIn('guardian_reference_id', references)
    .whereNot({ interaction_hash: tokenHash(interactionUid) })
    .distinct('interaction_hash')
    .orderBy('interaction_hash')
    .pluck('interaction_hash');
  if (others.length === 0) return;
  await trx('enrolments')
    .whereIn('interaction_hash', others)
    .where('expires_at', '>', now)
    .update({ expires_at: now, updated_at: now, mobile: null, fc_identity_sealed: null });
}

/** Ends one's own, overtaken by another way in. */
export async function endEnrolment(trx: Transaction, interactionUid: string, now: Date): Promise<void> {
  await trx('enrolments')
    .where({ interaction_hash: tokenHash(interactionUid) })
    .update({ expires_at: now, updated_at: now, mobile: null, fc_identity_sealed: null });
}

export async function hasOvertakenEnrolment(db: Database, interactionUid: string): Promise<boolean> {
  const row = await db('enrolments')
    .select('way')
    .where({ interaction_hash: tokenHash(interactionUid) })
    .whereRaw('expires_at <= updated_at')
    .first();
  return row !== undefined;
}

/** The living account that this person of FranceConnect is linked to. */
export async function findFranceConnectAccount(
  db: Database,
  issuer: string,
  sub: string,
): Promise<Account | null> {
  // Longer than a sub can be: the column would refuse it, and nobody is linked to it.
  if (sub.length > 255) return null;
  const account: Account | undefined = await db('account_franceconnect as l')
    .join('accounts as a', 'a.id', 'l.account_id')
    .where({ 'l.issuer': issuer, 'l.sub': sub })
    .whereNull('a.closed_at')
    .whereNull('a.frozen_at')
    .select(accountColumns('a'))
    .first();
  return account ?? null;
}
