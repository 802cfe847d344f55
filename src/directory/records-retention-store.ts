import type { Knex } from 'knex';
import type { Database } from '../deps.ts';

/**
 * An account's legal link that has not ended, to a pupil who is in a school; null: none. A scalar with LIMIT and not
 * EXISTS, which MariaDB makes a table of the whole directory of, anew for each statement.
 */
const livingChildOf = (account: string): string => `(
    SELECT STRAIGHT_JOIN 1 FROM guardian_references g2
    JOIN legal_links l2 ON l2.guardian_reference_id = g2.id AND l2.ended_at IS NULL
    JOIN pupils p2 ON p2.id = l2.pupil_id AND p2.left_at IS NULL
    WHERE g2.account_id = ${account} LIMIT 1)`;

/**
 * Pupils who left the schools by then, who have no account, and by whose leaving no account of a guardian has still to
 * be measured. Those who have one wait for the account's own rule. @param after id of the last one seen
 */
export async function leftPupils(
  db: Database,
  cutoff: Date,
  after: number,
  limit: number,
): Promise<number[]> {
  const [rows] = await db.raw(
    `SELECT p.id FROM pupils p
     WHERE p.left_at <= ? AND p.id > ? AND p.account_id IS NULL AND (
       SELECT STRAIGHT_JOIN 1 FROM legal_links l JOIN guardian_references g ON g.id = l.guardian_reference_id
       WHERE l.pupil_id = p.id AND g.account_id IS NOT NULL AND ${livingChildOf('g.account_id')} IS NULL
       LIMIT 1) IS NULL
     ORDER BY p.id LIMIT ?`,
    [cutoff, after, limit],
  );
  return rows.map(({ id }: { id: number }) => id);
}

/**
 * Guardians' records that have answered for nobody since then; when they have an account, only those beside which it
 * has a living one.
 */
export async function leftReferences(
  db: Database,
  cutoff: Date,
  range: { after: number; upTo: number },
): Promise<number[]> {
  const [rows] = await db.raw(
    `SELECT g.id FROM guardian_references g
     WHERE g.id > ? AND g.id <= ? AND g.created_at <= ? AND (g.left_at IS NULL OR g.left_at <= ?)
       AND (
         SELECT STRAIGHT_JOIN 1 FROM legal_links l JOIN pupils p ON p.id = l.pupil_id
         WHERE l.guardian_reference_id = g.id
           AND COALESCE(l.ended_at, p.left_at, '9999-12-31') > ? AND COALESCE(p.left_at, l.ended_at, '9999-12-31') > ?
         LIMIT 1) IS NULL
       AND (g.account_id IS NULL OR ${livingChildOf('g.account_id')} IS NOT NULL)
     ORDER BY g.id`,
    [range.after, range.upTo, cutoff, cutoff, cutoff, cutoff],
  );
  return rows.map(({ id }: { id: number }) => id);
}

/** The last of the next `limit` records; null when there are no more. */
export async function endOfRange(db: Database, after: number, limit: number): Promise<number | null> {
  const ids: number[] = await db('guardian_references')
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .pluck('id');
  return ids.at(-1) ?? null;
}

export async function countRecords(db: Database): Promise<{ pupils: number; guardians: number }> {
  const count = async (table: string) => Number((await db(table).count({ n: '*' }).first())?.n ?? 0);
  return { pupils: await count('pupils'), guardians: await count('guardian_references') };
}

/** Rows that name a pupil, and rows that name a guardian's record: they go with them. */
export const DELETED_WITH_PUPIL = ['first_connections', 'wrong_attachments', 'legal_links'] as const;
export const DELETED_WITH_REFERENCE = [
  'enrolment_references',
  'regrouped_references',
  'wrong_attachments',
  'legal_links',
] as const;

export async function deletePupils(trx: Knex.Transaction, ids: readonly number[]): Promise<void> {
  for (const table of DELETED_WITH_PUPIL) await trx(table).whereIn('pupil_id', ids).delete();
  await trx('pupils').whereIn('id', ids).delete();
}

export async function deleteReferences(trx: Knex.Transaction, ids: readonly number[]): Promise<void> {
  for (const table of DELETED_WITH_REFERENCE) await trx(table).whereIn('guardian_reference_id', ids).delete();
  await trx('guardian_references').whereIn('id', ids).delete();
}

/** Where records are: a pupil's school, a guardian's académie. */
export async function placesOfRecords(
  db: Database,
  kind: 'pupils' | 'guardians',
  ids: number[],
): Promise<
  Map<number, { academy: string; academy_name: string; uai: string | null; school: string | null }>
> {
  const names = 'SELECT academy_code, MAX(academy_name) AS academy_name FROM schools GROUP BY academy_code';
  const [rows] = await db.raw(
    kind === 'pupils'
      ? `SELECT p.id, n.academy_code AS academy, n.academy_name, s.uai, s.name AS school
         FROM pupils p LEFT JOIN schools s ON s.id = p.school_id JOIN (${names}) n ON n.academy_code = p.academy_code
         WHERE p.id IN (?)`
      : `SELECT g.id, n.academy_code AS academy, n.academy_name, NULL AS uai, NULL AS school
         FROM guardian_references g JOIN (${names}) n ON n.academy_code = g.academy_code WHERE g.id IN (?)`,
    [ids],
  );
  return new Map(rows.map(({ id, ...place }: { id: number }) => [id, place]));
}
