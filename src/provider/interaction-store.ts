import type { Database } from '../deps.ts';
import { personColumns, personOf } from './person-store.ts';
import type { Payload, Person } from './rows.ts';

type Row = Record<string, unknown>;

export type StoredInteraction = {
  clientId: string;
  payload: Payload;
  /** What the mire has handed over. */
  result: Payload | null;
  credentialsVersion: number | null;
  expiresAt: Date;
};

/** Whose session the browser has at this moment. */
export type PresentSession = {
  accountId: string;
  credentialsVersion: number;
  idleAt: Date;
  person: Person | null;
};

/** Locked, so that of two tabs that come back at once one finds it used. */
export async function lockInteraction(db: Database, idHash: string): Promise<StoredInteraction | null> {
  const row: Row | undefined = await db('oidc_interactions').where({ id_hash: idHash }).forUpdate().first();
  return row ? interactionOf(row) : null;
}

/** The sign-in and, in the same statement, the session of the browser that asks. */
export async function readInteraction(
  db: Database,
  idHash: string,
  sessionHash: string | null,
): Promise<{ interaction: StoredInteraction; present: PresentSession | null } | null> {
  const row: Row | undefined = await db('oidc_interactions as i')
    .leftJoin('oidc_sessions as s', 's.id_hash', db.raw('?', [sessionHash]))
    .leftJoin('accounts as a', 'a.public_id', 's.account_id')
    .where({ 'i.id_hash': idHash })
    .select(
      'i.*',
      's.account_id as session_account_id',
      's.credentials_version as session_version',
      's.idle_at',
      ...personColumns('a'),
    )
    .first();
  if (!row) return null;
  const present =
    row.session_account_id === null
      ? null
      : {
          accountId: row.session_account_id as string,
          credentialsVersion: row.session_version as number,
          idleAt: row.idle_at as Date,
          person: personOf(row),
        };
  return { interaction: interactionOf(row), present };
}

function interactionOf(row: Row): StoredInteraction {
  const result = row.result as string | null;
  return {
    clientId: row.client_id as string,
    payload: JSON.parse(row.payload as string),
    result: result === null ? null : JSON.parse(result),
    credentialsVersion: row.credentials_version as number | null,
    expiresAt: row.expires_at as Date,
  };
}

export async function insertInteraction(
  db: Database,
  idHash: string,
  { clientId, payload, expiresAt }: Pick<StoredInteraction, 'clientId' | 'payload' | 'expiresAt'>,
): Promise<void> {
  await db('oidc_interactions').insert({
    id_hash: idHash,
    client_id: clientId,
    payload: JSON.stringify(payload),
    expires_at: expiresAt,
  });
}

export async function updateInteraction(db: Database, idHash: string, payload: Payload): Promise<void> {
  await db('oidc_interactions')
    .where({ id_hash: idHash })
    .update({ payload: JSON.stringify(payload) });
}

/** Hands over that the visitor gave up. @returns false when the sign-in is over */
export async function saveRefusal(
  db: Database,
  idHash: string,
  result: Payload,
  now: Date,
): Promise<boolean> {
  const changed = await db('oidc_interactions')
    .where({ id_hash: idHash })
    .where('expires_at', '>', now)
    .update({ result: JSON.stringify(result), credentials_version: null });
  return changed === 1;
}

/**
 * Hands over a login, with the version that the account's credentials have at this moment.
 * @returns false when the sign-in is over, or the account may not be presented to services
 */
export async function saveLogin(
  db: Database,
  idHash: string,
  accountId: string,
  result: Payload,
  now: Date,
): Promise<boolean> {
  const changed = await db('oidc_interactions as i')
    .join('accounts as a', 'a.public_id', db.raw('?', [accountId]))
    .where({ 'i.id_hash': idHash, 'a.state': 'activated' })
    .where('i.expires_at', '>', now)
    .whereNull('a.closed_at')
    .update({ 'i.result': JSON.stringify(result), 'i.credentials_version': db.ref('a.credentials_version') });
  return changed === 1;
}

export async function extendInteraction(db: Database, idHash: string, until: Date): Promise<void> {
  await db('oidc_interactions')
    .where({ id_hash: idHash })
    .where('expires_at', '<', until)
    .update({ expires_at: until });
}

export async function deleteInteraction(db: Database, idHash: string): Promise<void> {
  await db('oidc_interactions').where({ id_hash: idHash }).delete();
}
