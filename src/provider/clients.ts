import type { Deps } from '../deps.ts';
import {
  type ActiveSchools,
  activeSchools,
  type ClientRow,
  findClientRow,
  OWN_CLIENT_ID,
} from './client-store.ts';
import { ownClient } from './own-client.ts';
import { besideUnit } from './unit-of-work.ts';

/** A relying service, ready for use. */
export type RegisteredClient = {
  clientId: string;
  name: string;
  sector: string;
  initiateLoginUri: string | undefined;
  /** What the library reads, the secret included. */
  metadata: Record<string, unknown>;
  schools: ActiveSchools;
  /** The secret before the present one, for as long as it is good. */
  oldSecret?: { secret: string; until: Date } | undefined;
};

export type Clients = {
  find(clientId: string): Promise<RegisteredClient | null>;
};

const KEPT_MS = 30_000;
const KEPT_CLIENTS = 500;
/** Longer ones are not asked for: an identifier is ours, and has at most 64 characters. */
const CLIENT_ID = /^[\x21-\x7e]{1,64}$/;

/**
 * Services by their id, read at most once in 30 s: a change of registration is in effect everywhere by then.
 * Unknown ids are not kept, so that what nobody registered takes no room.
 */
export function createClients(deps: Pick<Deps, 'db' | 'clock' | 'config' | 'random' | 'sealer'>): Clients {
  const own = ownClient(deps);
  const kept = new Map<string, { client: RegisteredClient; until: number }>();
  return {
    async find(clientId) {
      if (clientId === OWN_CLIENT_ID) return own;
      if (!CLIENT_ID.test(clientId)) return null;
      const now = deps.clock.now().getTime();
      const entry = kept.get(clientId);
      if (entry && entry.until > now) return entry.client;
      const client = await besideUnit(deps, async (db) => {
        const row = await findClientRow(db, clientId);
        return row && registered(deps, row, await activeSchools(db, clientId));
      });
      kept.delete(clientId);
      if (kept.size >= KEPT_CLIENTS) kept.clear();
      if (client) kept.set(clientId, { client, until: now + KEPT_MS });
      return client;
    },
  };
}

function registered(
  deps: Pick<Deps, 'sealer'>,
  { clientId, name, sector, metadata, secretSealed, oldSecret }: ClientRow,
  schools: ActiveSchools,
): RegisteredClient {
  const secret =
    secretSealed === null ? {} : { client_secret: deps.sealer.open(secretSealed, `client:${clientId}`) };
  // The library would refuse one on http, which the demo has; it is for our own pages only.
  const { initiate_login_uri: uri, ...forLibrary } = metadata;
  // Without it the library takes no service with addresses on two hosts. It is never fetched (configuration.ts): who may
  // use a sector was settled when the service was registered, and `sub` is computed from the sector itself.
  const sectorUri = { sector_identifier_uri: `https://${sector}/` };
  return {
    clientId,
    name,
    sector,
    initiateLoginUri: typeof uri === 'string' ? uri : undefined,
    metadata: { ...forLibrary, client_id: clientId, client_name: name, sector, ...sectorUri, ...secret },
    schools,
    oldSecret: oldSecret
      ? { secret: deps.sealer.open(oldSecret.sealed, `client:${clientId}`), until: oldSecret.until }
      : undefined,
  };
}
