import type { Knex } from 'knex';

/** A password that had to be changed need not be any more: the operator has taken the forced change back. */

async function allow(db: Knex, list: string): Promise<void> {
  await db.raw('ALTER TABLE forced_marks DROP CONSTRAINT forced_marks_how');
  await db.raw(`ALTER TABLE forced_marks ADD CONSTRAINT forced_marks_how CHECK (how IN (${list}))`);
}

export async function up(db: Knex): Promise<void> {
  await allow(db, "'changed', 'reset', 'removed', 'lifted'");
}

export async function down(db: Knex): Promise<void> {
  await db('forced_marks').where({ how: 'lifted' }).update({ how: 'removed' });
  await allow(db, "'changed', 'reset', 'removed'");
}
