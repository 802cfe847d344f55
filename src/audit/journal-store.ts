import type { Knex } from 'knex';
import type { Database } from '../deps.ts';
import { type ActKind, eventsOf } from './acts.ts';

export type JournalFilter = {
  schoolId: number;
  since: Date;
  kinds?: readonly ActKind[] | undefined;
  /** As in the trail: `staff:…`. */
  actor?: string | undefined;
  accountId?: number | undefined;
};

/** Lines of the same act: what one person did at one moment to one account or to many. */
export type JournalEntry = {
  id: number;
  at: Date;
  event: string;
  outcome: 'done' | 'refused';
  actorKind: 'person' | 'school' | 'operator' | 'system';
  actor: string | null;
  accounts: number;
  /** When there is only one. */
  accountId: number | null;
  details: string | null;
};

function lines(db: Database, { schoolId, since, kinds, actor, accountId }: JournalFilter): Knex.QueryBuilder {
  const query = db('audit_events').where('school_id', schoolId).where('at', '>=', since);
  if (actor !== undefined) query.where('actor', actor);
  if (accountId !== undefined) query.where('account_id', accountId);
  if (kinds !== undefined)
    query.where((any) => {
      for (const kind of kinds) {
        const { events, without } = eventsOf(kind);
        if (without) any.orWhereNotIn('event', events);
        else any.orWhereIn('event', events);
      }
    });
  return query;
}

/**
 * The last acts first, by moments: the lines of an act have all the same time, which the index finds without reading
 * them, and only those of the moments shown are read.
 * @param page `limit` moments beginning with the one after `offset` others
 */
export async function findEntries(
  db: Database,
  filter: JournalFilter,
  page: { limit: number; offset: number },
): Promise<{ entries: JournalEntry[]; hasNext: boolean }> {
  const moments: Date[] = await lines(db, filter)
    .distinct('at')
    .orderBy('at', 'desc')
    .limit(page.limit + 1)
    .offset(page.offset)
    .pluck('at');
  const shown = moments.slice(0, page.limit);
  if (shown.length === 0) return { entries: [], hasNext: false };
  const rows: JournalEntry[] = await lines(db, filter)
    .whereIn('at', shown)
    .groupBy('at', 'event', 'outcome', 'actor_kind', 'actor', 'request_id')
    .orderBy([
      { column: 'at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .select({ at: 'at', event: 'event', outcome: 'outcome', actorKind: 'actor_kind', actor: 'actor' })
    .countDistinct({ accounts: 'account_id' })
    .max({ id: 'id', accountId: 'account_id', details: 'details' });
  const entries = rows.map((row) => {
    const accounts = Number(row.accounts);
    return { ...row, accounts, accountId: accounts === 1 ? row.accountId : null };
  });
  return { entries, hasNext: moments.length > page.limit };
}

/** Who did something at a school since then, for the choice of a person: of each moment one line is read. */
export async function findActors(
  db: Database,
  { schoolId, since }: Pick<JournalFilter, 'schoolId' | 'since'>,
): Promise<string[]> {
  const moments = db('audit_events')
    .where('school_id', schoolId)
    .where('at', '>=', since)
    .groupBy('school_id', 'at')
    .max({ id: 'id' });
  return db(moments.as('m'))
    .join('audit_events as e', 'e.id', 'm.id')
    .where('e.actor_kind', 'school')
    .whereNotNull('e.actor')
    .distinct({ actor: 'e.actor' })
    .orderBy('actor')
    .limit(200)
    .pluck('actor');
}

/** How often other schools did something of these kinds with an account since then. */
export async function countElsewhere(
  db: Database,
  { schoolId, since, kinds = [], accountId }: JournalFilter,
): Promise<number> {
  const row = await db('audit_events')
    .where('account_id', accountId ?? 0)
    .where('at', '>=', since)
    .whereNotNull('school_id')
    .where('school_id', '<>', schoolId)
    .whereIn(
      'event',
      kinds.flatMap((kind) => eventsOf(kind).events),
    )
    .count({ n: '*' })
    .first();
  return Number(row?.n ?? 0);
}
