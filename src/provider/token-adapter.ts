import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import { tokenHash } from '../crypto/digests.ts';
import type { Deps } from '../deps.ts';
import { isPresentable } from './person-store.ts';
import type { Grant, TokenKind } from './rows.ts';
import { versionNow } from './session-adapter.ts';
import { after, libraryTime } from './time.ts';
import {
  consumeToken,
  deleteGrants,
  deleteToken,
  insertGrant,
  lockGrant,
  lockGrantOfToken,
  readGrant,
  readToken,
  type TokenRead,
  updateGrant,
} from './token-store.ts';
import { currentUnit, inUnit, keepToken } from './unit-of-work.ts';

type Needs = Pick<Deps, 'db' | 'clock'>;
type TokenParts = Pick<Adapter, 'find' | 'upsert' | 'consume' | 'destroy' | 'revokeByGrantId'>;
type GrantParts = Pick<Adapter, 'find' | 'upsert' | 'destroy'>;

/** A service that sends its refresh token twice at once is refused, not punished (security.md, decision 1). */
const REFRESH_REUSE_MS = 3000;

/** Codes, access and refresh tokens: kept by their hash, each with the grant that it dies with. */
export function tokenAdapter(deps: Needs, kind: TokenKind): TokenParts {
  return {
    async find(id) {
      const read = await load(deps, kind, tokenHash(id));
      if (!read || read.token.expiresAt <= deps.clock.now()) return undefined;
      const { consumedAt } = read.token;
      if (kind === 'RefreshToken' && consumedAt) {
        const since = deps.clock.now().getTime() - consumedAt.getTime();
        if (since <= REFRESH_REUSE_MS) throw new errors.InvalidGrant('refresh token already used');
      }
      return payloadOf(deps, read, id);
    },
    async upsert(id, payload, expiresIn = 0) {
      const { jti, kind: _, exp, grantId = '', accountId, clientId, sessionUid, ...rest } = payload;
      await keepToken(deps, {
        idHash: tokenHash(id),
        kind,
        grantId,
        sessionUid: sessionUid ?? null,
        payload: rest,
        expiresAt: after(deps.clock, expiresIn),
      });
    },
    async consume(id) {
      const first = await inUnit(deps, (db) => consumeToken(db, kind, tokenHash(id), deps.clock.now()));
      if (!first) throw new errors.InvalidGrant('already used');
    },
    destroy: (id) => inUnit(deps, (db) => deleteToken(db, kind, tokenHash(id))),
    revokeByGrantId: (grantId) => revoke(deps, grantId),
  };
}

async function load(deps: Needs, kind: TokenKind, idHash: string): Promise<TokenRead | null> {
  const unit = currentUnit();
  const read = await inUnit(deps, async (db) => {
    if (unit?.kind === 'changing') await lockGrantOfToken(db, idHash);
    return readToken(db, kind, idHash);
  });
  if (!read || !unit) return read;
  unit.grants.set(read.grant.id, read.grant);
  unit.persons.set(read.grant.accountId, read.person);
  if (read.binding) unit.bindings.set(read.binding.uid, read.binding);
  return read;
}

function payloadOf(deps: Needs, { token, grant }: TokenRead, id: string): AdapterPayload {
  return {
    ...token.payload,
    jti: id,
    kind: token.kind,
    grantId: token.grantId,
    accountId: grant.accountId,
    clientId: grant.clientId,
    exp: libraryTime(deps.clock, token.expiresAt),
    ...(token.sessionUid !== null && { sessionUid: token.sessionUid }),
    ...(token.consumedAt !== null && { consumed: Math.floor(token.consumedAt.getTime() / 1000) }),
  };
}

/** What a person lets a service know; void once his credentials have changed, or his account is closed. */
export function grantAdapter(deps: Needs): GrantParts {
  return {
    async find(id) {
      const grant = await loadGrant(deps, id);
      if (!grant || grant.expiresAt <= deps.clock.now()) return undefined;
      const person = currentUnit()?.persons.get(grant.accountId);
      if (!isPresentable(person) || person.credentialsVersion !== grant.credentialsVersion) return undefined;
      const exp = libraryTime(deps.clock, grant.expiresAt);
      return {
        ...grant.payload,
        jti: id,
        kind: 'Grant',
        accountId: grant.accountId,
        clientId: grant.clientId,
        exp,
      };
    },
    async upsert(id, payload, expiresIn = 0) {
      const { jti, kind, exp, accountId = '', clientId = '', ...rest } = payload;
      const unit = currentUnit();
      const known = unit?.grants.get(id);
      const grant: Grant = {
        id,
        accountId,
        clientId,
        credentialsVersion: known?.credentialsVersion ?? (unit ? versionNow(unit, accountId) : -1),
        payload: rest,
        expiresAt: after(deps.clock, expiresIn),
      };
      await inUnit(deps, (db) => (known ? updateGrant(db, grant) : insertGrant(db, grant)));
      unit?.grants.set(id, grant);
    },
    destroy: (id) => revoke(deps, id),
  };
}

async function loadGrant(deps: Needs, id: string): Promise<Grant | undefined> {
  const unit = currentUnit();
  if (unit?.revoked.has(id)) return undefined;
  const known = unit?.grants.get(id);
  if (known) return known;
  const read = await inUnit(deps, async (db) => {
    // A code will be inserted under it.
    const held = unit?.path.startsWith('/auth') !== true || (await lockGrant(db, id));
    return held ? readGrant(db, id) : null;
  });
  if (!read) return undefined;
  unit?.grants.set(id, read.grant);
  unit?.persons.set(read.grant.accountId, read.person);
  return read.grant;
}

/** The library revokes kind by kind and then the grant; the database does it with the grant, in the right order. */
async function revoke(deps: Needs, grantId: string): Promise<void> {
  const unit = currentUnit();
  if (unit?.revoked.has(grantId)) return;
  unit?.revoked.add(grantId);
  unit?.grants.delete(grantId);
  await inUnit(deps, (db) => deleteGrants(db, [grantId]));
}
