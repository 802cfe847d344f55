import type { Knex } from 'knex';

/**
 * « What did this person do » (`educonnect audit --actor`) without reading the whole trail. Most lines name no actor
 * (account holders are in account_id); theirs come one after the other by time, so that a line costs some 20 bytes of
 * index at its end. Only those of the staff fall in between.
 *
 * The trail is the largest table: the index is made beside running servers, which go on writing to it.
 */

export async function up(db: Knex): Promise<void> {
  await db.raw(
    'ALTER TABLE audit_events ADD KEY audit_events_actor (actor, at), ALGORITHM=INPLACE, LOCK=NONE',
  );
}

export async function down(db: Knex): Promise<void> {
  await db.raw('ALTER TABLE audit_events DROP KEY audit_events_actor');
}
