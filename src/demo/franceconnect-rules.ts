import { createHash } from 'node:crypto';
import type { AdapterFactory, Configuration, JWK, KoaContextWithOIDC } from 'oidc-provider';
import { interactionPolicy } from 'oidc-provider';
import { endSessionPage, errorPage, signedOutPage } from './franceconnect-pages.ts';
import type { Identity } from './franceconnect-people.ts';

/** FranceConnect v2 as a configuration of oidc-provider: addresses, claims, lifetimes (integration.md 1.1 to 1.5). */

export type FranceConnectClient = {
  clientId: string;
  clientSecret: string;
  name: string;
  redirectUris: string[];
  postLogoutRedirectUris: string[];
};

export const MOUNT = '/api/v2';

const CLAIMS = {
  openid: ['sub'],
  given_name: ['given_name', 'given_name_array'],
  family_name: ['family_name'],
  birthdate: ['birthdate'],
  gender: ['gender'],
  birthplace: ['birthplace'],
  birthcountry: ['birthcountry'],
  email: ['email'],
  preferred_username: ['preferred_username'],
  profile: ['given_name', 'given_name_array', 'family_name', 'birthdate', 'gender', 'preferred_username'],
  birth: ['birthplace', 'birthcountry'],
  identite_pivot: [
    'given_name',
    'given_name_array',
    'family_name',
    'birthdate',
    'gender',
    'birthplace',
    'birthcountry',
  ],
};
const LIVES_S = {
  AuthorizationCode: 30,
  Grant: 30,
  AccessToken: 60,
  IdToken: 60,
  Interaction: 1800,
  Session: 1800,
};

/** `sub` as this service knows the person: 64 hexadecimal digits and the version. */
export function subjectOf(clientId: string, login: string): string {
  return `${createHash('sha256').update(`franceconnect|${clientId}|${login}`).digest('hex')}v1`;
}

type Parts = {
  clients: readonly FranceConnectClient[];
  keys: JWK[];
  cookieKeys: string[];
  adapter: AdapterFactory;
  /** The identity at this visit. */
  identityOf(login: string): Identity | undefined;
};

export function franceConnectRules({ clients, keys, cookieKeys, adapter, identityOf }: Parts): Configuration {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  return {
    adapter,
    jwks: { keys },
    clients: clients.map((client) => ({
      client_id: client.clientId,
      client_secret: client.clientSecret,
      client_name: client.name,
      redirect_uris: client.redirectUris,
      post_logout_redirect_uris: client.postLogoutRedirectUris,
      response_types: ['code'],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'client_secret_post',
      id_token_signed_response_alg: 'ES256',
      userinfo_signed_response_alg: 'ES256',
      subject_type: 'pairwise',
    })),
    findAccount: (_ctx, login) => ({
      accountId: login,
      claims: async () => {
        const identity = identityOf(login);
        return { sub: login, ...identity, given_name_array: identity?.given_name.split(' ') };
      },
    }),
    loadExistingGrant,
    interactions: { policy, url: (_ctx, interaction) => `${MOUNT}/interaction/${interaction.uid}` },
    routes: {
      authorization: '/authorize',
      token: '/token',
      userinfo: '/userinfo',
      jwks: '/jwks',
      end_session: '/session/end',
      revocation: '/token/revocation',
    },
    cookies: {
      names: {
        session: 'fcsim_session',
        interaction: 'fcsim_interaction',
        resume: 'fcsim_resume',
      },
      keys: cookieKeys,
      long: { httpOnly: true, sameSite: 'lax', signed: true },
      short: { httpOnly: true, sameSite: 'lax', signed: true },
    },
    scopes: Object.keys(CLAIMS),
    claims: CLAIMS,
    acrValues: ['eidas1'],
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: (_ctx, login, client) => subjectOf(client.clientId, login),
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_post', 'private_key_jwt'],
    enabledJWA: {
      idTokenSigningAlgValues: ['ES256', 'RS256'],
      userinfoSigningAlgValues: ['ES256', 'RS256'],
    },
    pkce: { required: () => false },
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = errorPage(codeOf(out.error), `${out.error} ${out.error_description ?? ''}`);
    },
    features: {
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      dPoP: { enabled: false },
      jwtUserinfo: { enabled: true },
      claimsParameter: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = endSessionPage(form);
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = signedOutPage();
        },
      },
    },
    ttl: LIVES_S,
  };
}

const codeOf = (error: string) => (error === 'invalid_client' ? 'Y04EA6EF' : 'Y04C013C');

/** What the service asked for; the visitor has pressed « Continuer » for it. */
async function loadExistingGrant(ctx: KoaContextWithOIDC) {
  const { client, session, provider, requestParamOIDCScopes, params } = ctx.oidc;
  if (!client || !session?.accountId) return undefined;
  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope([...requestParamOIDCScopes].join(' '));
  if (params?.claims) grant.addOIDCClaims(Object.values(CLAIMS).flat());
  await grant.save();
  return grant;
}

const ALLOWED = new Set([
  'client_id',
  'acr_values',
  'response_type',
  'scope',
  'redirect_uri',
  'state',
  'nonce',
  'claims',
  'prompt',
  'idp_hint',
  'ui_locales',
]);

/** The strict white list that stands before the library there (integration.md 1.2). @returns what is wrong */
export function refusedParameter(query: Readonly<Record<string, unknown>>): string | null {
  for (const [name, value] of Object.entries(query)) {
    if (!ALLOWED.has(name)) return name;
    if (typeof value !== 'string' || value === '') return name;
  }
  const { acr_values: acr, scope, state, nonce, prompt, client_id: clientId, redirect_uri: to } = query;
  if (!clientId) return 'client_id';
  if (!to) return 'redirect_uri';
  if (acr !== 'eidas1') return 'acr_values';
  if (
    !String(scope ?? '')
      .split(' ')
      .includes('openid')
  )
    return 'scope';
  if (!state) return 'state';
  if (String(nonce ?? '').length < 22) return 'nonce';
  if (prompt !== undefined && !/^(login|consent|login consent)$/.test(String(prompt))) return 'prompt';
  return null;
}
