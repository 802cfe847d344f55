import type { Knex } from 'knex';
import { chunksOf, insertBatch } from '../db/batch.ts';
import type { Database } from '../deps.ts';
import { endMarks } from './forced-marks-store.ts';
import type { Account, AccountChanges, NewAccount, PasswordKind } from './types.ts';
import { removePasskeys } from './ways-in-store.ts';

/** Property of `Account` -> column, for every column that is read. */
const COLUMNS = {
  id: 'id',
  publicId: 'public_id',
  kind: 'kind',
  identifier: 'identifier',
  state: 'state',
  origin: 'origin',
  givenName: 'given_name',
  familyName: 'family_name',
  email: 'email',
  emailVerifiedAt: 'email_verified_at',
  schoolEmail: 'school_email',
  passwordKind: 'password_kind',
  passwordHash: 'password_hash',
  passwordChangedAt: 'password_changed_at',
  provisionalSealed: 'provisional_sealed',
  provisionalCreatedAt: 'provisional_created_at',
  distributedAt: 'distributed_at',
  activatedAt: 'activated_at',
  lastLoginAt: 'last_login_at',
  credentialsVersion: 'credentials_version',
  closedAt: 'closed_at',
  frozenAt: 'frozen_at',
  bouncedEmail: 'bounced_email',
  emailBouncedAt: 'email_bounced_at',
  language: 'language',
  forgetAt: 'forget_at',
  mustChangeSince: 'must_change_since',
} as const satisfies Record<keyof Account, string>;

/** knex's select map `{ publicId: 'accounts.public_id', ... }`; other stores join accounts with it. */
export function accountColumns(table = 'accounts'): Record<keyof Account, string> {
  const entries = Object.entries(COLUMNS).map(([property, column]) => [property, `${table}.${column}`]);
  return Object.fromEntries(entries) as Record<keyof Account, string>;
}

const select = (db: Database) => db('accounts').select(accountColumns());

/** A living account by the identifier that the person types; closed accounts are not found. */
export async function findAccountByIdentifier(db: Database, identifier: string): Promise<Account | null> {
  const account: Account | undefined = await select(db).where({ identifier }).whereNull('closed_at').first();
  // The server pads what it compares: « g.zoumn » and « g.zoumn  » are the same to it, not to us.
  return account?.identifier === identifier ? account : null;
}

export async function findAccountById(db: Database, id: number): Promise<Account | null> {
  return (await select(db).where({ id }).first()) ?? null;
}

/** Those of these that there are, closed or not. */
export async function findAccountsByIds(db: Database, ids: readonly number[]): Promise<Account[]> {
  const found: Account[] = [];
  for (const part of chunksOf(ids)) found.push(...((await select(db).whereIn('id', part)) as Account[]));
  return found;
}

/** @param publicId the OIDC accountId; closed accounts are found too, with `closedAt` set */
export async function findAccountByPublicId(db: Database, publicId: string): Promise<Account | null> {
  return (await select(db).where({ public_id: publicId }).first()) ?? null;
}

/** Locks rows in the order of their ids, so that two who lock the same set cannot deadlock. */
export async function lockAccounts(trx: Knex.Transaction, ids: readonly number[]): Promise<Account[]> {
  const sorted = [...new Set(ids)].sort((a, b) => a - b);
  const locked: Account[] = [];
  for (const part of chunksOf(sorted)) {
    const rows = select(trx).whereIn('id', part).orderBy('id').forUpdate();
    locked.push(...((await rows) as Account[]));
  }
  return locked;
}

/** Pre-created accounts of an import, in batches. */
export async function insertAccounts(
  db: Database,
  accounts: readonly NewAccount[],
  now: Date,
): Promise<void> {
  for (const part of chunksOf(accounts, 1000)) {
    await insertBatch(
      db,
      `INSERT INTO accounts (public_id, kind, identifier, given_name, family_name, state, origin, password_kind,
         created_at, updated_at)`,
      part.map(({ publicId, kind, identifier, givenName, familyName }) => [
        publicId,
        kind,
        identifier,
        givenName,
        familyName,
        'not_notified',
        'none',
        'none',
        now,
        now,
      ]),
    );
  }
}

type Writable = AccountChanges & Partial<Pick<Account, 'state' | 'origin' | 'activatedAt'>>;

/**
 * @param changes only the properties given are written
 * @param bumpVersion kills sessions and grants made before
 */
export async function updateAccount(
  db: Database,
  id: number,
  changes: Writable,
  now: Date,
  bumpVersion = false,
): Promise<void> {
  await updateManyAccounts(db, [id], changes, now, bumpVersion);
}

/** What became of a password that had to be changed, by what took its place. */
const REPLACED = { personal: 'changed', provisional: 'reset', none: 'removed' } as const satisfies Record<
  PasswordKind,
  string
>;

/**
 * One statement per 500 accounts: the same values for all of them. With another password the old one has not to be
 * changed any more, whoever set it; that takes a second statement.
 */
export async function updateManyAccounts(
  db: Database,
  ids: readonly number[],
  changes: Writable,
  now: Date,
  bumpVersion = false,
): Promise<void> {
  const row: Record<string, unknown> = { updated_at: now };
  for (const [property, value] of Object.entries(changes)) {
    if (value !== undefined) row[COLUMNS[property as keyof Account]] = value;
  }
  if (bumpVersion) row.credentials_version = db.raw('credentials_version + 1');
  if (changes.passwordKind !== undefined) row.must_change_since = null;
  for (const part of chunksOf(ids)) await db('accounts').whereIn('id', part).update(row);
  if (changes.passwordKind !== undefined) await endMarks(db, ids, REPLACED[changes.passwordKind], now);
}

/**
 * New provisional passwords, one value an account, 500 accounts a statement; state and dates are the caller's. An
 * account that was frozen (« Ce n'est pas moi ») opens again: the school has given it a password that only its holder has.
 * Its passkeys go: whoever got hold of the account may have added one, and it would outlive the reset unseen.
 */
export async function updateProvisionals(
  db: Database,
  values: readonly { id: number; sealed: string }[],
  state: {
    state: Account['state'];
    origin?: Account['origin'] | undefined;
    distributedAt?: Date | undefined;
  },
  now: Date,
): Promise<void> {
  for (const part of chunksOf(values)) {
    await removePasskeys(
      db,
      part.map(({ id }) => id),
    );
    const rows = part
      .map((_, index) => (index === 0 ? 'SELECT ? AS id, ? AS sealed' : 'SELECT ?, ?'))
      .join(' UNION ALL ');
    await db.raw(
      `UPDATE accounts a JOIN (${rows}) v ON v.id = a.id
       SET a.provisional_sealed = v.sealed, a.provisional_created_at = ?, a.password_kind = 'provisional',
           a.password_hash = NULL, a.state = ?, a.origin = COALESCE(?, a.origin),
           a.distributed_at = COALESCE(?, a.distributed_at), a.frozen_at = NULL,
           a.must_change_since = NULL, a.credentials_version = a.credentials_version + 1, a.updated_at = ?`,
      [
        ...part.flatMap(({ id, sealed }) => [id, sealed]),
        now,
        state.state,
        state.origin ?? null,
        state.distributedAt ?? null,
        now,
      ],
    );
  }
  await endMarks(
    db,
    values.map(({ id }) => id),
    'reset',
    now,
  );
}
