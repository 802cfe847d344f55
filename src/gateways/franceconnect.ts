import * as client from 'openid-client';
import type { Deps, FranceConnect } from '../deps.ts';
import { readIdentity } from './franceconnect-identity.ts';
import { type KeySet, mayRefetchKeys, openWire, type Wire } from './franceconnect-wire.ts';

/**
 * FranceConnect v2, of which we are a relying service (integration.md 1). Nothing is asked before somebody wants to go
 * there, so that EduConnect starts, and its other ways in work, without it.
 */

type Settings = {
  issuer: string;
  clientId: string;
  clientSecret: string;
  timeoutMs: number;
  /** Plain http, on loopback only (demo, tests). */
  insecure: boolean;
  clock: Deps['clock'];
};

/** No more than what is used (integration.md 1.3): names and birth date break ties, the address is proposed. */
const SCOPE = 'openid given_name family_name preferred_username birthdate email';
const ACR = 'eidas1';
/** Of v2 (integration.md 1.1); HS256 is in its discovery document and would let our own secret sign. */
const ALGORITHMS = ['ES256', 'RS256'];

/** Its addresses hardly ever change. */
const DISCOVERY_KEPT_MS = 3_600_000;
/** After a failure nobody waits for it again before that. */
const BREAK_MS = 10_000;
const LONGEST_ID_TOKEN = 8000;

/** @returns null when it is not configured */
export function createFranceConnect({ config, clock }: Pick<Deps, 'config' | 'clock'>): FranceConnect | null {
  const { FRANCECONNECT_ISSUER: issuer, FRANCECONNECT_CLIENT_ID: clientId } = config;
  const clientSecret = config.FRANCECONNECT_CLIENT_SECRET;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) return null;
  const timeoutMs = config.FRANCECONNECT_TIMEOUT_MS;
  const insecure = issuer.startsWith('http:');
  const settings: Settings = { issuer, clientId, clientSecret, timeoutMs, insecure, clock };
  const discover = createDiscovery(settings);
  const keys: KeySet = { kept: null, fetchedAt: 0 };

  return {
    async begin({ redirectUri, state, nonce }) {
      const server = await discover();
      if (server === null) return { ok: false, reason: 'unreachable' };
      // The white list of FranceConnect refuses every other parameter, PKCE's included (integration.md 1.2).
      const parameters = { redirect_uri: redirectUri, scope: SCOPE, state, nonce, acr_values: ACR };
      const url = client.buildAuthorizationUrl(configurationOf(settings, server), parameters);
      return { ok: true, url: url.href };
    },
    async finish(answer) {
      const server = await discover();
      if (server === null) return { ok: false, reason: 'unreachable', detail: 'discovery' };
      return exchange(settings, server, keys, answer);
    },
    async endSessionUrl({ idToken, postLogoutRedirectUri, state }) {
      const server = await discover();
      if (server?.end_session_endpoint === undefined) return null;
      const parameters = {
        id_token_hint: idToken,
        post_logout_redirect_uri: postLogoutRedirectUri,
        state,
      };
      return client.buildEndSessionUrl(configurationOf(settings, server), parameters).href;
    },
  };
}

/** Discovery: when first needed, once for all who wait, kept for an hour, left alone for a moment after a failure. */
function createDiscovery(settings: Settings): () => Promise<client.ServerMetadata | null> {
  const { issuer, clientId, clientSecret, clock } = settings;
  let known: { server: client.ServerMetadata; until: number } | null = null;
  let brokenUntil = 0;
  let asking: Promise<client.ServerMetadata | null> | null = null;

  const ask = async (): Promise<client.ServerMetadata | null> => {
    try {
      const wire = openWire({ signal: AbortSignal.timeout(settings.timeoutMs), now: clock.now().getTime() });
      const found = await client.discovery(
        new URL(issuer),
        clientId,
        {},
        client.ClientSecretPost(clientSecret),
        {
          execute: settings.insecure ? [client.allowInsecureRequests] : [],
          timeout: Math.ceil(settings.timeoutMs / 1000),
          [client.customFetch]: wire.fetch,
        },
      );
      const server = withOurAlgorithms(found.serverMetadata());
      known = { server, until: clock.now().getTime() + DISCOVERY_KEPT_MS };
      return server;
    } catch {
      brokenUntil = clock.now().getTime() + BREAK_MS;
      return known?.server ?? null;
    }
  };

  return () => {
    const now = clock.now().getTime();
    if (known !== null && now < known.until) return Promise.resolve(known.server);
    if (now < brokenUntil) return Promise.resolve(known?.server ?? null);
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  };
}

function withOurAlgorithms(server: client.ServerMetadata): client.ServerMetadata {
  return {
    ...server,
    id_token_signing_alg_values_supported: ALGORITHMS,
    userinfo_signing_alg_values_supported: ALGORITHMS,
  };
}

function configurationOf(
  settings: Settings,
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
    client.ClientSecretPost(clientSecret),
  );
  configuration.timeout = Math.ceil(settings.timeoutMs / 1000);
  if (wire) configuration[client.customFetch] = wire.fetch;
  if (settings.insecure) client.allowInsecureRequests(configuration);
  // Without it neither the ID token's nor userinfo's signature is looked at (security.md 0.2).
  client.enableNonRepudiationChecks(configuration);
  return configuration;
}

type Finish = FranceConnect['finish'];
type Answer = Parameters<Finish>[0];
type Finished = Awaited<ReturnType<Finish>>;

/** The code, once; what came of it a second time with fresh keys when the kept ones do not fit (integration.md 1.4). */
async function exchange(
  settings: Settings,
  server: client.ServerMetadata,
  keys: KeySet,
  answer: Answer,
): Promise<Finished> {
  const now = settings.clock.now().getTime();
  const signal = AbortSignal.timeout(settings.timeoutMs);
  const wire = openWire({ signal, keys, now, ...(server.jwks_uri ? { jwksUri: server.jwks_uri } : {}) });
  const attempt = () => verify(configurationOf(settings, server, wire), wire, answer);
  try {
    return await attempt();
  } catch (error) {
    if (!isKeyTrouble(error) || !mayRefetchKeys(keys, now)) return refusalOf(error, wire);
  }
  keys.kept = null;
  return attempt().catch((error: unknown) => refusalOf(error, wire));
}

/** @throws what the library refuses, or a network's error */
async function verify(
  configuration: client.Configuration,
  wire: Wire,
  { callbackUrl, state, nonce }: Answer,
): Promise<Finished> {
  const tokens = await client.authorizationCodeGrant(configuration, new URL(callbackUrl), {
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  const idToken = tokens.id_token;
  if (claims === undefined || idToken === undefined || idToken.length > LONGEST_ID_TOKEN)
    return { ok: false, reason: 'refused', detail: 'id-token' };
  if (claims.acr !== ACR) return { ok: false, reason: 'refused', detail: 'acr' };
  const info = await client.fetchUserInfo(configuration, tokens.access_token, claims.sub);
  // What is not signed the library would take as it is.
  if (wire.typeOf(configuration.serverMetadata().userinfo_endpoint ?? '') !== 'application/jwt')
    return { ok: false, reason: 'refused', detail: 'userinfo-unsigned' };
  const identity = readIdentity(claims.iss, info);
  return identity === null
    ? { ok: false, reason: 'refused', detail: 'identity' }
    : { ok: true, identity, idToken };
}

type LibraryError = Error & { code?: string; error?: string; cause?: unknown };

function isKeyTrouble(error: unknown): boolean {
  const { code, message, cause } = error as LibraryError;
  const said = `${message} ${(cause as Error | undefined)?.message ?? ''}`;
  return code === 'OAUTH_KEY_SELECTION_FAILED' || said.includes('signature verification failed');
}

/** A reason of ours and a word for the log: what FranceConnect, or whoever made the address, wrote is not repeated. */
function refusalOf(error: unknown, wire: Wire): Finished {
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
