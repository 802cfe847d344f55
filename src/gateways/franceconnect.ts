import * as client from 'openid-client';
import type { Deps, FranceConnect } from '../deps.ts';
import { readIdentity } from './franceconnect-identity.ts';
import { configurationOf, createDiscovery, type PartySettings, talk } from './relying-party.ts';
import type { KeySet, Wire } from './wire.ts';

/** FranceConnect v2, of which we are a relying service (integration.md 1). */

/** No more than what is used: names tell apart those who share a mobile (R-043, X1). */
const SCOPE = 'openid given_name family_name preferred_username';
const ACR = 'eidas1';
/** Of v2 (integration.md 1.1); HS256 is in its discovery document too. */
const ALGORITHMS = ['ES256', 'RS256'];
const LONGEST_ID_TOKEN = 8000;

/** @returns null when it is not configured */
export function createFranceConnect({ config, clock }: Pick<Deps, 'config' | 'clock'>): FranceConnect | null {
  const { FRANCECONNECT_ISSUER: issuer, FRANCECONNECT_CLIENT_ID: clientId } = config;
  const clientSecret = config.FRANCECONNECT_CLIENT_SECRET;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) return null;
  const settings: PartySettings = {
    issuer,
    clientId,
    clientSecret,
    timeoutMs: config.FRANCECONNECT_TIMEOUT_MS,
    insecure: issuer.startsWith('http:'),
    clock,
    algorithms: ALGORITHMS,
    authentication: (secret) => client.ClientSecretPost(secret),
  };
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
      const server = await discover('any');
      if (server === null) return { ok: false, reason: 'unreachable', detail: 'discovery' };
      return talk(settings, server, keys, (configuration, wire) => verify(configuration, wire, answer));
    },
    async endSessionUrl({ idToken, postLogoutRedirectUri, state }) {
      // Whoever is sent into an outage does not come back to where his logout was going.
      const server = await discover('fresh');
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

type Finish = FranceConnect['finish'];
type Answer = Parameters<Finish>[0];
type Finished = Awaited<ReturnType<Finish>>;

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
