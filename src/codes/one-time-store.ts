import { insertBatch } from '../db/batch.ts';
import type { Database, Transaction } from '../deps.ts';

export type CodeRow = {
  id: number;
  /** Null: none was sent, and none fits. */
  codeHmac: string | null;
  /** By which its SMS is found in the outbox. */
  outboxKey: string | null;
  tries: number;
  createdAt: Date;
  expiresAt: Date;
  resendAt: Date;
  consumedAt: Date | null;
};

export type NewCode = {
  purpose: string;
  bindingHash: string;
  codeHmac: string | null;
  outboxKey: string | null;
  createdAt: Date;
  expiresAt: Date;
  resendAt: Date;
};

const COLUMNS = {
  id: 'id',
  codeHmac: 'code_hmac',
  outboxKey: 'outbox_key',
  tries: 'tries',
  createdAt: 'created_at',
  expiresAt: 'expires_at',
  resendAt: 'resend_at',
  consumedAt: 'consumed_at',
};

/** The code of this purpose in this sign-in; an earlier one is overwritten, so that there never are two. */
export async function putCode(db: Database, code: NewCode): Promise<void> {
  await db('one_time_codes')
    .insert({
      purpose: code.purpose,
      binding_hash: code.bindingHash,
      code_hmac: code.codeHmac,
      outbox_key: code.outboxKey,
      tries: 0,
      created_at: code.createdAt,
      expires_at: code.expiresAt,
      resend_at: code.resendAt,
      consumed_at: null,
    })
    .onConflict()
    .merge();
}

type Binding = { purpose: string; bindingHash: string };
const boundTo = (db: Database, { purpose, bindingHash }: Binding) =>
  db('one_time_codes').select(COLUMNS).where({ binding_hash: bindingHash, purpose }).first();

export async function findCode(db: Database, binding: Binding): Promise<CodeRow | null> {
  return (await boundTo(db, binding)) ?? null;
}

/** The same, locked until the transaction ends: guesses are looked at one after the other. */
export async function lockCode(trx: Transaction, binding: Binding): Promise<CodeRow | null> {
  return (await boundTo(trx, binding).forUpdate()) ?? null;
}

export async function saveTry(
  trx: Transaction,
  id: number,
  { tries, consumedAt }: { tries: number; consumedAt: Date | null },
): Promise<void> {
  await trx('one_time_codes').where({ id }).update({ tries, consumed_at: consumedAt });
}

/** When codes were asked for, by key, the rows locked in the order of their keys: two requests never cross. */
export async function lockRequestTimes(
  trx: Transaction,
  keys: readonly string[],
  now: Date,
): Promise<Map<string, number[]>> {
  const sorted = [...new Set(keys)].sort();
  await insertBatch(
    trx,
    'INSERT INTO code_requests (request_key, times, expires_at)',
    sorted.map((key) => [key, '[]', now]),
    'ON DUPLICATE KEY UPDATE request_key = request_key',
  );
  const rows: { key: string; times: string }[] = await trx('code_requests')
    .select({ key: 'request_key', times: 'times' })
    .whereIn('request_key', sorted)
    .orderBy('request_key')
    .forUpdate();
  return new Map(rows.map(({ key, times }) => [key, JSON.parse(times)]));
}

export async function saveRequestTimes(
  trx: Transaction,
  counted: readonly { key: string; times: readonly number[]; expiresAt: Date }[],
): Promise<void> {
  await insertBatch(
    trx,
    'INSERT INTO code_requests (request_key, times, expires_at)',
    counted.map(({ key, times, expiresAt }) => [key, JSON.stringify(times), expiresAt]),
    'ON DUPLICATE KEY UPDATE times = VALUES(times), expires_at = VALUES(expires_at)',
  );
}
