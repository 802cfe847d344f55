import { change, type Sql, selectRows } from '../db/statement.ts';
import type { Transaction } from '../deps.ts';

/** What a service is to be told: whose session is over, and which. */
export type Notice = { clientId: string; accountId: string; sid: string };

/** One that this process may send until its claim ends; `attempts` proves the claim. */
export type ClaimedNotice = Notice & { attempts: number; giveUpAt: Date };

/**
 * Keeps them with the logout that they tell of, claimed by whoever has ended the session. A service is told once of a
 * session, however often its end is written.
 */
export async function insertNotices(
  db: Sql,
  notices: readonly Notice[],
  { now, claimUntil, giveUpAt }: { now: Date; claimUntil: Date; giveUpAt: Date },
): Promise<void> {
  if (notices.length === 0) return;
  const rows = notices.map(() => '(?, ?, ?, 1, ?, ?, ?)').join(', ');
  const values = notices.flatMap(({ clientId, sid, accountId }) => [
    clientId,
    sid,
    accountId,
    claimUntil,
    giveUpAt,
    now,
  ]);
  await change(
    db,
    `INSERT INTO logout_notices (client_id, sid, account_id, attempts, due_at, give_up_at, created_at) VALUES ${rows}
     ON DUPLICATE KEY UPDATE attempts = attempts`,
    values,
  );
}

/** Takes up to `limit` that are due; those that another process is taking are passed over. */
export async function claimNotices(
  trx: Transaction,
  { now, claimUntil, limit }: { now: Date; claimUntil: Date; limit: number },
): Promise<ClaimedNotice[]> {
  const rows = await selectRows<ClaimedNotice>(
    trx,
    `SELECT client_id AS clientId, sid, account_id AS accountId, attempts, give_up_at AS giveUpAt
     FROM logout_notices WHERE due_at <= ? ORDER BY due_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`,
    [now],
  );
  if (rows.length === 0) return [];
  const which = rows.map(() => '(?, ?)').join(', ');
  await change(
    trx,
    `UPDATE logout_notices SET due_at = ?, attempts = attempts + 1 WHERE (client_id, sid) IN (${which})`,
    [claimUntil, ...rows.flatMap(({ clientId, sid }) => [clientId, sid])],
  );
  return rows.map((row) => ({ ...row, attempts: row.attempts + 1 }));
}

/** The service has taken it, or will not any more. */
export async function forgetNotice(db: Sql, { clientId, sid }: Notice): Promise<void> {
  await change(db, 'DELETE FROM logout_notices WHERE client_id = ? AND sid = ?', [clientId, sid]);
}

/**
 * Tries it again later, and with it all that is due for that service: whoever does not answer one notice keeps nobody
 * else's waiting.
 */
export async function postponeNotices(
  db: Sql,
  { clientId, sid, attempts }: Pick<ClaimedNotice, 'clientId' | 'sid' | 'attempts'>,
  { now, until }: { now: Date; until: Date },
): Promise<void> {
  await change(
    db,
    `UPDATE logout_notices SET due_at = ?
     WHERE client_id = ? AND (due_at <= ? OR (sid = ? AND attempts = ?))`,
    [until, clientId, now, sid, attempts],
  );
}

/** How many wait, and since when; a service that has taken all of them is not among these. Twelve hours' at most. */
export async function countNotices(db: Sql): Promise<{ clientId: string; count: number; oldest: Date }[]> {
  return selectRows(
    db,
    `SELECT client_id AS clientId, COUNT(*) AS count, MIN(created_at) AS oldest
     FROM logout_notices GROUP BY client_id`,
    [],
  );
}
