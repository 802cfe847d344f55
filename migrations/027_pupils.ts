import type { Knex } from 'knex';

/**
 * Distributions of pupils' accounts beside those of guardians (R-169): each batch is of the one or of the other, so that
 * whoever may help pupils alone opens theirs and no others (R-172).
 */

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';

export async function up(db: Knex): Promise<void> {
  await db.raw(
    `ALTER TABLE notification_batches
       ADD COLUMN account_kind VARCHAR(8) ${ASCII} NOT NULL DEFAULT 'guardian',
       ADD KEY notification_batches_listed (school_id, account_kind, id),
       ADD CONSTRAINT notification_batches_kind CHECK (account_kind IN ('guardian', 'pupil'))`,
  );
}

export async function down(db: Knex): Promise<void> {
  await db.raw(
    `ALTER TABLE notification_batches
       DROP CONSTRAINT notification_batches_kind,
       DROP KEY notification_batches_listed,
       DROP COLUMN account_kind`,
  );
}
