import type { Database, Transaction } from '../deps.ts';
import { recordedPupils } from '../directory/store.ts';

export type WrongAttachment = { referenceId: number; pupilId: number; accountId: number };

/** How one was closed; `withdrawn`: by the guardian himself, before the school had looked at it. */
export type AttachmentOutcome = 'kept' | 'removed' | 'withdrawn';

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
): Promise<{
  state: 'open' | 'closed';
  accountId: number | null;
  outcome: AttachmentOutcome | null;
} | null> {
  const pupil = await trx('pupils').where({ id: pupilId, school_id: schoolId, left_at: null }).first('id');
  if (!pupil) return null;
  const row = await trx('wrong_attachments')
    .where({ guardian_reference_id: referenceId, pupil_id: pupilId })
    .forUpdate()
    .first({ state: 'state', accountId: 'account_id', outcome: 'outcome' });
  return row ?? null;
}

/** The records by which an account leads to a pupil, whether it was said to be wrong or not. */
export async function findReferencesTo(
  db: Database,
  { accountId, pupilId }: { accountId: number; pupilId: number },
): Promise<{ referenceId: number; reported: boolean }[]> {
  const rows: { referenceId: number; reported: number }[] = await recordedPupils(db)
    .where({ 'g.account_id': accountId, 'p.id': pupilId })
    .orderBy('g.id')
    .select({ referenceId: 'g.id', reported: db.raw('w.state IS NOT NULL') });
  return rows.map(({ referenceId, reported }) => ({ referenceId, reported: Boolean(reported) }));
}

/** What a guardian has reported and no school has looked at yet, with the school where the pupil is. */
export type OpenReport = {
  pupilId: number;
  givenName: string;
  familyName: string;
  school: string;
  reportedAt: Date;
};

/** A pupil reached by two records comes twice. */
export async function findOpenReports(db: Database, accountId: number): Promise<OpenReport[]> {
  return recordedPupils(db)
    .where('g.account_id', accountId)
    .where('w.state', 'open')
    .orderBy([{ column: 'p.birth_date' }, { column: 'p.id' }, { column: 'g.id' }])
    .select({
      pupilId: 'p.id',
      givenName: 'p.given_name',
      familyName: 'p.family_name',
      school: 's.name',
      reportedAt: 'w.reported_at',
    });
}

/** All that an account's records were said to lead to wrongly, also what the school has looked at: the last first. */
export async function findReports(
  db: Database,
  accountId: number,
): Promise<(OpenReport & { outcome: AttachmentOutcome | null })[]> {
  return db('wrong_attachments as w')
    .join('guardian_references as g', 'g.id', 'w.guardian_reference_id')
    .join('pupils as p', 'p.id', 'w.pupil_id')
    .leftJoin('schools as s', 's.id', 'p.school_id')
    .where('g.account_id', accountId)
    .orderBy([{ column: 'w.reported_at', order: 'desc' }, { column: 'p.id' }])
    .limit(MOST_REPORTS)
    .select({
      pupilId: 'p.id',
      givenName: 'p.given_name',
      familyName: 'p.family_name',
      school: db.raw("COALESCE(s.name, '')"),
      reportedAt: 'w.reported_at',
      outcome: 'w.outcome',
    });
}

/** More than anybody has children. */
const MOST_REPORTS = 50;

/** Takes back what is still open. @returns how many there were */
export async function withdrawReports(
  trx: Transaction,
  { accountId, pupilId, now }: { accountId: number; pupilId: number; now: Date },
): Promise<number> {
  const own = trx('guardian_references').where({ account_id: accountId }).select('id');
  return trx('wrong_attachments')
    .where({ pupil_id: pupilId, state: 'open' })
    .whereIn('guardian_reference_id', own)
    .update({ state: 'closed', closed_at: now, closed_by: 'person', outcome: 'withdrawn' });
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

/** An attachment that a guardian signalled as wrong, as the pupil's school sees it. */
export type SignalledAttachment = {
  referenceId: number;
  pupilId: number;
  pupil: string;
  guardian: string;
  /** Of the account, while it is not closed. */
  publicId: string | null;
  identifier: string | null;
  state: 'open' | 'closed';
  reportedAt: Date;
  closedAt: Date | null;
  /** As in the audit trail. */
  closedBy: string | null;
  outcome: AttachmentOutcome | null;
  /** The base still names this guardian for the pupil. */
  linked: boolean;
};

function signalledAt(db: Database, schoolId: number) {
  return db('pupils as p')
    .join('wrong_attachments as w', 'w.pupil_id', 'p.id')
    .where('p.school_id', schoolId)
    .whereNull('p.left_at');
}

/** Those of a school, the last signalled first. Two statements. */
export async function findSignalled(
  db: Database,
  schoolId: number,
  { state, limit, offset }: { state: 'open' | 'closed'; limit: number; offset: number },
): Promise<{ counts: Record<'open' | 'closed', number>; rows: SignalledAttachment[] }> {
  const counted: { state: string; n: number }[] = await signalledAt(db, schoolId)
    .groupBy('w.state')
    .select({ state: 'w.state' })
    .select(db.raw('COUNT(*) AS n'));
  const rows = await signalledAt(db, schoolId)
    .join('guardian_references as g', 'g.id', 'w.guardian_reference_id')
    .leftJoin('accounts as a', (join) => join.on('a.id', 'g.account_id').andOnNull('a.closed_at'))
    .leftJoin('legal_links as l', (join) =>
      join
        .on('l.guardian_reference_id', 'w.guardian_reference_id')
        .andOn('l.pupil_id', 'w.pupil_id')
        .andOnNull('l.ended_at'),
    )
    .where('w.state', state)
    .orderBy([{ column: 'w.reported_at', order: 'desc' }, { column: 'w.pupil_id' }, { column: 'g.id' }])
    .limit(limit)
    .offset(offset)
    .select({
      referenceId: 'w.guardian_reference_id',
      pupilId: 'p.id',
      pupil: db.raw("CONCAT(p.family_name, ' ', p.given_name)"),
      guardian: db.raw("CONCAT(g.family_name, ' ', g.given_name)"),
      publicId: 'a.public_id',
      identifier: 'a.identifier',
      state: 'w.state',
      reportedAt: 'w.reported_at',
      closedAt: 'w.closed_at',
      closedBy: 'w.closed_by',
      outcome: 'w.outcome',
      linked: db.raw('l.pupil_id IS NOT NULL'),
    });
  const count = (which: string) => Number(counted.find((row) => row.state === which)?.n ?? 0);
  return {
    counts: { open: count('open'), closed: count('closed') },
    rows: rows.map((row) => ({ ...row, linked: Boolean(row.linked) })),
  };
}
