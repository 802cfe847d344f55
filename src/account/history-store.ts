import type { Database } from '../deps.ts';

/** More regroupings than this are no person's. */
const MOST = 10;

/** The account and those that were regrouped with it, also by way of another: what happened to them is his history. */
export async function ownAccountIds(db: Database, accountId: number): Promise<number[]> {
  const [rows] = (await db.raw(
    `WITH RECURSIVE mine (id) AS (
       SELECT CAST(? AS UNSIGNED) UNION SELECT a.id FROM accounts a JOIN mine ON a.merged_into = mine.id
     ) SELECT id FROM mine LIMIT ${MOST}`,
    [accountId],
  )) as [{ id: number }[]];
  return rows.map(({ id }) => Number(id));
}
