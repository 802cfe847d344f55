import { type Adapter, type AdapterFactory, errors } from 'oidc-provider';
import { tokenHash } from '../crypto/digests.ts';
import type { Deps } from '../deps.ts';
import type { Clients } from './clients.ts';
import { interactionAdapter } from './interaction-adapter.ts';
import {
  consumePushedRequest,
  insertPushedRequest,
  isReplay,
  readPushedRequest,
  rememberUse,
} from './request-store.ts';
import { sessionAdapter } from './session-adapter.ts';
import { after, libraryTime } from './time.ts';
import { grantAdapter, tokenAdapter } from './token-adapter.ts';
import { currentUnit, inUnit } from './unit-of-work.ts';

type Needs = Pick<Deps, 'db' | 'clock' | 'config' | 'random' | 'franceConnect'>;

/** The library's store on MySQL or MariaDB; what single use rests on is said in unit-of-work.ts and token-store.ts. */
export function createAdapter(deps: Needs, clients: Clients): AdapterFactory {
  const parts: Record<string, Partial<Adapter>> = {
    Client: clientAdapter(clients),
    Session: sessionAdapter(deps),
    Interaction: interactionAdapter(deps),
    Grant: grantAdapter(deps),
    AuthorizationCode: tokenAdapter(deps, 'AuthorizationCode'),
    AccessToken: tokenAdapter(deps, 'AccessToken'),
    RefreshToken: tokenAdapter(deps, 'RefreshToken'),
    PushedAuthorizationRequest: pushedRequestAdapter(deps),
    ReplayDetection: replayAdapter(deps),
  };
  return (name) => ({ ...refusing(name), ...parts[name] });
}

/** Whatever the library should one day ask for beyond this is a defect, and says so. */
function refusing(name: string): Adapter {
  const refuse = (verb: string) => async (): Promise<never> => {
    throw new Error(`the provider does not ${verb} a ${name}`);
  };
  return {
    upsert: refuse('store'),
    find: refuse('find'),
    findByUserCode: refuse('find'),
    findByUid: refuse('find'),
    consume: refuse('consume'),
    destroy: refuse('destroy'),
    revokeByGrantId: refuse('revoke'),
  };
}

function clientAdapter(clients: Clients): Pick<Adapter, 'find'> {
  return { find: async (id) => (await clients.find(id))?.metadata };
}

/** Pushed authorization requests (RFC 9126): once each. */
function pushedRequestAdapter(deps: Needs): Pick<Adapter, 'find' | 'upsert' | 'consume'> {
  const hashOf = (id: string) => currentUnit()?.aliases.get(id) ?? tokenHash(id);
  return {
    async find(id) {
      const stored = await inUnit(deps, (db) => readPushedRequest(db, hashOf(id)));
      if (!stored) return undefined;
      return {
        ...stored.payload,
        jti: id,
        kind: 'PushedAuthorizationRequest',
        exp: stored.expiresAt <= deps.clock.now() ? 1 : libraryTime(deps.clock, stored.expiresAt),
        ...(stored.consumedAt && { consumed: Math.floor(stored.consumedAt.getTime() / 1000) }),
      };
    },
    async upsert(id, payload, expiresIn = 0) {
      const { jti, kind, exp, ...rest } = payload;
      await inUnit(deps, (db) => insertPushedRequest(db, tokenHash(id), rest, after(deps.clock, expiresIn)));
    },
    async consume(id) {
      const first = await inUnit(deps, (db) => consumePushedRequest(db, hashOf(id), deps.clock.now()));
      if (!first) throw new errors.InvalidRequestUri('request_uri was already used');
    },
  };
}

/** The `jti` of client assertions (RFC 7523): the unique key decides which of two that come at once is the first. */
function replayAdapter(deps: Needs): Pick<Adapter, 'find' | 'upsert'> {
  return {
    async find(id) {
      const used = await inUnit(deps, (db) => isReplay(db, tokenHash(id), deps.clock.now()));
      return used
        ? { jti: id, kind: 'ReplayDetection', exp: libraryTime(deps.clock, after(deps.clock, 60)) }
        : undefined;
    },
    async upsert(id, _payload, expiresIn = 0) {
      const first = await inUnit(deps, (db) => rememberUse(db, tokenHash(id), after(deps.clock, expiresIn)));
      if (!first) throw new errors.InvalidClientAuth('client assertion tokens must only be used once');
    },
  };
}
