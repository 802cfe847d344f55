import type { Database } from '../deps.ts';
import { personColumns, personOf } from './person-store.ts';
import type { Grant, Person, SessionBinding, Token, TokenKind } from './rows.ts';

type Row = Record<string, unknown>;

export type TokenRead = {
  token: Token;
  grant: Grant;
  person: Person | null;
  /** Null when the session is over. */
  binding: SessionBinding | null;
};

/**
 * Locks the grant of a token until the end of the transaction, so that of two who present the same code or refresh
 * token the second waits, and then reads what the first has done. The token itself is looked up without a lock.
 */
export async function lockGrantOfToken(db: Database, idHash: string): Promise<void> {
  const grantId = db('oidc_tokens').where({ id_hash: idHash }).select('grant_id');
  await db('oidc_grants').where('id', grantId).select('id').forUpdate();
}

/** Holds a grant that is about to get a code, so that nobody revokes it in between. @returns false when it is gone */
export async function lockGrant(db: Database, id: string): Promise<boolean> {
  return (await db('oidc_grants').where({ id }).select('id').forUpdate().first()) !== undefined;
}

/** A token with its grant, its person and its session, in one statement. */
export async function readToken(db: Database, kind: TokenKind, idHash: string): Promise<TokenRead | null> {
  const row: Row | undefined = await db('oidc_tokens as t')
    .join('oidc_grants as g', 'g.id', 't.grant_id')
    .leftJoin('accounts as a', 'a.public_id', 'g.account_id')
    .leftJoin('oidc_sessions as s', 's.uid', 't.session_uid')
    .leftJoin('session_clients as c', (join) =>
      join.on('c.session_uid', 's.uid').andOn('c.client_id', 'g.client_id'),
    )
    .where({ 't.id_hash': idHash, 't.kind': kind })
    .select(
      't.*',
      'g.account_id',
      'g.client_id',
      'g.credentials_version',
      'g.payload as grant_payload',
      'g.expires_at as grant_expires_at',
      's.account_id as session_account_id',
      's.credentials_version as session_version',
      's.idle_at',
      'c.sid',
      'c.grant_id as session_grant_id',
      ...personColumns('a'),
    )
    .first();
  if (!row) return null;
  return { token: tokenOf(row), grant: grantOf(row), person: personOf(row), binding: bindingOf(row) };
}

function tokenOf(row: Row): Token {
  return {
    kind: row.kind as TokenKind,
    grantId: row.grant_id as string,
    sessionUid: row.session_uid as string | null,
    payload: JSON.parse(row.payload as string),
    consumedAt: row.consumed_at as Date | null,
    expiresAt: row.expires_at as Date,
  };
}

function grantOf(row: Row): Grant {
  return {
    id: row.grant_id as string,
    accountId: row.account_id as string,
    clientId: row.client_id as string,
    credentialsVersion: row.credentials_version as number,
    payload: JSON.parse(row.grant_payload as string),
    expiresAt: row.grant_expires_at as Date,
  };
}

function bindingOf(row: Row): SessionBinding | null {
  if (row.session_account_id === null) return null;
  return {
    uid: row.session_uid as string,
    accountId: row.session_account_id as string,
    credentialsVersion: row.session_version as number,
    idleAt: row.idle_at as Date,
    clientId: row.client_id as string,
    client:
      row.sid === null ? null : { sid: row.sid as string, grantId: row.session_grant_id as string | null },
  };
}

export async function insertToken(
  db: Database,
  idHash: string,
  token: Omit<Token, 'consumedAt'>,
): Promise<void> {
  await db('oidc_tokens').insert({
    id_hash: idHash,
    kind: token.kind,
    grant_id: token.grantId,
    session_uid: token.sessionUid,
    payload: JSON.stringify(token.payload),
    expires_at: token.expiresAt,
  });
}

/** @returns false when somebody was faster */
export async function consumeToken(
  db: Database,
  kind: TokenKind,
  idHash: string,
  now: Date,
): Promise<boolean> {
  const changed = await db('oidc_tokens')
    .where({ id_hash: idHash, kind })
    .whereNull('consumed_at')
    .update({ consumed_at: now });
  return changed === 1;
}

export async function deleteToken(db: Database, kind: TokenKind, idHash: string): Promise<void> {
  await db('oidc_tokens').where({ id_hash: idHash, kind }).delete();
}

export async function readGrant(
  db: Database,
  id: string,
): Promise<{ grant: Grant; person: Person | null } | null> {
  const row: Row | undefined = await db('oidc_grants as g')
    .leftJoin('accounts as a', 'a.public_id', 'g.account_id')
    .where({ 'g.id': id })
    .select(
      'g.id as grant_id',
      'g.account_id',
      'g.client_id',
      'g.credentials_version',
      'g.payload as grant_payload',
      'g.expires_at as grant_expires_at',
      ...personColumns('a'),
    )
    .first();
  return row ? { grant: grantOf(row), person: personOf(row) } : null;
}

export async function insertGrant(db: Database, grant: Grant): Promise<void> {
  await db('oidc_grants').insert({
    id: grant.id,
    account_id: grant.accountId,
    client_id: grant.clientId,
    credentials_version: grant.credentialsVersion,
    payload: JSON.stringify(grant.payload),
    expires_at: grant.expiresAt,
  });
}

export async function updateGrant(db: Database, grant: Grant): Promise<void> {
  await db('oidc_grants')
    .where({ id: grant.id })
    .update({ payload: JSON.stringify(grant.payload), expires_at: grant.expiresAt });
}

/** Revokes them: every code and token of a grant goes with it. */
export async function deleteGrants(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length > 0)
    await db('oidc_grants')
      .whereIn('id', [...ids].sort())
      .delete();
}
