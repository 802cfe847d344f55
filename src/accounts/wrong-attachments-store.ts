import type { Transaction } from '../deps.ts';

export type WrongAttachment = { referenceId: number; pupilId: number; accountId: number };

/** Opens them, also those that the school had closed before. */
export async function openWrongAttachments(
  trx: Transaction,
  attachments: readonly WrongAttachment[],
  now: Date,
): Promise<void> {
  if (attachments.length === 0) return;
  const rows = attachments.map(({ referenceId, pupilId, accountId }) => ({
    guardian_reference_id: referenceId,
    pupil_id: pupilId,
    account_id: accountId,
    state: 'open',
    reported_at: now,
    closed_at: null,
    closed_by: null,
  }));
  await trx('wrong_attachments').insert(rows).onConflict(['guardian_reference_id', 'pupil_id']).merge();
}
