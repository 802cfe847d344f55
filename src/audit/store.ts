import { chunksOf, insertBatch } from '../db/batch.ts';
import type { Database } from '../deps.ts';
import type { AuditEvent } from './types.ts';

const FEW = 50;

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
  if (rows.length <= FEW) {
    if (rows.length > 0) await db('audit_events').insert(rows);
    return;
  }
  // Of thousands of lines knex would take longer to write the statement than the server to carry it out.
  const columns = Object.keys(rows[0] ?? {}).join(', ');
  for (const part of chunksOf(rows))
    await insertBatch(
      db,
      `INSERT INTO audit_events (${columns})`,
      part.map((row) => Object.values(row)),
    );
}
