import type { Knex } from 'knex';
import type { Database } from '../deps.ts';

/** One line of the trail of an account, as its holder is shown it: which school, never which member of its staff. */
export type HistoryLine = {
  id: number;
  at: Date;
  event: string;
  outcome: 'done' | 'refused';
  actorKind: 'person' | 'school' | 'operator' | 'system';
  /** Null: no school had to do with it. */
  school: string | null;
  ip: string | null;
  details: string | null;
};

const BY_TIME = [
  { column: 'at', order: 'desc' },
  { column: 'id', order: 'desc' },
] as const;

/**
 * What happened to these accounts, the last first: each account's lines come out of its own index in that order, and no
 * more of them than the page needs.
 * @param accountIds of one person: his account, and those that were regrouped with it
 */
export async function findHistory(
  db: Database,
  accountIds: readonly number[],
  { limit, offset }: { limit: number; offset: number },
): Promise<HistoryLine[]> {
  const [first, ...others] = accountIds.map((accountId) => lastLines(db, accountId, limit + offset));
  if (first === undefined) return [];
  const lines = db
    .queryBuilder()
    .unionAll([first, ...others], true)
    .as('e');
  return db
    .from(lines)
    .leftJoin('schools as s', 's.id', 'e.school_id')
    .select({
      id: 'e.id',
      at: 'e.at',
      event: 'e.event',
      outcome: 'e.outcome',
      actorKind: 'e.actor_kind',
      school: 's.name',
      ip: 'e.ip',
      details: 'e.details',
    })
    .orderBy([...BY_TIME])
    .limit(limit)
    .offset(offset);
}

const lastLines = (db: Database, accountId: number, limit: number): Knex.QueryBuilder =>
  db('audit_events')
    .where('account_id', accountId)
    .select('id', 'at', 'event', 'outcome', 'actor_kind', 'school_id', 'ip', 'details')
    .orderBy([...BY_TIME])
    .limit(limit);
