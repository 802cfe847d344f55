import * as client from 'openid-client';
import type { AcademicPortal, Deps, PortalTokens } from '../deps.ts';
import { configurationOf, createDiscovery, type PartySettings, talk } from './relying-party.ts';
import type { KeySet } from './wire.ts';

/** The academic portal, whichever product it is: code flow with PKCE, state and nonce. */

const ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA', 'Ed25519'];
const SUB = /^[\x21-\x7e]{1,255}$/;
/** All tokens are kept with the session, sealed. */
const LONGEST_TOKEN = 8000;

/** @returns null when it is not configured */
export function createAcademicPortal({
  config,
  clock,
}: Pick<Deps, 'config' | 'clock'>): AcademicPortal | null {
  const { ACADEMIC_PORTAL_ISSUER: issuer, ACADEMIC_PORTAL_CLIENT_ID: clientId } = config;
  const clientSecret = config.ACADEMIC_PORTAL_CLIENT_SECRET;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) return null;
  const settings: PartySettings = {
    issuer,
    clientId,
    clientSecret,
    timeoutMs: config.ACADEMIC_PORTAL_TIMEOUT_MS,
    insecure: issuer.startsWith('http:'),
    clock,
    algorithms: ALGORITHMS,
    authentication: ownAuthentication,
  };
  const discover = createDiscovery(settings);
  const keys: KeySet = { kept: null, fetchedAt: 0 };
  const acrValues = config.ACADEMIC_PORTAL_STRONG_ACR.join(' ');

  return {
    async begin({ redirectUri, state, nonce, codeVerifier, strong }) {
      const server = await discover();
      if (server === null) return { ok: false, reason: 'unreachable' };
      const url = client.buildAuthorizationUrl(configurationOf(settings, server), {
        redirect_uri: redirectUri,
        scope: config.ACADEMIC_PORTAL_SCOPE,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...(strong ? { prompt: 'login' } : {}),
        ...(strong && acrValues !== '' ? { acr_values: acrValues } : {}),
      });
      return { ok: true, url: url.href };
    },
    async finish(answer) {
      const server = await discover();
      if (server === null) return { ok: false, reason: 'unreachable', detail: 'discovery' };
      return talk(settings, server, keys, (configuration) => verify(configuration, answer));
    },
    async reread({ sub, tokens }) {
      const server = await discover();
      if (server === null) return { ok: false, reason: 'unreachable', detail: 'discovery' };
      const read = await talk(settings, server, keys, (configuration) =>
        askAgain(configuration, sub, tokens),
      );
      if (read.ok) return read;
      return {
        ok: false,
        reason: read.reason === 'unreachable' ? 'unreachable' : 'ended',
        detail: read.detail,
      };
    },
    async endSessionUrl({ idToken, postLogoutRedirectUri }) {
      const server = await discover();
      if (server?.end_session_endpoint === undefined) return null;
      const parameters = { id_token_hint: idToken, post_logout_redirect_uri: postLogoutRedirectUri };
      return client.buildEndSessionUrl(configurationOf(settings, server), parameters).href;
    },
  };
}

/** `client_secret_basic` is the standard's own choice; whoever offers only the other gets that. */
function ownAuthentication(secret: string, server: client.ServerMetadata | null): client.ClientAuth {
  const offered = server?.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  return !offered.includes('client_secret_basic') && offered.includes('client_secret_post')
    ? client.ClientSecretPost(secret)
    : client.ClientSecretBasic(secret);
}

type Answer = Parameters<AcademicPortal['finish']>[0];
type Finished = Awaited<ReturnType<AcademicPortal['finish']>>;

/** @throws what the library refuses, or a network's error */
async function verify(
  configuration: client.Configuration,
  { callbackUrl, state, nonce, codeVerifier }: Answer,
): Promise<Finished> {
  const answer = await client.authorizationCodeGrant(configuration, new URL(callbackUrl), {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: codeVerifier,
    idTokenExpected: true,
  });
  const told = answer.claims();
  const tokens = tokensOf(answer, null);
  if (told === undefined || tokens === null || !SUB.test(told.sub))
    return { ok: false, reason: 'refused', detail: 'id-token' };
  const info = await userinfo(configuration, tokens.accessToken, told.sub);
  const identity = { issuer: told.iss, sub: told.sub, claims: { ...info, ...told } };
  return { ok: true, identity, tokens };
}

/** With a refresh token a new ID token may come; what only the first one said is then said again or is over. */
async function askAgain(configuration: client.Configuration, sub: string, known: PortalTokens) {
  const answer =
    known.refreshToken === null ? null : await client.refreshTokenGrant(configuration, known.refreshToken);
  const tokens = answer === null ? known : tokensOf(answer, known);
  const told = answer?.claims();
  if (tokens === null || (told !== undefined && told.sub !== sub))
    return { ok: false, reason: 'refused', detail: 'id-token' } as const;
  const info = await userinfo(configuration, tokens.accessToken, sub);
  return { ok: true, claims: { ...info, ...told }, tokens } as const;
}

async function userinfo(
  configuration: client.Configuration,
  accessToken: string,
  sub: string,
): Promise<Record<string, unknown>> {
  if (configuration.serverMetadata().userinfo_endpoint === undefined) return {};
  return { ...(await client.fetchUserInfo(configuration, accessToken, sub)) };
}

/** @returns null when one of them is longer than what is kept */
function tokensOf(answer: client.TokenEndpointResponse, known: PortalTokens | null): PortalTokens | null {
  const tokens = {
    idToken: answer.id_token ?? known?.idToken ?? '',
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? known?.refreshToken ?? null,
  };
  const longest = Math.max(...Object.values(tokens).map((token) => token?.length ?? 0));
  return tokens.idToken === '' || longest > LONGEST_TOKEN ? null : tokens;
}
