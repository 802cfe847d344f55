import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { JWK } from 'oidc-provider';
import { recordAudit } from '../audit/record.ts';
import { tokenHash } from '../crypto/digests.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { insertKey, type KeyRow, publishedKeys, withdrawBefore } from './key-store.ts';

type Needs = Pick<Deps, 'db' | 'clock' | 'sealer'>;

export const SIGNING_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

const DAY_MS = 24 * 3600_000;

/** Services keep our key set for minutes: a new key is published that long before it signs (security.md, M01). */
export const PUBLISHED_AHEAD_MS = 60 * 60_000;
/** An ID token is shown to us again as a hint, at a logout days later: its key stays published. */
export const KEPT_AFTER_MS = 30 * DAY_MS;

const generate = promisify(generateKeyPair);

async function newPrivateKey(alg: SigningAlgorithm): Promise<JWK> {
  const pair = await (alg === 'RS256'
    ? generate('rsa', { modulusLength: 2048 })
    : alg === 'ES256'
      ? generate('ec', { namedCurve: 'P-256' })
      : generate('ed25519'));
  const kid = tokenHash(JSON.stringify(pair.publicKey.export({ format: 'jwk' })));
  return { ...(pair.privateKey.export({ format: 'jwk' }) as JWK), kid, alg, use: 'sig' };
}

type NewKey = Pick<KeyRow, 'alg' | 'generation' | 'publishedAt' | 'signsFrom'> & { alg: SigningAlgorithm };

/** Generates before anything is locked: an RSA key takes its time. */
async function newKey(deps: Pick<Deps, 'sealer'>, key: NewKey): Promise<Omit<KeyRow, 'withdrawnAt'>> {
  const jwk = await newPrivateKey(key.alg);
  const kid = jwk.kid as string;
  return { ...key, kid, privateSealed: deps.sealer.seal(JSON.stringify(jwk), `signing-key:${kid}`) };
}

/** At the first start: one key for each algorithm, made once however many processes start together. */
export async function ensureSigningKeys(deps: Needs): Promise<void> {
  const now = deps.clock.now();
  const present = new Set((await publishedKeys(deps.db, now)).map((key) => key.alg));
  for (const alg of SIGNING_ALGORITHMS) {
    if (present.has(alg)) continue;
    await insertKey(deps.db, await newKey(deps, { alg, generation: 1, publishedAt: now, signsFrom: now }));
  }
}

/** The private key set, in the order in which the library takes them: who signs first, then the past, then the next. */
export async function loadSigningKeys(deps: Needs): Promise<JWK[]> {
  const now = deps.clock.now();
  const rows = await publishedKeys(deps.db, now);
  const rank = ({ alg }: KeyRow) => (SIGNING_ALGORITHMS as readonly string[]).indexOf(alg);
  const signing = rows
    .filter((row) => row.signsFrom <= now)
    .sort((a, b) => rank(a) - rank(b) || b.generation - a.generation);
  const next = rows.filter((row) => row.signsFrom > now);
  return [...signing, ...next].map((row) => openKey(deps, row));
}

function openKey(deps: Needs, { kid, privateSealed }: KeyRow): JWK {
  return JSON.parse(deps.sealer.open(privateSealed, `signing-key:${kid}`));
}

export type Rotation = { alg: string; kid: string; signsFrom: Date };

/**
 * Publishes the next key of each algorithm (append, publish, sign, retire: M01). It signs one hour later, by when
 * every process and every service that caches the key set has it; the present one is withdrawn thirty days after
 * that. An algorithm whose next key does not sign yet is left alone.
 * @param options.leaked the present keys are in wrong hands: new ones sign at once and all others are withdrawn at
 * once. Services refuse what we sign until they fetch the key set again, and hints of older tokens are refused.
 */
export async function rotateSigningKeys(
  deps: Needs,
  { leaked = false }: { leaked?: boolean } = {},
): Promise<Rotation[]> {
  await ensureSigningKeys(deps);
  return publishNext(deps, SIGNING_ALGORITHMS, { leaked, by: 'operator' });
}

/** By the clock: the algorithms whose key has signed for SIGNING_KEY_DAYS. @returns how many keys were published */
export async function rotateWhenDue(deps: Needs & Pick<Deps, 'config'>): Promise<number> {
  const now = deps.clock.now();
  const rows = await publishedKeys(deps.db, now);
  const oldest = new Date(now.getTime() - deps.config.SIGNING_KEY_DAYS * DAY_MS);
  const due = SIGNING_ALGORITHMS.filter((alg) => {
    const own = rows.filter((row) => row.alg === alg);
    return own.length > 0 && own.every((row) => row.signsFrom <= oldest);
  });
  return (await publishNext(deps, due, { leaked: false, by: 'system' })).length;
}

async function publishNext(
  deps: Needs,
  algorithms: readonly SigningAlgorithm[],
  { leaked, by }: { leaked: boolean; by: 'operator' | 'system' },
): Promise<Rotation[]> {
  const now = deps.clock.now();
  const rows = await publishedKeys(deps.db, now);
  const signsFrom = leaked ? now : new Date(now.getTime() + PUBLISHED_AHEAD_MS);
  const withdrawnAt = leaked ? now : new Date(signsFrom.getTime() + KEPT_AFTER_MS);
  const done: Rotation[] = [];
  for (const alg of algorithms) {
    const own = rows.filter((row) => row.alg === alg);
    if (!leaked && own.some((row) => row.signsFrom > now)) continue;
    const generation = Math.max(...own.map((row) => row.generation)) + 1;
    const key = await newKey(deps, { alg, generation, publishedAt: now, signsFrom });
    const made = await inTransaction(deps.db, async (trx) => {
      // Of two processes that rotate at once, one makes this generation, and the other leaves everything to it.
      if (!(await insertKey(trx, key))) return false;
      await withdrawBefore(trx, alg, generation, withdrawnAt);
      const details = `${alg} ${key.kid}${leaked ? ', the others withdrawn' : ''}`;
      await recordAudit(trx, { at: now, event: 'keys-rotated', outcome: 'done', actorKind: by, details });
      return true;
    });
    if (made) done.push({ alg, kid: key.kid, signsFrom });
  }
  return done;
}

export type ListedKey = {
  kid: string;
  alg: string;
  /** `next`: published, does not sign yet; `past`: published for what it has signed. */
  state: 'next' | 'signing' | 'past';
  publishedAt: Date;
  signsFrom: Date;
  withdrawnAt: Date | null;
};

/** The published keys, without their secrets. */
export async function listSigningKeys(deps: Pick<Deps, 'db' | 'clock'>): Promise<ListedKey[]> {
  const now = deps.clock.now();
  const rows = await publishedKeys(deps.db, now);
  return rows.map(({ kid, alg, generation, publishedAt, signsFrom, withdrawnAt }) => {
    const replaced = rows.some(
      (row) => row.alg === alg && row.generation > generation && row.signsFrom <= now,
    );
    const state = signsFrom > now ? 'next' : replaced ? 'past' : 'signing';
    return { kid, alg, state, publishedAt, signsFrom, withdrawnAt };
  });
}
