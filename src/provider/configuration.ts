import type { Client, Configuration, JWK } from 'oidc-provider';
import type { Deps } from '../deps.ts';
import { LOCALES } from '../languages/locales.ts';
import { createFindAccount, pairwiseSubjects } from './account.ts';
import { createAdapter } from './adapter.ts';
import { CLAIMS } from './claims.ts';
import type { Clients } from './clients.ts';
import { GRANT_S, loadGrant, OFFLINE_S } from './grants.ts';
import { SIGNING_ALGORITHMS } from './keys.ts';
import { PROOF_PARAM } from './own-client.ts';
import type { Pages } from './pages.ts';
import { ACR, createPolicy, refuseUnknownAcr, restoreOfflineAccess } from './policy.ts';

/** Names of the provider's cookies; the prefixes bind them to https and, for the session, to this host alone. */
export function cookieNames({ config }: Pick<Deps, 'config'>) {
  const [host, secure] = config.secure ? ['__Host-', '__Secure-'] : ['', ''];
  return {
    session: `${host}educonnect_session`,
    interaction: `${secure}educonnect_interaction`,
    resume: `${secure}educonnect_resume`,
  };
}

/** Addresses below the issuer; found by discovery. */
export const ROUTES = {
  authorization: '/auth',
  token: '/token',
  userinfo: '/userinfo',
  jwks: '/jwks',
  end_session: '/session/end',
  revocation: '/revocation',
  pushed_authorization_request: '/par',
};

const CODE_S = 60;
const TOKEN_S = 10 * 60;
/** The cookies' life; the row decides, with 30 minutes that a mail under way extends (interaction-adapter.ts). */
export const INTERACTION_COOKIE_S = 30 * 24 * 3600;

const CLIENT_KEY_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

/** oidc-provider's configuration; every default that stays is one that we want. */
export function createConfiguration(
  deps: Deps,
  parts: { clients: Clients; keys: JWK[]; pages: Pages; fetch: typeof fetch },
): Configuration {
  const { config } = deps;
  const subjectOf = pairwiseSubjects(deps);
  const cookie = { httpOnly: true, sameSite: 'lax', secure: config.secure, signed: true } as const;
  return {
    adapter: createAdapter(deps, parts.clients),
    jwks: { keys: parts.keys },
    findAccount: createFindAccount(deps, parts.clients),
    loadExistingGrant: loadGrant,
    interactions: { policy: createPolicy(), url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    cookies: { names: cookieNames(deps), long: cookie, short: cookie, keys: [...config.COOKIE_KEYS] },
    routes: ROUTES,
    scopes: ['openid', 'offline_access'],
    claims: CLAIMS,
    acrValues: [ACR],
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: (_ctx, accountId, client) => subjectOf(sectorOf(client), accountId),
    extraClientMetadata: { properties: ['sector'] },
    sectorIdentifierUriValidate: () => false,
    extraTokenClaims: (ctx) => {
      const { AuthorizationCode: code, RefreshToken: refresh } = ctx.oidc.entities;
      const source = code ?? refresh;
      return source && { auth_time: source.authTime, acr: source.acr, amr: source.amr };
    },
    extraParams: { offline: restoreOfflineAccess, [PROOF_PARAM]: null },
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: {
      idTokenSigningAlgValues: [...SIGNING_ALGORITHMS],
      clientAuthSigningAlgValues: [...CLIENT_KEY_ALGORITHMS],
    },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    rotateRefreshToken: () => true,
    clientBasedCORS: () => false,
    clockTolerance: 15,
    fetch: parts.fetch,
    renderError: parts.pages.error,
    discovery: { ui_locales_supported: [...LOCALES], claims_locales_supported: ['fr'] },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      resourceIndicators: { enabled: false },
      claimsParameter: { enabled: true, assertClaimsParameter: (_ctx, claims) => refuseUnknownAcr(claims) },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: parts.pages.logout,
        postLogoutSuccessSource: parts.pages.loggedOut,
      },
      pushedAuthorizationRequests: { enabled: true },
    },
    ttl: {
      AuthorizationCode: CODE_S,
      AccessToken: TOKEN_S,
      IdToken: TOKEN_S,
      // Rotation does not prolong: thirty days after the login the person signs in again (A14).
      RefreshToken: (ctx) => ctx.oidc.entities.RotatedRefreshToken?.remainingTTL ?? OFFLINE_S,
      Grant: GRANT_S,
      Interaction: INTERACTION_COOKIE_S,
      Session: config.SESSION_IDLE_MINUTES * 60,
    },
  };
}

function sectorOf(client: Client): string {
  return String((client as unknown as { sector: unknown }).sector);
}
