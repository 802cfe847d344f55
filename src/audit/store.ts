import { chunksOf } from '../db/batch.ts';
import type { Database } from '../deps.ts';
import type { AuditEvent } from './types.ts';

/** Appends lines; there is no update and no delete but the retention job's. */
export async function insertAuditEvents(db: Database, events: readonly AuditEvent[]): Promise<void> {
  const rows = events.map((event) => ({
    at: event.at,
    event: event.event,
    outcome: event.outcome,
    actor_kind: event.actorKind,
    actor: event.actor ?? null,
    account_id: event.accountId ?? null,
    school_id: event.schoolId ?? null,
    ip: event.ip ?? null,
    request_id: event.requestId ?? null,
    details: event.details ?? null,
  }));
  for (const part of chunksOf(rows)) await db('audit_events').insert(part);
}
