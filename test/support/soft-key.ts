import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/**
 * A key as an authenticator makes it, without a browser: whoever attacks the ceremonies is bound by neither. What it
 * says can be wrong in each part.
 */
export type SoftKey = {
  credentialId: string;
  /** The answer of `navigator.credentials.create()`. */
  create(challenge: string, lies?: Lies): string;
  /** The answer of `navigator.credentials.get()`. */
  get(challenge: string, lies?: Lies): string;
};

export type Lies = {
  origin?: string;
  rpId?: string;
  type?: string;
  crossOrigin?: boolean;
  /** User present, user verified. */
  present?: boolean;
  verified?: boolean;
  counter?: number;
  userHandle?: string;
  credentialId?: string;
};

const base64url = (bytes: Buffer | string): string => Buffer.from(bytes).toString('base64url');
const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();

export function makeSoftKey({ origin, rpId = 'localhost' }: { origin: string; rpId?: string }): SoftKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const credentialId = base64url(randomBytes(32));
  const clientData = (challenge: string, type: string, lies: Lies) =>
    Buffer.from(
      JSON.stringify({
        type: lies.type ?? type,
        challenge,
        origin: lies.origin ?? origin,
        crossOrigin: lies.crossOrigin ?? false,
      }),
    );
  const head = (lies: Lies, attested: boolean) => {
    const flags =
      (lies.present === false ? 0 : 1) | (lies.verified === false ? 0 : 4) | (attested ? 0x40 : 0);
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(lies.counter ?? 0);
    return Buffer.concat([sha256(lies.rpId ?? rpId), Buffer.from([flags]), counter]);
  };
  return {
    credentialId,
    create(challenge, lies = {}) {
      const id = Buffer.from(lies.credentialId ?? credentialId, 'base64url');
      const length = Buffer.alloc(2);
      length.writeUInt16BE(id.length);
      // COSE: { 1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y }
      const cose = Buffer.concat([
        Buffer.from('a5010203262001215820', 'hex'),
        Buffer.from(x, 'base64url'),
        Buffer.from('225820', 'hex'),
        Buffer.from(y, 'base64url'),
      ]);
      const authData = Buffer.concat([head(lies, true), Buffer.alloc(16), length, id, cose]);
      // CBOR: { fmt: 'none', attStmt: {}, authData }
      const size = Buffer.alloc(2);
      size.writeUInt16BE(authData.length);
      const attestation = Buffer.concat([
        Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746159', 'hex'),
        size,
        authData,
      ]);
      const name = lies.credentialId ?? credentialId;
      return JSON.stringify({
        id: name,
        rawId: name,
        type: 'public-key',
        response: {
          clientDataJSON: base64url(clientData(challenge, 'webauthn.create', lies)),
          attestationObject: base64url(attestation),
          transports: ['internal'],
        },
      });
    },
    get(challenge, lies = {}) {
      const data = clientData(challenge, 'webauthn.get', lies);
      const authenticatorData = head(lies, false);
      const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(data)]), privateKey);
      const name = lies.credentialId ?? credentialId;
      return JSON.stringify({
        id: name,
        rawId: name,
        type: 'public-key',
        response: {
          clientDataJSON: base64url(data),
          authenticatorData: base64url(authenticatorData),
          signature: base64url(signature),
          ...(lies.userHandle === undefined ? {} : { userHandle: base64url(lies.userHandle) }),
        },
      });
    },
  };
}
