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
    outcome: null,
  }));
  await trx('wrong_attachments').insert(rows).onConflict(['guardian_reference_id', 'pupil_id']).merge();
}

type Key = { referenceId: number; pupilId: number; schoolId: number };

/** Locked until the transaction ends; null: there is none, or the pupil is not in this school. */
export async function lockWrongAttachment(
  trx: Transaction,
  { referenceId, pupilId, schoolId }: Key,
): Promise<{ state: 'open' | 'closed'; accountId: number | null } | null> {
  const pupil = await trx('pupils').where({ id: pupilId, school_id: schoolId }).first('id');
  if (!pupil) return null;
  const row = await trx('wrong_attachments')
    .where({ guardian_reference_id: referenceId, pupil_id: pupilId })
    .forUpdate()
    .first({ state: 'state', accountId: 'account_id' });
  return row ?? null;
}

/** @param closed null: it is open again */
export async function saveDecision(
  trx: Transaction,
  { referenceId, pupilId }: Key,
  closed: { at: Date; by: string; outcome: 'kept' | 'removed' } | null,
): Promise<void> {
  await trx('wrong_attachments')
    .where({ guardian_reference_id: referenceId, pupil_id: pupilId })
    .update({
      state: closed ? 'closed' : 'open',
      closed_at: closed?.at ?? null,
      closed_by: closed?.by ?? null,
      outcome: closed?.outcome ?? null,
    });
}
