import type { Database } from '../deps.ts';

export type KeyRow = {
  kid: string;
  alg: string;
  generation: number;
  privateSealed: string;
  publishedAt: Date;
  signsFrom: Date;
  withdrawnAt: Date | null;
};

/** Keys that are published: new ones before they sign, old ones for as long as their signatures are looked at. */
export async function publishedKeys(db: Database, now: Date): Promise<KeyRow[]> {
  return db('signing_keys')
    .where((still) => still.whereNull('withdrawn_at').orWhere('withdrawn_at', '>', now))
    .orderBy('alg')
    .orderBy('generation')
    .select({
      kid: 'kid',
      alg: 'alg',
      generation: 'generation',
      privateSealed: 'private_sealed',
      publishedAt: 'published_at',
      signsFrom: 'signs_from',
      withdrawnAt: 'withdrawn_at',
    });
}

/** @returns false when another process has made this generation */
export async function insertKey(db: Database, key: Omit<KeyRow, 'withdrawnAt'>): Promise<boolean> {
  // The unique key (alg, generation) decides; the loser's row changes nothing. INSERT IGNORE would hide faults.
  await db('signing_keys')
    .insert({
      kid: key.kid,
      alg: key.alg,
      generation: key.generation,
      private_sealed: key.privateSealed,
      published_at: key.publishedAt,
      signs_from: key.signsFrom,
    })
    .onConflict(['alg', 'generation'])
    .merge(['alg']);
  const row = await db('signing_keys').where({ kid: key.kid }).first('kid');
  return row !== undefined;
}

/** Older generations stop being published at that moment, or earlier where that is settled already. */
export async function withdrawBefore(db: Database, alg: string, generation: number, at: Date): Promise<void> {
  await db('signing_keys')
    .where({ alg })
    .where('generation', '<', generation)
    .where((still) => still.whereNull('withdrawn_at').orWhere('withdrawn_at', '>', at))
    .update({ withdrawn_at: at });
}
