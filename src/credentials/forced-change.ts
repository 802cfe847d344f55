import { markAccounts } from '../accounts/forced-marks-store.ts';
import {
  countStandings,
  type ForcedCriteria,
  type ForcedStanding,
  findToMark,
  lockToMark,
} from '../accounts/forced-scope-store.ts';
import { queueLogouts } from '../accounts/logouts-store.ts';
import { type Actor, recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Database, Deps } from '../deps.ts';
import {
  advance,
  type ForcedChange,
  findByForm,
  findForcedChange,
  insertForcedChange,
  lockWaiting,
} from './forced-store.ts';

/**
 * Passwords that must be changed at the next login, for many accounts at once (security.md 1.1: what the ministry had
 * to ask for in April 2024). Who has no password of his own, or has changed it since, is left out.
 */

export type { ForcedCriteria, ForcedStanding } from '../accounts/forced-scope-store.ts';
export type { ForcedChange } from './forced-store.ts';

/** How many would be marked, and how many are left out, and why. */
export function previewForcedChange(
  db: Database,
  criteria: ForcedCriteria,
): Promise<Record<ForcedStanding, number>> {
  return countStandings(db, criteria);
}

export type AskedChange = {
  criteria: ForcedCriteria;
  /** Of the head who asks for it; null: an operator. */
  schoolId: number | null;
  reason: string | null;
  /** Families are told, by mail. */
  notify: boolean;
  /** As the preview said. */
  expected: number;
  /** Of the page that was confirmed: a form sent twice is one change. */
  formKey: string | null;
  actor: Actor;
};

/** Writes down what is to be done; `markNext` does it. */
export async function askForcedChange(
  deps: Pick<Deps, 'db' | 'clock' | 'random'>,
  { actor, ...asked }: AskedChange,
): Promise<ForcedChange> {
  const now = deps.clock.now();
  const publicId = deps.random.bytes(16).toString('base64url');
  const change = { ...asked, publicId, actorKind: actor.actorKind, actor: actor.actor ?? null };
  const isNew = await inTransaction(deps.db, async (trx) => {
    if (!(await insertForcedChange(trx, change, now))) return false;
    await recordAudit(trx, {
      ...actor,
      at: now,
      event: 'force-change-asked',
      outcome: 'done',
      schoolId: asked.schoolId ?? undefined,
      details: `${publicId}, ${asked.expected} expected`,
    });
    return true;
  });
  const { schoolId, formKey } = asked;
  const known =
    isNew || schoolId === null || formKey === null
      ? await findForcedChange(deps.db, publicId)
      : await findByForm(deps.db, schoolId, formKey);
  if (known === null) throw new Error('a forced change was written and is not there');
  return known;
}

/** Few enough that a login waits for no more than a fraction of a second; many enough for a million in minutes. */
const AT_ONCE = 2000;

/**
 * Marks the next accounts, in one transaction with their lines, the end of their sessions and how far it is: whoever
 * is stopped on the way, by whatever, goes on where he was. Two processes follow one another.
 * @param of null: of whichever change waits
 * @returns null: nothing waits; otherwise whether that was the last part, and how many were marked
 */
export async function markNext(
  deps: Pick<Deps, 'clock'>,
  db: Deps['db'],
  of: string | null,
  atOnce = AT_ONCE,
): Promise<{ change: string; marked: number; last: boolean } | null> {
  return inTransaction(db, async (trx) => {
    const change = await lockWaiting(trx, 'marking', of);
    if (change === null) return null;
    const now = deps.clock.now();
    const { criteria, publicId } = change;
    const next = await findToMark(trx, criteria, { after: change.cursor, limit: atOnce });
    const accounts = await lockToMark(trx, criteria, next.ids);
    const ids = accounts.map(({ id }) => id);
    await queueLogouts(trx, accounts, now);
    await markAccounts(trx, change.id, ids, now);
    const line = {
      at: now,
      event: 'force-change',
      outcome: 'done' as const,
      actorKind: change.actorKind,
      actor: change.actor ?? undefined,
      schoolId: change.schoolId ?? undefined,
      requestId: publicId,
    };
    await recordAudit(trx, ...ids.map((accountId) => ({ ...line, accountId })));
    await advance(trx, change, { marked: ids.length, cursor: next.last, now });
    return { change: publicId, marked: ids.length, last: next.last === null };
  });
}
