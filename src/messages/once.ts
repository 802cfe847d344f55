import { inTransaction, isDuplicate } from '../db/transaction.ts';
import type { Database, Transaction } from '../deps.ts';
import { findBatchOfForm } from './notify-store.ts';

type Sql = Parameters<typeof inTransaction>[0];

/**
 * Makes a batch once a form: pressing twice, sending the page again, or a second tab finds the batch of the first. Of
 * several at once one makes it, the others wait for it at the unique key.
 */
export async function onceByForm<Refusal>(
  db: Sql & Database,
  { schoolId, formKey }: { schoolId: number; formKey: string | null },
  work: (trx: Transaction) => Promise<{ ok: true; batch: string } | Refusal>,
): Promise<{ ok: true; batch: string } | Refusal> {
  if (formKey === null) return inTransaction(db, work);
  const made = await findBatchOfForm(db, schoolId, formKey);
  if (made !== null) return { ok: true, batch: made };
  try {
    return await inTransaction(db, work);
  } catch (error) {
    const other = isDuplicate(error) ? await findBatchOfForm(db, schoolId, formKey) : null;
    if (other === null) throw error;
    return { ok: true, batch: other };
  }
}
