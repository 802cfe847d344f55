import type { Knex } from 'knex';
import type { ForcedCriteria } from '../accounts/forced-scope-store.ts';
import type { AuditEvent } from '../audit/record.ts';
import { isDuplicate } from '../db/transaction.ts';
import type { Database, Transaction } from '../deps.ts';

/** Forced changes: what was asked, and how far the marking is. */

export type ForcedChange = {
  id: number;
  publicId: string;
  /** Of the head who asked for it; null: an operator did. */
  schoolId: number | null;
  actorKind: AuditEvent['actorKind'];
  actor: string | null;
  criteria: ForcedCriteria;
  reason: string | null;
  notify: boolean;
  /** `telling`: all are marked, families are being told. */
  state: 'marking' | 'telling' | 'done';
  cursor: number;
  /** As the preview counted them. */
  expected: number;
  marked: number;
  createdAt: Date;
  markedAt: Date | null;
};

export type NewForcedChange = Pick<
  ForcedChange,
  'publicId' | 'schoolId' | 'actorKind' | 'actor' | 'criteria' | 'reason' | 'notify' | 'expected'
> & { formKey: string | null };

const COLUMNS = {
  id: 'id',
  publicId: 'public_id',
  schoolId: 'school_id',
  actorKind: 'actor_kind',
  actor: 'actor',
  criteria: 'criteria',
  reason: 'reason',
  notify: 'notify',
  state: 'state',
  cursor: 'cursor_id',
  expected: 'expected',
  marked: 'marked',
  createdAt: 'created_at',
  markedAt: 'marked_at',
};

type Row = Omit<ForcedChange, 'criteria' | 'notify'> & { criteria: string; notify: number };

function changeOf(row: Row): ForcedChange {
  const criteria = JSON.parse(row.criteria);
  const { changedBefore } = criteria;
  return {
    ...row,
    cursor: Number(row.cursor),
    notify: row.notify === 1,
    criteria: { ...criteria, changedBefore: changedBefore === null ? null : new Date(changedBefore) },
  };
}

/** @returns false when the form was sent before */
export async function insertForcedChange(
  trx: Transaction,
  { criteria, formKey, ...change }: NewForcedChange,
  now: Date,
): Promise<boolean> {
  try {
    await trx('forced_changes').insert({
      public_id: change.publicId,
      school_id: change.schoolId,
      form_key: formKey,
      actor_kind: change.actorKind,
      actor: change.actor,
      criteria: JSON.stringify(criteria),
      reason: change.reason,
      notify: change.notify,
      state: 'marking',
      cursor_id: 0,
      expected: change.expected,
      marked: 0,
      created_at: now,
    });
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

const select = (db: Database): Knex.QueryBuilder => db('forced_changes').select(COLUMNS);

export async function findForcedChange(db: Database, publicId: string): Promise<ForcedChange | null> {
  const row: Row | undefined = await select(db).where({ public_id: publicId }).first();
  // The server pads what it compares.
  return row?.publicId === publicId ? changeOf(row) : null;
}

export async function findByForm(
  db: Database,
  schoolId: number,
  formKey: string,
): Promise<ForcedChange | null> {
  const row: Row | undefined = await select(db).where({ school_id: schoolId, form_key: formKey }).first();
  return row === undefined ? null : changeOf(row);
}

/** The last ones, newest first. @param schoolId of this school's heads; null: all */
export async function listForcedChanges(
  db: Database,
  { schoolId, limit }: { schoolId: number | null; limit: number },
): Promise<ForcedChange[]> {
  const query = select(db).orderBy('id', 'desc').limit(limit);
  if (schoolId !== null) query.where({ school_id: schoolId });
  return ((await query) as Row[]).map(changeOf);
}

/**
 * Locks the oldest change that waits for this, passing over those that another process has.
 * @param publicId only this one, waiting for whoever has it
 */
export async function lockWaiting(
  trx: Transaction,
  state: 'marking' | 'telling',
  publicId: string | null,
): Promise<ForcedChange | null> {
  const query = select(trx).where({ state }).orderBy('id').limit(1).forUpdate();
  if (publicId === null) query.skipLocked();
  else query.where({ public_id: publicId });
  const [row] = (await query) as Row[];
  return row === undefined ? null : changeOf(row);
}

/** Whether anything waits, without a lock. */
export async function hasWaiting(db: Database): Promise<boolean> {
  const row = await db('forced_changes').whereIn('state', ['marking', 'telling']).first('id');
  return row !== undefined;
}

/** @param marked how many more; `cursor` null: that was the last part */
export async function advance(
  trx: Transaction,
  { id, state, notify }: ForcedChange,
  { marked, cursor, now }: { marked: number; cursor: number | null; now: Date },
): Promise<void> {
  const row: Record<string, unknown> = { cursor_id: cursor ?? 0, marked: trx.raw('marked + ?', [marked]) };
  if (cursor === null) row.state = state === 'marking' && notify ? 'telling' : 'done';
  if (cursor === null && state === 'marking') row.marked_at = now;
  await trx('forced_changes').where({ id }).update(row);
}

/** Changes forgotten at once, and marks deleted by one statement: few enough that nobody waits for the locks. */
const CHANGES_AT_ONCE = 50;
const MARKS_AT_ONCE = 2_000;

/**
 * Forgets the changes whose marking was over by then, with their marks: those go first, in batches, since an operator's
 * change may have marked a whole académie. Whoever has not yet changed his password must do so as before.
 * @returns how many changes went
 */
export async function forgetForcedChanges(db: Database, before: Date, signal?: AbortSignal): Promise<number> {
  let gone = 0;
  while (!signal?.aborted) {
    const ids: number[] = await db('forced_changes')
      .where({ state: 'done' })
      .where('marked_at', '<', before)
      .orderBy('marked_at')
      .limit(CHANGES_AT_ONCE)
      .pluck('id');
    if (ids.length === 0) break;
    for (let deleted = MARKS_AT_ONCE; deleted === MARKS_AT_ONCE && !signal?.aborted; ) {
      const [result] = await db.raw('DELETE FROM forced_marks WHERE change_id IN (?) LIMIT ?', [
        ids,
        MARKS_AT_ONCE,
      ]);
      deleted = (result as { affectedRows: number }).affectedRows;
    }
    if (signal?.aborted) break;
    gone += await db('forced_changes').whereIn('id', ids).delete();
  }
  return gone;
}

/** Nothing more is marked or told for it. */
export async function endForcedChange(trx: Transaction, id: number, now: Date): Promise<void> {
  await trx('forced_changes').where({ id }).forUpdate().first('id');
  await trx('forced_changes')
    .where({ id })
    .whereNot('state', 'done')
    .update({ state: 'done', cursor_id: 0, marked_at: trx.raw('COALESCE(marked_at, ?)', [now]) });
}
