import type { Database, Transaction } from '../deps.ts';

export type Passkey = {
  id: number;
  /** In addresses of « Mon compte ». */
  publicId: string;
  accountId: number;
  /** The authenticator's own name of the key, base64url. */
  credentialId: string;
  userHandle: string;
  /** COSE, base64url. */
  publicKey: string;
  signCount: number;
  transports: string;
  /** Kept by the maker of the device for all the devices of its holder. */
  synced: boolean;
  name: string;
  createdAt: Date;
  lastUsedAt: Date | null;
  /** When its holder last proved to it who he is (finger, face, code of the device). */
  userVerifiedAt: Date;
  /** Its counter went back, so there may be a copy: it is refused. */
  suspectedAt: Date | null;
};

const COLUMNS = {
  id: 'id',
  publicId: 'public_id',
  accountId: 'account_id',
  credentialId: 'credential_id',
  userHandle: 'user_handle',
  publicKey: 'public_key',
  signCount: 'sign_count',
  transports: 'transports',
  synced: 'synced',
  name: 'name',
  createdAt: 'created_at',
  lastUsedAt: 'last_used_at',
  userVerifiedAt: 'user_verified_at',
  suspectedAt: 'suspected_at',
} as const satisfies Record<keyof Passkey, string>;

type Row = Omit<Passkey, 'synced' | 'signCount'> & { synced: number; signCount: number | string };

const toPasskey = (row: Row): Passkey => ({
  ...row,
  synced: Boolean(row.synced),
  signCount: Number(row.signCount),
});

/** @throws a duplicate key when some account has this key */
export async function insertPasskey(
  trx: Transaction,
  key: Omit<Passkey, 'id' | 'lastUsedAt' | 'suspectedAt'> & { credentialHash: string },
): Promise<void> {
  await trx('passkeys').insert({
    public_id: key.publicId,
    account_id: key.accountId,
    credential_hash: key.credentialHash,
    credential_id: key.credentialId,
    user_handle: key.userHandle,
    public_key: key.publicKey,
    sign_count: key.signCount,
    transports: key.transports,
    synced: key.synced ? 1 : 0,
    name: key.name,
    created_at: key.createdAt,
    user_verified_at: key.userVerifiedAt,
  });
}

/** Of one account, the oldest first; there are few (`MOST_PASSKEYS`, twice over after a regrouping). */
export async function findPasskeys(db: Database, accountId: number): Promise<Passkey[]> {
  const rows: Row[] = await db('passkeys').select(COLUMNS).where({ account_id: accountId }).orderBy('id');
  return rows.map(toPasskey);
}

export async function findPasskeyByCredential(db: Database, credentialHash: string): Promise<Passkey | null> {
  const row: Row | undefined = await db('passkeys')
    .select(COLUMNS)
    .where({ credential_hash: credentialHash })
    .first();
  return row ? toPasskey(row) : null;
}

/** Keys that let somebody in: those that may have been copied do not. @param without public id of one not to count */
export async function countPasskeys(db: Database, accountId: number, without?: string): Promise<number> {
  const keys = db('passkeys').where({ account_id: accountId }).whereNull('suspected_at');
  if (without !== undefined) keys.whereNot({ public_id: without });
  const [row] = await keys.count({ count: '*' });
  return Number(row?.count ?? 0);
}

/**
 * Notes that a key was used, in one statement, so that of two answers with the same counter one counts.
 * @returns false when its counter has not gone on (WebAuthn 6.1.1): a copy of it may have been used
 */
export async function noteUse(
  db: Database,
  { id, signCount }: Pick<Passkey, 'id' | 'signCount'>,
  now: Date,
): Promise<boolean> {
  const used = await db('passkeys')
    .where({ id })
    .whereNull('suspected_at')
    // Keys that are kept on several devices do not count at all.
    .where((counter) => {
      counter.where('sign_count', '<', signCount);
      if (signCount === 0) counter.orWhere({ sign_count: 0 });
    })
    .update({ sign_count: signCount, last_used_at: now, user_verified_at: now });
  return used === 1;
}

export async function markSuspected(db: Database, id: number, now: Date): Promise<void> {
  await db('passkeys').where({ id }).whereNull('suspected_at').update({ suspected_at: now });
}

/** @returns false when the account has no such key */
export async function renameKey(
  db: Database,
  key: Pick<Passkey, 'accountId' | 'publicId' | 'name'>,
): Promise<boolean> {
  const renamed = await db('passkeys')
    .where({ account_id: key.accountId, public_id: key.publicId })
    .update({ name: key.name });
  return renamed === 1;
}

/** @returns false when the account has no such key (any more) */
export async function deleteKey(
  trx: Transaction,
  key: Pick<Passkey, 'accountId' | 'publicId'>,
): Promise<boolean> {
  return (await trx('passkeys').where({ account_id: key.accountId, public_id: key.publicId }).delete()) === 1;
}

export async function insertChallenge(
  db: Database,
  challenge: {
    challengeHash: string;
    purpose: 'register' | 'sign-in';
    bindingHash: string;
    createdAt: Date;
    expiresAt: Date;
  },
): Promise<void> {
  await db('passkey_challenges').insert({
    challenge_hash: challenge.challengeHash,
    purpose: challenge.purpose,
    binding_hash: challenge.bindingHash,
    created_at: challenge.createdAt,
    expires_at: challenge.expiresAt,
  });
}

/** @returns false: not made for this, or over, or used before */
export async function deleteChallenge(
  db: Database,
  challenge: { challengeHash: string; purpose: 'register' | 'sign-in'; bindingHash: string },
  now: Date,
): Promise<boolean> {
  const taken = await db('passkey_challenges')
    .where({
      challenge_hash: challenge.challengeHash,
      purpose: challenge.purpose,
      binding_hash: challenge.bindingHash,
    })
    .where('expires_at', '>', now)
    .delete();
  return taken === 1;
}

export type Offer = { answer: 'later' | 'never'; sessionHash: string };

export async function findOffer(db: Database, accountId: number): Promise<Offer | null> {
  const row = await db('passkey_offers')
    .where({ account_id: accountId })
    .select({ answer: 'answer', sessionHash: 'session_hash' })
    .first();
  return (row as Offer | undefined) ?? null;
}

export async function putOffer(
  db: Database,
  { accountId, answer, sessionHash }: Offer & { accountId: number },
  now: Date,
): Promise<void> {
  await db('passkey_offers')
    .insert({ account_id: accountId, answer, session_hash: sessionHash, answered_at: now })
    .onConflict('account_id')
    .merge();
}
