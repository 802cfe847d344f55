import { type Actor, recordAudit } from '../audit/record.ts';
import type { Transaction } from '../deps.ts';
import { openWrongAttachments, type WrongAttachment } from './wrong-attachments-store.ts';

/**
 * « Je ne suis pas le représentant légal de cet élève »: kept for the school, and from now on the child is
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
