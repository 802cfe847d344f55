import type { Database } from '../deps.ts';

export type AuditFilter = {
  accountId?: number | undefined;
  schoolId?: number | undefined;
  actor?: string | undefined;
  events?: readonly string[] | undefined;
  since?: Date | undefined;
};

/** A line as whoever runs the service is shown it. */
export type FoundLine = {
  id: number;
  at: Date;
  event: string;
  outcome: 'done' | 'refused';
  actorKind: 'person' | 'school' | 'operator' | 'system';
  actor: string | null;
  accountId: number | null;
  identifier: string | null;
  school: string | null;
  ip: string | null;
  requestId: string | null;
  details: string | null;
};

/** The last lines first. */
export async function findLines(
  db: Database,
  { accountId, schoolId, actor, events, since }: AuditFilter,
  limit: number,
): Promise<FoundLine[]> {
  const query = db('audit_events as e')
    .leftJoin('accounts as a', 'a.id', 'e.account_id')
    .leftJoin('schools as s', 's.id', 'e.school_id');
  if (accountId !== undefined) query.where('e.account_id', accountId);
  if (schoolId !== undefined) query.where('e.school_id', schoolId);
  if (actor !== undefined) query.where('e.actor', actor);
  if (events !== undefined) query.whereIn('e.event', events);
  if (since !== undefined) query.where('e.at', '>=', since);
  return query
    .orderBy([
      { column: 'e.at', order: 'desc' },
      { column: 'e.id', order: 'desc' },
    ])
    .limit(limit)
    .select({
      id: 'e.id',
      at: 'e.at',
      event: 'e.event',
      outcome: 'e.outcome',
      actorKind: 'e.actor_kind',
      actor: 'e.actor',
      accountId: 'e.account_id',
      identifier: 'a.identifier',
      school: 's.uai',
      ip: 'e.ip',
      requestId: 'e.request_id',
      details: 'e.details',
    });
}

export type PasswordFacts = {
  id: number;
  passwordKind: 'none' | 'provisional' | 'personal';
  provisionalCreatedAt: Date | null;
  passwordChangedAt: Date | null;
};

/** Also of an account that is closed or was regrouped: its lines are still there. */
export async function findPasswordFacts(db: Database, identifier: string): Promise<PasswordFacts | null> {
  const row: PasswordFacts | undefined = await db('accounts').where({ identifier }).first({
    id: 'id',
    passwordKind: 'password_kind',
    provisionalCreatedAt: 'provisional_created_at',
    passwordChangedAt: 'password_changed_at',
  });
  return row ?? null;
}

export async function findSchoolByUai(db: Database, uai: string): Promise<number | null> {
  return (await db('schools').where({ uai }).first('id'))?.id ?? null;
}
