import type { Database } from '../deps.ts';
import { insertAuditEvents } from './store.ts';
import type { AuditEvent } from './types.ts';

export type { Actor, AuditEvent } from './types.ts';

/** Writes lines with the change they tell of: pass the transaction of that change. */
export async function recordAudit(db: Database, ...events: AuditEvent[]): Promise<void> {
  await insertAuditEvents(db, events);
}
