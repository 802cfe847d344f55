import { accountColumns } from '../accounts/store.ts';
import type { Account, AccountKind } from '../accounts/types.ts';
import { chunksOf } from '../db/batch.ts';
import type { Database, Transaction } from '../deps.ts';

export type PdfState = 'none' | 'waiting' | 'making' | 'ready' | 'failed';

/** A batch of sheets, as printing needs it. */
export type PrintBatch = {
  id: number;
  publicId: string;
  schoolId: number;
  /** Whose accounts. */
  of: AccountKind;
  at: Date;
  pdfState: PdfState;
  pdfDone: number;
  pdfMadeAt: Date | null;
  pdfDigest: string | null;
};

const COLUMNS = {
  id: 'id',
  publicId: 'public_id',
  schoolId: 'school_id',
  of: 'account_kind',
  at: 'created_at',
  pdfState: 'pdf_state',
  pdfDone: 'pdf_done',
  pdfMadeAt: 'pdf_made_at',
  pdfDigest: 'pdf_digest',
};

/** Of this school only. */
export async function findPrintBatch(
  db: Database,
  schoolId: number,
  publicId: string,
): Promise<PrintBatch | null> {
  const row: PrintBatch | undefined = await db('notification_batches')
    .select(COLUMNS)
    .where({ school_id: schoolId, public_id: publicId, channel: 'sheet' })
    .first();
  return row?.publicId === publicId ? row : null;
}

/** The accounts that a batch has distributed, as they are now. */
export async function findDistributed(db: Database, batchId: number): Promise<Account[]> {
  const ids: number[] = await db('notification_results')
    .where({ batch_id: batchId, outcome: 'distributed' })
    .orderBy('account_id')
    .pluck('account_id');
  const accounts: Account[] = [];
  for (const part of chunksOf(ids)) {
    const rows: Account[] = await db('accounts').select(accountColumns()).whereIn('id', part);
    accounts.push(...rows);
  }
  return accounts;
}

/** Asks for the letters once more, unless they are on their way. */
export async function askForLetters(db: Database, batchId: number, now: Date): Promise<void> {
  await db('notification_batches')
    .where({ id: batchId })
    .whereNotIn('pdf_state', ['waiting', 'making'])
    .update({ pdf_state: 'waiting', pdf_done: 0, pdf_attempts: 0, pdf_due_at: now });
}

export type PrintClaim = PrintBatch & { attempt: number };

/**
 * Of several processes that look, one sees a batch that waits, or whose printer did not come back, and sees to it; the
 * others see it again at `again`, should nobody have taken it until then.
 */
export async function reserveBatch(
  db: Database,
  { now, again }: { now: Date; again: Date },
): Promise<boolean> {
  const [result] = (await db.raw(
    `UPDATE notification_batches SET pdf_state = 'waiting', pdf_due_at = ?
     WHERE pdf_state IN ('waiting', 'making') AND pdf_due_at <= ? ORDER BY pdf_due_at LIMIT 1`,
    [again, now],
  )) as [{ affectedRows: number }];
  return result.affectedRows > 0;
}

/** Takes a batch that waits, or whose printer did not come back. Its old parts are forgotten. */
export async function claimBatch(
  trx: Transaction,
  { now, claimUntil }: { now: Date; claimUntil: Date },
): Promise<PrintClaim | null> {
  for (const state of ['waiting', 'making']) {
    const row: PrintClaim | undefined = await trx('notification_batches')
      .select({ ...COLUMNS, attempt: 'pdf_attempts' })
      .where({ pdf_state: state })
      .where('pdf_due_at', '<=', state === 'waiting' ? claimUntil : now)
      .orderBy('pdf_due_at')
      .forUpdate()
      .skipLocked()
      .first();
    if (!row) continue;
    const attempt = row.attempt + 1;
    await trx('letter_parts').where({ batch_id: row.id }).delete();
    await trx('notification_batches')
      .where({ id: row.id })
      .update({ pdf_state: 'making', pdf_done: 0, pdf_attempts: attempt, pdf_due_at: claimUntil });
    return { ...row, attempt };
  }
  return null;
}

/** The row of a claim that is still ours. */
const claimed = (db: Database, { id, attempt }: PrintClaim) =>
  db('notification_batches').where({ id, pdf_attempts: attempt, pdf_state: 'making' });

/** @returns false when another printer has taken over */
export async function noteProgress(
  db: Database,
  claim: PrintClaim,
  { done, claimUntil }: { done: number; claimUntil: Date },
): Promise<boolean> {
  return (await claimed(db, claim).update({ pdf_done: done, pdf_due_at: claimUntil })) > 0;
}

/** Of a claim that is still ours. @throws when another printer has taken over: its parts must not be mixed with ours */
export async function insertPart(
  db: Database,
  { id, attempt }: PrintClaim,
  { part, sealed, now }: { part: number; sealed: string; now: Date },
): Promise<void> {
  const [{ affectedRows }] = (await db.raw(
    `INSERT INTO letter_parts (batch_id, part, content_sealed, made_at)
     SELECT id, ?, ?, ? FROM notification_batches WHERE id = ? AND pdf_attempts = ? AND pdf_state = 'making'`,
    [part, sealed, now, id, attempt],
  )) as [{ affectedRows: number }];
  if (affectedRows !== 1) throw new Error('another printer has taken over');
}

export async function endPrinting(
  db: Database,
  claim: PrintClaim,
  end: { state: 'ready'; digest: string; now: Date } | { state: 'failed' },
): Promise<void> {
  const made = end.state === 'ready' ? { pdf_made_at: end.now, pdf_digest: end.digest } : {};
  await claimed(db, claim).update({ pdf_state: end.state, ...made });
}

/**
 * A part of the letters as they were made when the batch was read; null after the last.
 * @throws when they have been asked for anew since: what follows is another document
 */
export async function findPart(
  db: Database,
  { id, pdfMadeAt, pdfDigest }: Pick<PrintBatch, 'id' | 'pdfMadeAt' | 'pdfDigest'>,
  part: number,
): Promise<string | null> {
  const row: { sealed: string | null } | undefined = await db('notification_batches as b')
    .leftJoin('letter_parts as p', (join) => join.on('p.batch_id', 'b.id').andOnVal('p.part', part))
    .where({ 'b.id': id, 'b.pdf_state': 'ready', 'b.pdf_made_at': pdfMadeAt, 'b.pdf_digest': pdfDigest })
    .first({ sealed: 'p.content_sealed' });
  if (row === undefined) throw new Error('the letters are being made anew');
  return row.sealed;
}
