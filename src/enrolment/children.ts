import { chooseSurvivor } from '../accounts/regroup.ts';
import { lockAccounts } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { reportWrongAttachments } from '../accounts/wrong-attachments.ts';
import { inTransaction, isDuplicate } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { datesExhaustedUntil, takeDateAttempt } from './birth-date.ts';
import { type Asked, readAsked } from './children-asked.ts';
import {
  type EnrolmentRow,
  lockEnrolment,
  putReferences,
  referencesOf,
  updateEnrolment,
} from './enrolment-store.ts';
import { recordFailedCheck } from './failed-checks.ts';
import { becomeOne } from './link-person.ts';
import { accountsOf } from './matching.ts';
import { type Candidate, findByIds } from './matching-store.ts';
import type { ChildAnswer, ChildrenResult } from './types.ts';

/** Who proves what: the visitor, and whose session is open in his browser. */
export type Prover = { signedIn: string | null; ip: string; requestId?: string | undefined };

/**
 * The children's step: all the dates of the children that he does not disown must be right. Right: by
 * FranceConnect everything is linked and « Activé » at once; by SMS the identifier and the password are left. The
 * accounts are locked before the enrolment, here and wherever accounts and enrolments change together.
 */
export async function proveChildren(
  deps: Deps,
  interactionUid: string,
  answers: readonly ChildAnswer[],
  prover: Prover,
): Promise<ChildrenResult> {
  try {
    return await inTransaction(deps.db, async (trx): Promise<ChildrenResult> => {
      const standing = await lockStanding(deps, trx, interactionUid);
      if (standing?.row.step !== 'children') return { ok: false, reason: 'elsewhere' };
      return judge(deps, trx, { uid: interactionUid, prover, ...standing }, answers);
    });
  } catch (error) {
    // This person of FranceConnect has just been linked to another account.
    if (isDuplicate(error)) return { ok: false, reason: 'elsewhere' };
    throw error;
  }
}

export type Standing = { row: EnrolmentRow; candidates: Candidate[]; accounts: Account[] };

/** The enrolment with all the accounts of its references, every row locked; null: it is over. */
export async function lockStanding(
  deps: Pick<Deps, 'clock'>,
  trx: Transaction,
  interactionUid: string,
): Promise<Standing | null> {
  const references = await referencesOf(trx, interactionUid);
  const before = accountsOf(await findByIds(trx, references));
  const accounts = await lockAccounts(trx, before);
  const row = await lockEnrolment(trx, interactionUid, deps.clock.now());
  const candidates = await findByIds(trx, await referencesOf(trx, interactionUid));
  const known = new Set(accounts.map(({ id }) => id));
  // Regrouped by somebody else while we waited: then that enrolment has ended this one.
  if (row === null || candidates.some(({ accountId }) => !known.has(accountId))) return null;
  // One that was closed or frozen while we waited is not among the candidates any more.
  const living = new Set(accountsOf(candidates));
  return { row, candidates, accounts: accounts.filter(({ id }) => living.has(id)) };
}

type Case = Standing & { uid: string; prover: Prover };

async function judge(
  deps: Deps,
  trx: Transaction,
  at: Case,
  answers: readonly ChildAnswer[],
): Promise<ChildrenResult> {
  const now = deps.clock.now();
  const asked = await readAsked(
    deps,
    trx,
    at.uid,
    at.candidates.map(({ id }) => id),
  );
  const given = new Map(answers.map((answer) => [answer.key, answer]));
  if (asked.length === 0 || asked.some(({ key }) => !given.has(key))) return { ok: false, reason: 'changed' };
  const notMine = asked.filter(({ key }) => 'notMine' in (given.get(key) ?? {}));
  const mine = asked.filter((child) => !notMine.includes(child));
  if (mine.length === 0) return { ok: false, reason: 'none-left' };
  const accountIds = accountsOf(at.candidates);
  const left = await countTry(trx, accountIds, now);
  if (left < 0)
    return { ok: false, reason: 'locked', until: await datesExhaustedUntil(trx, accountIds, now) };
  const right = mine.map(({ key, rows }) => {
    const answer = given.get(key);
    return rows.some(({ birthDate }) => answer && 'date' in answer && answer.date === birthDate);
  });
  if (right.includes(false)) {
    await recordFailedCheck(trx, deps, { accountIds, way: at.row.way, failed: 'birth-date' });
    if (left > 0) return { ok: false, reason: 'wrong', left };
    return { ok: false, reason: 'locked', until: await datesExhaustedUntil(trx, accountIds, now) };
  }
  return accept(deps, trx, at, { mine, notMine });
}

/** @returns how many tries are left after this one; negative: this one was one too many */
async function countTry(trx: Transaction, accountIds: readonly number[], now: Date): Promise<number> {
  let left = Number.POSITIVE_INFINITY;
  for (const id of accountIds) {
    const attempt = await takeDateAttempt(trx, id, now);
    left = Math.min(left, attempt.allowed ? attempt.left : -1);
  }
  return left;
}

/**
 * A record of which no child was proved is not his: it is left alone. What he says of its children is told to the
 * school as long as nobody uses that account; from one that is « Activé », which its own holder has proved, nobody
 * else takes a child.
 */
async function accept(
  deps: Deps,
  trx: Transaction,
  at: Case,
  { mine, notMine }: { mine: Asked[]; notMine: Asked[] },
): Promise<ChildrenResult> {
  const now = deps.clock.now();
  const { uid, row, prover } = at;
  const actor = { actorKind: 'person', ip: prover.ip, requestId: prover.requestId } as const;
  const proved = new Set(mine.flatMap(({ rows }) => rows.map(({ referenceId }) => referenceId)));
  const candidates = at.candidates.filter(({ id }) => proved.has(id));
  await putReferences(trx, uid, [...proved]);
  const ids = new Set(accountsOf(candidates));
  const used = at.accounts.filter(({ id, state }) => state === 'activated' && !ids.has(id));
  const others = new Set(used.map(({ id }) => id));
  const accountOf = new Map(at.candidates.map(({ id, accountId }) => [id, accountId]));
  const disowned = notMine
    .flatMap(({ rows }) => rows)
    .map(({ referenceId, pupilId }) => ({ referenceId, pupilId, accountId: accountOf.get(referenceId) ?? 0 }))
    .filter(({ accountId }) => !others.has(accountId));
  await reportWrongAttachments(trx, disowned, { now, actor });
  const accounts = at.accounts.filter(({ id }) => ids.has(id));
  const survivor = chooseSurvivor(accounts, prover.signedIn);
  if (row.way === 'franceconnect')
    return becomeOne(deps, trx, { uid, row, accounts, survivor, references: [...proved], actor });
  const shown = { accountId: survivor.id, credentialsVersion: survivor.credentialsVersion };
  await updateEnrolment(trx, uid, { step: 'credentials', childrenProvedAt: now, ...shown }, now);
  return { ok: true };
}
