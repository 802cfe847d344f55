import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { JWK } from 'oidc-provider';
import { tokenHash } from '../crypto/digests.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Database, Deps } from '../deps.ts';
import { insertKey, type KeyRow, publishedKeys, withdrawBefore } from './key-store.ts';

type Needs = Pick<Deps, 'db' | 'clock' | 'sealer'>;

export const SIGNING_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/** Services keep our key set for minutes: a new key is published that long before it signs (security.md, M01). */
export const PUBLISHED_AHEAD_MS = 60 * 60_000;
/** An ID token is shown to us again as a hint, at a logout days later: its key stays published. */
export const KEPT_AFTER_MS = 30 * 24 * 3600_000;

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

async function addKey(
  deps: Needs,
  db: Database,
  key: { alg: SigningAlgorithm; generation: number; signsFrom: Date },
): Promise<string | null> {
  const jwk = await newPrivateKey(key.alg);
  const kid = jwk.kid as string;
  const privateSealed = deps.sealer.seal(JSON.stringify(jwk), `signing-key:${kid}`);
  return (await insertKey(db, { ...key, kid, privateSealed }, deps.clock.now())) ? kid : null;
}

/** At the first start: one key for each algorithm, made once however many processes start together. */
export async function ensureSigningKeys(deps: Needs): Promise<void> {
  const now = deps.clock.now();
  const present = new Set((await publishedKeys(deps.db, now)).map((key) => key.alg));
  for (const alg of SIGNING_ALGORITHMS) {
    if (!present.has(alg)) await addKey(deps, deps.db, { alg, generation: 1, signsFrom: now });
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
 * `educonnect keys rotate`: publishes the next key of each algorithm; it signs one hour later, and the present one
 * is withdrawn thirty days after that. An algorithm whose next key does not sign yet is left alone.
 */
export async function rotateSigningKeys(deps: Needs): Promise<Rotation[]> {
  await ensureSigningKeys(deps);
  const now = deps.clock.now();
  const rows = await publishedKeys(deps.db, now);
  const signsFrom = new Date(now.getTime() + PUBLISHED_AHEAD_MS);
  const done: Rotation[] = [];
  for (const alg of SIGNING_ALGORITHMS) {
    const own = rows.filter((row) => row.alg === alg);
    if (own.some((row) => row.signsFrom > now)) continue;
    const generation = Math.max(...own.map((row) => row.generation)) + 1;
    const kid = await inTransaction(deps.db, async (trx) => {
      const made = await addKey(deps, trx, { alg, generation, signsFrom });
      if (made !== null)
        await withdrawBefore(trx, alg, generation, new Date(signsFrom.getTime() + KEPT_AFTER_MS));
      return made;
    });
    if (kid !== null) done.push({ alg, kid, signsFrom });
  }
  return done;
}
