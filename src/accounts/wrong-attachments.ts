import { type Actor, recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import {
  lockWrongAttachment,
  openWrongAttachments,
  saveDecision,
  type WrongAttachment,
} from './wrong-attachments-store.ts';

/**
 * « Je ne suis pas le représentant légal de cet élève » (R-079): kept for the school, and from now on the child is
 * not the account's any more, until the school closes it. With one audit line an account.
 */
export async function reportWrongAttachments(
  trx: Transaction,
  attachments: readonly WrongAttachment[],
  { now, actor }: { now: Date; actor: Actor },
): Promise<void> {
  if (attachments.length === 0) return;
  await openWrongAttachments(trx, attachments, now);
  const pupilsOf = new Map<number, Set<number>>();
  for (const { accountId, pupilId } of attachments)
    pupilsOf.set(accountId, (pupilsOf.get(accountId) ?? new Set()).add(pupilId));
  const lines = Array.from(pupilsOf, ([accountId, pupils]) => ({
    ...actor,
    at: now,
    event: 'wrong-attachment',
    outcome: 'done' as const,
    accountId,
    details: `pupils ${[...pupils].join(' ')}`.slice(0, 500),
  }));
  await recordAudit(trx, ...lines);
}

/**
 * What the school says of a signalled attachment. `kept`: it is right, the child is the account's again. `removed`:
 * it was wrong and ends in the base; the child stays away whether the import has brought that or not.
 */
export type AttachmentDecision = 'kept' | 'removed' | 'reopen';

/**
 * Closes a signalled attachment, or opens it again (R-185), with its line in the journal.
 * @param attachment.schoolId the school that decides; a pupil of another one is `unknown`
 * @returns `decided`: somebody has just done it
 */
export async function decideWrongAttachment(
  deps: Pick<Deps, 'db' | 'clock'>,
  attachment: { referenceId: number; pupilId: number; schoolId: number },
  decision: AttachmentDecision,
  actor: Actor,
): Promise<{ ok: true } | { ok: false; reason: 'unknown' | 'decided' }> {
  return inTransaction(deps.db, async (trx) => {
    const row = await lockWrongAttachment(trx, attachment);
    if (row === null) return { ok: false, reason: 'unknown' };
    const reopens = decision === 'reopen';
    if ((row.state === 'closed') !== reopens) return { ok: false, reason: 'decided' };
    const now = deps.clock.now();
    const closed = reopens ? null : { at: now, by: actor.actor ?? actor.actorKind, outcome: decision };
    await saveDecision(trx, attachment, closed);
    await recordAudit(trx, {
      ...actor,
      at: now,
      event: reopens ? 'reopen-wrong-attachment' : 'close-wrong-attachment',
      outcome: 'done',
      accountId: row.accountId ?? undefined,
      schoolId: attachment.schoolId,
      details: `pupil ${attachment.pupilId}${reopens ? '' : `, ${decision}`}`,
    });
    return { ok: true };
  });
}
