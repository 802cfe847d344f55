import { applyEvent } from '../accounts/lifecycle.ts';
import type { Account } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import { exhaustedUntil, takeAttempt } from '../codes/throttle.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Database, Deps, Transaction } from '../deps.ts';
import { sendActivation } from './activation-mail.ts';
import { askFirstAddress, mayReceive } from './address-change.ts';
import { recordFailedCheck } from './failed-checks.ts';
import {
  type FirstConnection,
  findFirstConnection,
  lockFirstConnection,
  updateFirstConnection,
} from './store.ts';
import type { BirthDateResult } from './types.ts';

/** A birth date is a weak secret: five tries in 24 hours and account, then the school helps (D06). */
const TRIES = 5;
const WINDOW_MS = 24 * 3_600_000;

export type DateFields = { day: string; month: string; year: string };
type Given = DateFields & {
  /** A pupil's, if he wants; it has been read by `readEmail`. */
  email?: string | null;
};
type From = { ip: string; requestId?: string | undefined };

const counterOf = (accountId: number) => `birth-date|${accountId}`;

/**
 * Counts a try at the birth dates of an account's children, on whatever way: five in 24 hours (D06).
 * @param db pass a transaction only when it holds the account's lock
 */
export function takeDateAttempt(db: Database, accountId: number, now: Date) {
  return takeAttempt(db, { key: counterOf(accountId), limit: TRIES, windowMs: WINDOW_MS, now });
}

/** Until when no try is left for one of these accounts; null: some are. */
export function datesExhaustedUntil(
  db: Database,
  accountIds: readonly number[],
  now: Date,
): Promise<Date | null> {
  return exhaustedUntil(db, { keys: accountIds.map(counterOf), limit: TRIES, now });
}

/**
 * Until when birth dates are no longer looked at for an account that has still to give one; null: they are. Asked
 * before each of the three steps, so that nobody chooses a password in vain.
 */
export async function suspendedUntil(
  deps: Pick<Deps, 'db' | 'clock'>,
  { id, state }: Pick<Account, 'id' | 'state'>,
): Promise<Date | null> {
  if (state !== 'notified') return null;
  return datesExhaustedUntil(deps.db, [id], deps.clock.now());
}

/**
 * Step 3 (R-057 c): the birth date of the child named. Right: in one transaction the personal password replaces the
 * provisional one, the address becomes the account's, the state « En cours d'activation », and mail C07 is queued. A
 * pupil is « Activé » at once; an address that he gives waits for its own link, as one that is changed later.
 */
export async function proveBirthDate(
  deps: Deps,
  interactionUid: string,
  { email = null, ...fields }: Given,
  from: From,
): Promise<BirthDateResult> {
  const before = await findFirstConnection(deps.db, interactionUid, deps.clock.now());
  if (before?.step !== 'birth-date') return { ok: false, reason: 'elsewhere' };
  const read = readDate(fields, deps.clock.now());
  if (!read.ok) return { ok: false, reason: 'invalid', fields: read.fields };
  const attempt = await takeDateAttempt(deps.db, before.account.id, deps.clock.now());
  if (!attempt.allowed) return { ok: false, reason: 'locked' };
  const wants = email !== null && before.account.kind === 'pupil' && before.pupil?.birthDate === read.date;
  const asked = wants ? { email, sends: await mayReceive(deps, email) } : null;
  return inTransaction(deps.db, async (trx): Promise<BirthDateResult> => {
    const row = await lockFirstConnection(trx, interactionUid, deps.clock.now());
    if (row?.step !== 'birth-date') return { ok: false, reason: 'elsewhere' };
    if (row.pupil?.birthDate !== read.date) {
      await recordWrongDate(deps, trx, row, from);
      return attempt.left > 0
        ? { ok: false, reason: 'wrong', left: attempt.left }
        : { ok: false, reason: 'locked' };
    }
    return finishFirstLogin(deps, trx, row, from, asked);
  });
}

async function finishFirstLogin(
  deps: Deps,
  trx: Transaction,
  row: FirstConnection,
  from: From,
  asked: { email: string; sends: boolean } | null,
): Promise<BirthDateResult> {
  const now = deps.clock.now();
  const { interactionUid, newPasswordHash, email } = row;
  if (!newPasswordHash || (row.account.kind === 'guardian' && !email))
    return { ok: false, reason: 'elsewhere' };
  const moved = await applyEvent(trx, row.account, 'first-login', {
    now,
    actor: { actorKind: 'person', ...from },
    changes: {
      passwordKind: 'personal',
      passwordHash: newPasswordHash,
      passwordChangedAt: now,
      provisionalSealed: null,
      provisionalCreatedAt: null,
      ...(email ? { email, emailVerifiedAt: null } : {}),
    },
  });
  if (!moved.ok) return { ok: false, reason: 'elsewhere' };
  const { account } = moved;
  const step = account.state === 'activated' ? 'done' : 'activation';
  const changes = {
    step,
    newPasswordHash: null,
    email: null,
    credentialsVersion: account.credentialsVersion,
  } as const;
  await updateFirstConnection(trx, interactionUid, changes, now);
  if (step === 'activation' && email) {
    await sendActivation(deps, trx, { account, email, interactionUid, clientId: row.clientId });
  }
  if (asked !== null) await askFirstAddress(deps, trx, account, asked, from);
  return { ok: true };
}

/** The school sees that a date did not fit (security.md decision 5); the date itself is not kept. */
async function recordWrongDate(
  deps: Deps,
  trx: Transaction,
  row: FirstConnection,
  from: From,
): Promise<void> {
  const accountIds = [row.account.id];
  if (row.pupil) await recordFailedCheck(trx, deps, { accountIds, way: 'school', failed: 'birth-date' });
  await recordAudit(trx, {
    at: deps.clock.now(),
    event: 'birth-date',
    outcome: 'refused',
    actorKind: 'person',
    accountId: row.account.id,
    ...from,
    details: row.pupil ? `pupil ${row.pupil.id}` : 'no pupil',
  });
}

/** Three fields to `YYYY-MM-DD`; the year must have four digits and the date must exist and not lie ahead. */
export function readDate(
  { day, month, year }: DateFields,
  now: Date,
): { ok: true; date: string } | { ok: false; fields: ('day' | 'month' | 'year')[] } {
  const numbers = {
    day: whole(day, 1, 31),
    month: whole(month, 1, 12),
    year: whole(year, 1900, now.getUTCFullYear()),
  };
  const wrong = (['day', 'month', 'year'] as const).filter((field) => numbers[field] === null);
  if (wrong.length > 0) return { ok: false, fields: wrong };
  const pad = (value: number | null, size: number) => String(value).padStart(size, '0');
  const date = `${pad(numbers.year, 4)}-${pad(numbers.month, 2)}-${pad(numbers.day, 2)}`;
  const parsed = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== date)
    return { ok: false, fields: ['day'] };
  return parsed.getTime() <= now.getTime() ? { ok: true, date } : { ok: false, fields: ['year'] };
}

function whole(text: string, min: number, max: number): number | null {
  const trimmed = text.trim();
  if (!/^\d{1,4}$/.test(trimmed)) return null;
  const value = Number(trimmed);
  return value >= min && value <= max ? value : null;
}
