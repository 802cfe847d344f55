import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../src/deps.ts';
import { closeServer } from './app.ts';

/** How a token is signed: as FranceConnect does, or in one of the ways of a forger. */
export type Signature =
  | 'good'
  | 'rs256'
  /** Another's key under the right name. */
  | 'foreign'
  | 'unknown-kid'
  | 'no-kid'
  | 'none'
  /** HS256, with what everybody knows, or with what the service knows. */
  | 'hs256-public'
  | 'hs256-secret'
  /** Signed well, then changed. */
  | 'tampered'
  /** Not signed at all: JSON (user information only). */
  | 'plain';

type Claims = Record<string, unknown>;
type Key = { kid: string; privateKey: KeyObject; publicKey: KeyObject };

/** What the stub answers from now on; `reset` takes it back. */
export type Forgery = {
  idToken: Signature;
  userinfo: Signature;
  /** Undefined takes a claim out. */
  idTokenClaims: Claims;
  userinfoClaims: Claims;
  /** By path: a status to answer with, or silence until the other side gives up. */
  trouble: Record<string, number | 'silence'>;
};

export type StubFranceConnect = {
  issuer: string;
  /** `nonce` of the visitor who is about to come back. */
  nonce: string;
  forgery: Forgery;
  asked: { path: string; body: string }[];
  reset(): void;
  /** @param kid default: a new name */
  rotate(kid?: string): void;
  /** Publishes a second key beside the one that signs. */
  publishAnother(): void;
  /** The port is free then: connections are refused until `open`. */
  close(): Promise<void>;
  open(): Promise<void>;
};

export const CLIENT = { id: 'educonnect-test', secret: 'secret-of-the-test-suite-0001' };
export const PERSON = {
  sub: 'a1b2c3v1',
  given_name: 'HELENE MARIE',
  family_name: 'MOREAU',
  preferred_username: 'DE LA FONTAINE',
  birthdate: '1981-07-30',
  email: 'helene@example.org',
};

/** A provider like FranceConnect that can be made to lie. */
export async function startStubFranceConnect(clock: Clock): Promise<StubFranceConnect> {
  const foreign = newKey('foreign');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let keys = [newKey('pkcs11:ES256:hsm')];
  const server = createServer((request, response) => void answer(request, response));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const issuer = `http://localhost:${port}/api/v2`;
  const honest = (): Forgery => ({
    idToken: 'good',
    userinfo: 'good',
    idTokenClaims: {},
    userinfoClaims: {},
    trouble: {},
  });
  const stub: StubFranceConnect = {
    issuer,
    nonce: '',
    forgery: honest(),
    asked: [],
    reset() {
      stub.forgery = honest();
      stub.asked.length = 0;
    },
    rotate(kid) {
      keys = [newKey(kid ?? `pkcs11:ES256:hsm-${keys[0]?.kid.length}`)];
    },
    publishAnother() {
      keys.push(newKey('pkcs11:ES256:next'));
    },
    close: () => closeServer(server),
    open: () => listen(port),
  };
  return stub;

  function listen(at: number): Promise<void> {
    return new Promise((resolve) => server.listen(at, 'localhost', resolve));
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace('/api/v2', '').split('?')[0] ?? '';
    let body = '';
    for await (const chunk of request) body += String(chunk);
    stub.asked.push({ path, body });
    const trouble = stub.forgery.trouble[path];
    if (trouble === 'silence') return;
    if (trouble !== undefined) return send(response, trouble, 'application/json', '{"error":"server_error"}');
    const { userinfo, userinfoClaims } = stub.forgery;
    if (path === '/.well-known/openid-configuration') return json(response, discoveryDocument());
    if (path === '/jwks') return json(response, { keys: [...keys.map(publicJwk), rsaJwk()] });
    if (path === '/token') return json(response, tokenAnswer());
    const claims = { ...envelope(), ...PERSON, ...userinfoClaims };
    if (userinfo === 'plain') return json(response, claims);
    send(response, 200, 'application/jwt', token(claims, userinfo));
  }

  function tokenAnswer(): object {
    const { idToken, idTokenClaims } = stub.forgery;
    const claims = {
      ...envelope(),
      sub: PERSON.sub,
      nonce: stub.nonce,
      acr: 'eidas1',
      auth_time: seconds(),
      ...idTokenClaims,
    };
    return { access_token: 'access', token_type: 'Bearer', expires_in: 60, id_token: token(claims, idToken) };
  }

  function envelope(): Claims {
    return { iss: issuer, aud: CLIENT.id, iat: seconds(), exp: seconds() + 60 };
  }

  function seconds(): number {
    return Math.floor(clock.now().getTime() / 1000);
  }

  function discoveryDocument(): object {
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      end_session_endpoint: `${issuer}/session/end`,
      response_types_supported: ['code'],
      subject_types_supported: ['pairwise'],
      // As the real one lists them (integration.md 1.1).
      id_token_signing_alg_values_supported: ['HS256', 'ES256', 'RS256'],
      userinfo_signing_alg_values_supported: ['HS256', 'ES256', 'RS256'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  function rsaJwk() {
    return { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256', use: 'sig' };
  }

  function token(claims: Claims, how: Signature): string {
    const key = keys[0] as Key;
    const es256 = (header: object, signer: Key) => jwt(header, claims, (text) => ecdsa(text, signer));
    switch (how) {
      case 'rs256':
        return jwt({ alg: 'RS256', kid: 'rsa' }, claims, (text) => sign('sha256', text, rsa.privateKey));
      case 'foreign':
        return es256({ alg: 'ES256', kid: key.kid }, foreign);
      case 'unknown-kid':
        return es256({ alg: 'ES256', kid: 'nobody' }, foreign);
      case 'no-kid':
        return es256({ alg: 'ES256' }, key);
      case 'none':
        return jwt({ alg: 'none' }, claims, () => Buffer.alloc(0));
      case 'hs256-secret':
        return jwt({ alg: 'HS256' }, claims, (text) => hmac(CLIENT.secret, text));
      case 'hs256-public': {
        const pem = key.publicKey.export({ format: 'pem', type: 'spki' });
        return jwt({ alg: 'HS256', kid: key.kid }, claims, (text) => hmac(pem, text));
      }
      case 'tampered': {
        const [header, , signature] = es256({ alg: 'ES256', kid: key.kid }, key).split('.');
        const changed = { ...claims, given_name: 'MALLORY' };
        return [header, part(changed), signature].join('.');
      }
      default:
        return es256({ alg: 'ES256', kid: key.kid }, key);
    }
  }
}

function newKey(kid: string): Key {
  return { kid, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
}

const publicJwk = ({ kid, publicKey }: Key) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  alg: 'ES256',
  use: 'sig',
});
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const ecdsa = (text: Buffer, { privateKey }: Key) =>
  sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' });
const hmac = (key: string | Buffer, text: Buffer) => createHmac('sha256', key).update(text).digest();

function jwt(header: object, claims: Claims, signer: (text: Buffer) => Buffer): string {
  const text = `${part({ typ: 'JWT', ...header })}.${part(claims)}`;
  return `${text}.${signer(Buffer.from(text)).toString('base64url')}`;
}

const json = (response: ServerResponse, body: object) =>
  send(response, 200, 'application/json', JSON.stringify(body));

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type });
  response.end(body);
}
