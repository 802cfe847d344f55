import type { Knex } from 'knex';
import type { AccountKind } from '../accounts/types.ts';
import { chunksOf } from '../db/batch.ts';
import type { Database } from '../deps.ts';
import type { Delivery } from './batch-mail-store.ts';
import type { Channel } from './choice.ts';
import type { Outcome, ResetOutcome } from './plan.ts';

/** A distribution, or a reset, of one school. */
export type BatchHead = {
  id: number;
  publicId: string;
  /** Whose accounts. */
  of: AccountKind;
  channel: Channel | 'reset';
  withReset: boolean;
  /** One account was asked for from its own page. */
  single: boolean;
  at: Date;
};

const HEAD = {
  id: 'b.id',
  publicId: 'b.public_id',
  of: 'b.account_kind',
  channel: 'b.channel',
  withReset: 'b.with_reset',
  single: 'b.single_account',
  at: 'b.created_at',
};

type HeadRow = Omit<BatchHead, 'withReset' | 'single'> & { withReset: number; single: number };
const headOf = <Row extends HeadRow>(row: Row) => ({
  ...row,
  withReset: row.withReset === 1,
  single: row.single === 1,
});

/** A school's distributions to its guardians, or to its pupils. */
export type BatchScope = { schoolId: number; of: AccountKind };

/** Of this school and population only. */
export async function findBatch(
  db: Database,
  { schoolId, of }: BatchScope,
  publicId: string,
): Promise<BatchHead | null> {
  const row: HeadRow | undefined = await db('notification_batches as b')
    .select(HEAD)
    .where({ 'b.school_id': schoolId, 'b.public_id': publicId, 'b.account_kind': of })
    .first();
  // The server pads what it compares.
  return row?.publicId === publicId ? headOf(row) : null;
}

export type BatchCount = {
  outcome: Outcome;
  reset: ResetOutcome | null;
  delivery: Delivery | null;
  count: number;
};

/** How many accounts of each batch ended how. */
export async function countResults(
  db: Database,
  batchIds: readonly number[],
): Promise<Map<number, BatchCount[]>> {
  const counts = new Map<number, BatchCount[]>(batchIds.map((id) => [id, []]));
  if (batchIds.length === 0) return counts;
  const rows: (BatchCount & { batchId: number })[] = await db('notification_results')
    .whereIn('batch_id', [...batchIds])
    .groupBy('batch_id', 'outcome', 'reset', 'delivery')
    .select({ batchId: 'batch_id', outcome: 'outcome', reset: 'reset', delivery: 'delivery' })
    .count({ count: '*' });
  for (const { batchId, count, ...rest } of rows)
    counts.get(batchId)?.push({ ...rest, count: Number(count) });
  return counts;
}

/** The latest first. */
export async function listBatches(
  db: Database,
  { schoolId, of }: BatchScope,
  page: { offset: number; limit: number },
): Promise<BatchHead[]> {
  const rows: HeadRow[] = await db('notification_batches as b')
    .select(HEAD)
    .where({ 'b.school_id': schoolId, 'b.account_kind': of })
    .orderBy('b.id', 'desc')
    .offset(page.offset)
    .limit(page.limit);
  return rows.map(headOf);
}

export async function countBatches(db: Database, { schoolId, of }: BatchScope): Promise<number> {
  const row = await db('notification_batches')
    .where({ school_id: schoolId, account_kind: of })
    .count({ n: '*' })
    .first();
  return Number(row?.n ?? 0);
}

export type ResultRow = {
  accountId: number;
  publicId: string;
  givenName: string;
  familyName: string;
  identifier: string;
  outcome: Outcome;
  reset: ResetOutcome | null;
  delivery: Delivery | null;
};

function resultsOf(db: Database, batchId: number): Knex.QueryBuilder {
  return db('notification_results as r')
    .join('accounts as a', 'a.id', 'r.account_id')
    .where('r.batch_id', batchId);
}

const RESULT = {
  accountId: 'a.id',
  publicId: 'a.public_id',
  givenName: 'a.given_name',
  familyName: 'a.family_name',
  identifier: 'a.identifier',
  outcome: 'r.outcome',
  reset: 'r.reset',
  delivery: 'r.delivery',
};
const BY_NAME = ['a.family_name', 'a.given_name', 'a.id'];

/** Those of one outcome, by name. */
export async function findOutcome(
  db: Database,
  batchId: number,
  outcome: Outcome,
  limit: number,
): Promise<ResultRow[]> {
  return resultsOf(db, batchId).where('r.outcome', outcome).orderBy(BY_NAME).limit(limit).select(RESULT);
}

/** Whom a distribution leaves to be notified: by the password that it reset, or because it did not reach them. */
export const BATCH_PARTS = ['reset', 'no-address', 'bad-address', 'frozen', 'bounced'] as const;
export type BatchPart = (typeof BATCH_PARTS)[number];

/** Public ids of a part of a distribution. */
export async function findPart(db: Database, batchId: number, part: BatchPart): Promise<string[]> {
  const query = resultsOf(db, batchId);
  if (part === 'bounced') query.where('r.delivery', 'bounced');
  else query.where('r.outcome', part);
  return query.orderBy('a.id').pluck('a.public_id');
}

/** Those to whom nothing else than a reset might have been done and was not. */
export async function findWithoutPassword(
  db: Database,
  batchId: number,
  limit: number,
): Promise<ResultRow[]> {
  return resultsOf(db, batchId).where('r.reset', 'no-password').orderBy(BY_NAME).limit(limit).select(RESULT);
}

/** What a batch of one account did to it, while the account is one of the school's. */
export async function findOnly(db: Database, batchId: number): Promise<ResultRow | null> {
  return (await resultsOf(db, batchId).whereNull('a.closed_at').select(RESULT).first()) ?? null;
}

/** The recipients of mails; those that did not arrive come first. */
export async function findRecipientsOf(
  db: Database,
  batchId: number,
  page: { offset: number; limit: number },
): Promise<ResultRow[]> {
  return resultsOf(db, batchId)
    .whereNotNull('r.delivery')
    .orderByRaw("FIELD(r.delivery, 'failed', 'bounced', 'replaced', 'waiting', 'sent')")
    .orderBy(BY_NAME)
    .offset(page.offset)
    .limit(page.limit)
    .select(RESULT);
}

/** Internal ids of those whose mail did not leave, with how often it was tried. */
export async function findFailed(
  db: Database,
  batchId: number,
  { lock = false } = {},
): Promise<{ accountId: number; tries: number }[]> {
  const query = db('notification_results')
    .where({ batch_id: batchId, delivery: 'failed' })
    .orderBy('account_id')
    .select({ accountId: 'account_id', tries: 'tries' });
  return lock ? query.forUpdate() : query;
}

/** A mail in the place of the one that failed. */
export async function noteNewMails(
  db: Database,
  batchId: number,
  mails: readonly { accountId: number; message: string; messageId: string }[],
  tries: number,
): Promise<void> {
  for (const part of chunksOf(mails)) {
    const rows = part
      .map((_, index) => (index === 0 ? 'SELECT ? AS id, ? AS message, ? AS message_id' : 'SELECT ?, ?, ?'))
      .join(' UNION ALL ');
    await db.raw(
      `UPDATE notification_results r JOIN (${rows}) v ON v.id = r.account_id
       SET r.message = v.message, r.message_id = v.message_id, r.delivery = 'waiting', r.tries = ?
       WHERE r.batch_id = ?`,
      [
        ...part.flatMap(({ accountId, message, messageId }) => [accountId, message, messageId]),
        tries,
        batchId,
      ],
    );
  }
}
