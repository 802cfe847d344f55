import type { IncomingMessage } from 'node:http';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import * as client from 'openid-client';
import type { Pending, Person, ServiceSettings } from './relying-types.ts';

export type SignIn = {
  begin(extra: Record<string, string>): Promise<{ address: string; pending: Pending }>;
  /** @throws SignInError whatever is wrong with the answer */
  finish(callback: URL, pending: Pending | undefined): Promise<Person>;
  endSessionAddress(idToken: string): Promise<string>;
  readLogoutToken(request: IncomingMessage): Promise<{ sid: string | undefined; sub: string | undefined }>;
};

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const ANSWER_WITHIN_S = 5;

/** A sign-in that did not come to its end: the code of the protocol and what was said about it. */
export class SignInError extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, description: string, status = 400) {
    super(description);
    this.name = 'SignInError';
    this.code = code;
    this.status = status;
  }

  static from(error: unknown): SignInError {
    if (error instanceof SignInError) return error;
    if (error instanceof client.AuthorizationResponseError)
      return new SignInError(error.error, error.error_description ?? '', 403);
    if (error instanceof client.ResponseBodyError)
      return new SignInError(error.error, error.error_description ?? '', 502);
    const { code, message, cause } = error as { code?: string; message: string; cause?: Error };
    return new SignInError(
      code ?? 'server_error',
      [message, cause?.message].filter(Boolean).join(' : '),
      502,
    );
  }
}

/** The protocol's part: code flow with PKCE, state and nonce; EduConnect is looked up when it is first needed. */
export function createSignIn(settings: ServiceSettings): SignIn {
  const discover = lazily(() => discoverIssuer(settings));
  const keys = lazily(async () => {
    const { jwks_uri: address } = (await discover()).serverMetadata();
    return createRemoteJWKSet(new URL(address as string), { timeoutDuration: ANSWER_WITHIN_S * 1000 });
  });
  return {
    async begin(extra) {
      const issuer = await discover();
      const codeVerifier = client.randomPKCECodeVerifier();
      const pending = { state: client.randomState(), nonce: client.randomNonce(), codeVerifier };
      const address = client.buildAuthorizationUrl(issuer, {
        redirect_uri: `${settings.origin}/callback`,
        scope: settings.scope,
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...extra,
      });
      return { address: address.href, pending };
    },
    async finish(callback, pending) {
      if (!pending)
        throw new SignInError(
          'session_lost',
          'La connexion a été commencée ailleurs, ou il y a trop longtemps.',
        );
      const issuer = await discover();
      const tokens = await client.authorizationCodeGrant(issuer, callback, {
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        pkceCodeVerifier: pending.codeVerifier,
        idTokenExpected: true,
      });
      const idClaims = tokens.claims();
      if (!idClaims || !tokens.id_token)
        throw new SignInError('server_error', "Il n'y a pas d'ID token.", 502);
      const userinfo = await client.fetchUserInfo(issuer, tokens.access_token, idClaims.sub);
      const sid = typeof idClaims.sid === 'string' ? idClaims.sid : undefined;
      return { claims: { ...idClaims, ...userinfo }, idToken: tokens.id_token, sub: idClaims.sub, sid };
    },
    async endSessionAddress(idToken) {
      const parameters = {
        id_token_hint: idToken,
        post_logout_redirect_uri: `${settings.origin}/deconnecte`,
      };
      return client.buildEndSessionUrl(await discover(), parameters).href;
    },
    async readLogoutToken(request) {
      const token = new URLSearchParams(await readBody(request)).get('logout_token') ?? '';
      const options = { issuer: settings.issuer, audience: settings.clientId, maxTokenAge: '5 minutes' };
      const { payload } = await jwtVerify(token, await keys(), options).catch((error: Error) => {
        throw new SignInError('invalid_request', error.message);
      });
      return checkLogoutClaims(payload);
    },
  };
}

/** OpenID Connect Back-Channel Logout 1.0, section 2.6. */
function checkLogoutClaims(payload: JWTPayload): { sid: string | undefined; sub: string | undefined } {
  const events = payload.events as Record<string, unknown> | undefined;
  const sid = typeof payload.sid === 'string' ? payload.sid : undefined;
  const { sub } = payload;
  if (!events || typeof events[LOGOUT_EVENT] !== 'object' || payload.nonce !== undefined || (!sid && !sub))
    throw new SignInError('invalid_request', 'This is no logout token.');
  return { sid, sub };
}

function discoverIssuer(settings: ServiceSettings): Promise<client.Configuration> {
  const { issuer, clientId, clientSecret } = settings;
  const execute = [client.enableNonRepudiationChecks];
  // The demo runs without certificates on the loopback interface.
  if (issuer.startsWith('http:')) execute.push(client.allowInsecureRequests);
  const options = { execute, timeout: ANSWER_WITHIN_S };
  return client.discovery(
    new URL(issuer),
    clientId,
    clientSecret,
    client.ClientSecretBasic(clientSecret),
    options,
  );
}

/** Done once and kept, tried again after a failure. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > 64 * 1024) throw new SignInError('invalid_request', 'The request is too large.', 413);
  }
  return text;
}
