import type { Database } from '../deps.ts';

/** How a visit to FranceConnect ended. */
export type FranceConnectOutcome = 'identified' | 'cancelled' | 'refused' | 'unreachable' | 'late';

export type FranceConnectRequest = {
  id: number;
  stateHash: string;
  nonce: string;
  interactionHash: string;
  interactionSealed: string;
  consumedAt: Date | null;
  outcome: FranceConnectOutcome | null;
  identitySealed: string | null;
  takenAt: Date | null;
};

const COLUMNS = {
  id: 'id',
  stateHash: 'state_hash',
  nonce: 'nonce',
  interactionHash: 'interaction_hash',
  interactionSealed: 'interaction_sealed',
  consumedAt: 'consumed_at',
  outcome: 'outcome',
  identitySealed: 'identity_sealed',
  takenAt: 'taken_at',
};

export type NewFranceConnectRequest = Pick<
  FranceConnectRequest,
  'stateHash' | 'nonce' | 'interactionHash' | 'interactionSealed'
> & { browserHash: string; createdAt: Date; expiresAt: Date };

export async function insertFranceConnectRequest(
  db: Database,
  request: NewFranceConnectRequest,
): Promise<void> {
  await db('franceconnect_requests').insert({
    state_hash: request.stateHash,
    browser_hash: request.browserHash,
    nonce: request.nonce,
    interaction_hash: request.interactionHash,
    interaction_sealed: request.interactionSealed,
    created_at: request.createdAt,
    expires_at: request.expiresAt,
  });
}

/** Uses the request up; one that has expired is then told as such. @returns false: not this browser's, or used */
export async function consumeFranceConnectRequest(
  db: Database,
  request: { stateHash: string; browserHash: string },
  now: Date,
): Promise<boolean> {
  const used = await db('franceconnect_requests')
    .where({ state_hash: request.stateHash, browser_hash: request.browserHash })
    .whereNull('consumed_at')
    .update({ consumed_at: now, outcome: db.raw("IF(expires_at <= ?, 'late', NULL)", [now]) });
  return used === 1;
}

export async function findFranceConnectRequest(
  db: Database,
  request: { stateHash: string; browserHash: string },
): Promise<FranceConnectRequest | null> {
  const row = await db('franceconnect_requests')
    .select(COLUMNS)
    .where({ state_hash: request.stateHash, browser_hash: request.browserHash })
    .first();
  return row ?? null;
}

export async function saveFranceConnectOutcome(
  db: Database,
  id: number,
  answer: { outcome: FranceConnectOutcome; identitySealed?: string; idTokenSealed?: string },
): Promise<void> {
  await db('franceconnect_requests')
    .where({ id })
    .update({
      outcome: answer.outcome,
      identity_sealed: answer.identitySealed ?? null,
      id_token_sealed: answer.idTokenSealed ?? null,
    });
}

/** The visit of this sign-in that came back last. */
export async function findLatestReturn(
  db: Database,
  interactionHash: string,
): Promise<FranceConnectRequest | null> {
  const row = await db('franceconnect_requests')
    .select(COLUMNS)
    .where({ interaction_hash: interactionHash })
    .whereNotNull('consumed_at')
    .orderBy([
      { column: 'consumed_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .first();
  return row ?? null;
}

/** The identity goes as it is taken. @returns false when somebody was faster */
export async function markReturnTaken(db: Database, id: number, now: Date): Promise<boolean> {
  const taken = await db('franceconnect_requests')
    .where({ id, outcome: 'identified' })
    .whereNull('taken_at')
    .update({ taken_at: now, identity_sealed: null });
  return taken === 1;
}
