import type { Database, Transaction } from '../deps.ts';
import type { AccountFacts } from './retention-rules.ts';

/** The next accounts that are not erased, in the order of their ids. */
export function nextAccountIds(db: Database, after: number, limit: number): Promise<number[]> {
  return db('accounts').where('id', '>', after).whereNull('erased_at').orderBy('id').limit(limit).pluck('id');
}

/** Those whose holder wanted it by now. */
export function forgettableIds(db: Database, now: Date, limit: number): Promise<number[]> {
  return db('accounts')
    .where('forget_at', '<=', now)
    .whereNull('erased_at')
    .orderBy([{ column: 'forget_at' }, { column: 'id' }])
    .limit(limit)
    .pluck('id');
}

/**
 * What the rules look at, of those accounts among `ids` that one of them may touch: closed, wished away, or without a
 * living child.
 */
export async function factsOf(db: Database, ids: number[]): Promise<AccountFacts[]> {
  if (ids.length === 0) return [];
  const [rows] = await db.raw(
    `SELECT a.id, a.kind, a.state, a.created_at AS createdAt, a.closed_at AS closedAt, a.forget_at AS forgetAt,
       COALESCE(a.last_login_at, a.activated_at, a.created_at) AS usedAt,
       COALESCE(c.living, 0) AS living, c.left_at AS childLeftAt
     FROM accounts a LEFT JOIN (${CHILDREN}) c ON c.account_id = a.id
     WHERE a.id IN (?) AND a.erased_at IS NULL
       AND (a.closed_at IS NOT NULL OR a.forget_at IS NOT NULL OR COALESCE(c.living, 0) = 0)
     ORDER BY a.id`,
    [ids, ids, ids],
  );
  return rows.map(({ living, ...row }: AccountFacts & { living: unknown }) => ({
    ...row,
    living: Number(living) === 1,
  }));
}

/** What is signalled as a wrong attachment counts as a child until the directory ends the link. */
const CHILDREN = `SELECT x.account_id, MAX(x.living) AS living, MAX(x.left_at) AS left_at FROM (
    SELECT g.account_id, (l.ended_at IS NULL AND p.left_at IS NULL) AS living,
      LEAST(COALESCE(l.ended_at, p.left_at), COALESCE(p.left_at, l.ended_at)) AS left_at
    FROM guardian_references g
    JOIN legal_links l ON l.guardian_reference_id = g.id
    JOIN pupils p ON p.id = l.pupil_id
    WHERE g.account_id IN (?)
    UNION ALL
    SELECT p.account_id, p.left_at IS NULL, p.left_at FROM pupils p WHERE p.account_id IN (?)
  ) x GROUP BY x.account_id`;

/** Deleted accounts whose survivor is among these: they are of the same person and go with him. */
export async function mergedInto(db: Database, ids: readonly number[]): Promise<number[]> {
  const found = new Set<number>();
  for (let level = [...ids]; level.length > 0; ) {
    const rows: number[] = await db('accounts')
      .whereIn('merged_into', level)
      .whereNull('erased_at')
      .pluck('id');
    level = rows.filter((id) => !found.has(id) && !ids.includes(id));
    for (const id of level) found.add(id);
  }
  return [...found];
}

export type LastSchool = { academy: string; academyName: string; uai: string; name: string };

/** The school of each account's last child, or of the pupil; accounts that never had one are left out. */
export async function lastSchools(db: Database, ids: number[]): Promise<Map<number, LastSchool>> {
  if (ids.length === 0) return new Map();
  const [rows] = await db.raw(
    `SELECT x.account_id AS id, s.academy_code AS academy, s.academy_name AS academyName, s.uai, s.name FROM (
       SELECT g.account_id, p.school_id, p.left_at, p.id AS pupil_id FROM guardian_references g
       JOIN legal_links l ON l.guardian_reference_id = g.id JOIN pupils p ON p.id = l.pupil_id
       WHERE g.account_id IN (?)
       UNION ALL
       SELECT p.account_id, p.school_id, p.left_at, p.id FROM pupils p WHERE p.account_id IN (?)
     ) x JOIN schools s ON s.id = x.school_id
     ORDER BY x.account_id, x.left_at IS NULL, x.left_at, x.pupil_id`,
    [ids, ids],
  );
  // The last line of an account stands: the child who is there yet, or who left last.
  return new Map(rows.map(({ id, ...school }: LastSchool & { id: number }) => [id, school]));
}

/** Accounts that are not erased: what the brake measures by. */
export async function countAccounts(db: Database): Promise<number> {
  const row = await db('accounts').whereNull('erased_at').count({ n: '*' }).first();
  return Number(row?.n ?? 0);
}

/** True while an import is at work. */
export async function importIsRunning(db: Database, now: Date): Promise<boolean> {
  const row = await db('import_runs').where({ running: 1 }).where('lease_until', '>', now).first('id');
  return row !== undefined;
}

/**
 * As long as the transaction lasts no import begins: both look at links and write records, and what one has read must
 * not be undone by the other. @returns false when one has begun already
 */
export async function keepImportAway(trx: Transaction, now: Date): Promise<boolean> {
  const running: { lease_until: Date }[] = await trx('import_runs')
    .where({ running: 1 })
    .select('lease_until')
    .forUpdate();
  return running.every(({ lease_until }) => lease_until <= now);
}
