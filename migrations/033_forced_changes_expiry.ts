import type { Knex } from 'knex';

/** Forced changes are forgotten some time after their marking was over. */

export async function up(db: Knex): Promise<void> {
  await db.raw('ALTER TABLE forced_changes ADD KEY forced_changes_marked (marked_at)');
}

export async function down(db: Knex): Promise<void> {
  await db.raw('ALTER TABLE forced_changes DROP KEY forced_changes_marked');
}
