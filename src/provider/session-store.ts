import type { Database } from '../deps.ts';
import { personColumns, personOf } from './person-store.ts';
import type { Grant, LoadedSession, Person, SessionClient } from './rows.ts';

type Row = Record<string, unknown>;

export type SessionRead = { session: LoadedSession; person: Person | null; grants: Grant[] };

/**
 * Locks the session until the end of the transaction: requests of one session follow one another, so that none
 * overwrites another's service and none brings back what a logout has deleted (decision 9, pitfall 2).
 * @returns its uid
 */
export async function lockSession(db: Database, idHash: string): Promise<string | null> {
  const row = await db('oidc_sessions').where({ id_hash: idHash }).select('uid').forUpdate().first();
  return row?.uid ?? null;
}

/** The same, by its uid. @returns false when it is over */
export async function lockSessionOfUid(db: Database, uid: string): Promise<boolean> {
  return (await db('oidc_sessions').where({ uid }).select('uid').forUpdate().first()) !== undefined;
}

/** Counts the idle time anew for a session that is still in use. */
export async function touchSession(db: Database, uid: string, now: Date, idleAt: Date): Promise<void> {
  await db('oidc_sessions')
    .where({ uid })
    .where('idle_at', '>', now)
    .update({ touched_at: now, idle_at: db.raw('LEAST(?, expires_at)', [idleAt]) });
}

/** The session with its person, its services and their grants, in one statement. */
export async function readSession(
  db: Database,
  by: { uid: string } | { id_hash: string },
): Promise<SessionRead | null> {
  const column = 'uid' in by ? { 's.uid': by.uid } : { 's.id_hash': by.id_hash };
  const rows: Row[] = await db('oidc_sessions as s')
    .leftJoin('accounts as a', 'a.public_id', 's.account_id')
    .leftJoin('session_clients as c', 'c.session_uid', 's.uid')
    .leftJoin('oidc_grants as g', 'g.id', 'c.grant_id')
    .where(column)
    .select(
      's.*',
      'c.client_id',
      'c.sid',
      'c.grant_id',
      'g.account_id as grant_account_id',
      'g.credentials_version as grant_version',
      'g.payload as grant_payload',
      'g.expires_at as grant_expires_at',
      ...personColumns('a'),
    );
  const first = rows[0];
  if (!first) return null;
  const services = rows.filter((row) => row.client_id !== null);
  const grants = services.filter((row) => row.grant_payload !== null).map(grantOf);
  return { session: sessionOf(first, services), person: personOf(first), grants };
}

function sessionOf(row: Row, services: Row[]): LoadedSession {
  const clients = services.map((service): [string, SessionClient] => [
    service.client_id as string,
    { sid: service.sid as string, grantId: service.grant_id as string | null },
  ]);
  return {
    uid: row.uid as string,
    idHash: row.id_hash as string,
    accountId: row.account_id as string,
    credentialsVersion: row.credentials_version as number,
    payload: JSON.parse(row.payload as string),
    touchedAt: row.touched_at as Date,
    idleAt: row.idle_at as Date,
    expiresAt: row.expires_at as Date,
    clients: new Map(clients),
    stored: true,
  };
}

function grantOf(row: Row): Grant {
  return {
    id: row.grant_id as string,
    accountId: row.grant_account_id as string,
    clientId: row.client_id as string,
    credentialsVersion: row.grant_version as number,
    payload: JSON.parse(row.grant_payload as string),
    expiresAt: row.grant_expires_at as Date,
  };
}

type SessionRow = Omit<LoadedSession, 'clients' | 'stored'>;

function columnsOf(session: SessionRow): Row {
  return {
    uid: session.uid,
    id_hash: session.idHash,
    account_id: session.accountId,
    credentials_version: session.credentialsVersion,
    payload: JSON.stringify(session.payload),
    touched_at: session.touchedAt,
    idle_at: session.idleAt,
    expires_at: session.expiresAt,
  };
}

export async function insertSession(db: Database, session: SessionRow): Promise<void> {
  await db('oidc_sessions').insert(columnsOf(session));
}

export async function updateSession(db: Database, session: SessionRow): Promise<void> {
  const { uid, ...columns } = columnsOf(session);
  await db('oidc_sessions')
    .where({ uid: uid as string })
    .update(columns);
}

/** Its services go with it. */
export async function deleteSession(db: Database, uid: string): Promise<void> {
  await db('oidc_sessions').where({ uid }).delete();
}

export async function saveSessionClients(
  db: Database,
  uid: string,
  clients: ReadonlyMap<string, SessionClient>,
  now: Date,
): Promise<void> {
  const rows = [...clients].map(([clientId, { sid, grantId }]) => ({
    session_uid: uid,
    client_id: clientId,
    sid,
    grant_id: grantId,
    created_at: now,
  }));
  await db('session_clients')
    .insert(rows)
    .onConflict(['session_uid', 'client_id'])
    .merge(['sid', 'grant_id']);
}

export async function deleteSessionClients(
  db: Database,
  uid: string,
  clientIds: readonly string[],
): Promise<void> {
  await db('session_clients').where({ session_uid: uid }).whereIn('client_id', clientIds).delete();
}
