import * as client from 'openid-client';
import type { Deps } from '../deps.ts';
import { type KeySet, mayRefetchKeys, openWire, type Wire } from './wire.ts';

/**
 * What every talk with a provider of identities has in common, FranceConnect and the academic portal alike. Nothing is
 * asked before somebody wants to go there, so that EduConnect starts, and its other ways in work, without it.
 */
export type PartySettings = {
  issuer: string;
  clientId: string;
  clientSecret: string;
  timeoutMs: number;
  /** Plain http, on loopback only (demo, tests). */
  insecure: boolean;
  clock: Deps['clock'];
  /** Signatures that are believed; HS256 would let our own secret sign. */
  algorithms: readonly string[];
  /** How we show our secret, when the provider's document lets us choose. */
  authentication(secret: string, server: client.ServerMetadata | null): client.ClientAuth;
};

/** Why nothing came of it: a reason of ours and a word for the log, nothing that somebody else wrote. */
export type Refusal = { ok: false; reason: 'cancelled' | 'refused' | 'unreachable'; detail: string };

/** Its addresses hardly ever change; whether it is there may be another matter after a minute. */
const DISCOVERY_KEPT_MS = 3_600_000;
const DISCOVERY_FRESH_MS = 60_000;
/** After a failure nobody waits for it again before that. */
const BREAK_MS = 10_000;

/**
 * Null: it cannot be reached. `any`: whoever comes back from there has proof that it can; `fresh`: as it was a minute
 * ago at most, even if that means waiting.
 */
export type Discovery = (wanted?: 'any' | 'recent' | 'fresh') => Promise<client.ServerMetadata | null>;

/**
 * Discovery: when first needed, once for all who wait, left alone for a moment after a failure. What is older than a
 * minute is asked for again while it is used, so that an outage is known before everybody has been sent into it.
 */
export function createDiscovery(settings: PartySettings): Discovery {
  const { clock } = settings;
  let known: { server: client.ServerMetadata; at: number } | null = null;
  let failedAt: number | null = null;
  let asking: Promise<client.ServerMetadata | null> | null = null;

  const ask = async (): Promise<client.ServerMetadata | null> => {
    try {
      const server = await discover(settings);
      known = { server, at: clock.now().getTime() };
      failedAt = null;
      return server;
    } catch {
      failedAt = clock.now().getTime();
      return null;
    }
  };

  return (wanted = 'recent') => {
    const now = clock.now().getTime();
    if (known !== null && wanted === 'any') return Promise.resolve(known.server);
    if (failedAt !== null && now - failedAt < BREAK_MS) return Promise.resolve(null);
    const age = known === null ? Number.POSITIVE_INFINITY : now - known.at;
    if (known !== null && failedAt === null && age < DISCOVERY_FRESH_MS) return Promise.resolve(known.server);
    asking ??= ask().finally(() => {
      asking = null;
    });
    const mustWait = wanted === 'fresh' || failedAt !== null || age >= DISCOVERY_KEPT_MS;
    return known === null || mustWait ? asking : Promise.resolve(known.server);
  };
}

async function discover(settings: PartySettings): Promise<client.ServerMetadata> {
  const { issuer, clientId, clientSecret, clock, insecure, timeoutMs, algorithms } = settings;
  const wire = openWire({ signal: AbortSignal.timeout(timeoutMs), now: clock.now().getTime() });
  const authentication = settings.authentication(clientSecret, null);
  const found = await client.discovery(new URL(issuer), clientId, {}, authentication, {
    execute: insecure ? [client.allowInsecureRequests] : [],
    timeout: Math.ceil(timeoutMs / 1000),
    [client.customFetch]: wire.fetch,
  });
  return withAlgorithms(found.serverMetadata(), [...algorithms]);
}

function withAlgorithms(server: client.ServerMetadata, algorithms: string[]): client.ServerMetadata {
  return {
    ...server,
    id_token_signing_alg_values_supported: algorithms,
    userinfo_signing_alg_values_supported: algorithms,
  };
}

export function configurationOf(
  settings: PartySettings,
  server: client.ServerMetadata,
  wire?: Wire,
): client.Configuration {
  const { clientId, clientSecret, clock } = settings;
  // The library reads the system's clock itself.
  const skew = Math.round((clock.now().getTime() - Date.now()) / 1000);
  const configuration = new client.Configuration(
    server,
    clientId,
    { client_secret: clientSecret, [client.clockSkew]: skew },
    settings.authentication(clientSecret, server),
  );
  configuration.timeout = Math.ceil(settings.timeoutMs / 1000);
  if (wire) configuration[client.customFetch] = wire.fetch;
  if (settings.insecure) client.allowInsecureRequests(configuration);
  // Without it neither the ID token's nor userinfo's signature is looked at (security.md 0.2).
  client.enableNonRepudiationChecks(configuration);
  return configuration;
}

/**
 * One talk, within the time for all of its requests together. When the kept keys do not fit, what was received is
 * looked at a second time with fresh ones (integration.md 1.4): a code can be exchanged only once.
 */
export async function talk<Result>(
  settings: PartySettings,
  server: client.ServerMetadata,
  keys: KeySet,
  attempt: (configuration: client.Configuration, wire: Wire) => Promise<Result>,
): Promise<Result | Refusal> {
  const now = settings.clock.now().getTime();
  const signal = AbortSignal.timeout(settings.timeoutMs);
  const wire = openWire({ signal, keys, now, ...(server.jwks_uri ? { jwksUri: server.jwks_uri } : {}) });
  const run = () => attempt(configurationOf(settings, server, wire), wire);
  try {
    return await run();
  } catch (error) {
    if (!isKeyTrouble(error) || !mayRefetchKeys(keys, now)) return refusalOf(error, wire);
  }
  keys.kept = null;
  return run().catch((error: unknown) => refusalOf(error, wire));
}

type LibraryError = Error & { code?: string; error?: string; cause?: unknown };

function isKeyTrouble(error: unknown): boolean {
  const { code, message, cause } = error as LibraryError;
  const said = `${message} ${(cause as Error | undefined)?.message ?? ''}`;
  return code === 'OAUTH_KEY_SELECTION_FAILED' || said.includes('signature verification failed');
}

/** What the provider, or whoever made the address, wrote is not repeated. */
function refusalOf(error: unknown, wire: Wire): Refusal {
  const away = wire.away();
  if (away !== null) return { ok: false, reason: 'unreachable', detail: away };
  if (error instanceof client.AuthorizationResponseError) {
    if (error.error === 'access_denied') return { ok: false, reason: 'cancelled', detail: 'access_denied' };
    return { ok: false, reason: 'refused', detail: wordOf(error.error) };
  }
  const { code, error: word, name } = error as LibraryError;
  return { ok: false, reason: 'refused', detail: wordOf(word ?? code ?? name) };
}

const wordOf = (text: string | undefined) =>
  /^[\w.-]{1,60}$/.test(text ?? '') ? (text as string) : 'unknown';
