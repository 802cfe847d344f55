import { recordAudit } from '../audit/record.ts';
import { keyedDigest, newToken, sameText, tokenHash } from '../crypto/digests.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Clock, Database, Deps } from '../deps.ts';
import { withdrawMessage } from '../messages/outbox-store.ts';
import { mayBeSent, queueSms } from '../messages/sms.ts';
import { budgetUsed, takeFromBudget } from './budget.ts';
import { takeTurn } from './limits.ts';
import { type CodeRow, findCode, lockCode, putCode, saveTry } from './one-time-store.ts';

/** What a code proves the possession of the mobile for. */
export type CodePurpose = 'enrolment' | 'recovery';

/** On which way a message was sent, for the school's traces. */
export type CodeWay = 'sms' | 'franceconnect' | 'recovery';

export type CodeBinding = {
  purpose: CodePurpose;
  /** The sign-in under way in this browser: a code of another one does not fit (D02). */
  interactionUid: string;
};

export type CodeRequest = CodeBinding & {
  /** E.164, as typed; counts against the limits whether anybody has it or not. */
  mobile: string;
  /** The directory holds the number and somebody behind it fits. Otherwise all looks the same and nothing leaves. */
  send: boolean;
  /** Whom it concerns. */
  accountIds?: readonly number[];
  /** Default: by the purpose. */
  way?: CodeWay;
  ip: string;
  requestId?: string | undefined;
};

export type CodeRequestResult =
  | { ok: true; expiresAt: Date; resendAt: Date }
  /** `suspended`: not to such numbers, or the budget of the day is used up; the other ways are open. */
  | { ok: false; reason: 'too-soon' | 'too-many' | 'suspended'; retryAt: Date | null };

const MINUTE_MS = 60_000;
const DIGITS = 6;
const CODE_TRIES = 5;

/**
 * Issues a code of six digits and queues its SMS; an earlier code of the same sign-in dies. The answer, the rows of
 * the code and of the limits are the same whether the number is known or not (security.md, decision 5).
 * Runs transactions of its own: call it outside yours.
 */
export async function requestCode(
  deps: Pick<Deps, 'db' | 'clock' | 'random' | 'config' | 'render' | 'sealer' | 'log'>,
  request: CodeRequest,
): Promise<CodeRequestResult> {
  const { mobile, ip, purpose } = request;
  const now = deps.clock.now();
  const way = request.way ?? (purpose === 'recovery' ? 'recovery' : 'sms');
  const line = {
    at: now,
    event: 'code-sent',
    actorKind: 'person',
    ip,
    requestId: request.requestId,
  } as const;
  const suspended = async () => {
    await recordAudit(deps.db, { ...line, outcome: 'refused', details: `${way}, suspended` });
    return { ok: false, reason: 'suspended', retryAt: null } as const;
  };
  if (!mayBeSent(deps.config, mobile)) return suspended();
  if ((await budgetUsed(deps)) >= deps.config.SMS_DAILY_BUDGET) return suspended();
  const accountIds = request.send ? (request.accountIds ?? []) : [];
  const turn = await takeTurn(deps, { mobile, ip, accountIds }, now);
  if (!turn.ok) {
    // Of what came too soon, a double click mostly, no line.
    if (turn.reason === 'too-many')
      await recordAudit(deps.db, { ...line, outcome: 'refused', details: `${way}, too many` });
    return turn;
  }
  const send = request.send && turn.accountsAllow;
  if (!(await takeFromBudget(deps, now, send))) return suspended();

  const minutes = deps.config.CODE_VALID_MINUTES;
  const expiresAt = new Date(now.getTime() + minutes * MINUTE_MS);
  const code = newCode(deps);
  const bindingHash = tokenHash(request.interactionUid);
  const hmac = codeDigest(deps.config.SEALING_KEYS[0] ?? '', { purpose, bindingHash, mobile, code });
  const uniqueKey = `code-${newToken(deps.random)}`;
  await inTransaction(deps.db, async (trx) => {
    const before = await findCode(trx, { purpose, bindingHash });
    // A dead code that has not left yet would only mislead.
    if (before?.outboxKey) await withdrawMessage(trx, before.outboxKey);
    await putCode(trx, {
      purpose,
      bindingHash,
      codeHmac: send ? hmac : null,
      outboxKey: send ? uniqueKey : null,
      createdAt: now,
      expiresAt,
      resendAt: turn.resendAt,
    });
    // A line in any case, so that what is written does not tell either (decision 5).
    if (!send)
      return recordAudit(trx, { ...line, outcome: 'refused', details: `${way}, nobody to send it to` });
    const sent = { ...line, outcome: 'done', details: way } as const;
    await recordAudit(
      trx,
      ...(accountIds.length === 0 ? [sent] : accountIds.map((accountId) => ({ ...sent, accountId }))),
    );
    await queueSms(trx, deps, {
      template: 'code',
      to: mobile,
      data: { code, minutes },
      uniqueKey,
      usefulUntil: expiresAt,
      concerns: { way, accountIds },
    });
  });
  return { ok: true, expiresAt, resendAt: turn.resendAt };
}

export type CodeCheck =
  | { ok: true }
  | { ok: false; reason: 'wrong'; left: number }
  /** `none`: none was asked for, or it was used. */
  | { ok: false; reason: 'expired' | 'used-up' | 'none' };

/**
 * Tries a code: at most five times, whatever comes in parallel (D01), and once with success. The try is counted under
 * the row's lock before anything is answered. Its own short transaction, unless `deps.db` is one: then a roll-back
 * also forgets the try.
 * @param attempt.mobile to which number the code must have been sent; null: to none that anybody knows
 */
export async function checkCode(
  deps: { db: Database; clock: Clock; config: Pick<Deps['config'], 'SEALING_KEYS'> },
  attempt: CodeBinding & { mobile: string | null; code: string },
): Promise<CodeCheck> {
  const { purpose, mobile } = attempt;
  const bindingHash = tokenHash(attempt.interactionUid);
  const code = normaliseCode(attempt.code);
  const now = deps.clock.now();
  return inTransaction(deps.db, async (trx): Promise<CodeCheck> => {
    const row = await lockCode(trx, { purpose, bindingHash });
    const standing = standingOf(row, now);
    if (row === null || standing !== 'open')
      return { ok: false, reason: standing === 'open' ? 'none' : standing };
    const fits = deps.config.SEALING_KEYS.map((key) =>
      codeDigest(key, { purpose, bindingHash, mobile: mobile ?? '', code }),
    )
      .map((digest) => sameText(digest, row.codeHmac ?? ''))
      .includes(true);
    const tries = row.tries + 1;
    await saveTry(trx, row.id, { tries, consumedAt: fits ? now : null });
    if (fits) return { ok: true };
    return tries < CODE_TRIES
      ? { ok: false, reason: 'wrong', left: CODE_TRIES - tries }
      : { ok: false, reason: 'used-up' };
  });
}

/** A code as typed, without the blanks and dashes that a phone's keyboard or a copy brings along. */
export const normaliseCode = (typed: string) =>
  typed
    .normalize('NFKC')
    .replace(/[\s\p{Pd}]/gu, '')
    .slice(0, 2 * DIGITS);

function standingOf(row: CodeRow | null, now: Date): 'open' | 'none' | 'expired' | 'used-up' {
  if (row === null || row.consumedAt !== null) return 'none';
  if (row.expiresAt <= now) return 'expired';
  return row.tries >= CODE_TRIES ? 'used-up' : 'open';
}

export type CodeStatus = { sentAt: Date; expiresAt: Date; left: number; resendAt: Date };

/** The latest code of a sign-in, also one that has expired or is used up; null: there is none. One statement. */
export async function codeStatus(deps: { db: Database }, binding: CodeBinding): Promise<CodeStatus | null> {
  const { purpose, interactionUid } = binding;
  const row = await findCode(deps.db, { purpose, bindingHash: tokenHash(interactionUid) });
  if (row === null || row.consumedAt !== null) return null;
  const { createdAt, expiresAt, resendAt, tries } = row;
  return { sentAt: createdAt, expiresAt, resendAt, left: Math.max(0, CODE_TRIES - tries) };
}

/** Uniform: 0 to 999999, each as likely (D07). */
export function newCode(deps: Pick<Deps, 'random'>): string {
  return String(deps.random.int(10 ** DIGITS)).padStart(DIGITS, '0');
}

type CodeFacts = { purpose: string; bindingHash: string; mobile: string; code: string };

/** What is kept instead of the code: who has the database alone cannot try a million codes. */
function codeDigest(key: string, { purpose, bindingHash, mobile, code }: CodeFacts): string {
  return keyedDigest(key, 'one-time-code', purpose, bindingHash, mobile, code);
}
