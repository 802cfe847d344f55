import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/**
 * Reversible secrets at rest (provisional passwords, signing keys, bodies of waiting messages):
 * AES-256-GCM with keys that live outside the database (`SEALING_KEYS`; the first seals, all open).
 * The key's id is part of the value, the context (for example the account) is authenticated with it,
 * so that a value copied to another row does not open there. Source: security.md, decision 2.
 */
export type Sealer = {
  /** @param context what the value belongs to, e.g. `account:<id>`; the same is needed to open. */
  seal(plain: string, context: string): string;
  /** @throws SealError when the key is unknown, the value was altered or the context differs. */
  open(sealed: string, context: string): string;
  /** The key id that now seals; a value with another id is due for re-sealing. */
  readonly currentKeyId: string;
};

export class SealError extends Error {
  constructor(reason: string) {
    super(`sealed value cannot be opened: ${reason}`);
    this.name = 'SealError';
  }
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** @param keys at least one secret of 24 characters or more (see config.ts) */
export function createSealer(keys: readonly string[]): Sealer {
  const ring = keys.map((key) => ({
    id: createHash('sha256').update(`sealing-id|${key}`).digest('hex').slice(0, 8),
    key: Buffer.from(hkdfSync('sha256', key, 'educonnect', 'sealing', 32)),
  }));
  const current = ring[0];
  if (!current) throw new SealError('no key is configured');
  return {
    currentKeyId: current.id,
    seal(plain, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current.key, iv);
      cipher.setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return `v1.${current.id}.${Buffer.concat([iv, body, cipher.getAuthTag()]).toString('base64url')}`;
    },
    open(sealed, context) {
      const [version, id, body] = sealed.split('.');
      const entry = ring.find((candidate) => candidate.id === id);
      if (version !== 'v1' || !body || !entry) throw new SealError('unknown key or format');
      const bytes = Buffer.from(body, 'base64url');
      if (bytes.length < IV_BYTES + TAG_BYTES) throw new SealError('too short');
      const decipher = createDecipheriv('aes-256-gcm', entry.key, bytes.subarray(0, IV_BYTES));
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
      try {
        const plain = decipher.update(bytes.subarray(IV_BYTES, bytes.length - TAG_BYTES));
        return Buffer.concat([plain, decipher.final()]).toString('utf8');
      } catch {
        throw new SealError('altered, or sealed for something else');
      }
    },
  };
}
