import { newToken } from '../crypto/digests.ts';
import type { Deps } from '../deps.ts';
import { OWN_CLIENT_ID } from './client-store.ts';

/** Where the provider sends the browser back to « Mon compte ». */
export function ownRedirectUri({ config }: Pick<Deps, 'config'>): string {
  return `${config.BASE_URL}/compte/retour`;
}

/**
 * « Mon compte » as the library knows it: a service like any other, so that it gets the same session, sign-out and
 * refusals. Its code is redeemed within this process (redemption.ts). The secret, which nobody is ever told, closes
 * the token endpoint to whoever got hold of a code.
 */
export function ownClient(deps: Pick<Deps, 'config' | 'random'>) {
  const name = 'Mon compte';
  return {
    clientId: OWN_CLIENT_ID,
    name,
    sector: OWN_CLIENT_ID,
    initiateLoginUri: `${deps.config.BASE_URL}/`,
    schools: new Set<number>(),
    metadata: {
      client_id: OWN_CLIENT_ID,
      client_name: name,
      client_secret: newToken(deps.random),
      sector: OWN_CLIENT_ID,
      redirect_uris: [ownRedirectUri(deps)],
      scope: 'openid',
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'RS256',
      subject_type: 'pairwise',
      application_type: 'web',
      response_types: ['code'],
      response_modes: ['query', 'fragment'],
      grant_types: ['authorization_code'],
    },
  };
}

export type OwnRequest = {
  state: string;
  nonce: string;
  /** PKCE, S256 (RFC 7636). */
  challenge: string;
  /** What the login page fills in. With it the person is asked even when somebody is signed in: it may be another. */
  identifier?: string | undefined;
  /** The letter is a pupil's: his profile need not be chosen. */
  profile?: 'pupil' | undefined;
  /** True: this person, and nobody else, is to prove again who he is. */
  proof?: boolean | undefined;
};

/** The parameter of the authorization request that says so; without meaning in a request of any other service. */
export const PROOF_PARAM = 'preuve';

/** Before a pupil's identifier in the hint; no identifier has a colon. */
const PUPIL_HINT = 'eleve:';

/** What our own request has hinted at. */
export function readOwnHint(hint: string | undefined): { loginHint: string | undefined; profile?: 'pupil' } {
  if (!hint?.startsWith(PUPIL_HINT)) return { loginHint: hint };
  return { loginHint: hint.slice(PUPIL_HINT.length), profile: 'pupil' };
}

/** Path and query, on our own host, of an authorization request of « Mon compte ». */
export function ownAuthorizationPath({ config }: Pick<Deps, 'config'>, request: OwnRequest): string {
  const query = new URLSearchParams({
    client_id: OWN_CLIENT_ID,
    redirect_uri: ownRedirectUri({ config }),
    response_type: 'code',
    scope: 'openid',
    state: request.state,
    nonce: request.nonce,
    code_challenge: request.challenge,
    code_challenge_method: 'S256',
    ...(request.identifier !== undefined && {
      login_hint: (request.profile === 'pupil' ? PUPIL_HINT : '') + request.identifier,
      prompt: 'login',
    }),
    ...(request.proof && { [PROOF_PARAM]: '1' }),
  });
  return `${new URL(config.issuer).pathname}/auth?${query}`;
}
