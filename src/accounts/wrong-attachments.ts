import { type Actor, recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { lockAccounts } from './store.ts';
import {
  findOpenReports,
  findReferencesTo,
  findReports,
  lockWrongAttachment,
  type OpenReport,
  openWrongAttachments,
  saveDecision,
  type WrongAttachment,
  withdrawReports,
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
 * A guardian says in « Mon compte » that a child is not his (R-079): of every record that leads to him, hidden from
 * then on as on the ways in.
 * @returns `unknown`: he is none of the account's children
 */
export async function reportChild(
  deps: Pick<Deps, 'db' | 'clock'>,
  { accountId, pupilId }: { accountId: number; pupilId: number },
  actor: Actor,
): Promise<{ ok: true } | { ok: false; reason: 'unknown' }> {
  return inTransaction(deps.db, async (trx) => {
    await lockAccounts(trx, [accountId]);
    const references = await findReferencesTo(trx, { accountId, pupilId });
    if (references.length === 0) return { ok: false, reason: 'unknown' };
    const left = references.filter(({ reported }) => !reported);
    const attachments = left.map(({ referenceId }) => ({ referenceId, pupilId, accountId }));
    await reportWrongAttachments(trx, attachments, { now: deps.clock.now(), actor });
    return { ok: true };
  });
}

/**
 * He was mistaken: the child is his again, as long as the school has not looked at it.
 * @returns ok also when he has taken it back before; `decided`: the school has, or nothing is reported
 */
export async function withdrawReport(
  deps: Pick<Deps, 'db' | 'clock'>,
  { accountId, pupilId }: { accountId: number; pupilId: number },
  actor: Actor,
): Promise<{ ok: true } | { ok: false; reason: 'decided' }> {
  return inTransaction(deps.db, async (trx) => {
    await lockAccounts(trx, [accountId]);
    const now = deps.clock.now();
    const taken = await withdrawReports(trx, { accountId, pupilId, now });
    if (taken === 0) {
      const reports = (await findReports(trx, accountId)).filter((report) => report.pupilId === pupilId);
      const withdrawn = reports.some(({ outcome }) => outcome === 'withdrawn');
      return withdrawn ? { ok: true } : { ok: false, reason: 'decided' };
    }
    await recordAudit(trx, {
      ...actor,
      at: now,
      event: 'withdraw-wrong-attachment',
      outcome: 'done',
      accountId,
      details: `pupil ${pupilId}`,
    });
    return { ok: true };
  });
}

/** The same with those that the school has looked at. */
export const reportsOf = ({ db }: Pick<Deps, 'db'>, accountId: number) => findReports(db, accountId);

/** Children whom the account's holder says not to be his, while no school has looked at it: each once. */
export async function openReports(deps: Pick<Deps, 'db'>, accountId: number): Promise<OpenReport[]> {
  const reports = await findOpenReports(deps.db, accountId);
  return [...new Map(reports.map((report) => [report.pupilId, report])).values()];
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
    // The guardian took it back: only he can say it again.
    if (row.outcome === 'withdrawn') return { ok: false, reason: 'decided' };
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
